//! The entry type.

use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::call::Authorized;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::operation::Operation;
use crate::raw_request::RawRequest;
#[cfg(feature = "admin")]
use crate::shared::Shared;
use crate::token::AccessToken;
use crate::token::engine::{CachedToken, TokenEngine};

const LOGIN: Operation = Operation::new(
    "login",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);

/// A client of a Keycloak server with one set of credentials.
///
/// Cheap to clone: clones share the connections, the token and the discovered endpoints.
#[derive(Clone)]
pub struct Keycloak {
    channel: Arc<Channel>,
    pub(crate) authorized: Arc<Authorized>,
    /// What all handles of the admin API share.
    #[cfg(feature = "admin")]
    pub(crate) shared: Arc<Shared>,
    login_realm: Arc<str>,
}

impl Keycloak {
    pub(crate) fn new(
        channel: Arc<Channel>,
        engine: Option<TokenEngine>,
        login_realm: String,
    ) -> Self {
        Self {
            authorized: Arc::new(Authorized::new(channel.sender.clone(), engine)),
            channel,
            #[cfg(feature = "admin")]
            shared: Arc::default(),
            login_realm: login_realm.into(),
        }
    }

    /// Fetches a token, unless a fresh one is at hand. At start-up this shows whether address, realm
    /// and credentials are right.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the credentials are refused,
    /// with what to check.
    pub async fn login(&self) -> Result<()> {
        self.cached().await.map(drop)
    }

    /// Returns the current token, for calls of other services. The token is fresh for a part of its
    /// lifetime only: call this again instead of keeping the token.
    ///
    /// # Errors
    /// As [`login`](Self::login).
    pub async fn token(&self) -> Result<AccessToken> {
        self.cached().await.map(|cached| cached.token)
    }

    async fn cached(&self) -> Result<CachedToken> {
        match self.authorized.engine() {
            Some(engine) => engine.token(&LOGIN, self.channel().deadline()).await,
            None => Err(config("this client was built without credentials")
                .with_operation(&LOGIN)
                .with_hint("use client_credentials, password, .. instead of anonymous")),
        }
    }

    /// Returns the base URL, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.authorized.base_url()
    }

    /// Returns the realm that this client logs in to.
    pub fn login_realm(&self) -> &str {
        &self.login_realm
    }

    /// Returns the well-known document of `realm`. The document is kept, and renewed after an hour.
    ///
    /// # Errors
    /// - [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is no such realm.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the issuer is not the expected one.
    pub async fn metadata(&self, realm: &str) -> Result<Arc<ProviderMetadata>> {
        self.channel()
            .metadata(&ProviderId::realm(realm), self.channel().deadline())
            .await
    }

    /// Starts a call of any endpoint, with the token, retries and errors of the typed calls.
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
