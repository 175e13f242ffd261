//! The protection API of a resource server.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::{self, ObjectKind};
use crate::call::Credential;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::endpoint::Endpoint;
use crate::error::{self, Result};
use crate::http::request::JSON;
use crate::http::{json, segment};
use crate::login::CredentialLogin;
use crate::login::TokenSource;
use crate::login::credentials::Credentials;
use crate::oidc::{Oidc, OidcBuilder};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::AccessToken;
use crate::token::engine::TokenEngine;
use crate::{ClientAuth, Secret};

const OP: Operation = Operation::new("uma.token", "POST", "{token_endpoint}");

/// A builder for [`Uma`], from [`Keycloak::uma`](crate::Keycloak::uma).
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct UmaBuilder {
    oidc: OidcBuilder,
}

impl UmaBuilder {
    pub(crate) fn new(oidc: OidcBuilder) -> Self {
        Self { oidc }
    }

    /// Sets the client secret of the resource server.
    pub fn client_secret(self, secret: impl Into<Secret>) -> Self {
        self.with(|oidc| oidc.client_secret(secret))
    }

    /// Sets another client authentication.
    pub fn client_auth(self, auth: impl Into<ClientAuth>) -> Self {
        self.with(|oidc| oidc.client_auth(auth))
    }

    /// Changes any other setting of the client, such as a DPoP key.
    pub fn with(mut self, set: impl FnOnce(OidcBuilder) -> OidcBuilder) -> Self {
        self.oidc = set(self.oidc);
        self
    }

    /// Creates the client. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if a setting is wrong or missing.
    pub fn build(self) -> Result<Uma> {
        Ok(self.oidc.build()?.uma())
    }
}

/// The protection API of a realm (UMA 2.0 Federated Authorization) for a resource server.
///
/// Calls use a protection API token: the client's own, which is renewed automatically, or a given
/// one ([`with_token`](Self::with_token)). With a user's token, that user becomes the owner of
/// created resources. Cheap to clone.
#[derive(Clone)]
pub struct Uma {
    inner: Arc<UmaInner>,
}

struct UmaInner {
    oidc: Oidc,
    provider: ProviderId,
    engine: TokenEngine,
}

impl Oidc {
    /// Returns the protection API for this client, which must be a resource server: authorization
    /// and the service account are enabled.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::uma::Resource;
    ///
    /// let uma = oidc.uma();
    /// let album = Resource::new("album 1").uri("/albums/1").scopes(["view", "edit"]);
    /// println!("{:?}", uma.resources().create(&album).await?.id);
    /// # Ok(()) }
    /// ```
    pub fn uma(&self) -> Uma {
        let client = self.inner.client.clone();
        Uma::over(
            self,
            TokenEngine::new(login(self, Credentials::Client { client })),
        )
    }
}

fn login(oidc: &Oidc, credentials: Credentials) -> CredentialLogin {
    CredentialLogin {
        channel: oidc.inner.channel.clone(),
        provider: oidc.inner.provider.clone(),
        credentials,
    }
}

/// A call of the protection API.
pub(super) struct ProtectionCall<'a> {
    pub(super) op: &'static Operation,
    pub(super) kind: ObjectKind,
    pub(super) endpoint: Endpoint,
    /// A path below the published endpoint.
    pub(super) below: &'static str,
    /// The name of the id in error messages, and the id at the end of the path.
    pub(super) path: Option<(&'static str, &'a str)>,
    pub(super) method: Method,
    pub(super) query: &'a [(&'static str, String)],
}

impl Uma {
    fn over(oidc: &Oidc, engine: TokenEngine) -> Self {
        Self {
            inner: Arc::new(UmaInner {
                oidc: oidc.clone(),
                provider: ProviderId::Uma(Box::new(oidc.inner.provider.clone())),
                engine,
            }),
        }
    }

    /// Returns the API with a given token. A user with the role `uma_protection` of this client
    /// becomes the owner of resources created with the user's token.
    ///
    /// ```no_run
    /// # async fn show(uma: keycloak_kit::uma::Uma, bearer: &str) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::AccessToken;
    ///
    /// let of_ada = uma.with_token(AccessToken::new(bearer))?;
    /// let asked = of_ada.tickets().granted(false).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Protocol` if the token contains characters that are not allowed in
    /// a header, or `Config` if it starts with an authorization scheme.
    pub fn with_token(&self, token: AccessToken) -> Result<Self> {
        let engine = login(&self.inner.oidc, Credentials::Fixed(token)).engine()?;
        Ok(Self::over(&self.inner.oidc, engine))
    }

    /// Returns the API with the tokens of `source`, such as a user's
    /// [`Session`](crate::oidc::Session).
    pub fn with_token_source(&self, source: impl TokenSource) -> Self {
        let credentials = Credentials::Custom(Arc::new(source));
        let engine = TokenEngine::new(login(&self.inner.oidc, credentials));
        Self::over(&self.inner.oidc, engine)
    }

    /// Returns the protection API token, renewed if necessary.
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` if the client authentication fails or the service
    /// account is disabled.
    pub async fn token(&self) -> Result<AccessToken> {
        let deadline = self.inner.oidc.inner.channel.deadline();
        let cached = self.inner.engine.token(&OP, deadline).await?;
        Ok(cached.token)
    }

    /// Returns the client of the resource server.
    pub fn oidc(&self) -> &Oidc {
        &self.inner.oidc
    }

    /// Returns the metadata that the realm publishes at `uma2-configuration`. It is cached, and
    /// renewed after an hour.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if there is no such realm.
    pub async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        let channel = &self.inner.oidc.inner.channel;
        let deadline = channel.deadline();
        channel.metadata(&self.inner.provider, deadline).await
    }

    /// Sends a call and decodes the response.
    pub(super) async fn call<T: DeserializeOwned + 'static>(
        &self,
        call: ProtectionCall<'_>,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T> {
        let op = call.op;
        let body = match body {
            Some(body) => Some(serde_json::to_vec(body).map_err(|_| {
                error::invalid_argument(op, "the object cannot be serialized as JSON")
            })?),
            None => None,
        };
        let answer = self.send(call, body).await?;
        json::decode(op, answer.body())
    }

    /// Sends a call that returns a list. Keycloak responds with 204 to some searches without
    /// results.
    pub(super) async fn list<T: DeserializeOwned + 'static>(
        &self,
        call: ProtectionCall<'_>,
    ) -> Result<Response<Vec<T>>> {
        let op = call.op;
        let answer = self.send(call, None).await?;
        let head = Head::of(&answer);
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(head.with(Vec::new()));
        }
        Ok(head.with(json::decode(op, answer.body())?))
    }

    async fn send(
        &self,
        call: ProtectionCall<'_>,
        body: Option<Vec<u8>>,
    ) -> Result<http::Response<bytes::Bytes>> {
        let ProtectionCall { op, kind, .. } = call;
        let UmaInner {
            oidc,
            provider,
            engine,
        } = &*self.inner;
        let channel = &oidc.inner.channel;
        let deadline = channel.deadline();
        let mtls = oidc.inner.client.uses_mtls();
        let target = channel
            .endpoint(provider, call.endpoint, mtls, deadline)
            .await
            .map_err(|error| error.or_operation(op))?;
        let url = below(op, target.url, call.below, call.path)?;
        let request = channel.sender.call(op).with(Credential::Engine(engine));
        let mut request = request
            .method(call.method, url)
            .query(call.query)
            .refused_by(|answer, op| {
                answer.status() == StatusCode::UNAUTHORIZED
                    || fault::is_refused_token(&answer.error(op))
            })
            .within(deadline);
        if let Some(body) = body {
            request = request.body(JSON, body);
        }
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer.response);
        }
        Err(fault::protection(answer.error(op), kind))
    }
}

fn below(
    op: &Operation,
    mut url: url::Url,
    below: &str,
    id: Option<(&'static str, &str)>,
) -> Result<url::Url> {
    let mut text = url.path().trim_end_matches('/').to_owned();
    text.push_str(below);
    if let Some((name, value)) = id {
        segment::check(op, name, value)?;
        text.push('/');
        text.push_str(&segment::encode(value));
    }
    url.set_path(&text);
    Ok(url)
}

impl fmt::Debug for Uma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uma")
            .field("oidc", &self.inner.oidc)
            .finish_non_exhaustive()
    }
}
