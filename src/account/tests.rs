//! Behavior that a real server does not show on demand.

use serde_json::{Value, json};

use super::{Application, Profile};
use crate::test_support::{Reply, Seen, Server};
use crate::{AccessToken, BoxFuture, ErrorKind, Result, TokenContext, TokenSource};

/// Returns `t1`, and `t2` after `t1` was refused.
#[derive(Debug)]
struct Tokens;

impl TokenSource for Tokens {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
        let next = if context.refused_token().is_some() {
            "t2"
        } else {
            "t1"
        };
        Box::pin(std::future::ready(Ok(AccessToken::new(next))))
    }
}

fn bearer(seen: &Seen) -> &str {
    seen.header("authorization").unwrap()
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let server = Server::keycloak(|seen, _| match seen.header("authorization") {
        None => None,
        Some("Bearer t2") => Some(Reply::json(200, r#"{"username":"ada","new":7}"#)),
        Some(_) => Some(Reply::status(401)),
    })
    .await;
    let kc = server.builder().anonymous().build().unwrap();
    let me = kc.account("demo", Tokens).profile().await.unwrap();
    assert_eq!(me.username.as_deref(), Some("ada"));
    assert_eq!(me.extra["new"], 7);
    let seen = server.seen();
    let last = seen.last().unwrap();
    assert_eq!(last.target, "/realms/demo/account?userProfileMetadata=true");
    assert_eq!(last.header("accept"), Some("application/json"));
    assert_eq!(bearer(last), "Bearer t2");
}

#[tokio::test]
async fn one_token_is_not_shown_again_after_a_refusal() {
    let server =
        Server::keycloak(|seen, _| seen.header("authorization").map(|_| Reply::status(401))).await;
    let kc = server.builder().anonymous().build().unwrap();
    let account = kc.account("demo", AccessToken::new("hunter2"));
    let error = account.sessions().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(!format!("{error} {error:?} {account:?}").contains("hunter2"));
    let (_, _, others) = server.counts();
    assert_eq!(others, 1);
}

#[tokio::test]
async fn refusals_say_what_the_token_lacks() {
    for (status, hint) in [
        (401, "tokens with the audience account"),
        (
            403,
            "lacks a role of the client account: manage-account or view-groups",
        ),
    ] {
        let server = Server::keycloak(move |seen, _| {
            seen.header("authorization").map(|_| Reply::status(status))
        })
        .await;
        let kc = server.builder().anonymous().build().unwrap();
        let error = kc.account("demo", Tokens).groups().await.unwrap_err();
        assert!(error.hint().unwrap().contains(hint), "{error}");
    }
}

#[tokio::test]
async fn a_profile_is_written_with_what_it_was_read_with() {
    let server = Server::keycloak(|seen, _| {
        bearer_or_none(seen)?;
        Some(match seen.method.as_str() {
            "GET" => Reply::json(
                200,
                r#"{"username":"ada","new":{"a":[1]},"userProfileMetadata":{"attributes":[]}}"#,
            ),
            _ => Reply::status(204),
        })
    })
    .await;
    let kc = server.builder().anonymous().build().unwrap();
    let account = kc.account("demo", Tokens);
    account
        .modify_profile(|me| me.first_name = Some("Ada".into()))
        .await
        .unwrap();
    let seen = server.seen();
    let post = seen.iter().find(|seen| seen.method == "POST").unwrap();
    let sent: Value = serde_json::from_str(&post.body).unwrap();
    let wanted = json!({ "username": "ada", "firstName": "Ada", "new": { "a": [1] } });
    assert_eq!(sent, wanted);
}

fn bearer_or_none(seen: &Seen) -> Option<()> {
    seen.header("authorization").map(drop)
}

#[test]
fn what_is_not_listed_survives_and_is_not_shown() {
    let text = r#"{"clientId":"web","inUse":true,"later":"hunter2","consent":{"extra":[1]}}"#;
    let application: Application = serde_json::from_str(text).unwrap();
    assert_eq!(application.in_use, Some(true));
    let back: Value = serde_json::to_value(&application).unwrap();
    assert_eq!(back, serde_json::from_str::<Value>(text).unwrap());
    assert!(!format!("{application:?}").contains("hunter2"));
    let empty: Profile = serde_json::from_str("{}").unwrap();
    assert_eq!(serde_json::to_string(&empty).unwrap(), "{}");
}
