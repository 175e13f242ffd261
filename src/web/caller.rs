//! Who calls.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use serde::de::DeserializeOwned;

use super::guard::Settings;
use super::rejection::Rejection;
use super::requirement::{Holder, Policy, Requirement};
use crate::oidc::AccessTokenClaims;

/// The caller of a request, with the verified claims of its access token. Cheap to clone.
///
/// A subject is unique for its issuer only: where a service accepts several issuers, the pair of
/// [`issuer`](Self::issuer) and [`subject`](Self::subject) names a user.
#[derive(Clone)]
pub struct Caller {
    pub(super) claims: Arc<AccessTokenClaims>,
    pub(super) guard: Arc<Settings>,
}

impl Caller {
    /// Returns the verified claims.
    #[must_use]
    pub fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// Reads the claims as a type of the application's own.
    ///
    /// # Errors
    ///
    /// Returns a rejection with status 401 if the claims do not fit `T`.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        let all = serde_json::Value::Object(self.claims.claims().clone());
        serde_json::from_value(all).map_err(|_| {
            let why = "a claim of the token is missing or has another type than expected";
            Rejection::invalid_token(why).of_guard(&self.guard)
        })
    }

    /// Returns the issuer of the token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.issuer().unwrap_or_default()
    }

    /// Returns the subject: a user, or the user of a client's service account.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.claims.subject().unwrap_or_default()
    }

    /// Returns the name that the user logs in with, where the token has it.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.claims.username()
    }

    /// Returns the client that the token was issued to.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.claims.client_id()
    }

    /// Returns the roles of the realm.
    #[must_use]
    pub fn realm_roles(&self) -> Vec<&str> {
        self.claims.realm_roles()
    }

    /// Returns the roles of a client.
    #[must_use]
    pub fn client_roles(&self, client_id: &str) -> Vec<&str> {
        self.claims.client_roles(client_id)
    }

    /// Returns the scopes that were granted.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        self.claims.scopes()
    }

    /// Returns the groups, where a mapper writes them into the token.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        self.claims.groups()
    }

    /// Returns the aliases of the organizations, where the scope `organization` was granted.
    #[must_use]
    pub fn organizations(&self) -> Vec<&str> {
        self.claims.organizations()
    }

    /// Returns whether the caller meets a requirement. One that needs the request
    /// ([`policy`](super::policy)) is not met.
    #[must_use]
    pub fn meets(&self, requirement: &Requirement) -> bool {
        requirement.check(self, None).is_ok()
    }

    /// Refuses the caller unless the caller meets a requirement: for handlers that know what they need
    /// only when they run.
    ///
    /// # Errors
    ///
    /// Returns a rejection that says what is missing: with status 401 if another login can help (RFC
    /// 9470), else with 403.
    pub fn require(&self, requirement: &Requirement) -> Result<(), Rejection> {
        let unmet = requirement.check(self, None);
        unmet.map_err(|unmet| Rejection::unmet(unmet).of_guard(&self.guard))
    }
}

impl Holder for Caller {
    fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    fn now(&self) -> SystemTime {
        self.guard.now()
    }

    fn allowed_by(&self, policy: &Policy, request: &Parts) -> Option<bool> {
        match policy {
            Policy::Caller(allows) => Some(allows(request, self)),
            #[cfg(feature = "signin")]
            Policy::User(_) => None,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("issuer", &self.issuer())
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}
