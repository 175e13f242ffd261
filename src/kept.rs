//! A cache for one fetched value, such as a document or a key set.
//!
//! A value that is fresh enough is used at once. A fetch runs in its own task, so that it outlives
//! a canceled caller, and all callers share it. [`state`] decides what to do at which age.

#[cfg(feature = "oidc")]
mod recent;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

#[cfg(feature = "oidc")]
pub(crate) use self::recent::Recent;
pub(crate) use self::state::Ages;
use self::state::{KeptState, Step};
use crate::error::{Error, Result, config, protocol};
use crate::http::deadline::Deadline;
use crate::http::trace;

/// A fetch is lost if its runtime shuts down. This many times it is started again.
const RETRIES: usize = 2;

pub(crate) struct Kept<T>(Arc<KeptInner<T>>);

struct KeptInner<T> {
    ages: Ages,
    /// Returns whether a failure proves that the cached value is no longer correct.
    wrong: fn(&Error) -> bool,
    slot: Mutex<Slot<T>>,
}

struct Slot<T> {
    state: KeptState<T>,
    receiver: Option<ResultReceiver<T>>,
}

type ResultReceiver<T> = watch::Receiver<Option<Result<Arc<T>>>>;

/// A fetch that a caller can wait for.
pub(crate) struct PendingFetch<T> {
    receiver: ResultReceiver<T>,
    /// Whether this caller started the fetch, so that its result is newer than the call.
    own: bool,
}

/// A value from the cache.
#[derive(Debug)]
pub(crate) struct Got<T> {
    pub(crate) value: Arc<T>,
    /// Whether the value comes from a fetch that this call started.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) own: bool,
}

/// How waiting for a fetch ended.
enum Ended<T> {
    Fetched(Got<T>),
    Failed(Error),
    TimedOut,
    Lost,
}

impl<T: Send + Sync + 'static> Kept<T> {
    pub(crate) fn new(ages: Ages, wrong: fn(&Error) -> bool) -> Self {
        Self(Arc::new(KeptInner {
            ages,
            wrong,
            slot: Mutex::new(Slot {
                state: KeptState::default(),
                receiver: None,
            }),
        }))
    }

    /// Returns the value, and renews it if its age requires that. Waits up to `wait` if a value is
    /// cached, otherwise up to `deadline`. Returns `None` if the deadline passes first.
    ///
    /// # Errors
    /// Returns the error of the fetch if there is no usable cached value.
    pub(crate) async fn get<F>(
        &self,
        wait: Duration,
        deadline: Deadline,
        fetch: impl Fn() -> F,
    ) -> Result<Option<Got<T>>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        for _ in 0..=RETRIES {
            let now = Instant::now();
            let (waiting, at_hand, limit) = {
                let mut slot = self.lock();
                match slot.state.step(&self.0.ages, now, wait) {
                    Step::Use(value) => return Ok(Some(Got { value, own: false })),
                    Step::Renew(value) => {
                        // The value is still usable, so a failure to start the fetch does not
                        // matter.
                        let _ = self.begin(&mut slot, now, &fetch);
                        return Ok(Some(Got { value, own: false }));
                    }
                    Step::RenewFirst(value, until) => {
                        let Ok(waiting) = self.begin(&mut slot, now, &fetch) else {
                            return Ok(Some(Got { value, own: false }));
                        };
                        let limit = until.saturating_duration_since(now);
                        (waiting, Some(value), limit.min(deadline.remaining()))
                    }
                    Step::Fetch => {
                        let waiting = self.begin(&mut slot, now, &fetch)?;
                        (waiting, None, deadline.remaining())
                    }
                }
            };
            return match waiting.end(limit).await {
                Ended::Fetched(got) => Ok(Some(got)),
                Ended::Failed(failure) => {
                    let usable = self.lock().state.usable(&self.0.ages, Instant::now());
                    match usable {
                        Some(value) => Ok(Some(Got { value, own: false })),
                        None => Err(failure),
                    }
                }
                Ended::TimedOut => Ok(at_hand.map(|value| Got { value, own: false })),
                Ended::Lost => continue,
            };
        }
        Err(lost())
    }

    /// Returns the fetch in progress, if any.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn pending(&self) -> Option<PendingFetch<T>> {
        self.lock().pending(Instant::now())
    }

    /// Returns the fetch in progress, or starts one.
    ///
    /// # Errors
    /// Returns an error of kind `Config` outside a Tokio runtime.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn renew<F>(&self, fetch: impl Fn() -> F) -> Result<PendingFetch<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.begin(&mut self.lock(), Instant::now(), &fetch)
    }

    /// Returns how long to wait before the next fetch, if the last one failed recently.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.lock().state.pause(&self.0.ages, Instant::now())
    }

    /// Returns the last fetched value, whatever its age, and the start time of its fetch.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn last(&self) -> Option<(Arc<T>, Instant)> {
        let slot = self.lock();
        let (value, since) = slot.state.last()?;
        Some((Arc::clone(value), since))
    }

    /// Makes the next caller renew the value before using it.
    pub(crate) fn doubt(&self) {
        self.lock().state.doubt(Instant::now());
    }

    fn begin<F>(
        &self,
        slot: &mut Slot<T>,
        now: Instant,
        fetch: impl Fn() -> F,
    ) -> Result<PendingFetch<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        if let Some(waiting) = slot.pending(now) {
            return Ok(waiting);
        }
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| config("calls need a running Tokio runtime"))?;
        let (sender, receiver) = watch::channel(None);
        let id = slot.state.begin(now);
        slot.receiver = Some(receiver.clone());
        let inner = Arc::clone(&self.0);
        let future = fetch();
        runtime.spawn(trace::inherited(async move {
            let result = future.await.map(Arc::new);
            {
                let state = &mut inner.lock().state;
                match &result {
                    Ok(value) => state.succeed(id, Arc::clone(value)),
                    Err(failure) => state.fail(id, Instant::now(), (inner.wrong)(failure)),
                }
            }
            // There may be no receiver left.
            let _ = sender.send(Some(result));
        }));
        Ok(PendingFetch {
            receiver,
            own: true,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.0.lock()
    }
}

impl<T> KeptInner<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Slot<T> {
    fn pending(&mut self, now: Instant) -> Option<PendingFetch<T>> {
        let receiver = self
            .receiver
            .as_ref()
            .filter(|_| self.state.is_fetching(now))?;
        // The sender is gone if the task was dropped before it could send a result.
        if receiver.borrow().is_none() && receiver.has_changed().is_err() {
            self.state.abandon();
            return None;
        }
        Some(PendingFetch {
            receiver: receiver.clone(),
            own: false,
        })
    }
}

impl<T: Send + Sync> PendingFetch<T> {
    /// Waits up to `limit` for the result of the fetch. Returns `None` if it takes longer.
    ///
    /// # Errors
    /// Returns the error of the fetch.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) async fn wait(self, limit: Duration) -> Result<Option<Got<T>>> {
        match self.end(limit).await {
            Ended::Fetched(got) => Ok(Some(got)),
            Ended::Failed(failure) => Err(failure),
            Ended::TimedOut => Ok(None),
            Ended::Lost => Err(lost()),
        }
    }

    async fn end(mut self, limit: Duration) -> Ended<T> {
        let ended = tokio::time::timeout(limit, self.receiver.wait_for(Option::is_some)).await;
        match ended {
            Err(_) => Ended::TimedOut,
            Ok(Err(_)) => Ended::Lost,
            Ok(Ok(receiver)) => match receiver.as_ref() {
                Some(Ok(value)) => Ended::Fetched(Got {
                    value: Arc::clone(value),
                    own: self.own,
                }),
                Some(Err(failure)) => Ended::Failed(failure.clone()),
                None => Ended::Lost,
            },
        }
    }
}

fn lost() -> Error {
    protocol("the task of a fetch ended without a result, because its runtime shut down")
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
