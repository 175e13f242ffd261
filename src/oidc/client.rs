//! A client of one provider.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::builder::{Discovered, OidcBuilder};
use super::form::{CLIENT, Params};
use super::limits::{ParameterLimits, is_keycloak};
use super::profile::LoginRules;
use super::tokens::TokenSet;
use super::verify::{
    AccessTokenVerifierBuilder, Expected, IdToken, TokenOrigin, TokenVerifier, TrustedIssuer,
};
use crate::call::ServerResponse;
use crate::client_auth::OAuthClient;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::endpoint::{Channel, Endpoint, EndpointCall};
use crate::error::{Result, invalid_argument};
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::login::grant::{self, GrantRequest};
use crate::operation::Operation;
use crate::response::{Head, Response};

/// An OpenID Connect client of one provider: a realm or any other issuer.
///
/// Cheap to clone: clones share the connections, the well-known document and the issuer's keys.
#[derive(Clone)]
pub struct Oidc {
    pub(crate) inner: Arc<OidcInner>,
}

pub(crate) struct OidcInner {
    pub(crate) channel: Arc<Channel>,
    pub(crate) provider: ProviderId,
    pub(crate) client: OAuthClient,
    pub(super) redirect_uri: Option<String>,
    pub(crate) verifier: TokenVerifier,
    pub(super) rules: LoginRules,
    /// `None` means Keycloak's limits if the provider is a Keycloak, otherwise no limits.
    pub(super) limits: Option<ParameterLimits>,
}

impl Oidc {
    /// Starts a client of any OpenID provider, Keycloak or not. Nothing is sent until the first
    /// call, which fetches `{issuer}/.well-known/openid-configuration`.
    ///
    /// ```no_run
    /// # async fn show() -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// let oidc = Oidc::discover("https://op.example").client_id("web-app").client_secret("s3cret").build()?;
    /// println!("{:?}", oidc.metadata().await?.token_endpoint);
    /// # Ok(()) }
    /// ```
    pub fn discover(issuer: impl Into<String>) -> OidcBuilder<Discovered> {
        OidcBuilder::of_issuer(issuer.into())
    }

    /// Returns the client's id.
    pub fn client_id(&self) -> &str {
        &self.inner.client.id
    }

    /// Returns the provider and the channel to it.
    pub(crate) fn place(&self) -> (Arc<Channel>, ProviderId) {
        (self.inner.channel.clone(), self.inner.provider.clone())
    }

    /// Returns a verifier for the tokens that this provider issues to this client. It shares the
    /// provider's keys with the client.
    pub fn verifier(&self) -> TokenVerifier {
        self.inner.verifier.clone()
    }

    /// Returns this provider as a trusted issuer, for a service that accepts tokens of several
    /// issuers. Its keys are fetched once and shared with this client.
    ///
    /// ```no_run
    /// # fn show(ours: keycloak_kit::oidc::Oidc, theirs: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let verifier = ours
    ///     .access_token_verifier()
    ///     .also_issuer(theirs.trusted_issuer())
    ///     .audience("api")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn trusted_issuer(&self) -> TrustedIssuer {
        self.inner.verifier.issuer()
    }

    /// Starts a verifier for access tokens of this provider, for a service that receives them.
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

    /// Returns the name of the client's realm; `None` for a client made with [`Oidc::discover`].
    pub fn realm(&self) -> Option<&str> {
        match &self.inner.provider {
            ProviderId::Realm(realm) => Some(realm),
            _ => None,
        }
    }

    /// Returns the provider's metadata from its well-known document. It is cached, and renewed
    /// after an hour.
    ///
    /// # Errors
    /// - [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is no such provider.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the document names another issuer
    ///   than expected.
    pub async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        self.inner.metadata().await
    }
}

impl OidcInner {
    pub(crate) async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        self.channel
            .metadata(&self.provider, self.channel.deadline())
            .await
    }

    /// Returns metadata that has these endpoints, if the provider publishes them anywhere.
    pub(crate) async fn metadata_for(
        &self,
        endpoints: &[Endpoint],
    ) -> Result<Arc<ProviderMetadata>> {
        self.channel
            .metadata_for(&self.provider, endpoints, self.channel.deadline())
            .await
    }

    pub(super) async fn id_token(
        &self,
        raw: &str,
        expected: Expected<'_>,
        from: TokenOrigin,
    ) -> Result<IdToken> {
        self.verifier.id_token_from(raw, &expected, from).await
    }

    pub(crate) fn grant_request(
        &self,
        op: &'static Operation,
        kind: GrantKind,
        retry: RetryPolicy,
    ) -> GrantRequest<'_> {
        GrantRequest {
            op,
            channel: &self.channel,
            provider: &self.provider,
            client: Some(&self.client),
            retry,
            kind,
            deadline: self.channel.deadline(),
        }
    }

    /// Exchanges a grant for tokens, whose ID token is not verified yet.
    pub(crate) async fn grant(
        &self,
        op: &'static Operation,
        kind: GrantKind,
        retry: RetryPolicy,
        params: &Params,
    ) -> Result<crate::token::Granted> {
        let form = params.pairs(op, CLIENT)?;
        let (head, members) = self.members(op, kind, retry, &form).await?;
        grant::read(self.grant_request(op, kind, retry), head, members)
    }

    /// Posts a form to the token endpoint and returns the members of the response.
    pub(super) async fn members(
        &self,
        op: &'static Operation,
        kind: GrantKind,
        retry: RetryPolicy,
        form: &[(&str, &str)],
    ) -> Result<(Head, Map<String, Value>)> {
        self.within_limits(op, |limits| limits.check_token(op, form))
            .await?;
        let answer = grant::send(self.grant_request(op, kind, retry), form).await;
        let Err(error) = answer else { return answer };
        Err(match self.limits().hint(&error, form) {
            Some(hint) if self.has_limits(op).await.unwrap_or_default() => error.with_hint(hint),
            _ => error,
        })
    }

    /// Returns the limits that are set, or Keycloak's.
    pub(crate) fn limits(&self) -> ParameterLimits {
        self.limits.clone().unwrap_or_default()
    }

    /// Returns an error if the server would drop a parameter.
    pub(crate) async fn within_limits(
        &self,
        op: &'static Operation,
        check: impl Fn(&ParameterLimits) -> Result<()> + Send,
    ) -> Result<()> {
        match check(&self.limits()) {
            Err(error) if self.has_limits(op).await? => Err(error),
            _ => Ok(()),
        }
    }

    async fn has_limits(&self, op: &'static Operation) -> Result<bool> {
        if self.limits.is_some() {
            return Ok(true);
        }
        let metadata = self.metadata().await;
        let metadata = metadata.map_err(|error| error.or_operation(op))?;
        Ok(is_keycloak(&self.provider, &metadata))
    }

    /// Exchanges a grant for tokens and verifies the ID token; for flows without a nonce.
    pub(super) async fn tokens(
        &self,
        op: &'static Operation,
        kind: GrantKind,
        retry: RetryPolicy,
        params: &Params,
        max_issue_age: Option<Duration>,
    ) -> Result<Response<TokenSet>> {
        let granted = self.grant(op, kind, retry, params).await?;
        let head = granted.head.clone();
        let expected = Expected::new().or_max_issue_age(max_issue_age);
        let tokens = self.token_set(op, granted, expected, None).await?;
        Ok(head.with(tokens))
    }

    /// Posts parameters to an endpoint and returns the response, whatever its status.
    pub(crate) async fn post(
        &self,
        op: &'static Operation,
        endpoint: Endpoint,
        retry: RetryPolicy,
        params: &Params,
    ) -> Result<ServerResponse> {
        let form = params.pairs(op, CLIENT)?;
        self.channel
            .post_form(self.call(op, endpoint, retry), &form)
            .await
            .map_err(|error| error.or_operation(op))
    }

    pub(crate) fn call(
        &self,
        op: &'static Operation,
        endpoint: Endpoint,
        retry: RetryPolicy,
    ) -> EndpointCall<'_> {
        EndpointCall {
            op,
            provider: &self.provider,
            endpoint,
            client: Some(&self.client),
            retry,
            deadline: self.channel.deadline(),
        }
    }
}

pub(super) fn no_refresh_token(op: &Operation) -> crate::Error {
    invalid_argument(op, "these tokens have no refresh token: log in again")
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc")
            .field("provider", &format_args!("{}", self.inner.provider))
            .field("client_id", &self.inner.client.id)
            .field("client_auth", &self.inner.client.auth)
            .finish_non_exhaustive()
    }
}
