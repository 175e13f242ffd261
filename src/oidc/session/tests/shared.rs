//! Tokens that several processes share through a store.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::super::{Session, StoredTokens, TokenStore};
use super::{expire, first, rotating};
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;
use crate::{BoxFuture, ErrorKind, Result};

#[derive(Debug, Clone, Default)]
pub(super) struct Store(pub(super) Arc<Mutex<Option<StoredTokens>>>);

impl TokenStore for Store {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        let found = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        let mut stored = self.0.lock().unwrap();
        let fits = stored.as_ref().map(StoredTokens::version) == expected;
        if fits {
            *stored = tokens;
        }
        Box::pin(std::future::ready(Ok(fits)))
    }
}

/// Two sessions of one login, as in two processes.
pub(super) async fn two_processes(mock: &Mock) -> (Store, Session, Session) {
    let store = Store::default();
    let tokens = first(mock).await;
    let one = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    let other = mock.oidc().session_from(store.clone()).await.unwrap();
    (store, one, other.unwrap())
}

#[tokio::test]
async fn tokens_that_another_process_has_written_are_taken_over() {
    let mock = rotating().await;
    let (_, one, other) = two_processes(&mock).await;
    let (a, b) = (expire(&one).await, expire(&other).await);
    assert_eq!((a.expose(), b.expose()), ("t1", "t1"));
    assert_eq!(one.access_token().await.unwrap().expose(), "t2");
    assert_eq!(other.access_token().await.unwrap().expose(), "t2");
    assert_eq!(mock.posts("/token"), 2, "the second one read the store");
    // Both at once: one claims the refresh, the other waits for it.
    expire(&one).await;
    expire(&other).await;
    let (a, b) = tokio::join!(one.access_token(), other.access_token());
    assert_eq!((a.unwrap().expose(), b.unwrap().expose()), ("t3", "t3"));
    assert_eq!(mock.posts("/token"), 3);
}

/// The nonce of a browser login is only known to the process that checked it.
#[tokio::test]
async fn the_id_token_of_a_browser_login_is_restored_from_the_store() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| answer["refresh_token"] = json!("r")),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let url = mock.answer(&login);
    let tokens = oidc.callback(login, url.as_str()).await.unwrap();
    let store = Store::default();
    oidc.session_in(store.clone(), tokens).await.unwrap();
    let session = mock.oidc().session_from(store.clone()).await.unwrap();
    let session = session.unwrap();
    let tokens = session.tokens().await.unwrap();
    assert!(tokens.id_token().is_some());
    // The provider repeats the nonce in the refreshed ID token.
    expire(&session).await;
    session.access_token().await.unwrap();
    assert!(session.tokens().await.unwrap().id_token().is_some());
}

/// The ID token of another process's refresh is taken over with the other tokens.
#[tokio::test]
async fn a_new_id_token_of_another_process_is_taken_over() {
    let number = Mutex::new(0_u32);
    let mock = Mock::with(Defects {
        claims: Box::new(move |claims| {
            let mut number = number.lock().unwrap();
            *number += 1;
            claims["jti"] = json!(*number);
        }),
        answer: Box::new(|answer| {
            answer["access_token"] = answer["id_token"].clone();
            answer["scope"] = json!("openid x");
        }),
        ..Defects::default()
    })
    .await;
    let (_, one, other) = two_processes(&mock).await;
    let mut numbers = Vec::new();
    for session in [&one, &other] {
        expire(session).await;
        let tokens = session.tokens().await.unwrap();
        assert_eq!(tokens.scope(), Some("openid x"));
        numbers.push(tokens.id_token().unwrap().claim("jti").unwrap().clone());
    }
    assert_eq!(numbers, [2, 2]);
}

#[tokio::test]
async fn the_claim_of_a_process_that_died_ends() {
    let mock = rotating().await;
    let store = Store::default();
    let session = mock
        .oidc()
        .session_in(store.clone(), first(&mock).await)
        .await
        .unwrap();
    {
        let mut stored = store.0.lock().unwrap();
        let mut dead = serde_json::to_value(stored.as_ref().unwrap().claimed()).unwrap();
        let until = dead["claimed_until"].as_u64().unwrap();
        dead["claimed_until"] = json!(until - 30_000);
        *stored = serde_json::from_value(dead).unwrap();
    }
    expire(&session).await;
    assert_eq!(session.access_token().await.unwrap().expose(), "t2");
}

#[tokio::test]
async fn after_invalid_grant_the_store_is_read_once_more() {
    // A process refreshes without a claim while this one refreshes.
    let store = Store::default();
    let shared = store.clone();
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| {
            if !seen.is_token_request() {
                return None;
            }
            if seen.form("grant_type") == Some("refresh_token") {
                let mut stored = shared.0.lock().unwrap();
                let mut text =
                    serde_json::to_value(stored.as_ref().unwrap().released(None)).unwrap();
                text["tokens"]["access_token"] = json!("theirs");
                text["tokens"]["refresh_token"] = json!("their-refresh");
                *stored = serde_json::from_value(text).unwrap();
                return Some(Reply::json(400, r#"{"error":"invalid_grant"}"#));
            }
            Some(Reply::json(
                200,
                r#"{"access_token":"mine","refresh_token":"r","expires_in":300,
                    "token_type":"Bearer"}"#,
            ))
        }),
        ..Defects::default()
    })
    .await;
    let session = mock
        .oidc()
        .session_in(store, first(&mock).await)
        .await
        .unwrap();
    expire(&session).await;
    assert_eq!(session.access_token().await.unwrap().expose(), "theirs");
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_logout_elsewhere_ends_the_session_here() {
    let mock = rotating().await;
    let (store, one, other) = two_processes(&mock).await;
    one.logout().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    expire(&other).await;
    assert!(other.access_token().await.unwrap_err().is_unauthorized());
    assert_eq!(mock.posts("/token"), 1);
}

/// The newest tokens are ended, wherever they were refreshed.
#[tokio::test]
async fn a_logout_ends_what_another_process_has_refreshed() {
    let mock = rotating().await;
    let (store, one, other) = two_processes(&mock).await;
    expire(&one).await;
    one.access_token().await.unwrap();
    other.logout().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    {
        let seen = mock.server.seen();
        let logout = seen.iter().find(|seen| seen.target.ends_with("/logout"));
        assert_eq!(logout.unwrap().form("refresh_token"), Some("r2"));
    }
    expire(&one).await;
    assert!(one.access_token().await.unwrap_err().is_unauthorized());
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_session_that_is_closed_leaves_another_login_alone() {
    let mock = rotating().await;
    let store = Store::default();
    let tokens = first(&mock).await;
    let one = mock
        .oidc()
        .session_in(store.clone(), tokens.clone())
        .await
        .unwrap();
    let same = mock
        .oidc()
        .session_from(store.clone())
        .await
        .unwrap()
        .unwrap();
    expire(&same).await;
    same.access_token().await.unwrap();
    // After a refresh in another process it is still the same login.
    one.close().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    // Another login in its place.
    let old = mock
        .oidc()
        .session_in(store.clone(), tokens.clone())
        .await
        .unwrap();
    let new = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    old.close().await.unwrap();
    assert!(store.0.lock().unwrap().is_some());
    new.close().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
}

/// A store to which another process writes while a logout removes the tokens.
#[derive(Debug, Clone, Default)]
struct Busy(Store, Arc<Mutex<bool>>);

impl TokenStore for Busy {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        self.0.load()
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        if tokens.is_none() && !std::mem::replace(&mut *self.1.lock().unwrap(), true) {
            let mut stored = self.0.0.lock().unwrap();
            let written = stored.as_ref().map(|entry| entry.released(None));
            *stored = written;
        }
        self.0.compare_and_swap(expected, tokens)
    }
}

#[tokio::test]
async fn tokens_that_are_written_during_a_logout_are_removed_too() {
    let mock = rotating().await;
    let store = Busy::default();
    let tokens = first(&mock).await;
    let session = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    session.close().await.unwrap();
    assert!(store.0.0.lock().unwrap().is_none());
    assert!(*store.1.lock().unwrap(), "somebody was faster");
}

/// Another process's access token is taken over only if it is valid for long enough.
#[tokio::test]
async fn a_token_about_to_end_is_not_taken_over() {
    for (left, refreshes) in [(5, true), (60, false)] {
        let mock = rotating().await;
        let store = Store::default();
        let tokens = first(&mock).await;
        let session = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
        let other = mock
            .oidc()
            .session_from(store.clone())
            .await
            .unwrap()
            .unwrap();
        expire(&other).await;
        other.access_token().await.unwrap();
        {
            let mut stored = store.0.lock().unwrap();
            let mut text = serde_json::to_value(stored.as_ref().unwrap()).unwrap();
            text["tokens"]["expires_at"] = json!(crate::oidc::tests::mock::now() + left);
            *stored = serde_json::from_value(text).unwrap();
        }
        expire(&session).await;
        let token = session.access_token().await.unwrap();
        assert_eq!(token.expose(), if refreshes { "t3" } else { "t2" });
    }
}

/// A claim that lasts too long was made with a wrong clock.
#[tokio::test]
async fn a_claim_from_the_future_is_not_a_claim() {
    let mock = rotating().await;
    let tokens = first(&mock).await;
    let entry = StoredTokens::new(1, "l", &tokens).claimed();
    assert!(entry.is_claimed() && entry.version() == 2);
    let mut text = serde_json::to_value(&entry).unwrap();
    let until = text["claimed_until"].as_u64().unwrap();
    text["claimed_until"] = json!(until + 3_600_000);
    let off: StoredTokens = serde_json::from_value(text).unwrap();
    assert!(!off.is_claimed());
}

/// After a rotation only the new refresh token is valid, whatever is wrong with the new ID token.
#[tokio::test]
async fn a_rotated_token_outlives_an_id_token_that_cannot_be_verified() {
    for shared in [false, true] {
        let number = Arc::new(Mutex::new(0_u32));
        let (answers, headers) = (number.clone(), number.clone());
        let asked = number.clone();
        let mock = Mock::with(Defects {
            script: Box::new(move |seen| {
                let current = format!("r{}", asked.lock().unwrap());
                let spent = seen
                    .form("refresh_token")
                    .is_some_and(|token| token != current);
                spent.then(|| Reply::json(400, r#"{"error":"invalid_grant"}"#))
            }),
            // The second ID token names a key that is not published yet.
            header: Box::new(move |header| {
                *headers.lock().unwrap() += 1;
                if *headers.lock().unwrap() == 2 {
                    header["kid"] = json!("new");
                }
            }),
            answer: Box::new(move |answer| {
                answer["refresh_token"] = json!(format!("r{}", answers.lock().unwrap()));
            }),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let tokens = first(&mock).await;
        let store = Store::default();
        let session = match shared {
            true => oidc.session_in(store.clone(), tokens).await.unwrap(),
            false => oidc.session(tokens),
        };
        // Another process, which has the earlier tokens.
        let next = match shared {
            true => mock.oidc().session_from(store).await.unwrap().unwrap(),
            false => session.clone(),
        };
        let before = expire(&session).await;
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken, "{error}");
        if shared {
            expire(&next).await;
        }
        next.access_token().await.unwrap();
        assert_eq!(mock.posts("/token"), 3, "{before:?} is not given out again");
        expire(&next).await;
        next.access_token().await.unwrap();
        assert_eq!(mock.posts("/token"), 4);
    }
}

/// A process that cannot finish in time gives up, and another one can refresh.
#[tokio::test]
async fn a_refresh_is_given_up_before_its_claim_ends() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let refresh = seen.form("grant_type") == Some("refresh_token");
            refresh.then_some(Reply::Hang)
        }),
        ..Defects::default()
    })
    .await;
    let store = Store::default();
    let oidc = mock.oidc();
    let tokens = first(&mock).await;
    let session = oidc.session_in(store.clone(), tokens).await.unwrap();
    expire(&session).await;
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(started.elapsed().as_secs(), 25);
    assert!(!store.0.lock().unwrap().as_ref().unwrap().is_claimed());
}

/// Another login in the same place of the store is another session: the first one neither returns
/// its tokens nor ends it.
#[tokio::test]
async fn the_login_of_another_user_is_not_taken_over() {
    let user = Arc::new(Mutex::new("ada".to_owned()));
    let (subject, tokens) = (Arc::clone(&user), Arc::clone(&user));
    let mock = Mock::with(Defects {
        claims: Box::new(move |claims| claims["sub"] = json!(*subject.lock().unwrap())),
        answer: Box::new(move |answer| {
            let user = tokens.lock().unwrap();
            answer["access_token"] = json!(format!("access of {user}"));
            answer["refresh_token"] = json!(format!("refresh of {user}"));
        }),
        ..Defects::default()
    })
    .await;
    let store = Store::default();
    let tokens = first(&mock).await;
    let ada = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    "bob".clone_into(&mut user.lock().unwrap());
    let tokens = first(&mock).await;
    let bob = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    expire(&ada).await;
    let error = ada.access_token().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert!(error.hint().unwrap().contains("session_from"), "{error}");
    let _ = ada.logout().await;
    {
        let ended = mock.server.seen();
        let mut ended = ended.iter().filter(|seen| seen.target.ends_with("/logout"));
        assert!(ended.all(|seen| !seen.body.contains("bob")));
    }
    assert!(store.0.lock().unwrap().is_some(), "bob's tokens stay");
    assert_eq!(bob.access_token().await.unwrap().expose(), "access of bob");
}

/// A store whose reads lag behind its writes.
#[derive(Debug, Clone, Default)]
struct Lagging;

impl TokenStore for Lagging {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn compare_and_swap(
        &self,
        _: Option<u64>,
        _: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

#[tokio::test]
async fn a_store_that_does_not_show_what_was_written_is_given_up() {
    let mock = rotating().await;
    let tokens = first(&mock).await;
    tokio::time::pause();
    let error = mock.oidc().session_in(Lagging, tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.hint().unwrap().contains("lagging replica"), "{error}");
}
