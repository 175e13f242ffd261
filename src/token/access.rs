//! An access token and its end.

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::Secret;

/// A bearer token. `Debug` does not show its value.
///
/// ```no_run
/// # async fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// let token = kc.token().await?;
/// let header = format!("Bearer {}", token.secret());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AccessToken {
    secret: Secret,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
struct End {
    lifetime: Duration,
    /// Of the monotonic clock; `None` when it is too far away to be said.
    at: Option<Instant>,
}

impl AccessToken {
    /// A token whose end is not known: it is used until the server refuses it.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            end: None,
        }
    }

    /// The same token with `lifetime` left from now on.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.end = Some(End {
            lifetime,
            at: Instant::now().checked_add(lifetime),
        });
        self
    }

    /// The token itself. Keep it out of logs.
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }

    /// How long it is valid from now on, as far as is known; zero once it has expired.
    pub fn expires_in(&self) -> Option<Duration> {
        let at = self.end?.at?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// When it expires by this machine's wall clock, as far as is known.
    pub fn expires_at(&self) -> Option<SystemTime> {
        SystemTime::now().checked_add(self.expires_in()?)
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.end.map(|end| end.lifetime)
    }

    pub(super) fn end(&self) -> Option<Instant> {
        self.end.and_then(|end| end.at)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.secret)
            .field("expires_in", &self.expires_in())
            .finish()
    }
}
