//! A realm's published keys, read one by one: a key of a kind this crate does not know must not
//! hide the others.

use std::fmt;

use biscuit::jwk::{EllipticCurveKeyParameters, RSAKeyParameters};
use biscuit::jws::Secret;
use serde_json::{Map, Value, json};

use super::algorithm::{Algorithm, Family};
use super::jws::Header;
use crate::error::{Result, protocol};

/// More keys than this are not a realm's.
const MAX_KEYS: usize = 100;

/// A public key for signatures.
pub(crate) struct Key {
    kid: Option<String>,
    /// The one algorithm it was published for, if any.
    alg: Option<String>,
    family: Family,
    secret: Secret,
}

/// The keys of a set that can verify signatures.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

impl KeySet {
    pub(crate) fn read(document: &Value) -> Result<Self> {
        let Some(keys) = document.get("keys").and_then(Value::as_array) else {
            return Err(protocol("the key set of the realm has no keys member"));
        };
        if keys.len() > MAX_KEYS {
            return Err(protocol(format!(
                "the key set of the realm has over {MAX_KEYS} keys"
            )));
        }
        Ok(Self(
            keys.iter()
                .filter_map(Value::as_object)
                .filter_map(Key::read)
                .collect(),
        ))
    }

    /// The one key that a token with this header can have been signed with; `None` when there is
    /// no such key.
    pub(crate) fn find(&self, header: &Header) -> Result<Option<&Key>> {
        let mut fitting = self.0.iter().filter(|key| key.fits(header));
        match (fitting.next(), fitting.next()) {
            (key, None) => Ok(key),
            (_, Some(_)) => Err(protocol("several keys of the realm fit the token")),
        }
    }
}

impl Key {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        if let Some(operations) = members.get("key_ops").and_then(Value::as_array)
            && !operations.iter().any(|op| op == "verify")
        {
            return None;
        }
        let (family, secret) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (Family::Rsa, rsa(text("n")?, text("e")?)?),
            ("EC", Some(curve @ "P-256")) => (Family::P256, ec(curve, 32, text("x")?, text("y")?)?),
            ("EC", Some(curve @ "P-384")) => (Family::P384, ec(curve, 48, text("x")?, text("y")?)?),
            _ => return None,
        };
        let kid = text("kid").map(str::to_owned);
        Some(Self {
            kid,
            alg: text("alg").map(str::to_owned),
            family,
            secret,
        })
    }

    fn fits(&self, header: &Header) -> bool {
        self.family == header.algorithm.family()
            && self
                .alg
                .as_deref()
                .is_none_or(|alg| alg == header.algorithm.name())
            && (header.kid.is_none() || header.kid == self.kid)
    }

    /// The key as biscuit takes it, if it is one for `algorithm`. biscuit panics on some pairs
    /// that do not belong together.
    pub(super) fn secret(&self, algorithm: Algorithm) -> Option<&Secret> {
        (self.family == algorithm.family()).then_some(&self.secret)
    }
}

/// Only the public members are handed on.
fn rsa(n: &str, e: &str) -> Option<Secret> {
    let key: RSAKeyParameters =
        serde_json::from_value(json!({ "kty": "RSA", "n": n, "e": e })).ok()?;
    Some(key.jws_public_key_secret())
}

fn ec(curve: &str, length: usize, x: &str, y: &str) -> Option<Secret> {
    let key = json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
    let key: EllipticCurveKeyParameters = serde_json::from_value(key).ok()?;
    (key.x.len() == length && key.y.len() == length).then(|| key.jws_public_key_secret())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}
