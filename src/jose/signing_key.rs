//! Keys that sign.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, Signature};
use biscuit::jwa::SignatureAlgorithm as Biscuit;
use biscuit::jws;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING};
use secrecy::zeroize::Zeroize;
use serde::Serialize;
use serde_json::{Map, Value};

use super::algorithm::{Family, SignatureAlgorithm};
use super::jwk::Jwk;
use super::private_key::{PrivateKey, refused};
use super::public_key::{Curve, PublicKey};
use super::{base64url, json};
use crate::Secret;
use crate::error::{Result, config};

/// A key that signs with one algorithm: client assertions, request objects, DPoP proofs.
///
/// Cheap to clone; `Debug` does not show the key.
///
/// ```
/// use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
/// use serde_json::json;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let key = SigningKey::generate(SignatureAlgorithm::Es256)?.with_kid("2026-11");
/// let token = key.sign(&json!({ "typ": "JWT" }), &json!({ "iss": "web-app" }))?;
/// assert_eq!(token.split('.').count(), 3);
/// // What the client registers at the server:
/// let published = key.public_jwk().map(|jwk| jwk.to_json());
/// assert_eq!(published.unwrap()["kid"], "2026-11");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SigningKey {
    algorithm: SignatureAlgorithm,
    kid: Option<String>,
    material: Material,
    /// `None` for a secret.
    pair: Option<(PrivateKey, PublicKey)>,
}

#[derive(Clone)]
enum Material {
    /// A key pair that biscuit signs with.
    Pair(jws::Secret),
    Hmac(Secret),
    Es512(Arc<EcdsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl SigningKey {
    /// Parses a private key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`), `BEGIN RSA PRIVATE KEY` or
    /// `BEGIN EC PRIVATE KEY`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_pem(algorithm: SignatureAlgorithm, pem: &str) -> Result<Self> {
        Self::new(algorithm, &PrivateKey::from_pem(pem)?)
    }

    /// Parses a private key in DER: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_der(algorithm: SignatureAlgorithm, der: &[u8]) -> Result<Self> {
        Self::new(algorithm, &PrivateKey::from_der(der)?)
    }

    /// Parses a private JSON Web Key and keeps its `kid`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_jwk(algorithm: SignatureAlgorithm, jwk: &str) -> Result<Self> {
        let members = json::object(jwk.as_bytes()).ok_or_else(|| refused("it is not JSON"))?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("alg").is_some_and(|alg| SignatureAlgorithm::named(alg) != Some(algorithm)) {
            return Err(refused("its alg is another algorithm"));
        }
        if text("use").is_some_and(|usage| usage != "sig") {
            return Err(refused("it is not for signatures"));
        }
        let mut key = Self::new(algorithm, &PrivateKey::from_jwk(&members)?)?;
        key.kid = text("kid").map(str::to_owned);
        Ok(key)
    }

    /// Creates a key from a client secret, for HS256, HS384 and HS512 (`client_secret_jwt`).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the algorithm is another one, or if the
    /// secret is shorter than the hash (RFC 7518 section 3.2): 32, 48 or 64 bytes.
    pub fn from_secret(algorithm: SignatureAlgorithm, secret: impl Into<Secret>) -> Result<Self> {
        let secret = secret.into();
        if algorithm.family() != Family::Hmac {
            return Err(config(format!("{algorithm} does not sign with a secret"))
                .with_hint("use HS256, HS384 or HS512"));
        }
        let least = algorithm.hash().output_len();
        if secret.expose().len() < least {
            return Err(config(format!(
                "{algorithm} needs a secret of at least {least} octets (RFC 7518 section 3.2)"
            )));
        }
        Ok(Self {
            algorithm,
            kid: None,
            material: Material::Hmac(secret),
            pair: None,
        })
    }

    /// Generates a new key; an RSA key has 2048 bits. [`to_pem`](Self::to_pem) returns it for
    /// storage.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the algorithm signs with a secret.
    pub fn generate(algorithm: SignatureAlgorithm) -> Result<Self> {
        Self::new(algorithm, &PrivateKey::generate(algorithm.family())?)
    }

    fn new(algorithm: SignatureAlgorithm, private: &PrivateKey) -> Result<Self> {
        if private.family() != algorithm.family() {
            return Err(refused("it is of another kind than the algorithm needs"));
        }
        // Checks the size before ring does, whose errors say less.
        let public = private.public()?;
        Ok(Self {
            algorithm,
            kid: None,
            material: material(private)?,
            pair: Some((private.clone(), public)),
        })
    }

    /// Sets the key id, which goes into the header of every token the key signs.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Returns the algorithm the key signs with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Returns the key id, if there is one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the public key with its id, its algorithm and `"use":"sig"`; `None` for a secret.
    pub fn public_jwk(&self) -> Option<Jwk> {
        let (_, key) = self.pair.as_ref()?;
        Some(Jwk {
            kid: self.kid.clone(),
            alg: Some(self.algorithm.name().to_owned()),
            usage: Some("sig".to_owned()),
            ..Jwk::bare(key.clone())
        })
    }

    /// Returns the private key as PKCS#8 in PEM, for storage; [`from_pem`](Self::from_pem) parses it.
    /// The key id is not included.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key is a secret.
    pub fn to_pem(&self) -> Result<Secret> {
        match &self.pair {
            Some((private, _)) => private.to_pem(),
            None => Err(config(
                "a client secret is not a key pair: it has no PEM form",
            )),
        }
    }

    /// Signs `claims` as a compact JWS (RFC 7515 section 7.1). `alg` and `kid` are set by the key; the
    /// other members of `header` are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `header` or `claims` is not a JSON object.
    pub fn sign(&self, header: &Value, claims: &impl Serialize) -> Result<String> {
        let Value::Object(wanted) = header else {
            return Err(config("the header of a token must be a JSON object"));
        };
        let mut header = Map::new();
        if let Some(kid) = &self.kid {
            header.insert("kid".to_owned(), kid.as_str().into());
        }
        for (name, value) in wanted.iter().filter(|(name, _)| *name != "alg") {
            header.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        let claims = match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => Value::Object(claims).to_string(),
            _ => return Err(config("the claims of a token must be a JSON object")),
        };
        let token = match &self.material {
            Material::Pair(pair) => self.biscuit(header, claims, pair),
            Material::Hmac(secret) => {
                let mut key = jws::Secret::Bytes(secret.expose().as_bytes().to_vec());
                let token = self.biscuit(header, claims, &key);
                if let jws::Secret::Bytes(bytes) = &mut key {
                    bytes.zeroize();
                }
                token
            }
            Material::Es512(pair) => self.compact(header, &claims, |input| {
                pair.sign(&SystemRandom::new(), input).ok()
            }),
            Material::Ed25519(pair) => {
                self.compact(header, &claims, |input| pair.try_sign(input).ok())
            }
        };
        token.ok_or_else(|| config(format!("the key could not sign with {}", self.algorithm)))
    }

    fn biscuit(
        &self,
        header: Map<String, Value>,
        claims: String,
        key: &jws::Secret,
    ) -> Option<String> {
        let registered = jws::RegisteredHeader {
            algorithm: biscuits(self.algorithm)?,
            media_type: None,
            ..jws::RegisteredHeader::default()
        };
        let header = jws::Header {
            registered,
            private: header,
        };
        let token = jws::Compact::new_decoded(header, claims.into_bytes());
        let token = token.into_encoded(key).ok()?;
        token.encoded().ok().map(ToString::to_string)
    }

    /// Signs with an algorithm that biscuit does not have.
    fn compact(
        &self,
        mut header: Map<String, Value>,
        claims: &str,
        sign: impl FnOnce(&[u8]) -> Option<Signature>,
    ) -> Option<String> {
        header.insert("alg".to_owned(), self.algorithm.name().into());
        let header = base64url::encode(Value::Object(header).to_string());
        let input = format!("{header}.{}", base64url::encode(claims));
        let signature = sign(input.as_bytes())?;
        Some(format!("{input}.{}", base64url::encode(signature)))
    }
}

/// Returns biscuit's name of the algorithm; `None` if biscuit does not have it.
fn biscuits(algorithm: SignatureAlgorithm) -> Option<Biscuit> {
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

fn material(private: &PrivateKey) -> Result<Material> {
    Ok(match private {
        PrivateKey::Rsa(_) => {
            let pair =
                ring::signature::RsaKeyPair::from_pkcs8(&private.pkcs8()?).map_err(|_| {
                    refused("RSA keys sign with 2048 to 4096 bits and an exponent of 65537 or more")
                })?;
            Material::Pair(jws::Secret::RsaKeyPair(Arc::new(pair)))
        }
        PrivateKey::Ec(Curve::P521, pair) => Material::Es512(Arc::clone(pair)),
        PrivateKey::Ec(curve, pair) => {
            let algorithm = match curve {
                Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
                _ => &ECDSA_P384_SHA384_FIXED_SIGNING,
            };
            let pair = ring::signature::EcdsaKeyPair::from_private_key_and_public_key(
                algorithm,
                &private.scalar()?,
                pair.public_key().as_ref(),
                &ring::rand::SystemRandom::new(),
            );
            let pair = pair.map_err(|_| refused("its two halves do not belong together"))?;
            Material::Pair(jws::Secret::EcdsaKeyPair(Arc::new(pair)))
        }
        PrivateKey::Ed25519(pair) => Material::Ed25519(Arc::clone(pair)),
    })
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
