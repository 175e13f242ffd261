//! Caches and renews the access token that all calls of a client share.

mod obtain;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;

#[cfg_attr(not(feature = "oidc"), allow(unused_imports))]
pub(crate) use self::obtain::{Obtain, Obtained};
use self::state::{EngineState, Outcome, PendingRequest};
use super::AccessToken;
use super::Renewal;
use crate::error::{self, Result};
use crate::http::deadline::Deadline;
use crate::http::trace;
use crate::operation::Operation;

/// A token from the cache. The generation identifies the token when a server refuses it.
#[derive(Debug, Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: AccessToken,
    header: HeaderValue,
    generation: u64,
}

impl CachedToken {
    fn new(token: AccessToken, generation: u64) -> Result<Self> {
        let header = token.header()?;
        Ok(Self {
            token,
            header,
            generation,
        })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// A token cache: one request obtains the token for all waiting calls.
///
/// The request runs in its own task. A canceled caller therefore neither fails the other callers
/// nor loses a refresh token that the server has already rotated. The task ends with the request;
/// there is no background task between calls.
#[derive(Debug)]
pub(crate) struct TokenEngine {
    shared: Arc<Shared>,
    renewable: bool,
}

#[derive(Debug)]
struct Shared {
    source: Box<dyn Obtain>,
    state: Mutex<EngineState>,
}

/// What a caller has to do.
enum NextStep {
    Use(CachedToken),
    Wait(watch::Receiver<Option<Outcome>>),
    /// Wait for the given time, then use the current token.
    WaitAWhile(watch::Receiver<Option<Outcome>>, CachedToken, Duration),
}

impl TokenEngine {
    /// Creates an engine that obtains its tokens from `source`.
    pub(crate) fn new(source: impl Obtain + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                source: Box::new(source),
                state: Mutex::default(),
            }),
            renewable: true,
        }
    }

    /// Starts with a refresh token.
    pub(crate) fn start_with(self, renewal: Renewal) -> Self {
        self.shared.lock().renewal = Some(renewal);
        self
    }

    /// Starts with a token.
    ///
    /// # Errors
    /// Returns an error if the token cannot be sent in a header.
    pub(crate) fn start_at(self, token: AccessToken) -> Result<Self> {
        self.shared.lock().start_at(token)?;
        Ok(self)
    }

    /// Starts with a token, unless it cannot be sent in a header.
    #[cfg(feature = "oidc")]
    pub(crate) fn offer(&self, token: AccessToken) {
        let _ = self.shared.lock().start_at(token);
    }

    /// Makes the initial token the only one: it is never renewed.
    pub(crate) fn fixed(mut self) -> Self {
        self.renewable = false;
        self
    }

    /// Returns `false` for a fixed token, which nothing can replace.
    pub(crate) fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// Returns a usable token, and waits for one if necessary.
    pub(crate) async fn token(&self, op: &Operation, deadline: Deadline) -> Result<CachedToken> {
        // A request is lost if its runtime shuts down or the token source panics.
        let mut lost = 0;
        loop {
            let (mut receiver, at_hand, limit) = match self.next_step(op)? {
                NextStep::Use(cached) => return Ok(cached),
                NextStep::Wait(receiver) => (receiver, None, deadline.remaining()),
                NextStep::WaitAWhile(receiver, cached, limit) => {
                    (receiver, Some(cached), limit.min(deadline.remaining()))
                }
            };
            let landed = tokio::time::timeout(limit, receiver.wait_for(Option::is_some)).await;
            let outcome = match landed.ok() {
                None => {
                    return at_hand.ok_or_else(|| error::timeout(op, deadline.total));
                }
                Some(Err(_)) => None,
                Some(Ok(outcome)) => outcome.clone(),
            };
            match outcome {
                Some(Outcome::Token(cached)) => return Ok(cached),
                Some(Outcome::Failed(error)) => return Err(error),
                // The token was invalidated during the request: request another one.
                Some(Outcome::Stale) => {}
                None if lost < 2 => lost += 1,
                None => {
                    return Err(error::unauthorized(
                        "the task of the token request ended without a result",
                    )
                    .with_operation(op));
                }
            }
        }
    }

    /// Drops the given token if it is still the current one.
    pub(crate) fn invalidate(&self, cached: &CachedToken) {
        if self.renewable && self.shared.lock().drop_generation(cached.generation) {
            trace::token("dropped after 401");
        }
    }

    /// Drops a token that was refused although it replaced a refused one. A refreshed token belongs
    /// to the same session, so the next token comes from a new grant if there are credentials.
    pub(crate) fn refused(&self, cached: &CachedToken) {
        let mut state = self.shared.lock();
        if self.renewable
            && state.drop_generation(cached.generation)
            && self.shared.source.can_grant()
        {
            state.renewal = None;
        }
    }

    /// Drops the current token, which has the roles from before a change.
    pub(crate) fn invalidate_all(&self) {
        if self.renewable {
            self.shared.lock().drop_everything();
            trace::token("dropped");
        }
    }

    /// Drops a token that was refused elsewhere, if it is still the current one.
    #[cfg(feature = "oidc")]
    pub(crate) fn invalidate_token(&self, token: &AccessToken) {
        if self.renewable && self.shared.lock().drop_token(token) {
            trace::token("dropped after 401");
        }
    }

    fn next_step(&self, op: &Operation) -> Result<NextStep> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        if !self.renewable
            && let Some(cached) = &state.current
        {
            return Ok(NextStep::Use(cached.clone()));
        }
        if let Some(cached) = state.usable(now) {
            if state.wants_renewal(now) {
                // The current token is still usable, so a failure to start does not matter.
                let _ = self.start(&mut state, op);
            }
            return Ok(NextStep::Use(cached));
        }
        let under_way = state.pending.as_ref().filter(|request| request.is_alive());
        let receiver = match under_way.map(|request| request.outcome.clone()) {
            Some(receiver) => receiver,
            None => self.start(&mut state, op)?,
        };
        // A token that is about to expire serves this call if no new one arrives in time.
        Ok(match state.ending(now) {
            Some((cached, left)) => NextStep::WaitAWhile(receiver, cached, left / 2),
            None => NextStep::Wait(receiver),
        })
    }

    /// Starts the one token request.
    fn start(
        &self,
        state: &mut EngineState,
        op: &Operation,
    ) -> Result<watch::Receiver<Option<Outcome>>> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| error::invalid_argument(op, "calls need a running Tokio runtime"))?;
        let (sender, receiver) = watch::channel(None);
        let id = state.begin(receiver.clone());
        let renewal = state.renewal.clone();
        let refused = state.refused.take();
        let shared = self.shared.clone();
        runtime.spawn(async move {
            let obtained = shared.source.obtain(renewal, refused).await;
            let outcome = shared.lock().finish(id, obtained);
            // There may be no receiver left.
            let _ = sender.send(Some(outcome));
        });
        Ok(receiver)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, EngineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingRequest {
    /// Returns whether the request has ended or still runs. The sender is gone if the task was
    /// dropped before it could send an outcome.
    fn is_alive(&self) -> bool {
        self.outcome.borrow().is_some() || self.outcome.has_changed().is_ok()
    }
}
