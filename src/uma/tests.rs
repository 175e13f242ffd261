//! Failures that must not count as decisions.

mod bearer;
mod faults;
mod requests;

use serde_json::json;

use crate::jose::tests::sign;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;
use crate::uma::{Access, PathRule};
use crate::{Method, TokenFault};

type Failure = fn() -> Reply;

fn refused(description: &str) -> Reply {
    let body = json!({ "error": "unauthorized_client", "error_description": description });
    Reply::json(400, body.to_string())
}

/// A provider that responds to every request for permissions with `reply`.
async fn failing(reply: Failure) -> Mock {
    Mock::with(Defects {
        script: Box::new(move |seen| seen.is_token_request().then(reply)),
        ..Defects::default()
    })
    .await
}

#[tokio::test]
async fn a_failure_is_neither_a_yes_nor_a_no() {
    let failures: [Failure; 8] = [
        || Reply::Drop,
        || Reply::Truncate,
        || Reply::status(500),
        || Reply::status(503),
        || Reply::status(404),
        || Reply::json(200, "no JSON"),
        || refused("Unexpected error when authenticating client"),
        || refused("Client credentials setup required"),
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        let mock = failing(failure).await;
        let oidc = mock.oidc();
        let enforcer = oidc
            .path_enforcer()
            .rule(PathRule::new("/*").method(Method::GET, ["album#view"]))
            .build()
            .unwrap();
        oidc.has_access("t", ["album#view"]).await.unwrap_err();
        oidc.permissions("t").decision().await.unwrap_err();
        let before = mock.posts("/token");
        let check = async || enforcer.check(&Method::GET, "/album", Some("t")).await;
        check().await.unwrap_err();
        let between = mock.posts("/token");
        check().await.unwrap_err();
        let after = mock.posts("/token");
        assert!(
            before < between && between < after,
            "{number}: it is asked again"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_again() {
    let mock = failing(|| Reply::Drop).await;
    mock.oidc()
        .permissions("t")
        .ticket("once")
        .await
        .unwrap_err();
    assert_eq!(mock.posts("/token"), 1);
}

#[tokio::test]
async fn a_refused_token_is_not_logged_in() {
    let mock = failing(|| refused("Invalid identity")).await;
    let oidc = mock.oidc();
    let status = oidc
        .has_access("t", ["album#view", "#print"])
        .await
        .unwrap();
    assert!(!status.logged_in && !status.authorized);
    assert_eq!(status.missing.len(), 2);
    let rule = PathRule::new("/*").method(Method::GET, ["album#view"]);
    let enforcer = oidc.path_enforcer().rule(rule).build().unwrap();
    let access = enforcer.check(&Method::GET, "/album", Some("t")).await;
    assert_eq!(access.unwrap(), Access::NotLoggedIn);
}

/// The server reads only the ID token, so its subject must be the caller's.
#[tokio::test]
async fn an_id_token_of_another_user_is_not_asked_with() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            seen.is_token_request()
                .then(|| Reply::json(200, r#"{"result":true}"#))
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let about = |subject: &str| sign(&json!({ "alg": "ES256" }), &json!({ "sub": subject }));
    let ask = |access: &str, id: &str| oidc.permissions(access).claim_token(id).decision();
    let error = ask(&about("1"), &about("2")).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Subject), "{error}");
    assert_eq!(mock.posts("/token"), 0);
    assert!(ask(&about("1"), &about("1")).await.unwrap());
    // An opaque token.
    assert!(ask("opaque", &about("1")).await.unwrap());
    let claims = oidc.permissions(about("1")).claims(&json!({ "a": ["b"] }));
    assert!(claims.decision().await.unwrap());
}
