//! Introspection of tokens (RFC 7662), with a cache of the responses.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::access_token::KIND;
use super::claims::{CheckTime, is_of_another_kind};
use crate::BoxFuture;
use crate::error::{Error, ErrorKind, Result, TokenFault, protocol, unavailable};
use crate::jose::hash;
use crate::jose::time::seconds;

/// Introspects tokens at the server (RFC 7662).
pub trait Introspect: fmt::Debug + Send + Sync + 'static {
    /// Returns the members of the server's response, including `active`.
    fn introspect<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Map<String, Value>>>;
}

/// The default time for which a response is used.
pub(super) const DEFAULT_AGE: Duration = Duration::from_secs(30);
/// The time for which a token stays refused without another request.
const REFUSAL_AGE: Duration = Duration::from_secs(10);
/// The maximum time for which a response is used; the clock would overflow with very large
/// settings.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
const MAX_ACTIVE: usize = 10_000;
/// The size of the largest response that is cached, in bytes.
const MAX_RESPONSE: usize = 32 * 1024;
const MAX_REFUSALS: usize = 10_000;
/// The maximum number of concurrent requests.
const MAX_REQUESTS: usize = 64;
/// The maximum time that a request waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The type of a token according to its introspection response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::oidc) enum TypeOfAnswer {
    AccessToken,
    /// `token_type` is optional (RFC 7662 section 2.2).
    Absent,
    Other,
}

impl TypeOfAnswer {
    pub(in crate::oidc) fn of(answer: &Map<String, Value>) -> Self {
        let member = |name: &str| answer.get(name).filter(|value| !value.is_null());
        let is_access_token = match (member("typ"), member("token_type")) {
            (Some(typ), _) => typ == "Bearer" || typ == "DPoP",
            // Servers other than Keycloak send only the scheme (RFC 7662 section 2.2).
            (None, Some(scheme)) => scheme.as_str().is_some_and(|scheme| {
                ["bearer", "dpop"]
                    .iter()
                    .any(|one| scheme.eq_ignore_ascii_case(one))
            }),
            (None, None) if is_of_another_kind(answer) => false,
            (None, None) => return Self::Absent,
        };
        if is_access_token {
            Self::AccessToken
        } else {
            Self::Other
        }
    }
}

/// Introspects tokens, and caches the responses by a hash of the token.
pub(super) struct IntrospectionCache {
    introspect: Arc<dyn Introspect>,
    age: Duration,
    cached: Mutex<CachedAnswers>,
    requests: Semaphore,
}

/// Responses, and until when they are used. Refusals are stored separately, so that any number of
/// invented tokens cannot displace valid ones.
#[derive(Default)]
struct CachedAnswers {
    active: HashMap<String, (Instant, Map<String, Value>)>,
    refused: HashMap<String, Instant>,
    /// When expired entries are removed next.
    next_sweep: Option<Instant>,
}

impl CachedAnswers {
    /// Removes expired entries, periodically and whenever the cache is full.
    fn sweep(&mut self, now: Instant) {
        let full = self.active.len() >= MAX_ACTIVE || self.refused.len() >= MAX_REFUSALS;
        if self.next_sweep.is_some_and(|next| now < next) && !full {
            return;
        }
        self.next_sweep = now.checked_add(REFUSAL_AGE);
        self.active.retain(|_, (until, _)| *until > now);
        self.refused.retain(|_, until| *until > now);
    }
}

/// Returns the approximate size of a response in bytes.
fn size(answer: &Map<String, Value>) -> usize {
    serde_json::to_vec(answer).map_or(usize::MAX, |text| text.len())
}

impl IntrospectionCache {
    pub(super) fn new(introspect: Arc<dyn Introspect>, age: Duration) -> Self {
        Self {
            introspect,
            age,
            cached: Mutex::default(),
            requests: Semaphore::new(MAX_REQUESTS),
        }
    }

    /// Returns the response about an active token that passes `check`. Failed requests are not
    /// cached.
    pub(super) async fn introspect(
        &self,
        token: &str,
        now: SystemTime,
        check: impl Fn(&Map<String, Value>) -> Result<()>,
    ) -> Result<Map<String, Value>> {
        let key = hash::sha256(token);
        if let Some(known) = self.get(&key) {
            return known;
        }
        let busy = || {
            unavailable(
                "too many tokens are being introspected at once",
                Some(Duration::from_secs(1)),
            )
        };
        let turn = timeout(MAX_WAIT, self.requests.acquire());
        let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
        // Another caller may have introspected the same token meanwhile.
        if let Some(known) = self.get(&key) {
            return known;
        }
        let answer = self.introspect.introspect(token).await;
        let answer = answer.map_err(not_about_the_token)?;
        drop(turn);
        if answer.get("active") != Some(&Value::Bool(true)) {
            self.insert_refusal(key);
            return Err(inactive());
        }
        check(&answer)?;
        self.insert(key, &answer, now);
        Ok(answer)
    }

    fn get(&self, key: &str) -> Option<Result<Map<String, Value>>> {
        let cached = self.lock();
        let now = Instant::now();
        if let Some((until, answer)) = cached.active.get(key)
            && *until > now
        {
            return Some(Ok(answer.clone()));
        }
        let until = cached.refused.get(key)?;
        (*until > now).then(|| Err(inactive()))
    }

    /// Caches a response, at most until its token expires.
    fn insert(&self, key: String, answer: &Map<String, Value>, now: SystemTime) {
        let left = match seconds(answer, "exp") {
            Some(end) => Duration::try_from_secs_f64(end - CheckTime::new(now, DEFAULT_AGE).now)
                .unwrap_or(Duration::ZERO),
            None => self.age,
        };
        let now = Instant::now();
        let until = now + self.age.min(left).min(MAX_AGE);
        let mut cached = self.lock();
        cached.refused.remove(&key);
        if until <= now {
            return;
        }
        cached.sweep(now);
        if cached.active.len() < MAX_ACTIVE && size(answer) <= MAX_RESPONSE {
            cached.active.insert(key, (until, answer.clone()));
        }
    }

    fn insert_refusal(&self, key: String) {
        let now = Instant::now();
        let until = now + self.age.min(REFUSAL_AGE);
        let mut cached = self.lock();
        cached.active.remove(&key);
        if until <= now {
            return;
        }
        cached.sweep(now);
        if cached.refused.len() < MAX_REFUSALS {
            cached.refused.insert(key, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CachedAnswers> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces an `InvalidToken` error about a response, which says nothing about the token itself.
fn not_about_the_token(error: Error) -> Error {
    match error.kind() {
        ErrorKind::InvalidToken => protocol("the signed introspection response is not valid")
            .with_hint("check the keys and the audience of the server's signed responses")
            .with_source(error),
        _ => error,
    }
}

fn inactive() -> Error {
    KIND.refused(
        TokenFault::Inactive,
        "the server reports that it is not active",
    )
    .with_hint(
        "Keycloak reports the same if the introspecting client is not in the token's audience: add \
         an audience mapper",
    )
}

impl fmt::Debug for IntrospectionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug)]
    struct Nobody;

    impl Introspect for Nobody {
        fn introspect<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Map<String, Value>>> {
            Box::pin(async { Ok(Map::new()) })
        }
    }

    fn cache() -> IntrospectionCache {
        IntrospectionCache::new(Arc::new(Nobody), DEFAULT_AGE)
    }

    /// The cache is bounded, and expired entries make room.
    #[tokio::test(start_paused = true)]
    async fn answers_fill_no_memory() {
        let cache = cache();
        let now = SystemTime::UNIX_EPOCH;
        let keep = |number: usize| cache.insert(number.to_string(), &Map::new(), now);
        (0..MAX_ACTIVE).for_each(keep);
        keep(MAX_ACTIVE);
        assert_eq!(cache.lock().active.len(), MAX_ACTIVE);
        assert!(cache.get("0").is_some());
        assert!(cache.get(&MAX_ACTIVE.to_string()).is_none());
        tokio::time::advance(DEFAULT_AGE).await;
        assert!(cache.get("0").is_none());
        keep(MAX_ACTIVE);
        assert_eq!(cache.lock().active.len(), 1);
        assert!(cache.get(&MAX_ACTIVE.to_string()).is_some());
        assert_eq!(format!("{cache:?}"), "IntrospectionCache { .. }");
    }

    /// Any number of invented tokens leaves the valid ones cached.
    #[tokio::test(start_paused = true)]
    async fn refusals_push_out_no_good_answer() {
        let cache = cache();
        cache.insert("good".to_owned(), &Map::new(), SystemTime::UNIX_EPOCH);
        let refuse = |number: usize| cache.insert_refusal(number.to_string());
        (0..=MAX_REFUSALS).for_each(refuse);
        assert!(cache.get("good").unwrap().is_ok());
        assert!(cache.get("0").unwrap().is_err());
        assert_eq!(cache.lock().refused.len(), MAX_REFUSALS);
        tokio::time::advance(REFUSAL_AGE).await;
        assert!(cache.get("0").is_none() && cache.get("good").is_some());
        refuse(0);
        assert_eq!(cache.lock().refused.len(), 1);
        // A token that was valid is refused as soon as the server refuses it.
        cache.insert_refusal("good".to_owned());
        assert!(cache.get("good").unwrap().is_err());
    }

    /// A response is not used after its token has expired.
    #[tokio::test(start_paused = true)]
    async fn answers_do_not_outlive_their_token() {
        let cache = cache();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let ends = |exp: Value| json!({ "exp": exp }).as_object().unwrap().clone();
        cache.insert("short".to_owned(), &ends(json!(110)), now);
        cache.insert("over".to_owned(), &ends(json!(99)), now);
        cache.insert("long".to_owned(), &ends(json!(1e300)), now);
        assert!(cache.get("over").is_none());
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(cache.get("short").is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(cache.get("short").is_none());
        assert!(cache.get("long").is_none());
    }

    #[test]
    fn absent_and_other_types() {
        let of = |answer: Value| TypeOfAnswer::of(answer.as_object().unwrap());
        use TypeOfAnswer::{Absent, AccessToken, Other};
        for (answer, wanted) in [
            (json!({}), Absent),
            (json!({"typ": null, "token_type": null}), Absent),
            (json!({"typ": "DPoP"}), AccessToken),
            (json!({"token_type": "BEARER"}), AccessToken),
            (json!({"typ": "ID", "token_type": "Bearer"}), Other),
            (json!({"token_type": "refresh_token"}), Other),
            (json!({"token_type": 1}), Other),
            (json!({"typ": 1}), Other),
            (json!({"nonce": "n"}), Other),
        ] {
            assert_eq!(of(answer.clone()), wanted, "{answer}");
        }
    }
}
