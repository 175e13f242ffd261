//! A checked authorization response.

use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;
use crate::oidc::authorize::LoginAttempt;
use crate::oidc::verify::IdToken;
use crate::token::AccessToken;

/// The provider's response to one login, with its issuer, its state and its tokens checked. `Debug`
/// shows none of its values.
pub struct AuthorizationResponse {
    pub(super) code: Option<Secret>,
    pub(super) id_token: Option<IdToken>,
    pub(super) access_token: Option<AccessToken>,
    pub(super) members: BTreeMap<String, Secret>,
    pub(super) login: LoginAttempt,
}

impl AuthorizationResponse {
    /// Returns the code, for [`Oidc::exchange_code`](crate::oidc::Oidc::exchange_code).
    pub fn code(&self) -> Option<&Secret> {
        self.code.as_ref()
    }

    /// Returns the verified ID token of an implicit or hybrid response (legacy).
    pub fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }

    /// Returns the access token of an implicit or hybrid response (legacy). If an ID token came
    /// with it, its `at_hash` was checked.
    pub fn access_token(&self) -> Option<&AccessToken> {
        self.access_token.as_ref()
    }

    /// Returns any other parameter, such as `session_state` or `scope`.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name).map(Secret::expose)
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationResponse")
            .field("code", &self.code)
            .field("id_token", &self.id_token)
            .field("access_token", &self.access_token)
            .finish_non_exhaustive()
    }
}
