//! The keys of an issuer, kept for a while.
//!
//! A token whose key is known waits for no fetch while the keys are of a good age. An unknown key id
//! is fetched for; then all of them wait out a cooldown, so that made-up key ids cannot make this
//! client fetch without end. The first fetch of all starts no cooldown: a key that was added just after
//! it is found.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::BoxFuture;
use crate::error::{Error, Result, protocol, unavailable};
use crate::http::deadline::Deadline;
use crate::jose::jws::Jws;
use crate::jose::{JwkSet, SignatureAlgorithm};
use crate::kept::{Ages, Kept};

/// A key that was taken out is refused after ten minutes at the latest, where the issuer can be asked.
const AGES: Ages = Ages {
    fresh: Duration::from_secs(300),
    background: Duration::from_secs(600),
    at_most: Duration::from_secs(3600),
    pause: Duration::from_secs(30),
};
/// Between two fetches for unknown keys.
const COOLDOWN: Duration = Duration::from_secs(30);
/// How long a key id that was not found is not asked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// When to ask again while a fetch is under way.
const SOON: Duration = Duration::from_secs(1);

/// Where a token comes from. What anybody sends, through a browser or to the application, must not
/// keep this client from finding the keys of what the issuer itself has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenOrigin {
    Issuer,
    Anybody,
}

type FetchKeys = Box<dyn Fn() -> BoxFuture<'static, Result<String>> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct JwksCache(Arc<JwksCacheInner>);

struct JwksCacheInner {
    fetch: FetchKeys,
    keys: Kept<JwkSet>,
    searches: Mutex<Searches>,
}

/// The last fetches for unknown keys.
#[derive(Debug, Default)]
struct Searches {
    /// For a token of the issuer, for anybody's.
    last: [Option<Instant>; 2],
    /// Key ids that were asked for.
    unknown: HashMap<String, Instant>,
}

impl JwksCache {
    pub(crate) fn new(
        fetch: impl Fn() -> BoxFuture<'static, Result<String>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(JwksCacheInner {
            fetch: Box::new(fetch),
            keys: Kept::new(AGES, |_| false),
            searches: Mutex::default(),
        }))
    }

    /// Keys to look for the token's key in; they are fetched if that is due. Nobody waits longer than
    /// `wait`.
    ///
    /// # Errors
    /// Of kind `Unavailable` where the token's key is not at hand and cannot be fetched in this time.
    pub(crate) async fn for_token(
        &self,
        token: &Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: TokenOrigin,
        wait: Duration,
    ) -> Result<Arc<JwkSet>> {
        let deadline = Deadline::after(wait);
        let fetch = || self.fetch();
        let kept = &self.0.keys;
        let Some(mut got) = kept.get(wait, deadline, fetch).await? else {
            return Err(still_fetched());
        };
        loop {
            let keys = &got.value;
            let found = !keys.candidates(token.kid(), algorithm).is_empty();
            // With the token's key left out as unusable, a fetch would bring nothing new.
            let hopeless = keys.why_left_out(token.kid()).is_some();
            if found || hopeless || got.own {
                return Ok(got.value);
            }
            let waiting = match kept.pending() {
                Some(waiting) => waiting,
                None => match kept.pause() {
                    Some(left) => return Err(not_fetched(left)),
                    None if self.may_search(token.kid(), from) => kept.renew(fetch)?,
                    None => return Ok(got.value),
                },
            };
            got = match waiting.wait(deadline.remaining()).await {
                Ok(Some(got)) => got,
                Ok(None) => return Err(still_fetched()),
                Err(failure) => {
                    let left = kept.pause().unwrap_or(SOON);
                    return Err(not_fetched(left).with_source(failure));
                }
            };
        }
    }

    fn fetch(&self) -> impl Future<Output = Result<JwkSet>> + Send + 'static {
        let answer = (self.0.fetch)();
        async move {
            JwkSet::from_json(&answer.await?)
                .map_err(|error| protocol("the issuer's key set cannot be read").with_source(error))
        }
    }

    /// Whether a fetch for this key id may begin; then it counts as one.
    fn may_search(&self, kid: Option<&str>, from: TokenOrigin) -> bool {
        let fetched = self.0.keys.last().map(|(_, since)| since);
        self.searches().begin(kid, from, Instant::now(), fetched)
    }

    #[cfg(test)]
    pub(super) fn unknown(&self) -> usize {
        self.searches().unknown.len()
    }

    fn searches(&self) -> MutexGuard<'_, Searches> {
        self.0
            .searches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Searches {
    /// Notes a search, if it is time for one. `fetched`: when the fetch began that brought the keys at
    /// hand.
    fn begin(
        &mut self,
        kid: Option<&str>,
        from: TokenOrigin,
        now: Instant,
        fetched: Option<Instant>,
    ) -> bool {
        let within = |since: Instant, time| now.saturating_duration_since(since) < time;
        if self.last[from as usize].is_some_and(|last| within(last, COOLDOWN)) {
            return false;
        }
        // There are no more of them than searches in this time.
        self.unknown.retain(|_, since| within(*since, UNKNOWN_FOR));
        // A fetch that failed has not told that there is no such key.
        let asked = kid.and_then(|kid| self.unknown.get(kid));
        if asked.is_some_and(|asked| fetched.is_some_and(|fetched| *asked <= fetched)) {
            return false;
        }
        self.last[from as usize] = Some(now);
        if let Some(kid) = kid {
            self.unknown.insert(kid.to_owned(), now);
        }
        true
    }
}

fn still_fetched() -> Error {
    unavailable("the issuer's keys are still being fetched", Some(SOON))
        .with_hint("a service answers 503: nothing is said about the token")
}

fn not_fetched(pause: Duration) -> Error {
    unavailable(
        "the token's key is not at hand, and the issuer's keys could not be fetched",
        Some(pause),
    )
    .with_hint("a service answers 503: nothing is said about the token")
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache").finish_non_exhaustive()
    }
}
