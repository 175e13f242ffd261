//! Keys and signed or encrypted tokens: JWS (RFC 7515), JWE (RFC 7516), JWK (RFC 7517).
//!
//! Keys that sign for a client ([`SigningKey`], [`DpopKey`]), keys that decrypt tokens for a client
//! ([`DecryptionKey`]), an issuer's public keys ([`Jwk`], [`JwkSet`]), and reading a token without
//! checking it ([`decode_unverified`]). Tokens are verified in [`oidc`](crate::oidc).
//!
//! Signatures: RS, PS and ES with 256, 384 and 512, EdDSA with Ed25519, and HS for signing with a
//! client secret. Encryption: RSA1_5, RSA-OAEP, RSA-OAEP-256, ECDH-ES with and without A128KW, A192KW,
//! A256KW; A128GCM, A192GCM, A256GCM, A128CBC-HS256, A192CBC-HS384, A256CBC-HS512.
//!
//! A token's header never chooses the algorithm or the key to trust: `jku`, `x5u`, `jwk` and `x5c`
//! are ignored, and `kid` only selects one of the issuer's keys.

mod algorithm;
pub(crate) mod base64url;
mod dpop;
mod ed25519;
pub(crate) mod hash;
pub(crate) mod json;
mod jwe;
mod jwk;
mod jwks;
pub(crate) mod jws;
mod private_key;
mod public_key;
mod roca;
mod rsa_key;
mod signing_key;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod time;
mod unverified;

pub use self::algorithm::SignatureAlgorithm;
pub use self::dpop::DpopKey;
pub(crate) use self::dpop::target as dpop_target;
pub use self::jwe::{ContentEncryption, DecryptionKey, KeyEncryption, decrypt, encrypt};
pub use self::jwk::Jwk;
pub use self::jwks::JwkSet;
pub use self::signing_key::SigningKey;
pub use self::unverified::{Unverified, decode_unverified};
