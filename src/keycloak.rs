//! The one entry type.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::builder::KeycloakBuilder;
use crate::call::Authorized;
use crate::discovery::{Provider, ProviderMetadata};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::operation::Operation;
use crate::raw_request::RawRequest;
use crate::token::AccessToken;
use crate::token::engine::{Lease, TokenEngine};

const LOGIN: Operation = Operation::new(
    "login",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);

/// A Keycloak server, seen with one set of credentials.
///
/// Cheap to clone: clones share the connections, the token and the discovered endpoints.
#[derive(Clone)]
pub struct Keycloak {
    channel: Arc<Channel>,
    pub(crate) authorized: Arc<Authorized>,
    #[cfg(feature = "admin")]
    pub(crate) admin: Arc<crate::admin::Shared>,
    login_realm: Arc<str>,
}

impl Keycloak {
    /// Starts a client for the server at `base_url`, such as `https://sso.example` or
    /// `http://keycloak:8080/auth`, with or without trailing slash.
    pub fn builder(base_url: impl Into<String>) -> KeycloakBuilder {
        KeycloakBuilder::new(base_url.into())
    }

    /// A client set up by environment variables alone.
    ///
    /// # Errors
    /// As [`builder_from_env`](Self::builder_from_env) and [`KeycloakBuilder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env()?.build()
    }

    /// Starts a client with the settings out of environment variables. An empty variable counts
    /// as not set.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `KEYCLOAK_URL` | base URL (required) |
    /// | `KEYCLOAK_LOGIN_REALM` | realm to log in to; `master` unless set |
    /// | `KEYCLOAK_ISSUER` | public base URL or issuer, see [`KeycloakBuilder::issuer`] |
    /// | `KEYCLOAK_CLIENT_ID` | client; `admin-cli` with a password or refresh token unless set |
    /// | `KEYCLOAK_CLIENT_SECRET` or `_FILE` | its secret: without the variables below, client credentials |
    /// | `KEYCLOAK_USERNAME`, `KEYCLOAK_PASSWORD` or `_FILE` | password grant |
    /// | `KEYCLOAK_REFRESH_TOKEN` or `_FILE` | refresh token |
    /// | `KEYCLOAK_ACCESS_TOKEN` or `_FILE` | fixed token |
    /// | `KEYCLOAK_TIMEOUT` | seconds for one attempt (30) |
    /// | `KEYCLOAK_DEADLINE` | seconds for one call with all attempts (120) |
    /// | `KEYCLOAK_CONNECT_TIMEOUT` | seconds for connecting (5) |
    /// | `KEYCLOAK_MAX_RETRIES` | retries after the first attempt (3) |
    /// | `KEYCLOAK_PROXY` | proxy URL for all requests |
    /// | `KEYCLOAK_CA_FILE` | PEM file of further certificate authorities |
    /// | `KEYCLOAK_CLIENT_CERT_FILE` | PEM file with client certificate and private key |
    /// | `KEYCLOAK_INSECURE_SKIP_TLS_VERIFY` | `true` switches certificate checks off |
    /// | `KEYCLOAK_HEADERS` | headers for every request, one `Name: value` a line |
    /// | `KEYCLOAK_POOL_MAX_IDLE` | idle connections kept |
    ///
    /// A variable that ends in `_FILE` names a file whose content, without its last line break,
    /// is the value. Only one of user name, refresh token and access token may be set.
    ///
    /// # Errors
    /// Of kind `Config` when a variable is missing or cannot be read; the message names it and
    /// the accepted form.
    pub fn builder_from_env() -> Result<KeycloakBuilder> {
        crate::env::builder(&crate::env::Process)
    }

    pub(crate) fn new(
        channel: Arc<Channel>,
        engine: Option<TokenEngine>,
        login_realm: String,
    ) -> Self {
        Self {
            authorized: Arc::new(Authorized::new(channel.sender.clone(), engine)),
            channel,
            #[cfg(feature = "admin")]
            admin: Arc::default(),
            login_realm: login_realm.into(),
        }
    }

    /// Fetches a token, unless a good one is at hand: tells at start-up whether address, realm and
    /// credentials are right.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the credentials are refused, with what to check.
    pub async fn login(&self) -> Result<()> {
        self.lease().await.map(drop)
    }

    /// The current token, for calling other services. It is fresh for a share of its lifetime
    /// only: ask again instead of keeping it.
    ///
    /// # Errors
    /// As [`login`](Self::login).
    pub async fn token(&self) -> Result<AccessToken> {
        self.lease().await.map(|lease| lease.token)
    }

    async fn lease(&self) -> Result<Lease> {
        match self.authorized.engine() {
            Some(engine) => engine.token(&LOGIN, self.channel().deadline()).await,
            None => Err(config("this client was built without credentials")
                .with_operation(&LOGIN)
                .with_hint("use client_credentials, password, .. instead of anonymous")),
        }
    }

    /// The base URL, without trailing slash.
    pub fn base_url(&self) -> &str {
        self.authorized.base_url()
    }

    /// The realm this client logs in to.
    pub fn login_realm(&self) -> &str {
        &self.login_realm
    }

    /// What `realm` publishes at its well-known address. Kept, and renewed after an
    /// hour.
    ///
    /// # Errors
    /// Of kind `NotFound` when there is no such realm, `Protocol` when its issuer is not the
    /// expected one.
    pub async fn metadata(&self, realm: &str) -> Result<Arc<ProviderMetadata>> {
        self.channel()
            .metadata(&Provider::realm(realm), self.channel().deadline())
            .await
    }

    /// A call of any endpoint, with the same token, retries and errors as the typed ones.
    ///
    /// `segments` are the parts of the path below the base URL. Each is checked and encoded like
    /// an id, so a slash inside one does not split it.
    ///
    /// ```no_run
    /// # async fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::Method;
    /// use serde_json::Value;
    ///
    /// let found: Vec<Value> = kc
    ///     .request(Method::GET, ["admin", "realms", "demo", "users"])
    ///     .query(&[("search", "ada"), ("max", "5")])
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn request<T>(
        &self,
        method: Method,
        segments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> RawRequest<T> {
        RawRequest::new(self.authorized.clone(), method, segments)
    }

    /// OpenID Connect as the client `client_id` of `realm`.
    #[cfg(feature = "oidc")]
    pub fn oidc(
        &self,
        realm: impl Into<String>,
        client_id: impl Into<String>,
    ) -> crate::oidc::OidcBuilder {
        crate::oidc::OidcBuilder::of_realm(self.channel().clone(), realm.into(), client_id.into())
    }

    /// UMA 2.0 as the resource server `client_id` of `realm`.
    #[cfg(feature = "oidc")]
    pub fn uma(
        &self,
        realm: impl Into<String>,
        client_id: impl Into<String>,
    ) -> crate::uma::UmaBuilder {
        crate::uma::UmaBuilder::new(self.oidc(realm, client_id))
    }

    pub(crate) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }
}

impl fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keycloak")
            .field("base_url", &self.base_url())
            .field("login_realm", &self.login_realm)
            .finish_non_exhaustive()
    }
}
