//! Hashes and random values, as tokens carry them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, rand};

use super::{SignatureAlgorithm, base64url};
use crate::error::{Result, config};

/// Returns the SHA-256 hash in base64url: PKCE's S256, `ath`, `x5t#S256`.
pub(crate) fn sha256(value: impl AsRef<[u8]>) -> String {
    base64url::encode(digest::digest(&digest::SHA256, value.as_ref()))
}

/// Returns the left half of the algorithm's hash: `at_hash`, `c_hash`, `s_hash`.
pub(crate) fn half(algorithm: SignatureAlgorithm, value: &str) -> String {
    let hash = digest::digest(algorithm.hash(), value.as_bytes());
    let bytes = hash.as_ref();
    base64url::encode(&bytes[..bytes.len() / 2])
}

/// Compares in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Returns `N` random bytes in base64url; 32 bytes are 43 characters.
pub(crate) fn random<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)
        .map_err(|_| config("no random numbers are available on this machine"))?;
    Ok(base64url::encode(bytes))
}
