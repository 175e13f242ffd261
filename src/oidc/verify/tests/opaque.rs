//! Opaque access tokens: the introspection response is checked like a JWT.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::super::{AccessTokenVerifier, AccessTokenVerifierBuilder, Check, Introspect, Presented};
use super::{NOW, access_claims, now, refused, resource, signed, with};
use crate::error::config;
use crate::jose::hash;
use crate::{BoxFuture, Result, TokenFault};

#[derive(Clone, Debug)]
struct Server {
    /// A value that is not an object makes the request fail.
    answer: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Server {
    fn new(answer: Value) -> Self {
        Self {
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn says(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl Introspect for Server {
    fn introspect<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Map<String, Value>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            let _open = self.open.acquire().await;
            match &*self.answer.lock().unwrap() {
                Value::Object(answer) => Ok::<Map<_, _>, _>(answer.clone()),
                _ => Err(config("the server is away")),
            }
        })
    }
}

fn asking(server: &Server) -> AccessTokenVerifierBuilder {
    resource()
        .audience("api")
        .scope("notes")
        .introspection(server.clone())
        .introspect_opaque_tokens()
}

fn active() -> Value {
    with(access_claims(), "active", json!(true))
}

#[tokio::test]
async fn answers_about_opaque_tokens_are_checked_as_a_jwt_is() {
    let server = Server::new(active());
    let verifier = asking(&server).not_before(now() - Duration::from_secs(100));
    let verifier = verifier
        .introspection_cache(Duration::ZERO)
        .authorized_party("web")
        .build()
        .unwrap();
    let claims = verifier.verify("2YotnFZFEjr1zCsicMWpAA").await.unwrap();
    assert_eq!(
        (claims.subject(), claims.client_id()),
        (Some("ada"), Some("web"))
    );
    server.says(with(
        with(active(), "typ", Value::Null),
        "token_type",
        json!("bearer"),
    ));
    verifier.verify("2YotnFZFEjr1zCsicMWpAA").await.unwrap();
    for (name, value, fault) in [
        ("active", json!(false), TokenFault::Inactive),
        ("active", json!("true"), TokenFault::Inactive),
        ("iss", json!("https://h/realms/other"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Issuer),
        ("aud", json!("other"), TokenFault::Audience),
        ("aud", Value::Null, TokenFault::Audience),
        ("scope", json!("openid"), TokenFault::Claim),
        ("exp", json!(NOW - 100), TokenFault::Expired),
        ("exp", Value::Null, TokenFault::Expired),
        ("nbf", json!(NOW + 100), TokenFault::NotYetValid),
        ("iat", json!(NOW - 101), TokenFault::TooOld),
        ("azp", json!("stranger"), TokenFault::AuthorizedParty),
        ("sub", Value::Null, TokenFault::Subject),
        ("typ", json!("ID"), TokenFault::Type),
        ("typ", json!("Refresh"), TokenFault::Type),
        (
            "cnf",
            json!({"x5t#S256": hash::sha256(b"c")}),
            TokenFault::Binding,
        ),
    ] {
        server.says(with(active(), name, value));
        refused(verifier.verify("opaque").await, fault);
    }
    server.says(with(
        active(),
        "cnf",
        json!({"x5t#S256": hash::sha256(b"c")}),
    ));
    let presented = Presented::new("opaque").certificate(b"c");
    verifier.verify(presented).await.unwrap();
}

/// A missing type is not another type, and counts as an access token only if configured.
#[tokio::test]
async fn answers_without_a_type() {
    let server = Server::new(with(active(), "typ", Value::Null));
    let error = refused(
        asking(&server).build().unwrap().verify("opaque").await,
        TokenFault::Type,
    );
    let hint = error.hint().unwrap();
    assert!(hint.contains("untyped_as_access_token"), "{error}");
    let untyped = asking(&server)
        .untyped_as_access_token()
        .introspection_cache(Duration::ZERO)
        .build()
        .unwrap();
    untyped.verify("opaque").await.unwrap();
    for (name, value) in [
        ("nonce", json!("n")),
        ("token_type", json!("refresh_token")),
    ] {
        server.says(with(with(active(), "typ", Value::Null), name, value));
        refused(untyped.verify("opaque").await, TokenFault::Type);
    }
    // The response has no issuer, but only one server is asked.
    server.says(with(active(), "iss", Value::Null));
    let unnamed = asking(&server).without(Check::Issuer).build().unwrap();
    unnamed.verify("opaque").await.unwrap();
}

#[tokio::test]
async fn what_is_not_opaque_is_verified_here() {
    let server = Server::new(active());
    let verifier = asking(&server).build().unwrap();
    verifier.verify(&signed(&access_claims())).await.unwrap();
    let forged = signed(&access_claims())
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned();
    for token in [format!("{forged}."), format!("{forged}.AAAA")] {
        verifier.verify(&token).await.unwrap_err();
    }
    for token in ["", "a b", "a\r\nb", "\u{e4}", &"a".repeat(300_000)] {
        refused(verifier.verify(token).await, TokenFault::Malformed);
    }
    assert_eq!(server.asked(), 0);
    // Tokens with other dots, and encrypted tokens, are introspected.
    for token in ["a.b.c", "a", "a.b.c.d.e"] {
        verifier.verify(token).await.unwrap();
    }
    assert_eq!(server.asked(), 3);
    // Without the setting no opaque token is introspected.
    let without = resource().audience("api").introspection(server.clone());
    refused(
        without.build().unwrap().verify("a").await,
        TokenFault::Malformed,
    );
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn every_token_can_be_asked_about() {
    let server = Server::new(active());
    let verifier = asking(&server)
        .introspect_every_token()
        .introspection_cache(Duration::ZERO)
        .build()
        .unwrap();
    let token = signed(&access_claims());
    verifier.verify(&token).await.unwrap();
    verifier.verify("opaque").await.unwrap();
    assert_eq!(server.asked(), 2);
    // A revoked token is refused, although its signature is valid.
    server.says(json!({ "active": false }));
    refused(verifier.verify(&token).await, TokenFault::Inactive);
    // A token that is refused locally is not introspected.
    let expired = signed(&with(access_claims(), "exp", json!(NOW - 100)));
    refused(verifier.verify(&expired).await, TokenFault::Expired);
    assert_eq!(server.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_by_the_whole_token() {
    let server = Server::new(active());
    let verifier = asking(&server).build().unwrap();
    let token = "a".repeat(500);
    for _ in 0..2 {
        verifier.verify(&token).await.unwrap();
    }
    assert_eq!(server.asked(), 1);
    verifier.verify(&format!("{token}b")).await.unwrap();
    assert_eq!(server.asked(), 2);
    tokio::time::advance(Duration::from_secs(30)).await;
    server.says(json!("away"));
    for asked in [3, 4] {
        // A failure is not cached, and does not count as a refusal of the token.
        let error = verifier.verify(&token).await.unwrap_err();
        assert!(error.is_config(), "{error}");
        assert_eq!(server.asked(), asked);
    }
    server.says(json!({ "active": false }));
    for _ in 0..2 {
        refused(verifier.verify(&token).await, TokenFault::Inactive);
    }
    assert_eq!(server.asked(), 5);
}

/// The number of concurrent requests is limited, and callers that wait too long are told to retry.
#[tokio::test(start_paused = true)]
async fn questions_on_their_way_are_bounded() {
    let server = Server::new(active());
    let closed = server.open.forget_permits(Semaphore::MAX_PERMITS);
    let verifier = Arc::new(asking(&server).build().unwrap());
    let ask = |number: usize, verifier: &Arc<AccessTokenVerifier>| {
        let verifier = Arc::clone(verifier);
        tokio::spawn(async move { verifier.verify(&format!("t{number}")).await.map(drop) })
    };
    let all: Vec<_> = (0..70).map(|number| ask(number, &verifier)).collect();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(server.asked(), 64);
    server.open.add_permits(closed);
    let mut good = 0;
    for task in all {
        match task.await.unwrap() {
            Ok(()) => good += 1,
            Err(error) => {
                assert!(error.is_unavailable(), "{error}");
                assert!(error.retry_after().is_some());
            }
        }
    }
    assert_eq!(good, 64);
    verifier.verify("later").await.unwrap();
}

#[test]
fn settings_that_need_somebody_to_ask() {
    for builder in [
        resource().audience("api").introspect_opaque_tokens(),
        resource().audience("api").introspect_every_token(),
        resource().audience("api").untyped_as_access_token(),
        resource()
            .audience("api")
            .introspection_cache(Duration::ZERO),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.is_config() && error.hint().unwrap().contains("introspection"));
    }
}

#[tokio::test]
async fn an_answer_may_be_kept_for_as_long_as_can_be_said() {
    for end in [Value::Null, json!(1.6e19)] {
        let mut answer = active();
        answer["exp"] = end;
        let server = Server::new(answer);
        let verifier = asking(&server).without(Check::Expiry);
        let verifier = verifier.introspection_cache(Duration::MAX).build().unwrap();
        for _ in 0..2 {
            let _ = verifier.verify("2YotnFZFEjr1zCsicMWpAA").await;
        }
    }
}
