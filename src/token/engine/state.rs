//! The state that the engine keeps between calls.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::CachedToken;
use super::obtain::Obtained;
use crate::AccessToken;
use crate::error::{Error, Result};
use crate::http::trace;
use crate::token::Renewal;
use crate::token::lifetime::Marks;

/// After a failed refresh, how long the current token is used without another attempt.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct EngineState {
    pub(super) current: Option<CachedToken>,
    pub(super) renewal: Option<Renewal>,
    pub(super) pending: Option<PendingRequest>,
    /// The token that a server refused, until a new token is requested.
    pub(super) refused: Option<AccessToken>,
    marks: Marks,
    generation: u64,
    requests: u64,
    quiet_until: Option<Instant>,
}

/// A token request in progress.
#[derive(Debug)]
pub(super) struct PendingRequest {
    id: u64,
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
    /// Whether the cached token was invalidated after this request began.
    stale: bool,
}

/// The outcome of a token request, for the callers that wait for it.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Token(CachedToken),
    Failed(Error),
    Stale,
}

impl EngineState {
    pub(super) fn start_at(&mut self, token: AccessToken) -> Result<()> {
        self.marks = Marks::of(&token);
        self.current = Some(CachedToken::new(token, self.generation)?);
        Ok(())
    }

    /// Returns the current token, unless it is about to expire.
    pub(super) fn usable(&self, now: Instant) -> Option<CachedToken> {
        self.current
            .clone()
            .filter(|_| self.marks.hard.is_none_or(|hard| now < hard))
    }

    /// Returns the current token and its remaining lifetime, if it has a known expiry that is still
    /// ahead.
    pub(super) fn ending(&self, now: Instant) -> Option<(CachedToken, Duration)> {
        let cached = self.current.clone()?;
        let left = cached.token.expiry()?.checked_duration_since(now)?;
        (!left.is_zero()).then_some((cached, left))
    }

    pub(super) fn wants_renewal(&self, now: Instant) -> bool {
        self.marks.soft.is_some_and(|soft| now >= soft)
            && self.quiet_until.is_none_or(|until| now >= until)
            && self
                .pending
                .as_ref()
                .is_none_or(|request| !request.is_alive())
    }

    pub(super) fn begin(&mut self, outcome: watch::Receiver<Option<Outcome>>) -> u64 {
        self.requests = self.requests.wrapping_add(1);
        self.pending = Some(PendingRequest {
            id: self.requests,
            outcome,
            stale: false,
        });
        self.requests
    }

    /// Stores the result of request `id`.
    pub(super) fn finish(&mut self, id: u64, obtained: Obtained) -> Outcome {
        let request = self.pending.take_if(|request| request.id == id);
        let stale = request.is_some_and(|request| request.stale);
        if obtained.renewal_spent {
            self.renewal = None;
        }
        let failure = match obtained.result {
            Ok(granted) => {
                // Kept even if stale: after a rotation the previous refresh token is invalid.
                if granted.renewal.is_some() {
                    self.renewal = granted.renewal;
                }
                self.quiet_until = None;
                if stale {
                    return Outcome::Stale;
                }
                self.generation = self.generation.wrapping_add(1);
                match CachedToken::new(granted.token, self.generation) {
                    Ok(cached) => {
                        trace::token("obtained");
                        self.marks = Marks::of(&cached.token);
                        self.current = Some(cached.clone());
                        return Outcome::Token(cached);
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        trace::token("not obtained");
        let now = Instant::now();
        self.quiet_until = now.checked_add(QUIET);
        match &self.current {
            Some(cached) if !stale && cached.token.expiry().is_none_or(|expiry| now < expiry) => {
                Outcome::Token(cached.clone())
            }
            _ => Outcome::Failed(failure),
        }
    }

    pub(super) fn drop_generation(&mut self, generation: u64) -> bool {
        let dropped = self
            .current
            .take_if(|cached| cached.generation == generation);
        let found = dropped.is_some();
        if let Some(cached) = dropped {
            self.refused = Some(cached.token);
        }
        found
    }

    #[cfg(feature = "oidc")]
    pub(super) fn drop_token(&mut self, token: &AccessToken) -> bool {
        let found = self
            .current
            .as_ref()
            .filter(|cached| cached.token.expose() == token.expose());
        match found.map(|cached| cached.generation) {
            Some(generation) => self.drop_generation(generation),
            None => false,
        }
    }

    pub(super) fn drop_everything(&mut self) {
        self.current = None;
        if let Some(request) = &mut self.pending {
            request.stale = true;
        }
    }
}
