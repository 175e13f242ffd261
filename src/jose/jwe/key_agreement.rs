//! ECDH-ES (RFC 7518 section 4.6).

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use secrecy::zeroize::Zeroizing;

use super::{ContentEncryption, KeyEncryption};
use crate::jose::jwk::Curve;

pub(super) fn agreement(curve: Curve) -> &'static agreement::Algorithm {
    match curve {
        Curve::P256 => &agreement::ECDH_P256,
        Curve::P384 => &agreement::ECDH_P384,
        Curve::P521 => &agreement::ECDH_P521,
    }
}

/// What the derived key is for, and what both parties say about themselves.
pub(super) struct Info<'a> {
    pub(super) algorithm: KeyEncryption,
    pub(super) content: ContentEncryption,
    pub(super) apu: &'a [u8],
    pub(super) apv: &'a [u8],
}

impl Info<'_> {
    /// Returns the algorithm and the length in bytes of the derived key, which encrypts the content
    /// or wraps its key.
    fn target(&self) -> (&'static str, usize) {
        match self.algorithm.wrapping_length() {
            Some(length) => (self.algorithm.name(), length),
            None => (self.content.name(), self.content.key_length()),
        }
    }

    /// Returns OtherInfo (RFC 7518 section 4.6.2).
    fn other(&self) -> Option<Vec<u8>> {
        let (name, length) = self.target();
        let mut other = Vec::new();
        for part in [name.as_bytes(), self.apu, self.apv] {
            other.extend(u32::try_from(part.len()).ok()?.to_be_bytes());
            other.extend(part);
        }
        other.extend(u32::try_from(length * 8).ok()?.to_be_bytes());
        Some(other)
    }
}

/// Derives the key that both parties share; `None` if `peer` is not a point of the key's curve.
pub(super) fn agree(
    private: &PrivateKey,
    curve: Curve,
    peer: &[u8],
    info: &Info<'_>,
) -> Option<Zeroizing<Vec<u8>>> {
    let (_, length) = info.target();
    let other = info.other()?;
    let digest = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    let peer = UnparsedPublicKey::new(agreement(curve), peer);
    let derived = agreement::agree(private, peer, (), |shared| {
        let mut key = Zeroizing::new(vec![0; length]);
        sskdf_digest(digest, shared, &other, &mut key).map_err(|_| ())?;
        Ok(key)
    });
    derived.ok()
}
