//! An access token and its end.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

use super::dpop::Dpop;
use crate::Secret;
use crate::error::{Result, config, protocol};
use crate::scheme::{WITHOUT_SCHEME, has_scheme};

/// A token for calling services: a bearer token, or one bound to a key of this client (DPoP).
/// `Debug` does not show its value.
///
/// ```no_run
/// # async fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// let token = kc.token().await?;
/// let header = format!("Bearer {}", token.expose());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AccessToken {
    /// Shared, so that a clone for each call copies and wipes nothing.
    secret: Arc<Secret>,
    end: Option<End>,
    /// The key it is bound to: without proof of it the token is worth nothing.
    dpop: Option<Arc<Dpop>>,
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
            secret: Arc::new(secret.into()),
            end: None,
            dpop: None,
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
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// The scheme of the `Authorization` header it belongs into: `Bearer`, or `DPoP` (RFC 9449)
    /// for a token that is accepted only beside a proof of its key.
    pub fn scheme(&self) -> &'static str {
        if self.dpop.is_some() {
            "DPoP"
        } else {
            "Bearer"
        }
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

    /// The same token bound to a key.
    #[cfg(feature = "oidc")]
    pub(crate) fn bound_to(mut self, dpop: Option<Arc<Dpop>>) -> Self {
        self.dpop = dpop;
        self
    }

    pub(crate) fn dpop(&self) -> Option<&Arc<Dpop>> {
        self.dpop.as_ref()
    }

    /// The `Authorization` header that carries it.
    pub(crate) fn header(&self) -> Result<HeaderValue> {
        let text = format!("{} {}", self.scheme(), self.expose());
        if has_scheme(self.expose()) {
            return Err(
                config("the access token begins with the scheme of a header")
                    .with_hint(WITHOUT_SCHEME),
            );
        }
        let mut header = HeaderValue::try_from(text)
            .map_err(|_| protocol("the access token has characters that no header can carry"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.end.map(|end| end.lifetime)
    }

    pub(crate) fn end(&self) -> Option<Instant> {
        self.end.and_then(|end| end.at)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.secret)
            .field("scheme", &self.scheme())
            .field("expires_in", &self.expires_in())
            .finish()
    }
}
