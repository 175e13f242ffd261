//! The keys that the provider signs with and publishes.

use std::fmt;

use serde_json::{Map, Value, json};

use super::defect::SignatureFault;
use crate::error::Result;
use crate::jose::{Jwk, SignatureAlgorithm, SigningKey, base64url, hash};

/// Keys by algorithm, generated when they are first needed: an RSA key takes longer than the rest of
/// the provider.
pub(super) struct Keys {
    default: SignatureAlgorithm,
    current: Vec<SigningKey>,
    /// Published, but no longer used.
    old: Vec<Jwk>,
}

impl Keys {
    pub(super) fn new(default: SignatureAlgorithm) -> Result<Self> {
        let mut keys = Self {
            default,
            current: Vec::new(),
            old: Vec::new(),
        };
        keys.key(default)?;
        Ok(keys)
    }

    pub(super) fn default_algorithm(&self) -> SignatureAlgorithm {
        self.default
    }

    /// Returns the key for an algorithm; symmetric ones are never published.
    fn key(&mut self, algorithm: SignatureAlgorithm) -> Result<SigningKey> {
        let known = self.current.iter().find(|key| key.algorithm() == algorithm);
        if let Some(key) = known {
            return Ok(key.clone());
        }
        let key = self.generate(algorithm)?;
        self.current.push(key.clone());
        Ok(key)
    }

    fn generate(&self, algorithm: SignatureAlgorithm) -> Result<SigningKey> {
        if !SignatureAlgorithm::ASYMMETRIC.contains(&algorithm) {
            let key = SigningKey::from_secret(algorithm, hash::random::<64>()?)?;
            return Ok(key.with_kid(hash::random::<16>()?));
        }
        // One RSA key serves all algorithms of its kind, because each takes long to generate.
        let mut same_kind = self.current.iter().filter(|key| {
            key.public_jwk().is_some() && key.algorithm().family() == algorithm.family()
        });
        let key = match same_kind.next() {
            Some(key) => SigningKey::from_pem(algorithm, key.to_pem()?.expose())?,
            None => SigningKey::generate(algorithm)?,
        };
        Ok(key.with_kid(hash::random::<16>()?))
    }

    /// Signs with new keys from now on. The old ones stay published.
    pub(super) fn rotate(&mut self) {
        let retired = self.current.drain(..);
        self.old.extend(retired.filter_map(|key| key.public_jwk()));
        self.publish(self.default);
    }

    /// Removes the keys that are no longer used.
    pub(super) fn forget_old(&mut self) {
        self.old.clear();
    }

    /// Makes sure that there is a key for an algorithm.
    pub(super) fn publish(&mut self, algorithm: SignatureAlgorithm) {
        // Without a key the set is published without it, and tokens are not signed.
        let _ = self.key(algorithm);
    }

    /// Returns the key set as it is published.
    pub(super) fn set(&self) -> Value {
        let current = self.current.iter().filter_map(SigningKey::public_jwk);
        let all = current.chain(self.old.iter().cloned());
        let keys: Vec<Value> = all.map(|key| key.to_json()).collect();
        json!({ "keys": keys })
    }

    /// Signs claims. Without random numbers on this machine the token has no signature, so that no
    /// client accepts it.
    pub(super) fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        typ: &str,
        claims: &Map<String, Value>,
        fault: Option<SignatureFault>,
    ) -> String {
        if fault == Some(SignatureFault::AlgNone) {
            return unsigned(typ, claims);
        }
        let header = json!({ "typ": typ });
        let signed = self.key(algorithm).and_then(|key| match fault {
            Some(SignatureFault::UnknownKey) => {
                let kid = hash::random::<16>()?;
                key.with_kid(kid).sign(&header, claims)
            }
            _ => key.sign(&header, claims),
        });
        match (signed, fault) {
            (Ok(token), Some(SignatureFault::Bad)) => with_bad_signature(&token),
            (Ok(token), _) => token,
            (Err(_), _) => unsigned(typ, claims),
        }
    }
}

/// Changes one bit of the signature.
fn with_bad_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let mut signature = base64url::decode(signature).unwrap_or_default();
    if let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    format!("{signed}.{}", base64url::encode(signature))
}

/// Returns a token with the algorithm `none`.
fn unsigned(typ: &str, claims: &Map<String, Value>) -> String {
    let header = base64url::encode(json!({ "alg": "none", "typ": typ }).to_string());
    let claims = Value::Object(claims.clone()).to_string();
    format!("{header}.{}.", base64url::encode(claims))
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("default", &self.default)
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}
