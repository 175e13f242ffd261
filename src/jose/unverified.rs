//! Reading a token without checking it.

use std::fmt;

use serde_json::{Map, Value};

use super::jws::Jws;
use crate::error::Result;

/// The content of a token. **Nothing in it was checked: anybody can have written it.**
#[derive(Clone)]
pub struct Unverified {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Unverified {
    /// Returns the members of the header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Returns the claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// Shows the names of the claims, not their values.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("header", &self.header)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Reads a signed token without checking it, for looking at a token, never for trusting it.
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
/// [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if `token` is not a signed JWT.
pub fn decode_unverified(token: &str) -> Result<Unverified> {
    let token = Jws::parse(token)?;
    Ok(Unverified {
        claims: token.unverified_claims()?,
        header: token.header().clone(),
    })
}
