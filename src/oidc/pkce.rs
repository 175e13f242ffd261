//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use crate::Secret;
use crate::error::Result;
use crate::jose::hash;

#[derive(Debug)]
pub(super) struct Pkce {
    pub(super) verifier: Secret,
}

impl Pkce {
    /// Generates a verifier of 256 random bits, in 43 characters, the minimum of section 4.1.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            verifier: hash::random::<32>()?.into(),
        })
    }

    pub(super) fn challenge(&self) -> String {
        hash::sha256(self.verifier.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_example_of_a_code_challenge() {
        let pkce = Pkce {
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        };
        assert_eq!(
            pkce.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn code_verifiers_are_long_and_never_the_same() {
        let (one, other) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_ne!(one.verifier.expose(), other.verifier.expose());
        assert!((43..=128).contains(&one.verifier.expose().len()));
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        assert!(one.verifier.expose().chars().all(unreserved));
    }
}
