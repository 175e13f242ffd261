//! Signed tokens (RFC 7515) and the keys they are verified with (RFC 7517).
//!
//! Only asymmetric signatures that the key was published for are accepted: RS, PS (256, 384, 512)
//! and ES (256, 384). What is not supported yet is refused by name: EdDSA, ES512, encrypted tokens.

mod algorithm;
pub(crate) mod id_token;
pub(crate) mod jwks;
mod jws;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use self::jws::{Header, payload};
