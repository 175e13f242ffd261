//! Private keys from PEM, DER and JWK.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{self, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use data_encoding::BASE64;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

use super::algorithm::Family;
use super::base64url;
use super::public_key::{Curve, PublicKey, Refusal};
use crate::Secret;
use crate::error::{Result, config};

/// A key pair.
#[derive(Clone)]
pub(super) enum PrivateKey {
    Rsa(Arc<rsa::KeyPair>),
    Ec(Curve, Arc<EcdsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

impl PrivateKey {
    /// Parses `BEGIN PRIVATE KEY`, `BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY`.
    pub(super) fn from_pem(pem: &str) -> Result<Self> {
        if pem.contains("ENCRYPTED") {
            return Err(config("the private key is encrypted")
                .with_hint("decrypt it first: openssl pkcs8 -in key.pem -out plain.pem"));
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
            config("there is no private key in the PEM text: it needs BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY")
        })?;
        Self::from_der(der.secret_der())
    }

    /// Parses PKCS#8 (RFC 5208), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915).
    pub(super) fn from_der(der: &[u8]) -> Result<Self> {
        if let Ok(pair) = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der)) {
            return Ok(Self::Rsa(Arc::new(pair)));
        }
        for curve in Curve::ALL {
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(signing(curve), der) {
                return Ok(Self::Ec(curve, Arc::new(pair)));
            }
        }
        Ed25519KeyPair::from_pkcs8(der)
            .map(|pair| Self::Ed25519(Arc::new(pair)))
            .map_err(|_| refused("it is not an RSA, P-256, P-384, P-521 or Ed25519 key"))
    }

    pub(super) fn from_jwk(members: &Map<String, Value>) -> Result<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            text(name)
                .and_then(base64url::decode)
                .map(Zeroizing::new)
                .ok_or_else(|| refused("a member of it is missing or not base64url"))
        };
        match (text("kty"), text("crv")) {
            (Some("RSA"), _) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents {
                        n: n.as_slice(),
                        e: e.as_slice(),
                    },
                    d: bytes("d")?.to_vec(),
                    p: bytes("p")?.to_vec(),
                    q: bytes("q")?.to_vec(),
                    dP: bytes("dp")?.to_vec(),
                    dQ: bytes("dq")?.to_vec(),
                    qInv: bytes("qi")?.to_vec(),
                };
                rsa::KeyPair::from_components(&components)
                    .map(|pair| Self::Rsa(Arc::new(pair)))
                    .map_err(|_| refused("its members do not belong together"))
            }
            (Some("EC"), Some(curve)) => {
                let curve =
                    Curve::named(curve).ok_or_else(|| refused("its curve is not supported"))?;
                let point = [&[4], bytes("x")?.as_slice(), bytes("y")?.as_slice()].concat();
                let (algorithm, d) = (signing(curve), bytes("d")?);
                EcdsaKeyPair::from_private_key_and_public_key(algorithm, &d, &point)
                    .map(|pair| Self::Ec(curve, Arc::new(pair)))
                    .map_err(|_| refused("its members do not belong together"))
            }
            (Some("OKP"), Some("Ed25519")) => {
                Ed25519KeyPair::from_seed_and_public_key(&bytes("d")?, &bytes("x")?)
                    .map(|pair| Self::Ed25519(Arc::new(pair)))
                    .map_err(|_| refused("its members do not belong together"))
            }
            _ => Err(refused("its kind is not supported")),
        }
    }

    /// Generates a key for an algorithm of this family.
    pub(super) fn generate(family: Family) -> Result<Self> {
        let pair = match family {
            Family::Rsa => {
                rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map(|pair| Self::Rsa(Arc::new(pair)))
            }
            Family::Ec(curve) => {
                EcdsaKeyPair::generate(signing(curve)).map(|pair| Self::Ec(curve, Arc::new(pair)))
            }
            Family::Ed25519 => Ed25519KeyPair::generate().map(|pair| Self::Ed25519(Arc::new(pair))),
            Family::Hmac => {
                return Err(config(
                    "a client secret is made by the server, not by this client",
                ));
            }
        };
        pair.map_err(|_| config("a key could not be generated on this machine"))
    }

    pub(super) fn family(&self) -> Family {
        match self {
            Self::Rsa(_) => Family::Rsa,
            Self::Ec(curve, _) => Family::Ec(*curve),
            Self::Ed25519(_) => Family::Ed25519,
        }
    }

    pub(super) fn public(&self) -> Result<PublicKey> {
        let public = match self {
            Self::Rsa(pair) => {
                let key = pair.public_key();
                let n = key.modulus().big_endian_without_leading_zero();
                PublicKey::rsa(n, key.exponent().big_endian_without_leading_zero())
            }
            Self::Ec(curve, pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(curve.length());
                PublicKey::ec(*curve, x, y)
            }
            Self::Ed25519(pair) => PublicKey::ed25519(pair.public_key().as_ref()),
        };
        public.map_err(refused)
    }

    /// Returns the key as PKCS#8, for libraries that parse nothing else.
    pub(super) fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>> {
        let der = match self {
            Self::Rsa(pair) => {
                let der: Result<Pkcs8V1Der<'_>, _> = pair.as_der();
                der.map(|der| der.as_ref().to_vec())
            }
            Self::Ec(_, pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        der.map(Zeroizing::new)
            .map_err(|_| refused("it cannot be written as PKCS#8"))
    }

    /// Returns the key as PKCS#8 in PEM (RFC 7468 section 10).
    pub(super) fn to_pem(&self) -> Result<Secret> {
        let text = Zeroizing::new(BASE64.encode(&self.pkcs8()?));
        let mut pem = Zeroizing::new(String::with_capacity(2 * text.len() + 80));
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem.as_str().into())
    }

    /// Returns the private scalar of an elliptic curve key.
    pub(super) fn scalar(&self) -> Result<Zeroizing<Vec<u8>>> {
        let Self::Ec(_, pair) = self else {
            return Err(refused("it is not an elliptic curve key"));
        };
        let scalar: Result<EcPrivateKeyBin<'_>, _> = pair.private_key().as_be_bytes();
        scalar
            .map(|scalar| Zeroizing::new(scalar.as_ref().to_vec()))
            .map_err(|_| refused("its private scalar cannot be read"))
    }
}

pub(super) fn refused(why: Refusal) -> crate::Error {
    config(format!("the private key cannot be used: {why}"))
}
