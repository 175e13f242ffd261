//! Proof of possession (RFC 9449), the client's side.

use std::time::SystemTime;

use http::Method;
use serde_json::json;
use url::Url;

use super::jwk::Jwk;
use super::{SignatureAlgorithm, SigningKey, hash};
use crate::Secret;
use crate::error::{Result, config};
use crate::jose::time::unix_seconds;

/// The key that a client's tokens are bound to. Cheap to clone; `Debug` does not show the private
/// key.
///
/// ```
/// use keycloak_kit::jose::{DpopKey, SignatureAlgorithm};
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let key = DpopKey::generate(SignatureAlgorithm::Es256)?;
/// let url = url::Url::parse("https://sso.example.org/realms/demo/protocol/openid-connect/token")
///     .unwrap();
/// let proof = key.proof(&http::Method::POST, &url, None, None)?;
/// assert!(proof.starts_with("ey"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct DpopKey {
    key: SigningKey,
    public: Jwk,
    /// Seconds to add to this machine's clock.
    skew: i64,
}

impl DpopKey {
    /// Generates a new key. Tokens bound to the key cannot be used once it is lost:
    /// [`to_pem`](Self::to_pem) returns it for storage.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the algorithm signs with a secret
    /// (RFC 9449 section 4.2).
    pub fn generate(algorithm: SignatureAlgorithm) -> Result<Self> {
        Self::new(SigningKey::generate(algorithm)?)
    }

    /// Creates a DPoP key from an existing key, so that bound tokens outlive this process.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key is a secret.
    pub fn new(key: SigningKey) -> Result<Self> {
        let Some(public) = key.public_jwk() else {
            return Err(config(
                "a DPoP proof is signed with a key pair, not with a secret",
            ));
        };
        let public = Jwk::bare(public.key);
        Ok(Self {
            key,
            public,
            skew: 0,
        })
    }

    /// Returns the private key as PKCS#8 in PEM, for [`SigningKey::from_pem`] and
    /// [`new`](Self::new).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key cannot be written as PKCS#8.
    pub fn to_pem(&self) -> Result<Secret> {
        self.key.to_pem()
    }

    /// Corrects this machine's clock by this many seconds. Keycloak accepts proofs whose time is
    /// about ten seconds off at most.
    #[must_use]
    pub fn with_clock_skew(mut self, seconds: i64) -> Self {
        self.skew = seconds;
        self
    }

    /// Returns the thumbprint that bound tokens carry as `cnf.jkt`.
    pub fn thumbprint(&self) -> String {
        self.public.thumbprint()
    }

    /// Returns the algorithm that proofs are signed with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    /// Returns the public key.
    pub fn public_jwk(&self) -> &Jwk {
        &self.public
    }

    /// Creates a proof for one request (RFC 9449 section 4.2): its method, its URL without query and
    /// fragment, the access token it carries, and the server's last nonce.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if no random numbers are available or the key
    /// cannot sign.
    pub fn proof(
        &self,
        method: &Method,
        url: &Url,
        access_token: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<String> {
        let mut claims = json!({
            "jti": hash::random::<16>()?,
            "htm": method.as_str(),
            "htu": target(url),
            "iat": unix_seconds(SystemTime::now()).saturating_add(self.skew),
        });
        if let Some(token) = access_token {
            claims["ath"] = hash::sha256(token).into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let header = json!({ "typ": "dpop+jwt", "jwk": self.public.to_json() });
        self.key.sign(&header, &claims)
    }
}

/// Returns the URL as `htu` has it: without query and fragment.
pub(crate) fn target(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
