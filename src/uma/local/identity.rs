//! Who asks, as far as a token says.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::error::Result;
use crate::oidc::{AccessTokenClaims, Introspection};

/// Who asks for access, and when: what a token says that was verified or introspected.
///
/// ```no_run
/// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
/// use keycloak_kit::uma::Identity;
///
/// // By decoding:
/// let verifier = oidc.access_token_verifier().audience("api").build()?;
/// let who = Identity::of_token(&verifier.verify(bearer).await?);
/// // By introspection:
/// let who = Identity::of_introspection(oidc.introspect(bearer).await?)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Identity {
    pub(super) claims: Map<String, Value>,
    pub(super) at: Option<SystemTime>,
}

impl Identity {
    /// The bearer of a verified access token.
    pub fn of_token<T>(claims: &AccessTokenClaims<T>) -> Self {
        Self {
            claims: claims.claims().clone(),
            at: None,
        }
    }

    /// The bearer of a token that the server was asked about.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when it is not an active access token.
    pub fn of_introspection(answer: Introspection) -> Result<Self> {
        Ok(Self {
            claims: answer.require_active()?.members().clone(),
            at: None,
        })
    }

    /// Decides as at this time, instead of now.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.at = Some(time);
        self
    }

    /// A lightweight token leaves out what the server then looks up by itself: one that says so in
    /// its id (`onltac:..`: session, token, grant), or that has not what others have.
    pub(super) fn is_lightweight(&self) -> bool {
        let has = |name| self.claims.contains_key(name);
        let kind = self.text("jti").and_then(|id| id.split_once(':'));
        let kind = kind.and_then(|(kind, _)| kind.get(2..4));
        kind == Some("lt")
            || !has("sub")
            || !has("sid") && !has("realm_access") && !has("resource_access")
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// The texts of a claim, which may be a single one.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.claims.get(name)? {
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            Value::String(one) => Some(vec![one]),
            _ => None,
        }
    }

    /// Whether it has a role: `name` of the realm, or `client/name`; `None` where the text can be read
    /// in several ways, of which only some fit.
    pub(super) fn has_role(&self, role: &str) -> Option<bool> {
        let has = |access: Option<&Value>, role: &str| {
            let roles = access.and_then(|access| access.get("roles"));
            let roles = roles.and_then(Value::as_array).into_iter().flatten();
            roles.into_iter().any(|known| known.as_str() == Some(role))
        };
        let of_realm = has(self.claims.get("realm_access"), role);
        // The name of a client or of a role may have slashes of its own.
        let clients = self.claims.get("resource_access");
        let mut of_clients = role.match_indices('/').map(|(at, _)| {
            let (client, name) = (role.get(..at), role.get(at + 1..));
            let access = client.and_then(|client| clients?.get(client));
            name.is_some_and(|name| has(access, name))
        });
        let Some(first) = of_clients.next() else {
            return Some(of_realm);
        };
        let same = of_clients.all(|other| other == first);
        match (first, of_realm) {
            (true, _) if same => Some(true),
            (false, false) if same => Some(false),
            _ => None,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .field("at", &self.at)
            .finish()
    }
}
