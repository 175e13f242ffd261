//! The result of a grant.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::AccessToken;
use crate::Secret;
use crate::response::Head;

/// A successful response of the token endpoint.
pub(crate) struct Granted {
    pub(crate) token: AccessToken,
    pub(crate) renewal: Option<Renewal>,
    /// All other members of the response.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) rest: Map<String, Value>,
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) head: Head,
}

/// A refresh token and its expiry.
#[derive(Clone)]
pub(crate) struct Renewal {
    pub(crate) token: Secret,
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    lifetime: Option<Duration>,
    expiry: Option<Instant>,
}

impl Renewal {
    pub(crate) fn new(token: Secret, lifetime: Option<Duration>) -> Self {
        // Keycloak sends 0 for a token that does not expire.
        let lifetime = lifetime.filter(|l| !l.is_zero());
        Self {
            token,
            lifetime,
            expiry: lifetime.and_then(|l| Instant::now().checked_add(l)),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= Instant::now())
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn left(&self) -> Option<Duration> {
        Some(self.expiry?.saturating_duration_since(Instant::now()))
    }

    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl Granted {
    /// Creates a result without a refresh token.
    pub(crate) fn only(token: AccessToken) -> Self {
        Self {
            token,
            renewal: None,
            rest: Map::new(),
            head: Head::default(),
        }
    }
}
