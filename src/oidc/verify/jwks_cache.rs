//! A cache for the keys of an issuer.
//!
//! A token with a known key does not wait for a fetch while the keys are fresh enough. An unknown
//! key id causes a fetch, followed by a cooldown for all unknown key ids, so that invented key ids
//! cannot cause endless fetches. The very first fetch starts no cooldown, so that a key added right
//! after it is found.

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

/// A removed key is refused after at most ten minutes if the issuer is reachable.
const AGES: Ages = Ages {
    fresh: Duration::from_secs(300),
    background: Duration::from_secs(600),
    at_most: Duration::from_secs(3600),
    pause: Duration::from_secs(30),
};
/// The time between two fetches for unknown keys.
const COOLDOWN: Duration = Duration::from_secs(30);
/// How long a key id that was not found causes no other fetch.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// When to retry while a fetch is in progress.
const SOON: Duration = Duration::from_secs(1);

/// The origin of a token. Tokens from anyone, through a browser or an application, must not keep
/// this client from finding the keys for tokens that came directly from the issuer.
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

/// Recent fetches for unknown keys.
#[derive(Debug, Default)]
struct Searches {
    /// The last fetch for each [`TokenOrigin`].
    last: [Option<Instant>; 2],
    /// Key ids that caused a fetch.
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

    /// Returns the keys for a token, and fetches them if necessary. Waits up to `wait`.
    ///
    /// # Errors
    /// Returns an error of kind `Unavailable` if the token's key is not cached and cannot be
    /// fetched in time.
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
            // If the token's key is published but unusable, a fetch would not help.
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

    /// Returns whether a fetch for this key id may begin, and records it.
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
    /// Records a search and returns `true`, if a search is allowed now. `fetched` is the start of
    /// the fetch of the cached keys.
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
        // The map is bounded by the number of searches in this time.
        self.unknown.retain(|_, since| within(*since, UNKNOWN_FOR));
        // A failed fetch does not prove that there is no such key.
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
        .with_hint("respond with 503: the token was not checked")
}

fn not_fetched(pause: Duration) -> Error {
    unavailable(
        "the token's key is not cached, and the issuer's keys could not be fetched",
        Some(pause),
    )
    .with_hint("respond with 503: the token was not checked")
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache").finish_non_exhaustive()
    }
}
