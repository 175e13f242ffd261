//! What a grant gave.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::AccessToken;
use crate::Secret;
use crate::response::Head;

/// What the token endpoint gave.
pub(crate) struct Granted {
    pub(crate) token: AccessToken,
    pub(crate) renewal: Option<Renewal>,
    /// All other members of the answer.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) rest: Map<String, Value>,
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) head: Head,
}

/// A refresh token and how long it can be used.
#[derive(Clone)]
pub(crate) struct Renewal {
    pub(crate) token: Secret,
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    lifetime: Option<Duration>,
    end: Option<Instant>,
}

impl Renewal {
    pub(crate) fn new(token: Secret, lifetime: Option<Duration>) -> Self {
        // Keycloak writes 0 for "does not expire".
        let lifetime = lifetime.filter(|l| !l.is_zero());
        Self {
            token,
            lifetime,
            end: lifetime.and_then(|l| Instant::now().checked_add(l)),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn left(&self) -> Option<Duration> {
        Some(self.end?.saturating_duration_since(Instant::now()))
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
    /// A token that came alone.
    pub(crate) fn only(token: AccessToken) -> Self {
        Self {
            token,
            renewal: None,
            rest: Map::new(),
            head: Head::default(),
        }
    }
}
