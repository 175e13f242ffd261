//! A thing that is fetched and kept: documents, key sets.
//!
//! Whatever is fresh enough is used at once; a fetch runs in a task of its own, so that it outlives
//! a caller that gives up, and one fetch serves all. [`state`] says what to do at which age.

mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) use self::state::Ages;
use self::state::{State, Step};
use crate::error::{Error, Result, config, protocol};
use crate::http::deadline::Deadline;
use crate::http::trace;

/// A fetch can be lost with the runtime that it runs on: it is begun again so often.
const AGAIN: usize = 2;

pub(crate) struct Kept<T>(Arc<Inner<T>>);

struct Inner<T> {
    ages: Ages,
    /// Whether a failure says that what is at hand is not right any more.
    wrong: fn(&Error) -> bool,
    known: Mutex<Known<T>>,
}

struct Known<T> {
    state: State<T>,
    landing: Option<Landing<T>>,
}

type Landing<T> = watch::Receiver<Option<Result<Arc<T>>>>;

/// A fetch that a caller waits for.
pub(crate) struct Waiting<T> {
    landing: Landing<T>,
    /// It was begun by this caller; it cannot have seen anything older.
    own: bool,
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) struct Got<T> {
    pub(crate) value: Arc<T>,
    /// It comes from a fetch that began with this call.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) own: bool,
}

/// How waiting for a fetch ended.
enum Ended<T> {
    Landed(Got<T>),
    Failed(Error),
    Late,
    Lost,
}

impl<T: Send + Sync + 'static> Kept<T> {
    pub(crate) fn new(ages: Ages, wrong: fn(&Error) -> bool) -> Self {
        Self(Arc::new(Inner {
            ages,
            wrong,
            known: Mutex::new(Known {
                state: State::default(),
                landing: None,
            }),
        }))
    }

    /// What is at hand, renewed by its age. With something at hand nobody waits longer than `wait`;
    /// without, up to `deadline`: `None` when that comes first.
    ///
    /// # Errors
    /// The failure of the fetch, where there is nothing to use.
    pub(crate) async fn get<F>(
        &self,
        wait: Duration,
        deadline: Deadline,
        fetch: impl Fn() -> F,
    ) -> Result<Option<Got<T>>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        for _ in 0..=AGAIN {
            let now = Instant::now();
            let (waiting, at_hand, limit) = {
                let mut known = self.known();
                match known.state.step(&self.0.ages, now, wait) {
                    Step::Use(value) => return Ok(Some(Got { value, own: false })),
                    Step::Renew(value) => {
                        // It is good for a while: no reason to fail when nothing can be begun.
                        let _ = self.begin(&mut known, now, &fetch);
                        return Ok(Some(Got { value, own: false }));
                    }
                    Step::RenewFirst(value, until) => {
                        let Ok(waiting) = self.begin(&mut known, now, &fetch) else {
                            return Ok(Some(Got { value, own: false }));
                        };
                        let limit = until.saturating_duration_since(now);
                        (waiting, Some(value), limit.min(deadline.remaining()))
                    }
                    Step::Fetch => {
                        let waiting = self.begin(&mut known, now, &fetch)?;
                        (waiting, None, deadline.remaining())
                    }
                }
            };
            return match waiting.end(limit).await {
                Ended::Landed(got) => Ok(Some(got)),
                Ended::Failed(failure) => {
                    let usable = self.known().state.usable(&self.0.ages, Instant::now());
                    match usable {
                        Some(value) => Ok(Some(Got { value, own: false })),
                        None => Err(failure),
                    }
                }
                Ended::Late => Ok(at_hand.map(|value| Got { value, own: false })),
                Ended::Lost => continue,
            };
        }
        Err(lost())
    }

    /// The fetch under way, if there is one.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn under_way(&self) -> Option<Waiting<T>> {
        self.known().under_way(Instant::now())
    }

    /// The fetch under way, or one that begins now.
    ///
    /// # Errors
    /// Of kind `Config` outside a Tokio runtime.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn renew<F>(&self, fetch: impl Fn() -> F) -> Result<Waiting<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.begin(&mut self.known(), Instant::now(), &fetch)
    }

    /// How long no fetch should begin, because the last one failed.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.known().state.pause(&self.0.ages, Instant::now())
    }

    /// What was fetched last, however old, and when that fetch began.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn last(&self) -> Option<(Arc<T>, Instant)> {
        let known = self.known();
        let (value, since) = known.state.last()?;
        Some((Arc::clone(value), since))
    }

    /// What is at hand is renewed before it is used again.
    pub(crate) fn doubt(&self) {
        self.known().state.doubt(Instant::now());
    }

    fn begin<F>(
        &self,
        known: &mut Known<T>,
        now: Instant,
        fetch: impl Fn() -> F,
    ) -> Result<Waiting<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        if let Some(waiting) = known.under_way(now) {
            return Ok(waiting);
        }
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| config("calls need a running Tokio runtime"))?;
        let (sender, landing) = watch::channel(None);
        let id = known.state.take_off(now);
        known.landing = Some(landing.clone());
        let inner = Arc::clone(&self.0);
        let fetched = fetch();
        runtime.spawn(trace::inherited(async move {
            let result = fetched.await.map(Arc::new);
            {
                let state = &mut inner.known().state;
                match &result {
                    Ok(value) => state.land(id, Arc::clone(value)),
                    Err(failure) => state.fail(id, Instant::now(), (inner.wrong)(failure)),
                }
            }
            // Nobody may be waiting any more.
            let _ = sender.send(Some(result));
        }));
        Ok(Waiting { landing, own: true })
    }

    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.0.known()
    }
}

impl<T> Inner<T> {
    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Known<T> {
    fn under_way(&mut self, now: Instant) -> Option<Waiting<T>> {
        let landing = self
            .landing
            .as_ref()
            .filter(|_| self.state.is_fetching(now))?;
        // The sending half is gone when the task was dropped before it could answer.
        if landing.borrow().is_none() && landing.has_changed().is_err() {
            self.state.lose();
            return None;
        }
        Some(Waiting {
            landing: landing.clone(),
            own: false,
        })
    }
}

impl<T: Send + Sync> Waiting<T> {
    /// What the fetch brings, waiting up to `limit`; `None` when that comes first.
    ///
    /// # Errors
    /// The failure of the fetch.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) async fn landed(self, limit: Duration) -> Result<Option<Got<T>>> {
        match self.end(limit).await {
            Ended::Landed(got) => Ok(Some(got)),
            Ended::Failed(failure) => Err(failure),
            Ended::Late => Ok(None),
            Ended::Lost => Err(lost()),
        }
    }

    async fn end(mut self, limit: Duration) -> Ended<T> {
        let landed = tokio::time::timeout(limit, self.landing.wait_for(Option::is_some)).await;
        match landed {
            Err(_) => Ended::Late,
            Ok(Err(_)) => Ended::Lost,
            Ok(Ok(landing)) => match landing.as_ref() {
                Some(Ok(value)) => Ended::Landed(Got {
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
    protocol("a request was ended from outside, with the runtime that it ran on")
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
