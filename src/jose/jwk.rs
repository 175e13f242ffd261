//! One public key (RFC 7517).

use std::fmt;

use data_encoding::BASE64;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value};

pub(crate) use super::public_key::Curve;
use super::public_key::{PublicKey, Refusal};
use super::{SignatureAlgorithm, base64url, json};
use crate::error::{Result, config};

/// Longest accepted key id, in bytes.
pub(super) const MAX_KID: usize = 1024;

/// A public key: RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519.
///
/// ```
/// use keycloak_kit::jose::Jwk;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let key = Jwk::from_json(
///     r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(crate) key: PublicKey,
    pub(crate) kid: Option<String>,
    /// The only algorithm that the key is published for, if any.
    pub(crate) alg: Option<String>,
    /// `sig` or `enc`.
    pub(crate) usage: Option<String>,
    pub(crate) operations: Option<Vec<String>>,
    /// The issuer that the key belongs to, in the set of a provider with many issuers (`issuer`).
    pub(crate) issuer: Option<String>,
}

impl Jwk {
    /// Parses a JSON Web Key. Private members are ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `json` is not a public key of a supported
    /// kind.
    pub fn from_json(json: &str) -> Result<Self> {
        let members = json::object(json.as_bytes()).ok_or_else(|| refused("it is not JSON"))?;
        Self::read(&members).map_err(refused)
    }

    /// Parses a public key in PEM (`BEGIN PUBLIC KEY`), or in bare base64 as Keycloak shows a realm's
    /// keys.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `pem` is not a public key of a supported
    /// kind.
    pub fn from_pem(pem: &str) -> Result<Self> {
        if pem.contains("-----BEGIN") {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())
                .map_err(|_| refused("it has no BEGIN PUBLIC KEY"))?;
            return Self::from_der(&der);
        }
        let bare: String = pem.split_whitespace().collect();
        let der = BASE64
            .decode(bare.as_bytes())
            .map_err(|_| refused("it is neither PEM nor base64"))?;
        Self::from_der(&der)
    }

    /// Parses a SubjectPublicKeyInfo (RFC 5280 section 4.1) in DER.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `der` is not a public key of a supported
    /// kind.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        PublicKey::spki(der).map(Self::bare).map_err(refused)
    }

    pub(crate) fn bare(key: PublicKey) -> Self {
        Self {
            key,
            kid: None,
            alg: None,
            usage: None,
            operations: None,
            issuer: None,
        }
    }

    /// Reads the public members of a JSON Web Key.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            text(name)
                .and_then(base64url::decode)
                .ok_or("a member of it is missing or not base64url")
        };
        let key = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => PublicKey::rsa(&bytes("n")?, &bytes("e")?)?,
            (Some("EC"), Some(curve)) => {
                let curve = Curve::named(curve).ok_or("its curve is not supported")?;
                PublicKey::ec(curve, &bytes("x")?, &bytes("y")?)?
            }
            (Some("OKP"), Some("Ed25519")) => PublicKey::ed25519(&bytes("x")?)?,
            (Some("OKP"), Some("Ed448")) => {
                return Err(
                    "it is an Ed448 key, which is not supported: let the realm use Ed25519",
                );
            }
            _ => return Err("its kind is not supported"),
        };
        // A member that cannot be read restricts the key in an unknown way.
        let optional = |name: &str| match members.get(name) {
            // Some providers write members that they do not use as null.
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_KID => Ok(Some(text.clone())),
            Some(_) => Err("a member of it is not a short string"),
        };
        let operations = match members.get("key_ops") {
            None | Some(Value::Null) => None,
            Some(list) => Some(
                serde_json::from_value(list.clone())
                    .map_err(|_| "its key_ops is not a list of strings")?,
            ),
        };
        Ok(Self {
            key,
            kid: optional("kid")?,
            alg: optional("alg")?,
            usage: optional("use")?,
            operations,
            // A key whose issuer cannot be read belongs to no issuer.
            issuer: members
                .get("issuer")
                .map(|issuer| issuer.as_str().unwrap_or_default().to_owned()),
        })
    }

    /// Returns the key id (`kid`), if there is one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Sets the key id (`kid`).
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Returns the SHA-256 thumbprint in base64url (RFC 7638), as DPoP's `jkt` has it.
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// Returns the key as JSON, as a key set has it.
    pub fn to_json(&self) -> Value {
        let mut members = self.key.members();
        for (name, value) in [("kid", &self.kid), ("alg", &self.alg), ("use", &self.usage)] {
            if let Some(value) = value {
                members[name] = value.as_str().into();
            }
        }
        if let Some(operations) = &self.operations {
            members["key_ops"] = operations.clone().into();
        }
        members
    }

    /// Returns whether the key is published for verifying with `algorithm` (RFC 8725 section 3.2).
    pub(crate) fn is_for(&self, algorithm: SignatureAlgorithm) -> bool {
        self.key.family() == algorithm.family()
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self
                .operations
                .as_ref()
                .is_none_or(|all| all.iter().any(|operation| operation == "verify"))
            && self
                .alg
                .as_deref()
                .is_none_or(|name| SignatureAlgorithm::named(name) == Some(algorithm))
    }
}

fn refused(why: Refusal) -> crate::Error {
    config(format!("the key cannot be used: {why}"))
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("key", &self.key)
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("use", &self.usage)
            .finish_non_exhaustive()
    }
}
