//! One client of one realm.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::login::{ClientCredentialsLogin, PasswordLogin};
use super::realm_provider::RealmProvider;
use super::tokens::TokenSet;
use super::verify::{AccessTokenVerifierBuilder, TokenVerifier, TrustedIssuer};
use crate::Secret;
use crate::discovery::ProviderMetadata;
use crate::error::{Result, config, invalid_argument};
use crate::http::channel::{Channel, Endpoint, FormCall};
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::http::segment;
use crate::token::GrantKind;
use crate::token::client_auth::ClientAuth;
use crate::token::explain;
use crate::token::grant::{self, GrantRequest};

const BUILD: Operation = Operation::new("oidc", "", "");
const REFRESH: Operation = Operation::new(
    "oidc.refresh",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);
const REVOKE: Operation = Operation::new(
    "oidc.revoke",
    "POST",
    "/realms/{realm}/protocol/openid-connect/revoke",
);
const LOGOUT: Operation = Operation::new(
    "oidc.logout",
    "POST",
    "/realms/{realm}/protocol/openid-connect/logout",
);

const REVOCATION: Endpoint = ("revocation_endpoint", |m| m.revocation_endpoint.as_deref());
const END_SESSION: Endpoint = ("end_session_endpoint", |m| {
    m.end_session_endpoint.as_deref()
});

/// Sets up an [`Oidc`]; from [`Keycloak::oidc`](crate::Keycloak::oidc).
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct OidcBuilder {
    channel: Arc<Channel>,
    realm: String,
    auth: ClientAuth,
    leeway: Duration,
}

impl OidcBuilder {
    pub(crate) fn new(channel: Arc<Channel>, realm: String, client_id: String) -> Self {
        let auth = ClientAuth::public(client_id);
        Self {
            channel,
            realm,
            auth,
            leeway: Duration::from_secs(30),
        }
    }

    /// The secret of a confidential client, sent by HTTP Basic (RFC 6749 section 2.3.1). Without
    /// it the client is a public one.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.auth.secret = Some(secret.into());
        self
    }

    /// Sends the secret in the form instead (`client_secret_post`).
    pub fn client_secret_post(mut self) -> Self {
        self.auth.in_form = true;
        self
    }

    /// How far this machine's clock and the server's may differ; 30 s unless set, and never more
    /// than half of a token's life.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Checks the settings. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Of kind `Config` when the realm or the client id cannot be sent.
    pub fn build(self) -> Result<Oidc> {
        segment::check(&BUILD, "realm", &self.realm)?;
        if self.auth.id.is_empty() {
            return Err(config("the client id is empty"));
        }
        if self.auth.in_form && self.auth.secret.is_none() {
            return Err(config("client_secret_post needs client_secret as well"));
        }
        let provider = RealmProvider {
            channel: Arc::clone(&self.channel),
            realm: self.realm.clone(),
        };
        let issuer = TrustedIssuer::discovered(Arc::new(provider));
        let verifier = TokenVerifier::new(issuer, &self.auth.id).leeway(self.leeway);
        Ok(Oidc {
            inner: Arc::new(Inner {
                channel: self.channel,
                realm: self.realm,
                auth: self.auth,
                verifier,
            }),
        })
    }
}

/// OpenID Connect as one client of one realm. Cheap to clone; clones share the realm's keys.
#[derive(Clone)]
pub struct Oidc {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) channel: Arc<Channel>,
    pub(super) realm: String,
    pub(super) auth: ClientAuth,
    pub(super) verifier: TokenVerifier,
}

impl Oidc {
    /// Verifies tokens of this realm for this client; it shares the keys of the realm.
    pub fn verifier(&self) -> TokenVerifier {
        self.inner.verifier.clone()
    }

    /// Verifies access tokens of this realm, as a service does that is called with them.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let verifier = oidc.access_token_verifier().audience("api").build()?;
    /// let claims = verifier.verify(bearer).await?;
    /// println!("{:?} has {:?}", claims.subject(), claims.realm_roles());
    /// # Ok(()) }
    /// ```
    pub fn access_token_verifier(&self) -> AccessTokenVerifierBuilder {
        self.inner.verifier.access_token_verifier()
    }

    /// What the realm publishes at its well-known address; cached for an hour.
    ///
    /// # Errors
    /// Of kind `NotFound` when there is no such realm, `Protocol` when its issuer is not the
    /// expected one.
    pub async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        let channel = &self.inner.channel;
        channel
            .metadata(&self.inner.realm, channel.deadline())
            .await
    }

    /// Logs in with a user's password (RFC 6749 section 4.3). The client needs direct access
    /// grants switched on.
    pub fn password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordLogin {
        PasswordLogin::new(self.clone(), username.into(), password.into())
    }

    /// Logs in as the client itself (RFC 6749 section 4.4). The client needs service account
    /// roles switched on.
    pub fn client_credentials(&self) -> ClientCredentialsLogin {
        ClientCredentialsLogin::new(self.clone())
    }

    /// Exchanges the refresh token for new tokens (RFC 6749 section 6). What is missing in the
    /// answer is taken over from `tokens`.
    ///
    /// # Errors
    /// Of kind `Config` when there is no refresh token, `Unauthorized` when the session has ended.
    pub async fn refresh(&self, tokens: &TokenSet) -> Result<TokenSet> {
        let Some(refresh_token) = tokens.refresh_token() else {
            return Err(no_refresh_token(&REFRESH));
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
        ];
        let granted = self
            .inner
            .grant(&REFRESH, GrantKind::Refresh, Repeat::REFRESH, &form)
            .await?;
        self.inner.token_set(&REFRESH, granted, Some(tokens)).await
    }

    /// Revokes the refresh token, and with it the session's access to this client; without one,
    /// the access token (RFC 7009).
    ///
    /// # Errors
    /// When the server refuses it. A token that it does not know is no error.
    pub async fn revoke(&self, tokens: &TokenSet) -> Result<()> {
        let (token, hint) = match tokens.refresh_token() {
            Some(token) => (token.expose(), "refresh_token"),
            None => (tokens.access_token().secret(), "access_token"),
        };
        let form = [("token", token), ("token_type_hint", hint)];
        self.inner.post(&REVOKE, REVOCATION, &form).await
    }

    /// Ends the session that `tokens` belong to, at the server.
    ///
    /// # Errors
    /// Of kind `Config` when there is no refresh token to name the session with.
    pub async fn logout(&self, tokens: &TokenSet) -> Result<()> {
        let Some(refresh_token) = tokens.refresh_token() else {
            return Err(no_refresh_token(&LOGOUT));
        };
        let form = [("refresh_token", refresh_token.expose())];
        self.inner.post(&LOGOUT, END_SESSION, &form).await
    }
}

impl Inner {
    pub(super) async fn grant(
        &self,
        op: &'static Operation,
        kind: GrantKind,
        repeat: Repeat,
        form: &[(&str, &str)],
    ) -> Result<grant::Granted> {
        let request = GrantRequest {
            op,
            channel: &self.channel,
            realm: &self.realm,
            auth: Some(&self.auth),
            repeat,
            kind,
            deadline: self.channel.deadline(),
        };
        grant::request(request, form).await
    }

    /// Posts what may be posted twice and whose answer holds nothing.
    async fn post(
        &self,
        op: &'static Operation,
        endpoint: Endpoint,
        form: &[(&str, &str)],
    ) -> Result<()> {
        let call = FormCall {
            op,
            realm: &self.realm,
            endpoint,
            auth: Some(&self.auth),
            repeat: Repeat::IDEMPOTENT,
            deadline: self.channel.deadline(),
        };
        let answer = self
            .channel
            .post_form(call, form)
            .await
            .map_err(|e| e.or_operation(op))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let error = explain(answer.error(op), GrantKind::Refresh);
        // An earlier attempt whose answer was lost has ended the session.
        if answer.may_be_done && error.oauth_code() == Some("invalid_grant") {
            return Ok(());
        }
        Err(error)
    }
}

fn no_refresh_token(op: &Operation) -> crate::Error {
    invalid_argument(
        op,
        "there is no refresh token in these tokens: log in again",
    )
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc")
            .field("realm", &self.inner.realm)
            .field("client_id", &self.inner.auth.id)
            .finish_non_exhaustive()
    }
}
