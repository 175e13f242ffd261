//! ID tokens that are signed with the client's secret.

use std::fmt;

use super::TokenVerifier;
use crate::Secret;
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;

/// The secret that a provider signs a client's ID tokens with, and the only algorithm that they then
/// have (OpenID Connect Core 1.0 section 3.1.3.7 step 8). `Debug` does not show it.
#[derive(Clone)]
pub struct IdTokenSecret {
    algorithm: SignatureAlgorithm,
    secret: Secret,
}

impl IdTokenSecret {
    /// Takes the client's secret; `algorithm` is HS256, HS384 or HS512.
    ///
    /// # Errors
    /// Of kind `Config` when the algorithm is not a symmetric one, or when the secret is shorter than
    /// its hash (RFC 7518 section 3.2): 32, 48 or 64 bytes.
    pub fn new(algorithm: SignatureAlgorithm, secret: impl Into<Secret>) -> Result<Self> {
        let needed = match algorithm {
            SignatureAlgorithm::Hs256 => 32,
            SignatureAlgorithm::Hs384 => 48,
            SignatureAlgorithm::Hs512 => 64,
            other => {
                return Err(config(format!(
                    "{other} is not an algorithm with a secret: use HS256, HS384 or HS512"
                )));
            }
        };
        let secret = secret.into();
        if secret.expose().len() < needed {
            return Err(config(format!(
                "the secret is too short for {algorithm}, which needs {needed} bytes"
            ))
            .with_hint("whoever has one token can try short secrets out"));
        }
        Ok(Self { algorithm, secret })
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.secret.expose().as_bytes()
    }
}

impl fmt::Debug for IdTokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenSecret")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl TokenVerifier {
    /// The provider signs ID tokens of this client with the client's secret. They are then taken with
    /// this algorithm and this secret only: not with a key of the issuer, whatever their header says.
    /// All other kinds of token, access and logout tokens included, stay with the issuer's keys.
    ///
    /// Not for Keycloak, whose symmetric keys never leave the server.
    ///
    /// ```no_run
    /// # fn show(kc: keycloak_kit::Keycloak, secret: String) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::jose::SignatureAlgorithm::Hs256;
    /// use keycloak_kit::oidc::{IdTokenSecret, Oidc};
    ///
    /// let key = IdTokenSecret::new(Hs256, secret.as_str())?;
    /// let oidc = Oidc::discover("https://op.example")
    ///     .client_id("web-app")
    ///     .client_secret(secret)
    ///     .verification(|verifier| verifier.id_tokens_signed_with_client_secret(key))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Security
    /// Whoever knows the secret can make ID tokens: everybody who can read the settings of the
    /// client. Prefer a registration with ES256 or PS256.
    #[must_use]
    pub fn id_tokens_signed_with_client_secret(mut self, secret: IdTokenSecret) -> Self {
        self.id_token_secret = Some(secret);
        self
    }
}
