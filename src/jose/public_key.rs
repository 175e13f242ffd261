//! Public key material: what it must be like, and verifying with it.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, ParsedPublicKey, UnparsedPublicKey,
};
use aws_lc_rs::{rsa, signature};
use biscuit::jwa::SignatureAlgorithm as Biscuit;
use biscuit::jwk::RSAKeyParameters;
use biscuit::jws::Secret;
use serde_json::{Value, json};

use super::algorithm::{Family, SignatureAlgorithm};
use super::{base64url, ed25519, hash, roca};
use crate::error::TokenFault;

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// How many octets a coordinate has.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

/// Key material that has passed the checks of this module.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point: 4, x, y.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
}

/// Why a key is not taken.
pub(crate) type Refusal = &'static str;

impl PublicKey {
    /// An RSA key of at least 2048 bits (RFC 7518 section 3.3) with a sensible exponent.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Refusal> {
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
        let (n, e) = (n.to_vec(), e.to_vec());
        Ok(Self::Rsa { n, e })
    }

    /// A point that lies on its curve.
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Refusal> {
        if x.len() != curve.length() || y.len() != curve.length() {
            return Err("its coordinates are not of the curve's length");
        }
        Self::point(curve, [&[4], x, y].concat())
    }

    fn point(curve: Curve, point: Vec<u8>) -> Result<Self, Refusal> {
        let on_curve = point.first() == Some(&4)
            && point.len() == 1 + 2 * curve.length()
            && ParsedPublicKey::new(curve.verification(), &point).is_ok();
        if on_curve {
            Ok(Self::Ec { curve, point })
        } else {
            Err("its point is not on the curve")
        }
    }

    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, Refusal> {
        if x.len() != 32 || ParsedPublicKey::new(&signature::ED25519, x).is_err() {
            return Err("it is no Ed25519 key");
        }
        ed25519::check(x)?;
        Ok(Self::Ed25519(x.to_vec()))
    }

    /// Out of a SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub(crate) fn spki(der: &[u8]) -> Result<Self, Refusal> {
        if let Ok(key) = rsa::PublicKey::from_der(der) {
            let n = key.modulus().big_endian_without_leading_zero();
            let e = key.exponent().big_endian_without_leading_zero();
            return Self::rsa(n, e);
        }
        // A key that parses for a curve ends with its point.
        for curve in Curve::ALL {
            if ParsedPublicKey::new(curve.verification(), der).is_ok() {
                let start = der.len().saturating_sub(1 + 2 * curve.length());
                return Self::point(curve, der.get(start..).unwrap_or_default().to_vec());
            }
        }
        if ParsedPublicKey::new(&signature::ED25519, der).is_ok() {
            let start = der.len().saturating_sub(32);
            return Self::ed25519(der.get(start..).unwrap_or_default());
        }
        Err("it is no RSA, P-256, P-384, P-521 or Ed25519 key")
    }

    pub(crate) fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { curve, .. } => Family::Ec(*curve),
            Self::Ed25519(_) => Family::Ed25519,
        }
    }

    /// The members that RFC 7638 takes, in its order.
    pub(crate) fn members(&self) -> Value {
        let text = |bytes: &[u8]| base64url::encode(bytes);
        match self {
            Self::Rsa { n, e } => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
            Self::Ec { curve, point } => {
                let (x, y) = point[1..].split_at(curve.length());
                json!({ "crv": curve.name(), "kty": "EC", "x": text(x), "y": text(y) })
            }
            Self::Ed25519(x) => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(x) }),
        }
    }

    /// The thumbprint (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        hash::sha256(self.members().to_string())
    }

    /// Verifies the signature of a compact token. An algorithm that does not belong to this kind of
    /// key has no signatures.
    pub(crate) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        token: &str,
    ) -> Result<(), TokenFault> {
        // biscuit panics on pairs that do not belong together.
        if self.family() != algorithm.family() {
            return Err(TokenFault::Signature);
        }
        let (input, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let signature = base64url::decode(signature).ok_or(TokenFault::Malformed)?;
        // The signature only: biscuit's reader of headers refuses members that are ignored here.
        let biscuit = |key: &Secret, algorithm: Biscuit| {
            algorithm
                .verify(&signature, input.as_bytes(), key)
                .map_err(|_| TokenFault::Signature)
        };
        let key = match (self, biscuits(algorithm)) {
            (Self::Ed25519(x), _) => UnparsedPublicKey::new(&signature::ED25519, x),
            (Self::Ec { curve, point }, None) => {
                UnparsedPublicKey::new(curve.verification(), point)
            }
            (Self::Ec { point, .. }, Some(algorithm)) => {
                return biscuit(&Secret::PublicKey(point.clone()), algorithm);
            }
            (Self::Rsa { .. }, Some(algorithm)) => {
                let key = serde_json::from_value::<RSAKeyParameters>(self.members());
                let key = key.map_err(|_| TokenFault::Signature)?;
                return biscuit(&key.jws_public_key_secret(), algorithm);
            }
            (Self::Rsa { .. }, None) => return Err(TokenFault::Signature),
        };
        key.verify(input.as_bytes(), &signature)
            .map_err(|_| TokenFault::Signature)
    }
}

/// What biscuit is used for; the rest it does not have.
pub(super) fn biscuits(algorithm: SignatureAlgorithm) -> Option<Biscuit> {
    Some(match algorithm {
        SignatureAlgorithm::Rs256 => Biscuit::RS256,
        SignatureAlgorithm::Rs384 => Biscuit::RS384,
        SignatureAlgorithm::Rs512 => Biscuit::RS512,
        SignatureAlgorithm::Ps256 => Biscuit::PS256,
        SignatureAlgorithm::Ps384 => Biscuit::PS384,
        SignatureAlgorithm::Ps512 => Biscuit::PS512,
        SignatureAlgorithm::Es256 => Biscuit::ES256,
        SignatureAlgorithm::Es384 => Biscuit::ES384,
        SignatureAlgorithm::Hs256 => Biscuit::HS256,
        SignatureAlgorithm::Hs384 => Biscuit::HS384,
        SignatureAlgorithm::Hs512 => Biscuit::HS512,
        SignatureAlgorithm::Es512 | SignatureAlgorithm::EdDsa => return None,
    })
}

/// RFC 7518 section 2 allows no leading zeros; some write the sign octet of ASN.1.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { n, .. } => write!(f, "RSA with {} bits", n.len() * 8),
            Self::Ec { curve, .. } => f.write_str(curve.name()),
            Self::Ed25519(_) => f.write_str("Ed25519"),
        }
    }
}
