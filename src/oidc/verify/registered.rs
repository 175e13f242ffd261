//! How the client is registered: the algorithm of each kind of token.

use super::TokenVerifier;
use crate::client_metadata::ClientMetadata;
use crate::error::{Error, Result, config};
use crate::jose::SignatureAlgorithm;

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

/// The algorithms that a registration names, where it names any.
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
    /// What the answer to a registration names.
    pub(crate) fn read(metadata: &ClientMetadata) -> Result<Self> {
        let id_token = metadata.id_token_signed_response_alg.as_deref();
        let user_info = metadata.userinfo_signed_response_alg.as_deref();
        let response = metadata.authorization_signed_response_alg.as_deref();
        let introspection = metadata.extra.get(INTROSPECTION);
        let introspection = introspection.and_then(|name| name.as_str());
        // Without a signature these answers are plain; a JWT among them is one of no registration.
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
            "it is not an algorithm that is verified here",
        )),
    }
}

fn refused(member: &str, name: &str, why: &str) -> Error {
    let shown = crate::error::clean(name);
    config(format!(
        "the client is registered with {member} {shown:?}: {why}"
    ))
}

/// The algorithms that the client is registered for, named as in a registration. Each takes the
/// place of the published list for its kind of token; where [`algorithms`](TokenVerifier::algorithms)
/// are set, it has to be among these too. A symmetric algorithm fits no token here.
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
    pub fn registered(self, metadata: &ClientMetadata) -> Result<Self> {
        let mut named = RegisteredAlgorithms::read(metadata)?;
        if let (Some(algorithm), Some(secret)) = (named.id_token, &self.id_token_secret) {
            if secret.algorithm() != algorithm {
                let why = "the secret for ID tokens is set for another algorithm";
                return Err(refused(ID_TOKEN, algorithm.name(), why));
            }
            // Logout tokens keep to the issuer's keys.
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
                let why = "symmetric algorithms are not taken";
                return Err(refused(member, algorithm.name(), why).with_hint(
                    "register the client with ES256 or PS256; for ID tokens there is \
                     id_tokens_signed_with_client_secret",
                ));
            }
            if let Some(allowed) = &self.algorithms
                && !allowed.contains(&algorithm)
            {
                let why = "it is not among the accepted algorithms";
                return Err(refused(member, algorithm.name(), why));
            }
        }
        Ok(self.with_registered(named))
    }

    /// The same without a check: an algorithm that is not accepted fits no token. What is not named
    /// stays as it is.
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
