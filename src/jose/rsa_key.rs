//! RSA keys that verify: their checks, and each parsed once.

use std::sync::OnceLock;

use aws_lc_rs::rsa::{self, PublicKeyComponents};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters,
};

use super::algorithm::SignatureAlgorithm;
use super::public_key::Refusal;
use super::roca;

/// The modulus and the exponent, big endian and without leading zeros, and the key parsed for each
/// algorithm that it has verified with.
pub(crate) struct RsaPublicKey {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
    prepared: [OnceLock<Option<ParsedPublicKey>>; 6],
}

impl RsaPublicKey {
    /// Checks that the key has at least 2048 bits (RFC 7518 section 3.3) and a sensible exponent.
    pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Refusal> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err("its modulus is shorter than 2048 or longer than 8192 bits");
        }
        if n.last().is_none_or(|last| last % 2 == 0) {
            return Err("its modulus is even");
        }
        let odd = e.last().is_some_and(|last| last % 2 == 1);
        if !odd || e == [1] || e.len() > 4 {
            return Err("its exponent is 1, even or too large");
        }
        if roca::is_weak(n) {
            return Err("its modulus was made by a broken chip (ROCA, CVE-2017-15361)");
        }
        Ok(Self {
            n: n.to_vec(),
            e: e.to_vec(),
            prepared: Default::default(),
        })
    }

    /// Parses a SubjectPublicKeyInfo (RFC 5280 section 4.1); `None` if it is not an RSA key's.
    pub(super) fn from_der(der: &[u8]) -> Option<Result<Self, Refusal>> {
        let key = rsa::PublicKey::from_der(der).ok()?;
        let n = key.modulus().big_endian_without_leading_zero();
        let e = key.exponent().big_endian_without_leading_zero();
        Some(Self::new(n, e))
    }

    /// Returns the key parsed for `algorithm`; `None` if the algorithm is not an RSA one.
    pub(super) fn prepared(&self, algorithm: SignatureAlgorithm) -> Option<&ParsedPublicKey> {
        let (slot, parameters): (usize, &'static RsaParameters) = match algorithm {
            SignatureAlgorithm::Rs256 => (0, &RSA_PKCS1_2048_8192_SHA256),
            SignatureAlgorithm::Rs384 => (1, &RSA_PKCS1_2048_8192_SHA384),
            SignatureAlgorithm::Rs512 => (2, &RSA_PKCS1_2048_8192_SHA512),
            SignatureAlgorithm::Ps256 => (3, &RSA_PSS_2048_8192_SHA256),
            SignatureAlgorithm::Ps384 => (4, &RSA_PSS_2048_8192_SHA384),
            SignatureAlgorithm::Ps512 => (5, &RSA_PSS_2048_8192_SHA512),
            _ => return None,
        };
        let parse = || {
            let (n, e) = (&self.n, &self.e);
            PublicKeyComponents { n, e }
                .to_parsed_public_key(parameters)
                .ok()
        };
        self.prepared.get(slot)?.get_or_init(parse).as_ref()
    }
}

/// RFC 7518 section 2 allows no leading zeros; some write the sign octet of ASN.1.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}
