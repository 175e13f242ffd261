//! The keys of an issuer, kept for a while.
//!
//! A token whose key is known never waits for a fetch while the keys are fresh. An unknown key id
//! is fetched for once; then all of them wait out a cooldown, so that made-up key ids cannot make
//! this client fetch without end. The first fetch of all starts no cooldown: a key that was added
//! just after it is found.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::issuer::Boxed;
use crate::error::{Error, Result, protocol};
use crate::jose::jws::Jws;
use crate::jose::{JwkSet, SignatureAlgorithm};

/// Older keys are fetched anew: a key that was disabled vanishes this soon.
const MAX_AGE: Duration = Duration::from_secs(300);
/// How long old keys are used on while the issuer cannot be asked.
const MAX_STALE: Duration = Duration::from_secs(3600);
/// Between two fetches for unknown keys, and after a failed fetch.
const COOLDOWN: Duration = Duration::from_secs(30);
/// How long a key id that was not found is not asked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// Where a token comes from. What anybody sends must not keep this client from finding the keys of
/// what the issuer itself has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Issuer,
    Anybody,
}

type Fetch = Box<dyn Fn() -> Boxed<'static, String> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct JwksCache(Arc<Inner>);

struct Inner {
    fetch: Fetch,
    known: Mutex<Known>,
    /// Held while fetching: one fetch serves all who wait. Whoever gives up lets the next one in.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Option<Arc<JwkSet>>,
    fetched: Option<Instant>,
    /// The last fetch that failed.
    failed: Option<(Instant, Error)>,
    /// The last fetches for an unknown key: of a token of the issuer, of anybody's.
    searched: [Option<Instant>; 2],
    /// Key ids that a fetch did not find.
    unknown: HashMap<String, Instant>,
    /// Counts the fetches, so that those who waited know that there was one.
    generation: u64,
}

impl JwksCache {
    pub(crate) fn new(fetch: impl Fn() -> Boxed<'static, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            fetch: Box::new(fetch),
            known: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
        }))
    }

    /// Keys to look for the token's key in; they are fetched if that is due.
    pub(crate) async fn for_token(
        &self,
        token: &Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: Origin,
    ) -> Result<Arc<JwkSet>> {
        let seen = match self.at_hand(token, algorithm, from, None)? {
            Ok(keys) => return Ok(keys),
            Err(generation) => generation,
        };
        let _gate = self.0.gate.lock().await;
        match self.at_hand(token, algorithm, from, Some(seen))? {
            Ok(keys) => Ok(keys),
            Err(_) => self.fetch(token, algorithm, from).await,
        }
    }

    /// The keys, or the number of fetches so far when one is due. `seen` is that number when the
    /// caller began to wait.
    fn at_hand(
        &self,
        token: &Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: Origin,
        seen: Option<u64>,
    ) -> Result<std::result::Result<Arc<JwkSet>, u64>> {
        let known = self.known();
        let now = Instant::now();
        let waited = seen.is_some_and(|generation| generation != known.generation);
        let within = |since: Option<Instant>, time| {
            since.is_some_and(|since| now.saturating_duration_since(since) < time)
        };
        let failing = within(known.failed.as_ref().map(|(at, _)| *at), COOLDOWN);
        let Some(keys) = &known.keys else {
            // Those who waited share the failure; a later call tries again.
            return match &known.failed {
                Some((_, failure)) if waited => Err(failure.clone()),
                _ => Ok(Err(known.generation)),
            };
        };
        if !within(known.fetched, MAX_AGE) && !waited {
            if failing && within(known.fetched, MAX_STALE) {
                return Ok(Ok(Arc::clone(keys)));
            }
            return Ok(Err(known.generation));
        }
        let is_known = keys.find(token, algorithm)?.is_some();
        // With the token's key left out as unusable, a fetch would bring nothing new.
        let hopeless = keys.why_left_out(token.kid()).is_some();
        let searched = within(known.searched[from as usize], COOLDOWN) || failing;
        let named = token.kid().and_then(|kid| known.unknown.get(kid).copied());
        if is_known || hopeless || waited || searched || within(named, UNKNOWN_FOR) {
            return Ok(Ok(Arc::clone(keys)));
        }
        Ok(Err(known.generation))
    }

    async fn fetch(
        &self,
        token: &Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: Origin,
    ) -> Result<Arc<JwkSet>> {
        let answer = (self.0.fetch)().await;
        let fetched = answer.and_then(|json| {
            JwkSet::from_json(&json)
                .map_err(|error| protocol("the issuer's key set cannot be read").with_source(error))
        });
        let mut known = self.known();
        let now = Instant::now();
        known.generation = known.generation.wrapping_add(1);
        match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                let first = known.keys.is_none();
                // Repeated at the end of their age anyway: that is no search.
                let fresh = known
                    .fetched
                    .is_some_and(|at| now.saturating_duration_since(at) < MAX_AGE);
                if fresh {
                    known.searched[from as usize] = Some(now);
                }
                if keys.find(token, algorithm).is_ok_and(|key| key.is_none()) && !first {
                    known.remember_unknown(token.kid(), now);
                }
                known.keys = Some(Arc::clone(&keys));
                known.fetched = Some(now);
                known.failed = None;
                Ok(keys)
            }
            Err(failure) => {
                known.failed = Some((now, failure.clone()));
                let young = known
                    .fetched
                    .is_some_and(|at| now.saturating_duration_since(at) < MAX_STALE);
                match &known.keys {
                    // The keys at hand are better than none while the issuer cannot be asked.
                    Some(keys) if young => Ok(Arc::clone(keys)),
                    _ => Err(failure),
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn unknown(&self) -> usize {
        self.known().unknown.len()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn remember_unknown(&mut self, kid: Option<&str>, now: Instant) {
        let Some(kid) = kid else { return };
        // There are no more of them than searches in this time.
        self.unknown
            .retain(|_, since| now.saturating_duration_since(*since) < UNKNOWN_FOR);
        self.unknown.insert(kid.to_owned(), now);
    }
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache").finish_non_exhaustive()
    }
}
