//! Who acts for a subject.

use std::fmt;

use serde_json::{Map, Value};

use super::claims::text;

/// Who acts for the subject of a token (RFC 8693 section 4.1): a service, or an administrator who
/// impersonates the user. `Debug` shows no values. It is for decisions and logs of one's own: what the token permits is said
/// by its other claims.
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

    /// Who it is, at the issuer of the token unless [`issuer`](Self::issuer) names another.
    pub fn subject(&self) -> Option<&'a str> {
        text(self.claims, "sub")
    }

    /// Whose subject it is.
    pub fn issuer(&self) -> Option<&'a str> {
        text(self.claims, "iss")
    }

    /// The client, where the issuer says it.
    pub fn client_id(&self) -> Option<&'a str> {
        text(self.claims, "client_id").or_else(|| text(self.claims, "azp"))
    }

    /// For whom this actor acted in its turn: earlier links of the chain, for the record only
    /// (RFC 8693 section 4.1).
    pub fn actor(&self) -> Option<Self> {
        Self::of(self.claims)
    }

    /// One claim.
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
