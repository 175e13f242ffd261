//! Looking into a token without checking it.

use std::fmt;

use serde_json::{Map, Value};

use super::jws::Jws;
use crate::error::Result;

/// What a token says. **Nothing of it was checked: anybody can have written it.**
#[derive(Clone)]
pub struct Unverified {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Unverified {
    /// The members of the header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// Shows names, not values.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("header", &self.header)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Reads a signed token without checking it: for looking at a token, never for trusting it.
///
/// ```
/// # fn main() -> keycloak_kit::Result<()> {
/// let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.AA";
/// let says = keycloak_kit::jose::decode_unverified(token)?;
/// assert_eq!((&says.header()["alg"], &says.claims()["sub"]), (&"RS256".into(), &"1".into()));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Of kind `InvalidToken` when it is no signed JWT.
pub fn decode_unverified(token: &str) -> Result<Unverified> {
    let token = Jws::parse(token)?;
    Ok(Unverified {
        claims: token.unverified_claims()?,
        header: token.header().clone(),
    })
}
