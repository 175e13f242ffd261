//! Tokens on calls: the replay after a 401 and its limits.

use std::sync::Arc;

use http::Method;
use tokio::sync::Barrier;

use super::{OP, call, call_with};
use crate::http::options::CallOptions;
use crate::test_support::{Reply, Seen, Server, token};

fn plain(seen: &Seen) -> bool {
    !seen.is_token_request() && !seen.is_discovery()
}

fn bearer(seen: &Seen) -> &str {
    seen.header("authorization").unwrap_or_default()
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_call_replayed_once() {
    for method in [Method::GET, Method::POST] {
        let server = Server::keycloak(|seen, _| {
            (plain(seen) && bearer(seen) == "Bearer t1").then(|| Reply::status(401))
        })
        .await;
        let kc = server.client();
        assert_eq!(call(&kc, method).await.unwrap().status(), 200);
        assert_eq!(server.counts(), (1, 2, 2));
        call(&kc, Method::GET).await.unwrap();
        assert_eq!(server.counts(), (1, 2, 3), "the new token is kept");
    }
}

#[tokio::test]
async fn a_second_401_is_the_end() {
    let server = Server::keycloak(|seen, _| {
        plain(seen).then(|| Reply::json(401, r#"{"error":"HTTP 401 Unauthorized"}"#))
    })
    .await;
    let error = call(&server.client(), Method::GET).await.unwrap_err();
    assert!(error.is_unauthorized() && error.hint().is_some(), "{error}");
    assert_eq!(server.counts(), (1, 2, 2));
}

#[tokio::test]
async fn after_a_second_401_the_next_token_is_a_new_grant() {
    let server = Server::keycloak(|seen, _| {
        if seen.is_token_request() {
            return Some(token("t", 300, Some("r")));
        }
        plain(seen).then(|| Reply::status(401))
    })
    .await;
    let kc = server.builder().password("ada", "hunter2").build().unwrap();
    call(&kc, Method::GET).await.unwrap_err();
    call(&kc, Method::GET).await.unwrap_err();
    let grants: Vec<String> = server
        .seen()
        .iter()
        .filter(|seen| seen.is_token_request())
        .map(|seen| seen.form("grant_type").unwrap().to_owned())
        .collect();
    assert_eq!(
        grants,
        ["password", "refresh_token", "password", "refresh_token"]
    );
}

#[tokio::test]
async fn a_fixed_token_is_not_replayed() {
    let server = Server::keycloak(|seen, _| plain(seen).then(|| Reply::status(401))).await;
    let kc = server.builder().access_token("hunter2").build().unwrap();
    let error = call(&kc, Method::GET).await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(server.counts(), (0, 0, 1));
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Bearer hunter2")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_401s_of_one_token_cause_one_refresh() {
    let server = Server::keycloak(|seen, _| {
        (plain(seen) && bearer(seen) == "Bearer t1").then(|| Reply::status(401))
    })
    .await;
    let kc = server.client();
    let engine = kc.authorized.engine().unwrap();
    let deadline = kc.channel().deadline();
    let old = engine.token(&OP, deadline).await.unwrap();
    let barrier = Arc::new(Barrier::new(100));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (kc, barrier) = (kc.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                call(&kc, Method::GET).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.counts().1, 2);
    // A late 401 of the old token does not drop the new one.
    engine.invalidate(&old);
    call(&kc, Method::GET).await.unwrap();
    assert_eq!(server.counts().1, 2);
}

#[tokio::test]
async fn an_authorization_header_of_the_caller_stands() {
    let server = Server::keycloak(|_, _| None).await;
    let mut options = CallOptions::default();
    options.set_header("Authorization", "Bearer own");
    call_with(&server.client(), Method::GET, &options)
        .await
        .unwrap();
    assert_eq!(server.counts(), (0, 0, 1));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer own"));
}

#[tokio::test]
async fn creating_or_deleting_a_realm_drops_the_token() {
    let server = Server::keycloak(|_, _| None).await;
    let kc = server.client();
    kc.request::<()>(Method::GET, ["admin", "realms", "x"])
        .await
        .unwrap();
    kc.request::<()>(Method::POST, ["admin", "realms"])
        .await
        .unwrap();
    assert_eq!(server.counts().1, 1);
    kc.request::<()>(Method::DELETE, ["admin", "realms", "x"])
        .await
        .unwrap();
    assert_eq!(server.counts().1, 2);
    kc.request::<()>(Method::DELETE, ["admin", "realms", "x", "users", "1"])
        .await
        .unwrap();
    assert_eq!(server.counts().1, 3);
    kc.request::<()>(Method::GET, ["admin", "realms", "x"])
        .await
        .unwrap();
    assert_eq!(server.counts().1, 3);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_along() {
    let server = Server::keycloak(|_, _| None).await;
    let kc = server.builder().anonymous().build().unwrap();
    call(&kc, Method::GET).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), None);
    let error = kc.token().await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("anonymous"),
        "{error}"
    );
    let server = Server::keycloak(|_, _| Some(Reply::status(401))).await;
    let kc = server.builder().anonymous().build().unwrap();
    let error = call(&kc, Method::GET).await.unwrap_err();
    assert!(error.is_unauthorized() && error.hint().unwrap().contains("no token"));
}
