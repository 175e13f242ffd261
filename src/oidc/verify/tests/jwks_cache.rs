//! R9: the keys of an issuer, fetched as seldom as is good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::advance;

use super::super::jwks_cache::{JwksCache, Origin};
use crate::TokenFault;
use crate::error::{Error, Result, protocol};
use crate::jose::SignatureAlgorithm;
use crate::jose::jws::Jws;
use crate::jose::tests::{es256, sign};

/// An issuer whose keys change.
#[derive(Clone)]
struct Issuer {
    keys: Arc<Mutex<Result<Value>>>,
    fetched: Arc<AtomicUsize>,
    /// How long an answer takes.
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
                tokio::time::sleep(issuer.delay).await;
                let keys = issuer.keys.lock().unwrap().clone();
                keys.map(|keys| keys.to_string())
            })
        })
    }
}

/// Whether a token of this key is found a key for.
async fn finds(cache: &JwksCache, kid: &str) -> Result<bool> {
    finds_for(cache, kid, Origin::Anybody).await
}

async fn finds_for(cache: &JwksCache, kid: &str, from: Origin) -> Result<bool> {
    let token = sign(&json!({"alg": "ES256", "kid": kid}), &json!({}));
    let token = Jws::parse(&token)?;
    let keys = cache
        .for_token(&token, SignatureAlgorithm::Es256, from)
        .await?;
    Ok(keys.find(&token, SignatureAlgorithm::Es256)?.is_some())
}

fn away() -> Error {
    protocol("away")
}

#[tokio::test(start_paused = true)]
async fn r09_keys_are_fetched_once_and_then_by_age() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert_eq!(issuer.fetched(), 0);
    for _ in 0..100 {
        assert!(finds(&cache, "a").await.unwrap());
    }
    advance(Duration::from_secs(299)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 1);
    // A key that was disabled vanishes.
    issuer.publish(&["b"]);
    advance(Duration::from_secs(1)).await;
    assert!(!finds(&cache, "a").await.unwrap());
    assert!(finds(&cache, "b").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn r09_a_key_added_just_after_the_first_fetch_is_found() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    issuer.publish(&["a", "b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    // Also where the first fetch was for that very key.
    let issuer = Issuer::new(&[]);
    let cache = issuer.cache();
    assert!(!finds(&cache, "b").await.unwrap());
    issuer.publish(&["b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn r09_unknown_keys_wait_out_the_cooldown() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for made_up in 0..100 {
        assert!(!finds(&cache, &format!("x{made_up}")).await.unwrap());
        assert!(finds(&cache, "a").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 2, "one search for all of them");
    issuer.publish(&["a", "b"]);
    advance(Duration::from_secs(29)).await;
    assert!(!finds(&cache, "b").await.unwrap());
    advance(Duration::from_secs(1)).await;
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

#[tokio::test(start_paused = true)]
async fn r09_a_key_that_was_not_found_is_not_asked_for_again_soon() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    // Past the cooldown, another one is asked for, this one is not.
    advance(Duration::from_secs(31)).await;
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    assert!(!finds(&cache, "y").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    advance(Duration::from_secs(31)).await;
    assert!(!finds(&cache, "x").await.unwrap());
    assert_eq!(issuer.fetched(), 4);
}

/// Rotation under load: one fetch, however many ask, and nobody with a good token is refused.
#[tokio::test(start_paused = true)]
async fn r09_rotation_under_load() {
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

/// Whoever gives up takes nobody with him.
#[tokio::test(start_paused = true)]
async fn r09_the_fetch_outlives_its_first_caller() {
    let mut issuer = Issuer::new(&["a"]);
    issuer.delay = Duration::from_secs(2);
    let cache = issuer.cache();
    let given_up = tokio::time::timeout(Duration::from_secs(1), finds(&cache, "a"));
    let waiting = finds(&cache, "a");
    let (given_up, found) = tokio::join!(given_up, waiting);
    assert!(given_up.is_err() && found.unwrap());
}

#[tokio::test(start_paused = true)]
async fn r09_old_keys_are_better_than_none() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    issuer.fail(away());
    advance(Duration::from_secs(301)).await;
    for _ in 0..10 {
        assert!(finds(&cache, "a").await.unwrap());
        assert!(!finds(&cache, "x").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 2, "a failed fetch has a cooldown");
    advance(Duration::from_secs(30)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    // Not for ever.
    advance(Duration::from_secs(3600)).await;
    assert!(finds(&cache, "a").await.is_err());
    issuer.publish(&["a"]);
    assert!(finds(&cache, "a").await.unwrap());
    // What is no key set is a failure, too.
    *issuer.keys.lock().unwrap() = Ok(json!({"error": "x"}));
    advance(Duration::from_secs(301)).await;
    assert!(finds(&cache, "a").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn r09_a_failure_without_keys_is_shared_and_not_kept() {
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

/// A fetch at the end of their age is no search: the next unknown key is looked for at once.
#[tokio::test(start_paused = true)]
async fn r09_a_fetch_by_age_starts_no_cooldown() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    advance(Duration::from_secs(300)).await;
    assert!(finds(&cache, "a").await.unwrap());
    assert_eq!(issuer.fetched(), 2);
    issuer.publish(&["a", "b"]);
    assert!(finds(&cache, "b").await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

/// Whoever sends made-up key ids does not keep logins from a new key.
#[tokio::test(start_paused = true)]
async fn r09_the_issuers_own_tokens_wait_for_nobody() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    assert!(!finds(&cache, "made-up").await.unwrap());
    issuer.publish(&["a", "b"]);
    assert!(!finds(&cache, "b").await.unwrap(), "a cooldown");
    assert!(finds_for(&cache, "b", Origin::Issuer).await.unwrap());
    assert_eq!(issuer.fetched(), 3);
    // It has a cooldown of its own.
    issuer.publish(&["a", "b", "c"]);
    assert!(!finds_for(&cache, "c", Origin::Issuer).await.unwrap());
    assert_eq!(issuer.fetched(), 3);
}

#[tokio::test(start_paused = true)]
async fn r09_old_keys_end_after_an_hour() {
    for (age, serve) in [(3599, true), (3600, false)] {
        let issuer = Issuer::new(&["a"]);
        let cache = issuer.cache();
        assert!(finds(&cache, "a").await.unwrap());
        issuer.fail(away());
        advance(Duration::from_secs(age)).await;
        assert_eq!(finds(&cache, "a").await.is_ok(), serve, "{age}");
    }
}

/// A key that is published and cannot be used is not looked for again.
#[tokio::test(start_paused = true)]
async fn r09_unusable_keys_are_not_searched_for() {
    let issuer = Issuer::new(&["a"]);
    let ed448 = json!({"kid": "x", "kty": "OKP", "crv": "Ed448", "x": "AA"});
    *issuer.keys.lock().unwrap() = Ok(json!({"keys": [es256("a"), ed448]}));
    let cache = issuer.cache();
    for _ in 0..5 {
        assert!(!finds(&cache, "x").await.unwrap());
    }
    assert_eq!(issuer.fetched(), 1);
}

/// A wrong signature under a known key id brings no fetch; an ambiguous key id neither.
#[tokio::test(start_paused = true)]
async fn r09_known_keys_are_not_searched_for() {
    let issuer = Issuer::new(&["a", "b", "b"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for _ in 0..5 {
        let error = finds(&cache, "b").await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::UnknownKey));
    }
    assert_eq!(issuer.fetched(), 1);
    assert!(format!("{cache:?}").contains("JwksCache"));
}

/// The memory of unknown key ids is bounded.
#[tokio::test(start_paused = true)]
async fn r09_made_up_keys_fill_no_memory() {
    let issuer = Issuer::new(&["a"]);
    let cache = issuer.cache();
    assert!(finds(&cache, "a").await.unwrap());
    for made_up in 0..10 {
        advance(Duration::from_secs(30)).await;
        finds(&cache, &format!("x{made_up}")).await.unwrap();
    }
    assert_eq!(cache.unknown(), 2, "those of the last minute");
}
