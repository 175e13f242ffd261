//! The cache for the keys of an issuer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::super::jwks_cache::{JwksCache, TokenOrigin};
use crate::ErrorKind;
use crate::error::{Error, Result, protocol};
use crate::http::settings::RENEWAL_WAIT;
use crate::jose::SignatureAlgorithm;
use crate::jose::jws::Jws;
use crate::jose::tests::{es256, sign};

/// An issuer whose keys change.
#[derive(Clone)]
struct Issuer {
    keys: Arc<Mutex<Result<Value>>>,
    fetched: Arc<AtomicUsize>,
    /// How long a response takes; it has the keys published at the time of the request.
    delay: Duration,
}

impl Issuer {
    fn new(kids: &[&str]) -> Self {
        let issuer = Self {
            keys: Arc::new(Mutex::new(Ok(Value::Null))),
            fetched: Arc::default(),
            delay: Duration::ZERO,
        };
        issuer.publish(kids);
        issuer
    }

    fn publish(&self, kids: &[&str]) {
        let keys: Vec<Value> = kids.iter().map(|kid| es256(kid)).collect();
        *self.keys.lock().unwrap() = Ok(json!({ "keys": keys }));
    }

    fn fail(&self, error: Error) {
        *self.keys.lock().unwrap() = Err(error);
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    fn cache(&self) -> JwksCache {
        let issuer = self.clone();
        JwksCache::new(move || {
            let issuer = issuer.clone();
            Box::pin(async move {
                issuer.fetched.fetch_add(1, Ordering::SeqCst);
                let keys = issuer.keys.lock().unwrap().clone();
                tokio::time::sleep(issuer.delay).await;
                keys.map(|keys| keys.to_string())
            })
        })
    }
}

/// Returns whether the key of a token is found.
async fn finds(cache: &JwksCache, kid: &str) -> Result<bool> {
    finds_for(cache, kid, TokenOrigin::Anybody).await
}

async fn finds_for(cache: &JwksCache, kid: &str, from: TokenOrigin) -> Result<bool> {
    let token = sign(&json!({"alg": "ES256", "kid": kid}), &json!({}));
    let token = Jws::parse(&token)?;
    let keys = cache
        .for_token(&token, SignatureAlgorithm::Es256, from, RENEWAL_WAIT)
        .await?;
    Ok(!keys
        .candidates(token.kid(), SignatureAlgorithm::Es256)
        .is_empty())
}

fn away() -> Error {
    protocol("away")
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_and_then_by_age() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert_eq!(issuer.fetched(), 0);
    for _ in 0..100 {
        assert!(finds(&cache, "a").await.unwrap());
    }
    sleep(Duration::from_secs(299)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 1);
    // From then on the keys are renewed in the background.
    issuer.publish(&["b"]);
    sleep(Duration::from_secs(1)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    assert!(!finds(&cache, "a").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_key_added_just_after_the_first_fetch_is_found() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    issuer.publish(&["a", "b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    // Also if the first fetch was for that key.
    let issuer = Issuer::new(&[]);
    let cache = issuer.cache();
    assert!(!finds(&cache, "b").await.unwrap());
    issuer.publish(&["b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_wait_out_the_cooldown() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for made_up in 0..100 {
        assert!(!finds(&cache, &format!("x{made_up}")).await.unwrap());
        assert!(finds(&cache, "a").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 2, "one search for all of them");
    issuer.publish(&["a", "b"]);
    sleep(Duration::from_secs(29)).await;
    assert!(!finds(&cache, "b").await.unwrap());
    sleep(Duration::from_secs(1)).await;
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_not_found_is_not_asked_for_again_soon() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    // After the cooldown another key id causes a fetch, this one does not.
    sleep(Duration::from_secs(31)).await;
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    assert!(!finds(&cache, "y").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    sleep(Duration::from_secs(31)).await;
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 4);
}

/// Rotation under load: one fetch serves all callers, and no valid token is refused.
#[tokio::test(start_paused = true)]
async fn a_rotation_under_load_takes_one_fetch_and_refuses_nobody() {
    let mut issuer = Issuer::new(&["a"]);
    issuer.delay = Duration::from_secs(2);
    let cache = issuer.cache();
    let ask = |kid: &'static str| {
        let cache = cache.clone();
        tokio::spawn(async move { finds(&cache, kid).await })
    };
    let first: Vec<_> = (0..500).map(|_| ask("a")).collect();
    for task in first {
        assert!(task.await.unwrap().unwrap());
    }
    assert_eq!(issuer.fetched(), 1);
    issuer.publish(&["a", "b"]);
    let tasks: Vec<_> = (0..1000)
        .map(|n| ask(if n % 2 == 0 { "a" } else { "b" }))
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    assert_eq!(issuer.fetched(), 2);
}

/// A canceled caller does not affect the others.
#[tokio::test(start_paused = true)]
async fn the_fetch_of_keys_outlives_its_first_caller() {
    let mut issuer = Issuer::new(&["a"]);
    issuer.delay = Duration::from_secs(2);
    let cache = issuer.cache();
    let given_up = tokio::time::timeout(Duration::from_secs(1), finds(&cache, "a"));
    let waiting = finds(&cache, "a");
    let (given_up, found) = tokio::join!(given_up, waiting);
    assert!(given_up.is_err() && found.unwrap());
}

/// A removed key is refused after ten minutes, also by a service without calls in between.
#[tokio::test(start_paused = true)]
async fn a_key_that_was_taken_out_is_refused_after_ten_minutes_on_an_idle_service() {
    for (age, taken) in [(599, true), (600, false)] {
        let issuer = Issuer::new(&["a"]);
        let cache = issuer.cache();
        assert!(finds(&cache, "a").await.unwrap());
        issuer.publish(&["b"]);
        sleep(Duration::from_secs(age)).await;
        assert_eq!(finds(&cache, "a").await.unwrap(), taken, "{age}");
    }
}

/// If the issuer hangs, tokens with a known key are verified at once or after the wait, never
/// later.
#[tokio::test(start_paused = true)]
async fn known_keys_are_used_while_new_ones_are_fetched() {
    let mut issuer = Issuer::new(&["a"]);
    issuer.delay = Duration::from_secs(120);
    let cache = issuer.cache();
    let start = Instant::now();
    assert!(finds(&cache, "a").await.unwrap_err().is_unavailable());
    sleep(Duration::from_secs(115)).await;
    assert!(finds(&cache, "a").await.unwrap());
    issuer.fail(away());
    // The age of the keys at the start of a call, and how long the call waits.
    for (age, waits) in [
        (299, 0),
        (300, 0),
        (419, 0),
        (451, 0),
        (570, 0),
        (600, 5),
        (606, 0),
        (725, 0),
        (755, 5),
        (765, 0),
    ] {
        sleep((start + Duration::from_secs(age)).saturating_duration_since(Instant::now())).await;
        let asked = Instant::now();
        assert!(finds(&cache, "a").await.unwrap(), "{age}");
        assert_eq!(asked.elapsed(), Duration::from_secs(waits), "{age}");
    }
    assert_eq!(issuer.fetched(), 5);
}

/// A call waits for an unknown key as long as for a renewal, then the error tells to respond with
/// 503.
#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_waited_for_and_the_fetch_goes_on() {
    let mut slow = Issuer::new(&["a", "b"]);
    slow.delay = Duration::from_secs(8);
    let cache = slow.cache();
    let start = Instant::now();
    let error = finds(&cache, "b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_retryable() && error.retry_after().is_some());
    assert_eq!(start.elapsed(), RENEWAL_WAIT);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!((start.elapsed(), slow.fetched()), (slow.delay, 1));
    // The same with cached keys; a known key does not wait.
    slow.publish(&["a", "b", "c"]);
    let search = finds(&cache, "c");
    let known = async {
        let start = Instant::now();
        assert!(finds(&cache, "a").await.unwrap());
        assert_eq!(start.elapsed(), Duration::ZERO);
    };
    let (search, ()) = tokio::join!(search, known);
    assert!(search.unwrap_err().is_unavailable());
    assert!(finds(&cache, "c").await.unwrap());
    assert_eq!(slow.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn old_keys_are_used_while_the_issuer_cannot_be_asked() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    issuer.fail(away());
    sleep(Duration::from_secs(601)).await;
    for _ in 0..10 {
        assert!(finds(&cache, "a").await.unwrap());
        // It is unknown whether there is such a key.
        let error = finds(&cache, "x").await.unwrap_err();
        assert!(error.is_unavailable() && error.retry_after() == Some(Duration::from_secs(30)));
    }
    assert_eq!(issuer.fetched(), 2, "a failed fetch has a cooldown");
    sleep(Duration::from_secs(30)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    // Not forever.
    sleep(Duration::from_secs(3600)).await;
    assert!(finds(&cache, "a").await.is_err());
    issuer.publish(&["a"]);
    assert!(finds(&cache, "a").await.unwrap());
    // A response that is not a key set is a failure too.
    *issuer.keys.lock().unwrap() = Ok(json!({"error": "x"}));
    sleep(Duration::from_secs(601)).await;
    assert!(finds(&cache, "a").await.unwrap());
}

/// A failed fetch does not prove that there is no such key.
#[tokio::test(start_paused = true)]
async fn a_search_that_failed_is_repeated_after_the_cooldown() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    issuer.fail(away());
    sleep(Duration::from_secs(1)).await;
    assert!(finds(&cache, "b").await.unwrap_err().is_unavailable());
    issuer.publish(&["a", "b"]);
    assert!(finds(&cache, "b").await.unwrap_err().is_unavailable());
    sleep(Duration::from_secs(30)).await;
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

/// A fetch for anyone's token may have started before the key was published, so the issuer's own
/// token that waits for it causes another fetch.
#[tokio::test(start_paused = true)]
async fn the_issuers_own_tokens_are_not_answered_by_somebody_elses_search() {
    let mut issuer = Issuer::new(&["a"]);
    let first = issuer.cache();
    assert!(finds(&first, "a").await.unwrap());
    issuer.delay = Duration::from_secs(2);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    let publish = async {
        tokio::task::yield_now().await;
        issuer.publish(&["a", "b"]);
    };
    let (made_up, own, ()) = tokio::join!(
        finds(&cache, "made-up"),
        finds_for(&cache, "b", TokenOrigin::Issuer),
        publish
    );
    assert!(!made_up.unwrap() && own.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_keys_is_shared_and_not_kept() {
    let mut issuer = Issuer::new(&["a"]);
    issuer.delay = Duration::from_secs(2);
    issuer.fail(away());
    let cache = issuer.cache();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { finds(&cache, "a").await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_err());
    }
    assert_eq!(issuer.fetched(), 1);
    issuer.publish(&["a"]);
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    let broken = Issuer::new(&[]);
    *broken.keys.lock().unwrap() = Ok(json!("text"));
    let error = finds(&broken.cache(), "a").await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Protocol);
}

/// A fetch because of the keys' age starts no cooldown: the next unknown key causes a fetch at
/// once.
#[tokio::test(start_paused = true)]
async fn a_fetch_by_age_starts_no_cooldown() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    sleep(Duration::from_secs(600)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    issuer.publish(&["a", "b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

/// Invented key ids do not keep logins from finding a new key.
#[tokio::test(start_paused = true)]
async fn the_issuers_own_tokens_have_a_cooldown_of_their_own() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    assert!(!finds(&cache, "made-up").await.unwrap());
    issuer.publish(&["a", "b"]);
    assert!(!finds(&cache, "b").await.unwrap(), "a cooldown");
    assert!(finds_for(&cache, "b", TokenOrigin::Issuer).await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    // The issuer's tokens have a separate cooldown.
    issuer.publish(&["a", "b", "c"]);
    assert!(!finds_for(&cache, "c", TokenOrigin::Issuer).await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

#[tokio::test(start_paused = true)]
async fn old_keys_end_after_an_hour() {
    for (age, serve) in [(3599, true), (3600, false)] {
        let issuer = Issuer::new(&["a"]);
        let cache = issuer.cache();
        assert!(finds(&cache, "a").await.unwrap());
        issuer.fail(away());
        sleep(Duration::from_secs(age)).await;
        assert_eq!(finds(&cache, "a").await.is_ok(), serve, "{age}");
    }
}

/// A published key that cannot be used causes no other fetch.
#[tokio::test(start_paused = true)]
async fn unusable_keys_are_not_searched_for() {
    let issuer = Issuer::new(&["a"]);
    let ed448 = json!({"kid": "x", "kty": "OKP", "crv": "Ed448", "x": "AA"});
    *issuer.keys.lock().unwrap() = Ok(json!({"keys": [es256("a"), ed448]}));
    let cache = issuer.cache();
    for _ in 0..5 {
        assert!(!finds(&cache, "x").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 1);
}

/// A known key id causes no fetch, even if several keys have it.
#[tokio::test(start_paused = true)]
async fn known_keys_are_not_searched_for() {
    let issuer = Issuer::new(&["a", "b", "b"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for _ in 0..5 {
        assert!(finds(&cache, "b").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 1);
    assert!(format!("{cache:?}").contains("JwksCache"));
}

/// The number of stored unknown key ids is bounded.
#[tokio::test(start_paused = true)]
async fn made_up_keys_fill_no_memory() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for made_up in 0..10 {
        sleep(Duration::from_secs(30)).await;
        finds(&cache, &format!("x{made_up}")).await.unwrap();
    }
    assert_eq!(cache.unknown(), 2, "those of the last minute");
}
