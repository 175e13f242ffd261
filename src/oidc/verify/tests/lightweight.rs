//! Introspection of lightweight access tokens, with its cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::{AccessTokenVerifier, Introspect};
use super::{NOW, access_claims, refused, resource, signed, with};
use crate::error::config;
use crate::{BoxFuture, Result, TokenFault};

#[derive(Debug)]
struct Server {
    answer: Value,
    asked: Arc<AtomicUsize>,
}

impl Introspect for Server {
    fn introspect<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Map<String, Value>>> {
        assert!(token.starts_with("eyJ"));
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            match &self.answer {
                Value::Object(answer) => Ok::<Map<_, _>, _>(answer.clone()),
                _ => Err(config("the server is away")),
            }
        })
    }
}

fn asking(answer: Value) -> (AccessTokenVerifier, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server {
        answer,
        asked: Arc::clone(&asked),
    };
    let verifier = resource()
        .audience("api")
        .introspection(server)
        .build()
        .unwrap();
    (verifier, asked)
}

fn light() -> Value {
    with(
        with(access_claims(), "sub", Value::Null),
        "aud",
        Value::Null,
    )
}

fn active() -> Value {
    json!({
        "active": true, "sub": "ada", "aud": "api", "typ": "Bearer", "azp": "forged",
        "realm_access": {"roles": ["editor"]},
    })
}

#[tokio::test(start_paused = true)]
async fn the_server_completes_the_claims() {
    let (verifier, asked) = asking(active());
    let token = signed(&light());
    for _ in 0..3 {
        let claims = verifier.verify(&token).await.unwrap();
        assert_eq!(claims.subject(), Some("ada"));
        assert!(claims.has_realm_role("editor"));
        // Claims of the signed token take precedence.
        assert_eq!(claims.client_id(), Some("web"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(29)).await;
    verifier.verify(&token).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    verifier.verify(&token).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    // Each token has its own response.
    let other = signed(&with(light(), "jti", json!("u")));
    verifier.verify(&other).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn full_and_bad_tokens_are_not_asked_about() {
    let (verifier, asked) = asking(active());
    verifier.verify(&signed(&access_claims())).await.unwrap();
    for (name, value) in [
        ("iss", json!("https://h/realms/other")),
        ("exp", json!(NOW - 100)),
        ("typ", json!("ID")),
    ] {
        verifier
            .verify(&signed(&with(light(), name, value)))
            .await
            .unwrap_err();
    }
    let unsigned = signed(&light()).rsplit_once('.').unwrap().0.to_owned();
    verifier.verify(&format!("{unsigned}.")).await.unwrap_err();
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    for name in ["sub", "aud"] {
        let half = with(access_claims(), name, Value::Null);
        verifier.verify(&signed(&half)).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// An inactive response may mean that the introspecting client is not in the audience.
#[tokio::test(start_paused = true)]
async fn a_lightweight_token_that_the_server_calls_inactive_is_refused() {
    for answer in [
        json!({"active": false}),
        json!({}),
        json!({"active": "true"}),
    ] {
        let (verifier, asked) = asking(answer);
        let token = signed(&light());
        for _ in 0..2 {
            let error = refused(verifier.verify(&token).await, TokenFault::Inactive);
            assert!(error.hint().unwrap().contains("audience mapper"));
        }
        // A refusal is cached for a short time.
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    // The server reports ID tokens as active too.
    let (verifier, _) = asking(with(active(), "typ", json!("ID")));
    refused(verifier.verify(&signed(&light())).await, TokenFault::Type);
    // Added claims are checked like all others.
    let (verifier, _) = asking(with(active(), "aud", json!("other")));
    refused(
        verifier.verify(&signed(&light())).await,
        TokenFault::Audience,
    );
    let (verifier, _) = asking(json!("away"));
    assert!(
        verifier
            .verify(&signed(&light()))
            .await
            .unwrap_err()
            .is_config()
    );
}

/// Keycloak marks lightweight tokens in the id: one with mapped `sub` and `aud` is introspected
/// too, and a full one is not.
#[tokio::test]
async fn the_mark_in_the_id_says_what_is_asked_about() {
    let (verifier, asked) = asking(active());
    let marked = |claims: Value, id: &str| signed(&with(claims, "jti", json!(id)));
    let claims = verifier
        .verify(&marked(access_claims(), "onltac:4faa1415"))
        .await
        .unwrap();
    assert!(claims.has_realm_role("editor"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let full = verifier
        .verify(&marked(access_claims(), "onrtac:4faa1415"))
        .await
        .unwrap();
    assert!(!full.has_realm_role("editor"));
    refused(
        verifier.verify(&marked(light(), "onrtac:4faa1415")).await,
        TokenFault::Subject,
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// The server of one issuer never sees a token of another.
#[tokio::test]
async fn tokens_of_other_issuers_are_not_shown_to_the_server() {
    use super::super::TrustedIssuer;
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server {
        answer: active(),
        asked: Arc::clone(&asked),
    };
    let other = "https://h/realms/other";
    let verifier = resource()
        .also_issuer(TrustedIssuer::new(other, super::keys()))
        .audience("api")
        .introspection(server)
        .introspect_every_token()
        .build()
        .unwrap();
    let foreign = with(light(), "iss", json!(other));
    refused(
        verifier.verify(&signed(&foreign)).await,
        TokenFault::Subject,
    );
    let full = with(access_claims(), "iss", json!(other));
    verifier.verify(&signed(&full)).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    verifier.verify(&signed(&access_claims())).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
