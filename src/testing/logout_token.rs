//! Logout tokens as a test wants them (OpenID Connect Back-Channel Logout 1.0 section 2.4).

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::clients::TestClient;
use super::state::{Shared, State, new_id, now, object};

/// The lifetime of a logout token, in seconds.
const LIFESPAN: i64 = 120;

/// A logout token in the making; created by
/// [`TestProvider::logout_token`](super::TestProvider::logout_token). It names a user or a session
/// only if the test does.
///
/// ```
/// use keycloak_kit::testing::TestProvider;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> keycloak_kit::Result<()> {
/// let provider = TestProvider::start().await?;
/// let token = provider.logout_token("web").subject("ada").sign();
///
/// let verifier = provider.oidc("web").build()?.verifier();
/// assert_eq!(verifier.logout_token(&token).await?.subject(), Some("ada"));
/// # Ok(()) }
/// ```
#[must_use = "a token is made by sign()"]
pub struct LogoutTokenBuilder {
    shared: Arc<Shared>,
    client_id: String,
    claims: Map<String, Value>,
}

impl LogoutTokenBuilder {
    pub(super) fn new(shared: Arc<Shared>, client_id: String) -> Self {
        let claims = claims(&shared.state(), &client_id);
        Self {
            shared,
            client_id,
            claims,
        }
    }

    /// Names the user. Without a session, all sessions of the user end.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Names the session (`sid`).
    pub fn session_id(self, id: impl Into<String>) -> Self {
        self.claim("sid", id.into())
    }

    /// Sets a claim of any name, in place of what it would be.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Makes a token that has expired: issued an hour ago.
    pub fn expired(self) -> Self {
        let issued = now().saturating_sub(3600);
        self.claim("iat", issued)
            .claim("exp", issued.saturating_add(LIFESPAN))
    }

    /// Signs the token, with the algorithm of the client if it is registered.
    pub fn sign(self) -> String {
        let mut state = self.shared.state();
        let client = state.client(&self.client_id);
        let client = client.unwrap_or_else(|| TestClient::public(&self.client_id));
        sign(&mut state, &client, &self.claims)
    }
}

/// Returns the claims of every logout token.
pub(super) fn claims(state: &State, client_id: &str) -> Map<String, Value> {
    let now = now();
    object(json!({
        "iat": now, "exp": now.saturating_add(LIFESPAN), "jti": new_id(), "iss": state.issuer,
        "aud": client_id, "typ": "Logout",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    }))
}

pub(super) fn sign(state: &mut State, client: &TestClient, claims: &Map<String, Value>) -> String {
    state.sign(client.id_token_algorithm, "logout+jwt", claims)
}

impl fmt::Debug for LogoutTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutTokenBuilder")
            .field("client_id", &self.client_id)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
