//! ID tokens signed with the client's secret.

use std::fmt;

use super::TokenVerifier;
use crate::Secret;
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;

/// The secret that signs a client's ID tokens, and its algorithm, which is then the only accepted
/// one (OpenID Connect Core 1.0 section 3.1.3.7 step 8). `Debug` does not show the secret.
#[derive(Clone)]
pub struct IdTokenSecret {
    algorithm: SignatureAlgorithm,
    secret: Secret,
}

impl IdTokenSecret {
    /// Creates the key from the client's secret. `algorithm` is HS256, HS384 or HS512.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if the algorithm is not symmetric, or the secret is
    /// shorter than the algorithm's hash: 32, 48 or 64 bytes (RFC 7518 section 3.2).
    pub fn new(algorithm: SignatureAlgorithm, secret: impl Into<Secret>) -> Result<Self> {
        let needed = match algorithm {
            SignatureAlgorithm::Hs256 => 32,
            SignatureAlgorithm::Hs384 => 48,
            SignatureAlgorithm::Hs512 => 64,
            other => {
                return Err(config(format!(
                    "{other} is not a symmetric algorithm: use HS256, HS384 or HS512"
                )));
            }
        };
        let secret = secret.into();
        if secret.expose().len() < needed {
            return Err(config(format!(
                "the secret is too short for {algorithm}, which needs {needed} bytes"
            ))
            .with_hint("anyone with one token can guess a short secret"));
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
    /// Verifies ID tokens with the client's secret, for a provider that signs them with it.
    ///
    /// ID tokens are then accepted only with this secret and its algorithm, never with a key of the
    /// issuer. All other kinds of tokens, including access tokens and logout tokens, are still
    /// verified with the issuer's keys.
    ///
    /// This does not work with Keycloak, whose symmetric keys never leave the server.
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
    /// Anyone who knows the secret, for example by reading the client's settings, can forge ID
    /// tokens. Prefer to register the client with ES256 or PS256.
    #[must_use]
    pub fn id_tokens_signed_with_client_secret(mut self, secret: IdTokenSecret) -> Self {
        self.id_token_secret = Some(secret);
        self
    }
}
