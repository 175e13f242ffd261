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

/// How long an answer is used, unless set.
pub(super) const KEEP: Duration = Duration::from_secs(30);
/// How long the server is not asked again about a token that it does not know.
const KEEP_REFUSALS: Duration = Duration::from_secs(10);
/// However long it is set: a clock cannot say everything.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
const MAX_KEPT: usize = 10_000;
/// The largest answer that is kept, in octets.
const MAX_ANSWER: usize = 32 * 1024;
const MAX_REFUSALS: usize = 10_000;
/// How many questions are on their way at once.
const MAX_QUESTIONS: usize = 64;
/// How long a question waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What an answer says that its token is.
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
            // Servers other than Keycloak name the scheme only (RFC 7662 section 2.2).
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

/// Asks, and keeps the answers by a hash of the whole token.
pub(super) struct IntrospectionCache {
    introspect: Arc<dyn Introspect>,
    keep: Duration,
    cached: Mutex<CachedAnswers>,
    questions: Semaphore,
}

/// Until when answers are used. Refusals have a place of their own: made-up tokens, of which there
/// are any number, push out no good ones.
#[derive(Default)]
struct CachedAnswers {
    active: HashMap<String, (Instant, Map<String, Value>)>,
    refused: HashMap<String, Instant>,
    /// When what is over is looked for again.
    next_sweep: Option<Instant>,
}

impl CachedAnswers {
    /// Takes out what is over: now and then, and whenever there is no room.
    fn sweep(&mut self, now: Instant) {
        let full = self.active.len() >= MAX_KEPT || self.refused.len() >= MAX_REFUSALS;
        if self.next_sweep.is_some_and(|next| now < next) && !full {
            return;
        }
        self.next_sweep = now.checked_add(KEEP_REFUSALS);
        self.active.retain(|_, (until, _)| *until > now);
        self.refused.retain(|_, until| *until > now);
    }
}

/// About how much memory an answer takes, in octets.
fn size(answer: &Map<String, Value>) -> usize {
    serde_json::to_vec(answer).map_or(usize::MAX, |text| text.len())
}

impl IntrospectionCache {
    pub(super) fn new(introspect: Arc<dyn Introspect>, keep: Duration) -> Self {
        Self {
            introspect,
            keep,
            cached: Mutex::default(),
            questions: Semaphore::new(MAX_QUESTIONS),
        }
    }

    /// What the server says about an active token that passes `check`. Failures to ask are not cached.
    pub(super) async fn about(
        &self,
        token: &str,
        now: SystemTime,
        check: impl Fn(&Map<String, Value>) -> Result<()>,
    ) -> Result<Map<String, Value>> {
        let name = hash::sha256(token);
        if let Some(known) = self.known(&name) {
            return known;
        }
        let busy = || {
            unavailable(
                "too many tokens are being asked about at once",
                Some(Duration::from_secs(1)),
            )
        };
        let turn = timeout(MAX_WAIT, self.questions.acquire());
        let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
        // Another caller may have asked the same meanwhile.
        if let Some(known) = self.known(&name) {
            return known;
        }
        let answer = self.introspect.introspect(token).await;
        let answer = answer.map_err(not_about_the_token)?;
        drop(turn);
        if answer.get("active") != Some(&Value::Bool(true)) {
            self.keep_refusal(name);
            return Err(inactive());
        }
        check(&answer)?;
        self.keep(name, &answer, now);
        Ok(answer)
    }

    fn known(&self, name: &str) -> Option<Result<Map<String, Value>>> {
        let cached = self.lock();
        let now = Instant::now();
        if let Some((until, answer)) = cached.active.get(name)
            && *until > now
        {
            return Some(Ok(answer.clone()));
        }
        let until = cached.refused.get(name)?;
        (*until > now).then(|| Err(inactive()))
    }

    /// No answer outlives its token.
    fn keep(&self, name: String, answer: &Map<String, Value>, now: SystemTime) {
        let left = match seconds(answer, "exp") {
            Some(end) => Duration::try_from_secs_f64(end - CheckTime::new(now, KEEP).now)
                .unwrap_or(Duration::ZERO),
            None => self.keep,
        };
        let now = Instant::now();
        let until = now + self.keep.min(left).min(MAX_AGE);
        let mut cached = self.lock();
        cached.refused.remove(&name);
        if until <= now {
            return;
        }
        cached.sweep(now);
        if cached.active.len() < MAX_KEPT && size(answer) <= MAX_ANSWER {
            cached.active.insert(name, (until, answer.clone()));
        }
    }

    fn keep_refusal(&self, name: String) {
        let now = Instant::now();
        let until = now + self.keep.min(KEEP_REFUSALS);
        let mut cached = self.lock();
        cached.active.remove(&name);
        if until <= now {
            return;
        }
        cached.sweep(now);
        if cached.refused.len() < MAX_REFUSALS {
            cached.refused.insert(name, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CachedAnswers> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that is not to be believed says nothing about the token: not that it is refused.
fn not_about_the_token(error: Error) -> Error {
    match error.kind() {
        ErrorKind::InvalidToken => protocol("the server's answer about the token is not good")
            .with_hint("check the keys and the audience of its signed answers")
            .with_source(error),
        _ => error,
    }
}

fn inactive() -> Error {
    KIND.refused(
        TokenFault::Inactive,
        "the server says that it is not active",
    )
    .with_hint(
        "Keycloak says so as well where the client that asks is not in the audience of the \
         token: give it an audience mapper",
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

    fn answers() -> IntrospectionCache {
        IntrospectionCache::new(Arc::new(Nobody), KEEP)
    }

    /// What is kept is bounded, and makes room when its time is over.
    #[tokio::test(start_paused = true)]
    async fn answers_fill_no_memory() {
        let answers = answers();
        let now = SystemTime::UNIX_EPOCH;
        let keep = |number: usize| answers.keep(number.to_string(), &Map::new(), now);
        (0..MAX_KEPT).for_each(keep);
        keep(MAX_KEPT);
        assert_eq!(answers.lock().active.len(), MAX_KEPT);
        assert!(answers.known("0").is_some());
        assert!(answers.known(&MAX_KEPT.to_string()).is_none());
        tokio::time::advance(KEEP).await;
        assert!(answers.known("0").is_none());
        keep(MAX_KEPT);
        assert_eq!(answers.lock().active.len(), 1);
        assert!(answers.known(&MAX_KEPT.to_string()).is_some());
        assert_eq!(format!("{answers:?}"), "IntrospectionCache { .. }");
    }

    /// However many made-up tokens come, the good ones stay.
    #[tokio::test(start_paused = true)]
    async fn refusals_push_out_no_good_answer() {
        let answers = answers();
        answers.keep("good".to_owned(), &Map::new(), SystemTime::UNIX_EPOCH);
        let refuse = |number: usize| answers.keep_refusal(number.to_string());
        (0..=MAX_REFUSALS).for_each(refuse);
        assert!(answers.known("good").unwrap().is_ok());
        assert!(answers.known("0").unwrap().is_err());
        assert_eq!(answers.lock().refused.len(), MAX_REFUSALS);
        tokio::time::advance(KEEP_REFUSALS).await;
        assert!(answers.known("0").is_none() && answers.known("good").is_some());
        refuse(0);
        assert_eq!(answers.lock().refused.len(), 1);
        // One that was good and is not any more is not good for longer.
        answers.keep_refusal("good".to_owned());
        assert!(answers.known("good").unwrap().is_err());
    }

    /// An answer is not used when its token has ended.
    #[tokio::test(start_paused = true)]
    async fn answers_do_not_outlive_their_token() {
        let answers = answers();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let ends = |exp: Value| json!({ "exp": exp }).as_object().unwrap().clone();
        answers.keep("short".to_owned(), &ends(json!(110)), now);
        answers.keep("over".to_owned(), &ends(json!(99)), now);
        answers.keep("long".to_owned(), &ends(json!(1e300)), now);
        assert!(answers.known("over").is_none());
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(answers.known("short").is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(answers.known("short").is_none());
        assert!(answers.known("long").is_none());
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
