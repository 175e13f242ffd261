//! The identity for which access is decided, from the claims of a token.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::error::Result;
use crate::oidc::{AccessTokenClaims, Introspection};

/// The identity and the time for which access is decided. The identity comes from a verified or
/// introspected token.
///
/// ```no_run
/// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
/// use keycloak_kit::uma::Identity;
///
/// // From a verified token:
/// let verifier = oidc.access_token_verifier().audience("api").build()?;
/// let who = Identity::of_token(&verifier.verify(bearer).await?);
/// // From introspection:
/// let who = Identity::of_introspection(oidc.introspect(bearer).await?)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Identity {
    pub(super) claims: Map<String, Value>,
    pub(super) at: Option<SystemTime>,
}

impl Identity {
    /// Creates the identity from a verified access token.
    pub fn of_token<T>(claims: &AccessTokenClaims<T>) -> Self {
        Self {
            claims: claims.claims().clone(),
            at: None,
        }
    }

    /// Creates the identity from an introspection response.
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` if the token is not an active access token.
    pub fn of_introspection(answer: Introspection) -> Result<Self> {
        Ok(Self {
            claims: answer.require_active()?.members().clone(),
            at: None,
        })
    }

    /// Sets the time of the decision, instead of the current time.
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.at = Some(time);
        self
    }

    /// Returns whether the token is lightweight: it is marked in its id (`onltac:..`: session,
    /// token, grant), or lacks claims that other tokens have. The server looks up the missing
    /// claims itself.
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

    /// Returns the strings of a claim, which is a string or a list of strings.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.claims.get(name)? {
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            Value::String(one) => Some(vec![one]),
            _ => None,
        }
    }

    /// Returns whether the identity has a role: a realm role `name`, or `client/name`. Returns
    /// `None` if the text is ambiguous and the interpretations differ.
    pub(super) fn has_role(&self, role: &str) -> Option<bool> {
        let has = |access: Option<&Value>, role: &str| {
            let roles = access.and_then(|access| access.get("roles"));
            let roles = roles.and_then(Value::as_array).into_iter().flatten();
            roles.into_iter().any(|known| known.as_str() == Some(role))
        };
        let of_realm = has(self.claims.get("realm_access"), role);
        // The name of a client or of a role may contain slashes.
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
