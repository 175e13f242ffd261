//! How the client is registered: the algorithm of each kind of token.

use super::TokenVerifier;
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;
use crate::registration::ClientMetadata;

/// A kind of token whose algorithm a registration names (OpenID Connect Dynamic Client Registration
/// 1.0 section 2, JARM section 3, RFC 9701 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    IdToken,
    /// Signed as ID tokens are (OpenID Connect Back-Channel Logout 1.0 section 2.6).
    LogoutToken,
    UserInfo,
    Response,
    Introspection,
}

/// The algorithms that were named.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Algorithms {
    pub(super) id_token: Option<SignatureAlgorithm>,
    user_info: Option<SignatureAlgorithm>,
    response: Option<SignatureAlgorithm>,
    introspection: Option<SignatureAlgorithm>,
}

impl Algorithms {
    pub(super) fn of(&self, kind: Registered) -> Option<SignatureAlgorithm> {
        match kind {
            Registered::IdToken | Registered::LogoutToken => self.id_token,
            Registered::UserInfo => self.user_info,
            Registered::Response => self.response,
            Registered::Introspection => self.introspection,
        }
    }
}

/// The algorithms that the client is registered for, named as in a registration. Each takes the
/// place of [`algorithms`](TokenVerifier::algorithms) and of the published list for its kind of
/// token; a symmetric algorithm fits no token here.
impl TokenVerifier {
    /// ID tokens are signed with this algorithm (OpenID Connect Core 1.0 section 3.1.3.7 step 7),
    /// and logout tokens too (OpenID Connect Back-Channel Logout 1.0 section 2.6).
    #[must_use]
    pub fn id_token_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.id_token = Some(algorithm);
        self
    }

    /// Userinfo as JWT is signed with this algorithm.
    #[must_use]
    pub fn userinfo_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.user_info = Some(algorithm);
        self
    }

    /// Authorization responses as JWT (JARM) are signed with this algorithm.
    #[must_use]
    pub fn authorization_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.response = Some(algorithm);
        self
    }

    /// Introspection answers as JWT (RFC 9701) are signed with this algorithm.
    #[must_use]
    pub fn introspection_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.introspection = Some(algorithm);
        self
    }

    /// Takes the algorithms over that the answer to a registration names. What it does not name
    /// stays as it is.
    ///
    /// ```no_run
    /// # fn show(
    /// #     verifier: keycloak_kit::oidc::TokenVerifier,
    /// #     metadata: keycloak_kit::registration::ClientMetadata,
    /// # ) -> keycloak_kit::Result<()> {
    /// let verifier = verifier.registered(&metadata)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Of kind `Config` when an algorithm is one that no token is taken with: an unknown one, `none`,
    /// one that [`algorithms`](Self::algorithms) leaves out, or a symmetric one. ID tokens that are
    /// signed with the client's secret need
    /// [`id_tokens_signed_with_client_secret`](Self::id_tokens_signed_with_client_secret) before
    /// this call, with the same algorithm.
    pub fn registered(mut self, metadata: &ClientMetadata) -> Result<Self> {
        let extra = |name: &str| metadata.extra.get(name).and_then(|value| value.as_str());
        let secret = self.id_token_secret.as_ref().map(|own| own.algorithm());
        for (kind, name, value) in [
            (
                Registered::IdToken,
                "id_token_signed_response_alg",
                metadata.id_token_signed_response_alg.as_deref(),
            ),
            (
                Registered::UserInfo,
                "userinfo_signed_response_alg",
                metadata.userinfo_signed_response_alg.as_deref(),
            ),
            (
                Registered::Response,
                "authorization_signed_response_alg",
                metadata.authorization_signed_response_alg.as_deref(),
            ),
            (
                Registered::Introspection,
                "introspection_signed_response_alg",
                extra("introspection_signed_response_alg"),
            ),
        ] {
            let Some(value) = value else { continue };
            let refused = |why: &str| {
                let shown = crate::error::clean(value);
                config(format!(
                    "the client is registered with {name} {shown:?}: {why}"
                ))
            };
            let algorithm = SignatureAlgorithm::named(value)
                .ok_or_else(|| refused("it is not an algorithm that is verified here"))?;
            if kind == Registered::IdToken && secret.is_some() {
                if secret != Some(algorithm) {
                    return Err(refused(
                        "the secret for ID tokens is set for another algorithm",
                    ));
                }
                // Logout tokens keep to asymmetric ones.
                continue;
            }
            if !SignatureAlgorithm::ASYMMETRIC.contains(&algorithm) {
                return Err(refused("symmetric algorithms are not taken").with_hint(
                    "register the client with ES256 or PS256; for ID tokens there is \
                     id_tokens_signed_with_client_secret",
                ));
            }
            if let Some(allowed) = &self.algorithms
                && !allowed.contains(&algorithm)
            {
                return Err(refused("it is not among the accepted algorithms"));
            }
            let place = match kind {
                Registered::IdToken | Registered::LogoutToken => &mut self.registered.id_token,
                Registered::UserInfo => &mut self.registered.user_info,
                Registered::Response => &mut self.registered.response,
                Registered::Introspection => &mut self.registered.introspection,
            };
            *place = Some(algorithm);
        }
        Ok(self)
    }
}
