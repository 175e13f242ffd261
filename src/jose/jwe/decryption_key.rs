//! Keys that decrypt tokens for this client.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::PrivateKey as AgreementKey;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
    Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

use super::key_agreement::{Info, agree, agreement};
use super::{ContentEncryption, KeyEncryption, key_wrap};
use crate::Secret;
use crate::error::{Result, config};
use crate::jose::algorithm::Family;
use crate::jose::jwk::{Curve, Jwk};
use crate::jose::private_key::{PrivateKey, refused};
use crate::jose::public_key::{PublicKey, bytes};
use crate::jose::{base64url, json};

/// Longest `apu` and `apv` (RFC 7518 section 4.6.1.2), in bytes.
const MAX_PARTY: usize = 1024;

/// A private key that decrypts tokens of one algorithm.
///
/// The algorithm is the one that the client is registered with
/// (`id_token.encrypted.response.alg` and the like); a token that names another one is refused.
/// Cheap to clone; `Debug` does not show the key.
#[derive(Clone)]
pub struct DecryptionKey {
    algorithm: KeyEncryption,
    content: Vec<ContentEncryption>,
    kid: Option<String>,
    material: Material,
    private: PrivateKey,
    public: PublicKey,
}

#[derive(Clone)]
enum Material {
    Pkcs1(Arc<Pkcs1PrivateDecryptingKey>),
    Oaep(Arc<OaepPrivateDecryptingKey>),
    Ec(Curve, Arc<AgreementKey>),
}

impl DecryptionKey {
    /// Parses a private key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`), `BEGIN RSA PRIVATE KEY` or
    /// `BEGIN EC PRIVATE KEY`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_pem(algorithm: KeyEncryption, pem: &str) -> Result<Self> {
        Self::new(algorithm, &PrivateKey::from_pem(pem)?)
    }

    /// Parses a private key in DER: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_der(algorithm: KeyEncryption, der: &[u8]) -> Result<Self> {
        Self::new(algorithm, &PrivateKey::from_der(der)?)
    }

    /// Parses a private JSON Web Key and keeps its `kid`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be parsed or is not for the
    /// algorithm.
    pub fn from_jwk(algorithm: KeyEncryption, jwk: &str) -> Result<Self> {
        let members = json::object(jwk.as_bytes()).ok_or_else(|| refused("it is not JSON"))?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("alg").is_some_and(|alg| alg != algorithm.name()) {
            return Err(refused("its alg is another algorithm"));
        }
        if text("use").is_some_and(|usage| usage != "enc") {
            return Err(refused("it is not for encryption"));
        }
        let mut key = Self::new(algorithm, &PrivateKey::from_jwk(&members)?)?;
        key.kid = text("kid").map(str::to_owned);
        Ok(key)
    }

    /// Generates a new key: RSA with 2048 bits, or P-256. [`to_pem`](Self::to_pem) returns it for
    /// storage.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be generated.
    pub fn generate(algorithm: KeyEncryption) -> Result<Self> {
        let family = if algorithm.is_rsa() {
            Family::Rsa
        } else {
            Family::Ec(Curve::P256)
        };
        Self::new(algorithm, &PrivateKey::generate(family)?)
    }

    fn new(algorithm: KeyEncryption, private: &PrivateKey) -> Result<Self> {
        let unusable = || refused("it is of another kind than the algorithm needs");
        let public = private.public()?;
        let material = match private {
            PrivateKey::Rsa(_) if algorithm.is_rsa() => {
                let key =
                    PrivateDecryptingKey::from_pkcs8(&private.pkcs8()?).map_err(|_| unusable())?;
                if algorithm == KeyEncryption::Rsa1_5 {
                    let key = Pkcs1PrivateDecryptingKey::new(key).map_err(|_| unusable())?;
                    Material::Pkcs1(Arc::new(key))
                } else {
                    let key = OaepPrivateDecryptingKey::new(key).map_err(|_| unusable())?;
                    Material::Oaep(Arc::new(key))
                }
            }
            PrivateKey::Ec(curve, _) if !algorithm.is_rsa() => {
                let key = AgreementKey::from_private_key(agreement(*curve), &private.scalar()?)
                    .map_err(|_| unusable())?;
                Material::Ec(*curve, Arc::new(key))
            }
            _ => return Err(unusable()),
        };
        Ok(Self {
            algorithm,
            content: ContentEncryption::ALL.to_vec(),
            kid: None,
            material,
            private: private.clone(),
            public,
        })
    }

    /// Returns the private key as PKCS#8 in PEM, for storage; [`from_pem`](Self::from_pem) parses it.
    /// The key id is not included.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be written as PKCS#8.
    pub fn to_pem(&self) -> Result<Secret> {
        self.private.to_pem()
    }

    /// Sets the key id. A token that names another id is not decrypted with the key.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Accepts only these content encryptions; all by default.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `content` is empty.
    pub fn with_content_encryptions(
        mut self,
        content: impl IntoIterator<Item = ContentEncryption>,
    ) -> Result<Self> {
        self.content = content.into_iter().collect();
        if self.content.is_empty() {
            return Err(config("a decryption key needs a content encryption"));
        }
        Ok(self)
    }

    /// Returns the algorithm of the tokens that the key decrypts.
    pub fn algorithm(&self) -> KeyEncryption {
        self.algorithm
    }

    /// Returns the key id, if there is one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the public key with its id, its algorithm and `"use":"enc"`, as the client registers
    /// it.
    pub fn public_jwk(&self) -> Jwk {
        Jwk {
            kid: self.kid.clone(),
            alg: Some(self.algorithm.name().to_owned()),
            usage: Some("enc".to_owned()),
            ..Jwk::bare(self.public.clone())
        }
    }

    pub(super) fn accepts(&self, algorithm: KeyEncryption, content: ContentEncryption) -> bool {
        self.algorithm == algorithm && self.content.contains(&content)
    }

    /// Returns the content encryption key. Whether an RSA1_5 padding was right cannot be observed: a
    /// wrong one yields a random key, which decrypts nothing (RFC 7516 section 11.5).
    pub(super) fn content_key(
        &self,
        header: &Map<String, Value>,
        content: ContentEncryption,
        encrypted: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let length = content.key_length();
        match &self.material {
            Material::Pkcs1(key) => {
                let mut random = Zeroizing::new(vec![0; length]);
                rand::fill(&mut random).ok()?;
                let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
                match key.decrypt(encrypted, &mut buffer) {
                    Ok(cek) if cek.len() == length => Some(Zeroizing::new(cek.to_vec())),
                    _ => Some(random),
                }
            }
            Material::Oaep(key) => {
                let padding = match self.algorithm {
                    KeyEncryption::RsaOaep => &OAEP_SHA1_MGF1SHA1,
                    _ => &OAEP_SHA256_MGF1SHA256,
                };
                let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
                let cek = key.decrypt(padding, encrypted, &mut buffer, None).ok()?;
                Some(Zeroizing::new(cek.to_vec()))
            }
            Material::Ec(curve, key) => {
                let peer = ephemeral_key(header, *curve)?;
                let info = Info {
                    algorithm: self.algorithm,
                    content,
                    apu: &party(header, "apu")?,
                    apv: &party(header, "apv")?,
                };
                let agreed = agree(key, *curve, &peer, &info)?;
                match self.algorithm.wrapping_length() {
                    None if encrypted.is_empty() => Some(agreed),
                    None => None,
                    Some(_) => key_wrap::unwrap(&agreed, encrypted, length),
                }
            }
        }
    }
}

/// Returns the sender's public key, a point of the same curve as the own key.
fn ephemeral_key(header: &Map<String, Value>, own: Curve) -> Option<Vec<u8>> {
    let epk = header.get("epk")?.as_object()?;
    match Jwk::read(epk).ok()?.key {
        PublicKey::Ec(curve, point) if curve == own => Some(bytes(&point).to_vec()),
        _ => None,
    }
}

/// Returns what a party says about itself (`apu`, `apv`); empty if the member is missing.
fn party(header: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    match header.get(name) {
        None => Some(Vec::new()),
        Some(value) => base64url::decode(value.as_str()?).filter(|info| info.len() <= MAX_PARTY),
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("algorithm", &self.algorithm)
            .field("content", &self.content)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
