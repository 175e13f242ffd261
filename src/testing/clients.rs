//! The clients of the provider.

use std::fmt;
use std::sync::Arc;

use super::state::Shared;
use crate::Secret;
use crate::jose::{Jwk, SignatureAlgorithm};

/// A client of a [`TestProvider`](super::TestProvider). `Debug` shows only its id.
///
/// ```
/// use keycloak_kit::testing::TestClient;
///
/// let web = TestClient::confidential("web", "s3cret")
///     .redirect_uri("https://app.example/callback")
///     .audience("api");
/// let spa = TestClient::public("spa");
/// ```
#[derive(Clone)]
#[must_use = "a client is added by clients().add(..)"]
pub struct TestClient {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) keys: Vec<Jwk>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) post_logout_redirect_uris: Vec<String>,
    pub(super) backchannel_logout_uri: Option<String>,
    pub(super) notification_uri: Option<String>,
    pub(super) audiences: Vec<String>,
    pub(super) realm_roles: Vec<String>,
    pub(super) lightweight: bool,
    pub(super) needs_dpop: bool,
    pub(super) needs_push: bool,
    pub(super) id_token_algorithm: Option<SignatureAlgorithm>,
}

impl TestClient {
    fn new(id: String) -> Self {
        Self {
            id,
            secret: None,
            keys: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            notification_uri: None,
            audiences: Vec::new(),
            realm_roles: Vec::new(),
            lightweight: false,
            needs_dpop: false,
            needs_push: false,
            id_token_algorithm: None,
        }
    }

    /// Creates a client without authentication.
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id.into())
    }

    /// Creates a client with a secret. It may use every grant, with each of the methods that take a
    /// secret.
    pub fn confidential(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            secret: Some(secret.into()),
            ..Self::new(id.into())
        }
    }

    /// Creates a client that signs assertions with a private key (`private_key_jwt`), whose public
    /// half is `key`.
    pub fn with_key(id: impl Into<String>, key: Jwk) -> Self {
        Self {
            keys: vec![key],
            ..Self::new(id.into())
        }
    }

    /// Adds an allowed redirect URI; a `*` at its end stands for any rest. Without this call, every
    /// redirect URI is allowed.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Adds an allowed URI to go to after a logout; a `*` at its end stands for any rest. Without this
    /// call, every URI is allowed.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Sets the URL that logout tokens are posted to when a session ends (OpenID Connect Back-Channel
    /// Logout 1.0).
    pub fn backchannel_logout_uri(mut self, url: impl Into<String>) -> Self {
        self.backchannel_logout_uri = Some(url.into());
        self
    }

    /// Sets the URL where the client hears that a backchannel login was decided (CIBA, mode ping).
    pub fn backchannel_notification_uri(mut self, url: impl Into<String>) -> Self {
        self.notification_uri = Some(url.into());
        self
    }

    /// Adds an audience to the client's access tokens, as an audience mapper does.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Adds a realm role to the client's service account.
    pub fn realm_role(mut self, role: impl Into<String>) -> Self {
        self.realm_roles.push(role.into());
        self
    }

    /// Issues lightweight access tokens to the client.
    pub fn lightweight_access_tokens(mut self) -> Self {
        self.lightweight = true;
        self
    }

    /// Issues tokens to the client only if it binds them to a key (DPoP, RFC 9449).
    pub fn require_dpop(mut self) -> Self {
        self.needs_dpop = true;
        self
    }

    /// Refuses authorization requests of the client that were not pushed (RFC 9126).
    pub fn require_pushed_requests(mut self) -> Self {
        self.needs_push = true;
        self
    }

    /// Signs the client's ID tokens and logout tokens with this algorithm, in place of the
    /// provider's.
    pub fn id_token_algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.id_token_algorithm = Some(algorithm);
        self
    }

    pub(super) fn is_public(&self) -> bool {
        self.secret.is_none() && self.keys.is_empty()
    }

    pub(super) fn allows_redirect(&self, uri: &str) -> bool {
        allows(&self.redirect_uris, uri)
    }

    pub(super) fn allows_post_logout_redirect(&self, uri: &str) -> bool {
        allows(&self.post_logout_redirect_uris, uri)
    }
}

/// Returns whether a URI is one of the registered ones, or none is registered.
fn allows(registered: &[String], uri: &str) -> bool {
    let fits = |own: &String| match own.strip_suffix('*') {
        Some(start) => uri.starts_with(start),
        None => own == uri,
    };
    registered.is_empty() || registered.iter().any(fits)
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The clients of a provider; see [`TestProvider::clients`](super::TestProvider::clients).
#[derive(Debug, Clone)]
pub struct TestClients {
    shared: Arc<Shared>,
}

impl TestClients {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a client, in place of the one with the same id.
    pub fn add(&self, client: TestClient) {
        let mut state = self.shared.state();
        state.clients.retain(|known| known.id != client.id);
        state.clients.push(client);
    }

    /// Removes a client.
    pub fn remove(&self, id: &str) {
        self.shared.state().clients.retain(|known| known.id != id);
    }
}
