//! Public keys: what is required of them, and verifying with them.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use serde_json::{Value, json};

use super::algorithm::{Family, SignatureAlgorithm};
use super::rsa_key::RsaPublicKey;
use super::{base64url, ed25519, hash};

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

    /// Returns the length of a coordinate, in bytes.
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

/// A public key that has passed the checks of this module, parsed for verifying. Cheap to clone.
#[derive(Clone)]
pub(crate) enum PublicKey {
    Rsa(Arc<RsaPublicKey>),
    /// The bytes of the parsed key are an uncompressed point: 4, x, y.
    Ec(Curve, Arc<ParsedPublicKey>),
    Ed25519(Arc<ParsedPublicKey>),
}

/// Why a key is refused.
pub(crate) type Refusal = &'static str;

impl PublicKey {
    /// Checks the modulus and the exponent of an RSA key.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Refusal> {
        RsaPublicKey::new(n, e).map(|key| Self::Rsa(Arc::new(key)))
    }

    /// Checks the coordinates of a point of an elliptic curve.
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Refusal> {
        if x.len() != curve.length() || y.len() != curve.length() {
            return Err("its coordinates are not of the curve's length");
        }
        Self::point(curve, &[&[4], x, y].concat())
    }

    fn point(curve: Curve, point: &[u8]) -> Result<Self, Refusal> {
        // The parser also reads DER, and compressed points.
        let uncompressed = point.first() == Some(&4) && point.len() == 1 + 2 * curve.length();
        uncompressed
            .then(|| ParsedPublicKey::new(curve.verification(), point).ok())
            .flatten()
            .map(|key| Self::Ec(curve, Arc::new(key)))
            .ok_or("its point is not on the curve")
    }

    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, Refusal> {
        let key = Some(x)
            .filter(|x| x.len() == 32)
            .and_then(|x| ParsedPublicKey::new(&ED25519, x).ok())
            .ok_or("it is not an Ed25519 key")?;
        ed25519::check(x)?;
        Ok(Self::Ed25519(Arc::new(key)))
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub(crate) fn spki(der: &[u8]) -> Result<Self, Refusal> {
        if let Some(key) = RsaPublicKey::from_der(der) {
            return key.map(|key| Self::Rsa(Arc::new(key)));
        }
        // A key that parses for a curve ends with its point.
        for curve in Curve::ALL {
            if ParsedPublicKey::new(curve.verification(), der).is_ok() {
                let start = der.len().saturating_sub(1 + 2 * curve.length());
                return Self::point(curve, der.get(start..).unwrap_or_default());
            }
        }
        if ParsedPublicKey::new(&ED25519, der).is_ok() {
            let start = der.len().saturating_sub(32);
            return Self::ed25519(der.get(start..).unwrap_or_default());
        }
        Err("it is not an RSA, P-256, P-384, P-521 or Ed25519 key")
    }

    pub(crate) fn family(&self) -> Family {
        match self {
            Self::Rsa(_) => Family::Rsa,
            Self::Ec(curve, _) => Family::Ec(*curve),
            Self::Ed25519(_) => Family::Ed25519,
        }
    }

    /// Returns the members that the thumbprint is computed from (RFC 7638), in its order.
    pub(crate) fn members(&self) -> Value {
        let text = |bytes: &[u8]| base64url::encode(bytes);
        match self {
            Self::Rsa(key) => json!({ "e": text(&key.e), "kty": "RSA", "n": text(&key.n) }),
            Self::Ec(curve, point) => {
                let (x, y) = bytes(point)[1..].split_at(curve.length());
                json!({ "crv": curve.name(), "kty": "EC", "x": text(x), "y": text(y) })
            }
            Self::Ed25519(x) => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(bytes(x)) }),
        }
    }

    /// Returns the thumbprint (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        hash::sha256(self.members().to_string())
    }

    /// Returns whether `signature` is a valid signature of `signed`. With an algorithm for another
    /// kind of key none is.
    pub(crate) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> bool {
        if self.family() != algorithm.family() {
            return false;
        }
        let key = match self {
            Self::Rsa(key) => key.prepared(algorithm),
            Self::Ec(_, key) | Self::Ed25519(key) => Some(key.as_ref()),
        };
        key.is_some_and(|key| key.verify_sig(signed, signature).is_ok())
    }
}

/// Returns the bytes that the key was parsed from.
pub(super) fn bytes(key: &ParsedPublicKey) -> &[u8] {
    key.as_ref()
}

/// The same key material, however each of the two was read.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rsa(one), Self::Rsa(other)) => one.n == other.n && one.e == other.e,
            (Self::Ec(curve, one), Self::Ec(others, other)) => {
                curve == others && bytes(one) == bytes(other)
            }
            (Self::Ed25519(one), Self::Ed25519(other)) => bytes(one) == bytes(other),
            _ => false,
        }
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(key) => write!(f, "RSA with {} bits", key.n.len() * 8),
            Self::Ec(curve, _) => f.write_str(curve.name()),
            Self::Ed25519(_) => f.write_str("Ed25519"),
        }
    }
}
