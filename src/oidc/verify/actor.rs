//! The actor in a token (RFC 8693).

use std::fmt;

use serde_json::{Map, Value};

use super::claims::text;

/// The actor that acts for the subject of a token (RFC 8693 section 4.1): a service, or an
/// administrator who impersonates the user.
///
/// The actor is informational, for logs and an application's own decisions; the other claims define
/// what the token permits. `Debug` shows only the names of the claims.
///
/// ```no_run
/// # fn show(claims: &keycloak_kit::oidc::AccessTokenClaims) {
/// if let Some(actor) = claims.actor() {
///     println!("{:?} acts for {:?}", actor.subject(), claims.subject());
/// }
/// # }
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Actor<'a> {
    claims: &'a Map<String, Value>,
}

impl<'a> Actor<'a> {
    pub(super) fn of(claims: &'a Map<String, Value>) -> Option<Self> {
        let claims = claims.get("act")?.as_object()?;
        Some(Self { claims })
    }

    /// Returns the actor's subject at [`issuer`](Self::issuer), or at the token's issuer if that is
    /// `None`.
    pub fn subject(&self) -> Option<&'a str> {
        text(self.claims, "sub")
    }

    /// Returns the issuer of the actor's subject.
    pub fn issuer(&self) -> Option<&'a str> {
        text(self.claims, "iss")
    }

    /// Returns the actor's client id.
    pub fn client_id(&self) -> Option<&'a str> {
        text(self.claims, "client_id").or_else(|| text(self.claims, "azp"))
    }

    /// Returns the prior actor in the delegation chain, which is informational only (RFC 8693
    /// section 4.1).
    pub fn actor(&self) -> Option<Self> {
        Self::of(self.claims)
    }

    /// Returns a claim.
    pub fn claim(&self, name: &str) -> Option<&'a Value> {
        self.claims.get(name)
    }
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}
