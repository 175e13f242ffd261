//! The signature algorithms that are accepted.

use biscuit::jwa::SignatureAlgorithm;

use crate::error::{Result, protocol};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
}

/// What a key must be to be used with an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Rsa,
    P256,
    P384,
}

impl Algorithm {
    /// `name` is untrusted: it comes out of the token's header.
    pub(super) fn accepted(name: &str) -> Result<Self> {
        Ok(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" | "Ed448" | "ES512" => {
                return Err(
                    protocol(format!("tokens signed with {name} are not supported yet"))
                        .with_hint("set the client's signature algorithm to ES256 or RS256"),
                );
            }
            _ => {
                return Err(
                    protocol("the token is not signed with an accepted algorithm")
                        .with_hint("set the client's signature algorithm to ES256 or RS256"),
                );
            }
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            _ => Family::Rsa,
        }
    }

    pub(super) fn biscuit(self) -> SignatureAlgorithm {
        match self {
            Self::Rs256 => SignatureAlgorithm::RS256,
            Self::Rs384 => SignatureAlgorithm::RS384,
            Self::Rs512 => SignatureAlgorithm::RS512,
            Self::Ps256 => SignatureAlgorithm::PS256,
            Self::Ps384 => SignatureAlgorithm::PS384,
            Self::Ps512 => SignatureAlgorithm::PS512,
            Self::Es256 => SignatureAlgorithm::ES256,
            Self::Es384 => SignatureAlgorithm::ES384,
        }
    }
}
