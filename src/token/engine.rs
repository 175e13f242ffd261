//! Keeps one token fresh for all calls of a client.

mod obtain;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;

#[cfg_attr(not(feature = "oidc"), allow(unused_imports))]
pub(crate) use self::obtain::{Obtain, Obtained};
use self::state::{Flight, Landing, State};
use super::AccessToken;
use super::Renewal;
use crate::error::{self, Result};
use crate::http::deadline::Deadline;
use crate::http::trace;
use crate::operation::Operation;

/// A token as it was handed out. Its generation says which one failed.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) token: AccessToken,
    header: HeaderValue,
    generation: u64,
}

impl Lease {
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

/// The cache: however many calls wait, one request fetches the token.
///
/// The request runs in a task of its own, so a caller that gives up neither fails the others nor
/// loses a refresh token that the server has already rotated. The task ends with the request;
/// nothing runs while no call does.
#[derive(Debug)]
pub(crate) struct TokenEngine {
    shared: Arc<Shared>,
    renewable: bool,
}

#[derive(Debug)]
struct Shared {
    source: Box<dyn Obtain>,
    state: Mutex<State>,
}

/// What a caller does next.
enum Step {
    Use(Lease),
    Wait(watch::Receiver<Option<Landing>>),
    /// Waits so long at most, then uses the token at hand.
    WaitAWhile(watch::Receiver<Option<Landing>>, Lease, Duration),
}

impl TokenEngine {
    /// Keeps the tokens of `source` fresh.
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

    /// Starts with a token at hand. Fails when it cannot be sent.
    pub(crate) fn start_at(self, token: AccessToken) -> Result<Self> {
        self.shared.lock().start_at(token)?;
        Ok(self)
    }

    /// Starts with a token at hand where it can be sent.
    #[cfg(feature = "oidc")]
    pub(crate) fn offer(&self, token: AccessToken) {
        let _ = self.shared.lock().start_at(token);
    }

    /// There is no other token to replace it with.
    pub(crate) fn fixed(mut self) -> Self {
        self.renewable = false;
        self
    }

    /// False for a fixed token: there is no other to replace it with.
    pub(crate) fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// A usable token; waits for one when there is none.
    pub(crate) async fn token(&self, op: &Operation, deadline: Deadline) -> Result<Lease> {
        // A flight is lost when the runtime it ran on shuts down, or a token source panics.
        let mut lost = 0;
        loop {
            let (mut receiver, at_hand, limit) = match self.next_step(op)? {
                Step::Use(lease) => return Ok(lease),
                Step::Wait(receiver) => (receiver, None, deadline.remaining()),
                Step::WaitAWhile(receiver, lease, limit) => {
                    (receiver, Some(lease), limit.min(deadline.remaining()))
                }
            };
            let landed = tokio::time::timeout(limit, receiver.wait_for(Option::is_some)).await;
            let landing = match landed.ok() {
                None => {
                    return at_hand.ok_or_else(|| error::timeout(op, deadline.total));
                }
                Some(Err(_)) => None,
                Some(Ok(landing)) => landing.clone(),
            };
            match landing {
                Some(Landing::Lease(lease)) => return Ok(lease),
                Some(Landing::Failed(error)) => return Err(error),
                // It was under way when everything known was dropped: ask once more.
                Some(Landing::Stale) => {}
                None if lost < 2 => lost += 1,
                None => {
                    return Err(
                        error::unauthorized("the token request was ended from outside")
                            .with_operation(op),
                    );
                }
            }
        }
    }

    /// Drops exactly the token that failed, if it is still the one in use.
    pub(crate) fn invalidate(&self, lease: &Lease) {
        if self.renewable && self.shared.lock().drop_generation(lease.generation) {
            trace::token("dropped after 401");
        }
    }

    /// The replacement was refused as well. A refreshed token may inherit what is wrong with its
    /// session, so the next one comes from a grant of its own where there are credentials.
    pub(crate) fn refused(&self, lease: &Lease) {
        let mut state = self.shared.lock();
        if self.renewable
            && state.drop_generation(lease.generation)
            && self.shared.source.can_grant()
        {
            state.renewal = None;
        }
    }

    /// Drops the token in use: its roles were decided before something changed.
    pub(crate) fn invalidate_all(&self) {
        if self.renewable {
            self.shared.lock().drop_everything();
            trace::token("dropped");
        }
    }

    /// Drops a token that somebody else found refused, if it is still the one in use.
    #[cfg(feature = "oidc")]
    pub(crate) fn invalidate_token(&self, token: &AccessToken) {
        if self.renewable && self.shared.lock().drop_token(token) {
            trace::token("dropped after 401");
        }
    }

    fn next_step(&self, op: &Operation) -> Result<Step> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        if !self.renewable
            && let Some(lease) = &state.current
        {
            return Ok(Step::Use(lease.clone()));
        }
        if let Some(lease) = state.usable(now) {
            if state.wants_renewal(now) {
                // The token is good for a while: no reason to fail when nothing can be started.
                let _ = self.start(&mut state, op);
            }
            return Ok(Step::Use(lease));
        }
        let under_way = state.flight.as_ref().filter(|flight| flight.is_alive());
        let receiver = match under_way.map(|flight| flight.landing.clone()) {
            Some(receiver) => receiver,
            None => self.start(&mut state, op)?,
        };
        // A token that ends soon is good for this call where no other comes in time.
        Ok(match state.ending(now) {
            Some((lease, left)) => Step::WaitAWhile(receiver, lease, left / 2),
            None => Step::Wait(receiver),
        })
    }

    /// Starts the one token request.
    fn start(&self, state: &mut State, op: &Operation) -> Result<watch::Receiver<Option<Landing>>> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| error::invalid_argument(op, "calls need a running Tokio runtime"))?;
        let (sender, receiver) = watch::channel(None);
        let id = state.take_off(receiver.clone());
        let renewal = state.renewal.clone();
        let refused = state.refused.take();
        let shared = self.shared.clone();
        runtime.spawn(async move {
            let obtained = shared.source.obtain(renewal, refused).await;
            let landing = shared.lock().land(id, obtained);
            // Nobody may be waiting any more.
            let _ = sender.send(Some(landing));
        });
        Ok(receiver)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// The sending half is gone when the task was dropped before it could answer.
    fn is_alive(&self) -> bool {
        self.landing.borrow().is_some() || self.landing.has_changed().is_ok()
    }
}
