//! Setting up a client.

mod identity;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use self::identity::Identity;
use crate::Secret;
use crate::client_auth::ClientAuth;
use crate::discovery::{Discovery, IssuerRule, ProviderId};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::http::base::BaseUrl;
use crate::http::client_options::ClientOptions;
use crate::http::segment;
use crate::keycloak::Keycloak;
use crate::login::CredentialLogin;
use crate::login::TokenSource;
use crate::operation::Operation;
use crate::token::AccessToken;

const OP: Operation = Operation::new("build", "", "");

/// Sets up a [`Keycloak`]; created by [`Keycloak::builder`].
///
/// One of the setters that say how to log in is required; everything else has a default.
/// [`build`](Self::build) reports mistakes.
///
/// ```no_run
/// # fn main() -> keycloak_kit::Result<()> {
/// use std::time::Duration;
/// use keycloak_kit::{ClientOptions, Keycloak};
///
/// let kc = Keycloak::builder("http://keycloak:8080")
///     .issuer("https://sso.example") // what the server calls itself
///     .login_realm("ops")
///     .password("ada", "s3cret")
///     .totp(|| "123456".to_owned())
///     .options(ClientOptions::new().deadline(Duration::from_secs(20)))
///     .build()?;
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct KeycloakBuilder {
    base_url: String,
    login_realm: String,
    issuer: Option<String>,
    identity: Identity,
    options: ClientOptions,
}

impl Keycloak {
    /// Starts a client of the server at `base_url`, such as `https://sso.example` or
    /// `http://keycloak:8080/auth`, with or without a trailing slash.
    pub fn builder(base_url: impl Into<String>) -> KeycloakBuilder {
        KeycloakBuilder::new(base_url.into())
    }
}

/// How to log in: exactly one of these.
impl KeycloakBuilder {
    /// Logs in as a client with a service account (RFC 6749 section 4.4), with a secret or any
    /// other [`ClientAuth`].
    pub fn client_credentials(
        mut self,
        id: impl Into<String>,
        auth: impl Into<ClientAuth>,
    ) -> Self {
        self.identity.client_credentials(id.into(), auth.into());
        self
    }

    /// Logs in as a user (RFC 6749 section 4.3), by the public client `admin-cli` unless
    /// [`client_id`](Self::client_id) names another.
    pub fn password(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.identity.password(username.into(), password.into());
        self
    }

    /// Starts from a refresh token (RFC 6749 section 6). When its session ends, calls fail until
    /// a client is built with a new token.
    pub fn refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.identity.refresh_token(token.into());
        self
    }

    /// Uses this access token until the server refuses it.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.identity.access_token(AccessToken::new(token));
        self
    }

    /// Takes tokens from the program's own source.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.identity.custom(Arc::new(source));
        self
    }

    /// Sends no token: for OpenID Connect and public endpoints only.
    pub fn anonymous(mut self) -> Self {
        self.identity.anonymous();
        self
    }

    /// Sets the client for a password or refresh token; `admin-cli` unless set.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.identity.client_id = Some(id.into());
        self
    }

    /// Sets the secret of [`client_id`](Self::client_id), if it is a confidential client.
    pub fn client_secret(self, secret: impl Into<Secret>) -> Self {
        self.client_auth(ClientAuth::client_secret_basic(secret))
    }

    /// Sets how [`client_id`](Self::client_id) authenticates, if it is a confidential client.
    pub fn client_auth(mut self, auth: impl Into<ClientAuth>) -> Self {
        self.identity.client_auth = Some(auth.into());
        self
    }

    /// Binds the tokens to this key (DPoP, RFC 9449): every request carries a new proof of the key,
    /// and a stolen token is worth nothing.
    #[cfg(feature = "oidc")]
    pub fn dpop(mut self, key: crate::jose::DpopKey) -> Self {
        self.identity.dpop = Some(Arc::new(crate::token::dpop::Dpop::new(key)));
        self
    }

    /// Sends a one-time password beside the password. `code` is called at every login, because a
    /// code is good only once.
    pub fn totp(mut self, code: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.identity.totp = Some(Arc::new(code));
        self
    }

    /// Sets the realm to log in to; `master` unless set. From there the client manages any realm that
    /// its account may manage.
    pub fn login_realm(mut self, realm: impl Into<String>) -> Self {
        self.login_realm = realm.into();
        self
    }

    /// Sets what the server calls itself, if that is not the base URL: its public base URL
    /// (`https://sso.example`) or the full issuer of the login realm.
    ///
    /// Issuers are then checked against this one, and endpoints published under it are called through
    /// the base URL.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }
}

impl KeycloakBuilder {
    /// Sets time limits, retries, headers, proxies and TLS, in place of all that were set before.
    pub fn options(mut self, options: ClientOptions) -> Self {
        self.options = options;
        self
    }

    /// Checks the settings and builds the client. Nothing is sent until the first call.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a setting is wrong or missing. The message
    /// names it and says what to write instead.
    pub fn build(self) -> Result<Keycloak> {
        let base = BaseUrl::parse("base URL", &self.base_url)?;
        refuse_realm(base.as_str())?;
        segment::check(&OP, "login_realm", &self.login_realm)?;
        let rule = IssuerRule::new(base, self.issuer.as_deref(), &self.login_realm)?;
        let credentials = self.identity.credentials()?;
        let sender = self.options.sender(rule.addresses().clone())?;
        let channel = Arc::new(Channel::new(sender, Discovery::new(rule)));
        let engine = credentials
            .map(|credentials| {
                let login = CredentialLogin {
                    channel: channel.clone(),
                    provider: ProviderId::realm(&self.login_realm),
                    credentials,
                };
                login.engine()
            })
            .transpose()?;
        Ok(Keycloak::new(channel, engine, self.login_realm))
    }

    pub(crate) fn new(base_url: String) -> Self {
        Self {
            base_url,
            login_realm: "master".to_owned(),
            issuer: None,
            identity: Identity::default(),
            options: ClientOptions::new(),
        }
    }
}

/// Refuses a base URL that goes on with `/realms`.
fn refuse_realm(base: &str) -> Result<()> {
    if base.rsplit('/').nth(1) == Some("realms") {
        return Err(config(
            "the base URL names a realm: leave out /realms and what follows, and name the realm \
             with Keycloak::realm or login_realm",
        ));
    }
    Ok(())
}

impl fmt::Debug for KeycloakBuilder {
    // The base URL is not checked yet: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeycloakBuilder")
            .field("login_realm", &self.login_realm)
            .field("identity", &self.identity)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
