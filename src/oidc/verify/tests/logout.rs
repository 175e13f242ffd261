//! Back-channel and front-channel logout.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::super::{LogoutToken, ReplayStore};
use super::{ISSUER, NOW, id_claims, logout_claims, refused, signed, signed_as, verifier, with};
use crate::error::{Result, config};
use crate::{BoxFuture, TokenFault};

async fn verify(claims: Value) -> Result<LogoutToken> {
    verifier()
        .logout_token(&signed_as("logout+jwt", &claims))
        .await
}

#[tokio::test]
async fn a_good_one() {
    let token = verify(logout_claims()).await.unwrap();
    assert_eq!(
        (token.subject(), token.session_id()),
        (Some("ada"), Some("s"))
    );
    assert_eq!(token.id(), "l");
    assert!(!token.revokes_offline_access());
    assert_eq!(token.events().unwrap().len(), 1);
    assert_eq!(token.claims()["aud"], "web");
    for name in ["sub", "sid"] {
        verify(with(logout_claims(), name, Value::Null))
            .await
            .unwrap();
    }
}

/// Keycloak sends a boolean next to the event object.
#[tokio::test]
async fn events_of_a_logout_token_hold_more_than_objects() {
    let mut claims = logout_claims();
    claims["events"]["revoke_offline_access"] = json!(true);
    assert!(
        verify(claims.clone())
            .await
            .unwrap()
            .revokes_offline_access()
    );
    claims["events"]["revoke_offline_access"] = json!(false);
    assert!(!verify(claims).await.unwrap().revokes_offline_access());
}

#[tokio::test]
async fn mutations_are_refused() {
    for (name, value, fault) in [
        ("iss", json!("https://h/realms/other"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Issuer),
        ("aud", json!("api"), TokenFault::Audience),
        ("aud", Value::Null, TokenFault::Audience),
        ("exp", Value::Null, TokenFault::Expired),
        ("exp", json!(NOW - 100), TokenFault::Expired),
        ("iat", Value::Null, TokenFault::Claim),
        ("iat", json!(NOW + 100), TokenFault::NotYetValid),
        ("jti", Value::Null, TokenFault::Claim),
        ("jti", json!(""), TokenFault::Claim),
        ("jti", json!("j".repeat(1025)), TokenFault::Claim),
        ("events", Value::Null, TokenFault::Type),
        ("events", json!({}), TokenFault::Type),
        (
            "events",
            json!([super::super::logout_token::EVENT]),
            TokenFault::Type,
        ),
        (
            "events",
            json!({super::super::logout_token::EVENT: true}),
            TokenFault::Type,
        ),
        ("nonce", json!("n"), TokenFault::Type),
        ("typ", json!("ID"), TokenFault::Type),
    ] {
        refused(verify(with(logout_claims(), name, value)).await, fault);
    }
    for value in [Value::Null, json!(""), json!(1)] {
        let nobody = with(with(logout_claims(), "sub", value.clone()), "sid", value);
        refused(verify(nobody).await, TokenFault::Claim);
    }
    refused(
        verifier().logout_token(&signed(&id_claims())).await,
        TokenFault::Type,
    );
    let unsigned = signed(&logout_claims())
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned();
    refused(
        verifier().logout_token(&format!("{unsigned}.")).await,
        TokenFault::Signature,
    );
}

#[tokio::test]
async fn a_logout_token_is_good_once() {
    let verifier = verifier();
    // The replay store uses the system clock, so the token has the current time.
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let verifier = verifier.clock(SystemTime::now);
    let claims = with(
        with(logout_claims(), "iat", json!(now)),
        "exp",
        json!(now + 120),
    );
    let token = signed(&claims);
    verifier.logout_token(&token).await.unwrap();
    refused(verifier.logout_token(&token).await, TokenFault::Replayed);
    // Clones share the replay store.
    refused(
        verifier.clone().logout_token(&token).await,
        TokenFault::Replayed,
    );
    let other = signed(&with(claims.clone(), "jti", json!("m")));
    verifier.logout_token(&other).await.unwrap();
    // The id of a refused token is not stored.
    let bad = with(with(claims, "jti", json!("n")), "aud", json!("api"));
    refused(
        verifier.logout_token(&signed(&bad)).await,
        TokenFault::Audience,
    );
}

#[derive(Debug)]
struct Broken;

impl ReplayStore for Broken {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        assert_eq!(id, format!("{ISSUER} l"));
        // The expiry of the token, plus the leeway.
        let until = until
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        assert_eq!(until, NOW + 119 + 31);
        Box::pin(async { Err(config("the store is away")) })
    }
}

/// A token is refused if the replay store fails.
#[tokio::test]
async fn a_store_that_fails_is_no_permission() {
    let verifier = verifier().replay_store(Broken);
    let error = verifier
        .logout_token(&signed(&logout_claims()))
        .await
        .unwrap_err();
    assert!(error.is_config(), "{error}");
}

/// Records until when ids are to be stored.
#[derive(Debug, Default, Clone)]
struct Remembering(Arc<Mutex<Vec<SystemTime>>>);

impl ReplayStore for Remembering {
    fn first_use<'a>(&'a self, _: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        self.0.lock().unwrap().push(until);
        Box::pin(async { Ok(true) })
    }
}

/// As long as the token could be accepted: until its expiry, plus the leeway and a second of
/// rounding.
#[tokio::test]
async fn ids_are_remembered_as_long_as_their_token_is_good() {
    let store = Remembering::default();
    let leeway = Duration::from_secs(10);
    let verifier = verifier().replay_store(store.clone()).leeway(leeway);
    verifier
        .logout_token(&signed(&logout_claims()))
        .await
        .unwrap();
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 119);
    let until = end + leeway + Duration::from_secs(1);
    assert_eq!(*store.0.lock().unwrap(), [until]);
}

#[tokio::test]
async fn through_the_browser() {
    let verifier = verifier();
    let good = "iss=https%3A%2F%2Fh%2Frealms%2Fdemo&sid=s%2B1&other=1";
    for query in [
        good,
        &format!("https://app/logout?{good}"),
        &format!("?{good}"),
    ] {
        let logout = verifier.front_channel_logout(query).await.unwrap();
        assert_eq!(
            (logout.issuer(), logout.session_id()),
            (ISSUER, Some("s+1"))
        );
        assert!(logout.is_about(Some("s+1")));
        assert!(!logout.is_about(Some("s")) && !logout.is_about(None));
    }
    for (query, fault) in [
        ("", TokenFault::Claim),
        ("sid=s", TokenFault::Claim),
        ("iss=https%3A%2F%2Fh%2Frealms%2Fdemo", TokenFault::Claim),
        (
            "iss=https%3A%2F%2Fh%2Frealms%2Fdemo&sid=",
            TokenFault::Claim,
        ),
        (
            "iss=https%3A%2F%2Fh%2Frealms%2Fother&sid=s",
            TokenFault::Issuer,
        ),
        (&format!("{good}&sid=t"), TokenFault::Malformed),
        (&format!("{good}&iss=x"), TokenFault::Malformed),
    ] {
        refused(verifier.front_channel_logout(query).await, fault);
    }
}

/// Anyone can cause a request without issuer and session, so it must be allowed explicitly. A
/// request with only one of the two is always refused.
#[tokio::test]
async fn a_logout_that_names_no_session_is_taken_only_where_it_is_allowed() {
    let lenient = verifier().session_optional();
    let iss = "iss=https%3A%2F%2Fh%2Frealms%2Fdemo";
    for query in ["", "?", "other=1", "https://app/logout?other=1"] {
        refused(
            verifier().front_channel_logout(query).await,
            TokenFault::Claim,
        );
        let logout = lenient.front_channel_logout(query).await.unwrap();
        assert_eq!((logout.issuer(), logout.session_id()), (ISSUER, None));
        // It is about the browser that sent it.
        assert!(logout.is_about(Some("s")) && logout.is_about(None));
    }
    for (query, fault) in [
        (iss.to_owned(), TokenFault::Claim),
        ("sid=s".to_owned(), TokenFault::Claim),
        ("iss=&sid=".to_owned(), TokenFault::Claim),
        (format!("{iss}&sid="), TokenFault::Claim),
        (format!("{iss}&{iss}"), TokenFault::Malformed),
        ("iss=x&sid=s".to_owned(), TokenFault::Issuer),
    ] {
        refused(lenient.front_channel_logout(&query).await, fault);
    }
    let named = format!("{iss}&sid=s");
    let logout = lenient.front_channel_logout(&named).await.unwrap();
    assert!(logout.is_about(Some("s")) && !logout.is_about(Some("t")));
    assert!(!logout.is_about(None));
}

/// The first question mark starts the query; later ones belong to values.
#[tokio::test]
async fn question_marks_in_the_values_of_a_front_channel_logout() {
    let verifier = verifier();
    let iss = "iss=https%3A%2F%2Fh%2Frealms%2Fdemo";
    for query in [
        format!("{iss}&sid=a?b"),
        format!("?{iss}&sid=a?b"),
        format!("/logout?{iss}&sid=a?b"),
        format!("https://app/logout?sid=a?b&{iss}"),
    ] {
        let logout = verifier.front_channel_logout(&query).await.unwrap();
        assert_eq!(
            (logout.issuer(), logout.session_id()),
            (ISSUER, Some("a?b"))
        );
    }
    for query in [
        format!("x=1?{iss}&sid=evil"),
        format!("x&y?{iss}&sid=evil"),
        format!("/logout?x=1?{iss}&sid=evil"),
    ] {
        refused(
            verifier.front_channel_logout(&query).await,
            TokenFault::Claim,
        );
    }
}

/// A malformed session does not count as absent, because then all sessions of the user would end.
#[tokio::test]
async fn subjects_and_sessions_of_another_type_are_refused() {
    let verifier = verifier();
    for (name, fault) in [("sid", TokenFault::Claim), ("sub", TokenFault::Subject)] {
        for value in [json!(1), json!(["s"]), json!({}), json!("")] {
            let claims = with(logout_claims(), name, value);
            refused(verifier.logout_token(&signed(&claims)).await, fault);
        }
    }
    let controls = with(logout_claims(), "sub", json!("a\u{0}"));
    refused(
        verifier.logout_token(&signed(&controls)).await,
        TokenFault::Subject,
    );
}
