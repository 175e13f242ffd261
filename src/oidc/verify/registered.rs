//! The signature algorithms that a client is registered for.

use super::TokenVerifier;
use crate::client_metadata::ClientMetadata;
use crate::error::{Error, Result, config};
use crate::jose::SignatureAlgorithm;

/// A kind of token with an algorithm in the registration (OpenID Connect Dynamic Client
/// Registration 1.0 section 2, JARM section 3, RFC 9701 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    IdToken,
    /// Signed like ID tokens (OpenID Connect Back-Channel Logout 1.0 section 2.6).
    LogoutToken,
    UserInfo,
    Response,
    Introspection,
}

/// The algorithms in a registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RegisteredAlgorithms {
    pub(super) id_token: Option<SignatureAlgorithm>,
    pub(super) user_info: Option<SignatureAlgorithm>,
    pub(super) response: Option<SignatureAlgorithm>,
    pub(super) introspection: Option<SignatureAlgorithm>,
}

const ID_TOKEN: &str = "id_token_signed_response_alg";
const USER_INFO: &str = "userinfo_signed_response_alg";
const RESPONSE: &str = "authorization_signed_response_alg";
const INTROSPECTION: &str = "introspection_signed_response_alg";

impl RegisteredAlgorithms {
    /// Reads the algorithms from the response to a registration.
    pub(crate) fn read(metadata: &ClientMetadata) -> Result<Self> {
        let id_token = metadata.id_token_signed_response_alg.as_deref();
        let user_info = metadata.userinfo_signed_response_alg.as_deref();
        let response = metadata.authorization_signed_response_alg.as_deref();
        let introspection = metadata.extra.get(INTROSPECTION);
        let introspection = introspection.and_then(|name| name.as_str());
        // `none` means that these responses are plain JSON; no algorithm applies to a JWT then.
        let is_signed = |name: &&str| *name != "none";
        Ok(Self {
            id_token: named(ID_TOKEN, id_token)?,
            user_info: named(USER_INFO, user_info.filter(is_signed))?,
            response: named(RESPONSE, response.filter(is_signed))?,
            introspection: named(INTROSPECTION, introspection.filter(is_signed))?,
        })
    }

    pub(super) fn of(&self, kind: Registered) -> Option<SignatureAlgorithm> {
        match kind {
            Registered::IdToken | Registered::LogoutToken => self.id_token,
            Registered::UserInfo => self.user_info,
            Registered::Response => self.response,
            Registered::Introspection => self.introspection,
        }
    }
}

fn named(member: &str, name: Option<&str>) -> Result<Option<SignatureAlgorithm>> {
    let Some(name) = name else { return Ok(None) };
    match SignatureAlgorithm::named(name) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(refused(
            member,
            name,
            "this crate does not support the algorithm",
        )),
    }
}

fn refused(member: &str, name: &str, why: &str) -> Error {
    let shown = crate::error::clean(name);
    config(format!(
        "the client is registered with {member} {shown:?}: {why}"
    ))
}

/// The algorithms that the client is registered for, with the names of the registration. Each
/// replaces the issuer's published algorithms for its kind of token. If
/// [`algorithms`](TokenVerifier::algorithms) is set, the algorithm must be one of those. With a
/// symmetric algorithm no token is accepted.
impl TokenVerifier {
    /// Sets the algorithm of ID tokens (OpenID Connect Core 1.0 section 3.1.3.7 step 7) and logout
    /// tokens (OpenID Connect Back-Channel Logout 1.0 section 2.6).
    #[must_use]
    pub fn id_token_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.id_token = Some(algorithm);
        self
    }

    /// Sets the algorithm of userinfo responses in a JWT.
    #[must_use]
    pub fn userinfo_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.user_info = Some(algorithm);
        self
    }

    /// Sets the algorithm of authorization responses in a JWT (JARM).
    #[must_use]
    pub fn authorization_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.response = Some(algorithm);
        self
    }

    /// Sets the algorithm of introspection responses in a JWT (RFC 9701).
    #[must_use]
    pub fn introspection_signed_response_alg(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.registered.introspection = Some(algorithm);
        self
    }

    /// Sets the algorithms in the response to a registration. Algorithms that are missing there
    /// stay unchanged.
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
    /// Returns an error of kind `Config` if no token would be accepted with an algorithm: an
    /// unknown one, `none`, a symmetric one, or one that [`algorithms`](Self::algorithms) excludes.
    /// For ID tokens signed with the client's secret, call
    /// [`id_tokens_signed_with_client_secret`](Self::id_tokens_signed_with_client_secret) with the
    /// same algorithm first.
    pub fn registered(self, metadata: &ClientMetadata) -> Result<Self> {
        let mut named = RegisteredAlgorithms::read(metadata)?;
        if let (Some(algorithm), Some(secret)) = (named.id_token, &self.id_token_secret) {
            if secret.algorithm() != algorithm {
                let why = "the secret for ID tokens is set for another algorithm";
                return Err(refused(ID_TOKEN, algorithm.name(), why));
            }
            // Logout tokens are still verified with the issuer's keys.
            named.id_token = None;
        }
        for (member, algorithm) in [
            (ID_TOKEN, named.id_token),
            (USER_INFO, named.user_info),
            (RESPONSE, named.response),
            (INTROSPECTION, named.introspection),
        ] {
            let Some(algorithm) = algorithm else { continue };
            if !SignatureAlgorithm::ASYMMETRIC.contains(&algorithm) {
                let why = "symmetric algorithms are not accepted";
                return Err(refused(member, algorithm.name(), why).with_hint(
                    "register the client with ES256 or PS256, or use \
                     id_tokens_signed_with_client_secret for ID tokens",
                ));
            }
            if let Some(allowed) = &self.algorithms
                && !allowed.contains(&algorithm)
            {
                let why = "the algorithm is not one of the configured algorithms";
                return Err(refused(member, algorithm.name(), why));
            }
        }
        Ok(self.with_registered(named))
    }

    /// Sets the algorithms without a check. With an unsupported algorithm no token is accepted.
    fn with_registered(mut self, named: RegisteredAlgorithms) -> Self {
        let own = self.registered;
        self.registered = RegisteredAlgorithms {
            id_token: named.id_token.or(own.id_token),
            user_info: named.user_info.or(own.user_info),
            response: named.response.or(own.response),
            introspection: named.introspection.or(own.introspection),
        };
        self
    }
}
