//! An access token and its expiry.

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
/// `Debug` does not show the token.
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
    expiry: Option<Expiry>,
    /// The key that the token is bound to. A server refuses the token without a proof of this key.
    dpop: Option<Arc<Dpop>>,
}

#[derive(Debug, Clone, Copy)]
struct Expiry {
    lifetime: Duration,
    /// On the monotonic clock; `None` if the clock cannot represent a time that far away.
    at: Option<Instant>,
}

impl AccessToken {
    /// Creates a token with an unknown expiry. It is used until the server refuses it.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: Arc::new(secret.into()),
            expiry: None,
            dpop: None,
        }
    }

    /// Sets how long the token is valid, counted from this call.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.expiry = Some(Expiry {
            lifetime,
            at: Instant::now().checked_add(lifetime),
        });
        self
    }

    /// Returns the token in plain text. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// Returns the scheme of the token's `Authorization` header: `Bearer`, or `DPoP` (RFC 9449) for
    /// a token that servers accept only with a proof of its key.
    pub fn scheme(&self) -> &'static str {
        if self.dpop.is_some() {
            "DPoP"
        } else {
            "Bearer"
        }
    }

    /// Returns the remaining lifetime: zero once the token has expired, `None` if the expiry is
    /// unknown.
    pub fn expires_in(&self) -> Option<Duration> {
        let at = self.expiry?.at?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// Returns when the token expires on this machine's wall clock, or `None` if the expiry is
    /// unknown.
    pub fn expires_at(&self) -> Option<SystemTime> {
        SystemTime::now().checked_add(self.expires_in()?)
    }

    /// Binds the token to a key.
    #[cfg(feature = "oidc")]
    pub(crate) fn bound_to(mut self, dpop: Option<Arc<Dpop>>) -> Self {
        self.dpop = dpop;
        self
    }

    pub(crate) fn dpop(&self) -> Option<&Arc<Dpop>> {
        self.dpop.as_ref()
    }

    /// Returns the `Authorization` header of the token.
    pub(crate) fn header(&self) -> Result<HeaderValue> {
        let text = format!("{} {}", self.scheme(), self.expose());
        if has_scheme(self.expose()) {
            return Err(
                config("the access token starts with an authorization scheme")
                    .with_hint(WITHOUT_SCHEME),
            );
        }
        let mut header = HeaderValue::try_from(text).map_err(|_| {
            protocol("the access token contains characters that are not allowed in a header")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.expiry.map(|expiry| expiry.lifetime)
    }

    pub(crate) fn expiry(&self) -> Option<Instant> {
        self.expiry.and_then(|expiry| expiry.at)
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
