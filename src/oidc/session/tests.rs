//! What becomes of tokens when callers leave, processes race and users log out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::{Session, StoredTokens, TokenStore, TokenStoreFuture};
use crate::oidc::TokenSet;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::testing::Reply;
use crate::{AccessToken, ErrorKind};

/// Gives `t1` with `r1`, then `t2` with `r2`, and so on; a refresh token is good once.
async fn rotating() -> Mock {
    let number = Mutex::new(0_u32);
    Mock::with(Defects {
        script: Box::new(move |seen| {
            if seen.target.ends_with("/logout") {
                return Some(Reply::status(204));
            }
            if !seen.is_token_request() {
                return None;
            }
            let mut number = number.lock().unwrap();
            let refreshing = seen.form("grant_type") == Some("refresh_token");
            if refreshing && seen.form("refresh_token") != Some(format!("r{number}").as_str()) {
                return Some(Reply::json(400, r#"{"error":"invalid_grant"}"#));
            }
            *number += 1;
            Some(Reply::json(
                200,
                json!({
                    "access_token": format!("t{number}"), "refresh_token": format!("r{number}"),
                    "token_type": "Bearer", "expires_in": 300,
                })
                .to_string(),
            ))
        }),
        ..Defects::default()
    })
    .await
}

async fn first(mock: &Mock) -> TokenSet {
    mock.oidc().client_credentials().await.unwrap()
}

/// Polls once, and drops.
async fn give_up<F: Future>(future: F) {
    let mut future = Box::pin(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

async fn expire(session: &Session) -> AccessToken {
    let token = session.access_token().await.unwrap();
    session.shared.engine.invalidate_token(&token);
    token
}

/// Polls so often, and drops.
async fn give_up_after<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// However far a caller came: what the server gave is kept, and no refresh token is shown twice.
#[tokio::test]
async fn r06_callers_may_leave_at_any_point() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let mut finished = 0;
    for polls in 0..400 {
        expire(&session).await;
        let left = give_up_after(session.access_token(), polls).await;
        finished += usize::from(left.is_some_and(|token| token.is_ok()));
        session.access_token().await.unwrap();
    }
    assert!(finished > 0 && finished < 400, "{finished}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Several callers, polled and dropped in any order.
    #[test]
    fn r06_callers_in_any_order(
        order in proptest::collection::vec((0..4_usize, 0..8_u8), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mock = rotating().await;
            let session = mock.oidc().session(first(&mock).await);
            let mut callers: [Option<Pin<Box<dyn Future<Output = _>>>>; 4] = Default::default();
            for (caller, action) in order {
                let caller = &mut callers[caller];
                match action {
                    0 => *caller = None,
                    1 => drop(expire(&session).await),
                    _ => {
                        let future = caller.get_or_insert_with(|| {
                            let session = session.clone();
                            Box::pin(async move { session.access_token().await })
                        });
                        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
                        if let Poll::Ready(token) = polled.await {
                            token.unwrap();
                            *caller = None;
                        }
                    }
                }
                tokio::task::yield_now().await;
            }
            for future in callers.into_iter().flatten() {
                future.await.unwrap();
            }
            session.access_token().await.unwrap();
        });
    }
}

/// A machine that slept: its clock stood still, and the server's did not.
#[tokio::test]
async fn r08_what_ended_while_the_machine_slept_is_replaced_once() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let slept = session.access_token().await.unwrap();
    assert!(slept.expires_in().unwrap() > Duration::from_secs(200));
    for _ in 0..3 {
        let token = session.refresh_refused(&slept).await.unwrap();
        assert_eq!(token.secret(), "t2");
    }
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn r06_a_rotated_token_is_kept_when_its_caller_has_left() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    expire(&session).await;
    give_up(session.access_token()).await;
    let token = session.access_token().await.unwrap();
    assert_eq!(token.secret(), "t2");
    expire(&session).await;
    assert_eq!(
        session.access_token().await.unwrap().secret(),
        "t3",
        "with r2"
    );
    assert_eq!(mock.posts("/token"), 3);
}

#[tokio::test]
async fn r03_a_token_that_was_replaced_is_not_refreshed_again() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let old = session.access_token().await.unwrap();
    let new = session.refresh_refused(&old).await.unwrap();
    assert_eq!(
        session.refresh_refused(&old).await.unwrap().secret(),
        new.secret()
    );
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn r17_a_refresh_under_way_does_not_outlive_the_logout() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    expire(&session).await;
    give_up(session.access_token()).await;
    session.logout().await.unwrap();
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    // What was ended is what the refresh brought, if it was sent at all.
    let sent = mock.posts("/token") - 1;
    let seen = mock.server.seen();
    let logout = seen
        .iter()
        .find(|seen| seen.target.ends_with("/logout"))
        .unwrap();
    let ended = logout.form("refresh_token");
    assert_eq!(ended, Some(if sent == 0 { "r1" } else { "r2" }));
    assert_eq!(
        seen.iter().filter(|s| s.is_token_request()).count() - 1,
        sent
    );
}

#[tokio::test]
async fn a_session_that_is_over_is_not_asked_about_again() {
    let mock = rotating().await;
    let oidc = mock.oidc();
    let tokens = first(&mock).await;
    oidc.refresh(&tokens).await.unwrap(); // r1 is used up
    let session = oidc.session(tokens);
    expire(&session).await;
    for _ in 0..3 {
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    }
    assert_eq!(mock.posts("/token"), 3);
    assert!(!format!("{session:?}").contains("t1"));
}

#[derive(Debug, Clone, Default)]
struct Store(Arc<Mutex<Option<StoredTokens>>>);

impl TokenStore for Store {
    fn load(&self) -> TokenStoreFuture<'_, Option<StoredTokens>> {
        let found = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> TokenStoreFuture<'_, bool> {
        let mut stored = self.0.lock().unwrap();
        let fits = stored.as_ref().map(StoredTokens::version) == expected;
        if fits {
            *stored = tokens;
        }
        Box::pin(std::future::ready(Ok(fits)))
    }
}

#[tokio::test]
async fn r15_what_another_process_has_written_is_taken_over() {
    let mock = rotating().await;
    let store = Store::default();
    let one = mock
        .oidc()
        .session_in(store.clone(), first(&mock).await)
        .await
        .unwrap();
    let other = mock
        .oidc()
        .session_from(store.clone())
        .await
        .unwrap()
        .unwrap();
    let (a, b) = (expire(&one).await, expire(&other).await);
    assert_eq!((a.secret(), b.secret()), ("t1", "t1"));
    assert_eq!(one.access_token().await.unwrap().secret(), "t2");
    assert_eq!(other.access_token().await.unwrap().secret(), "t2");
    assert_eq!(mock.posts("/token"), 2, "the second one read the store");
    // Both at once: one claims, the other waits for it.
    expire(&one).await;
    expire(&other).await;
    let (a, b) = tokio::join!(one.access_token(), other.access_token());
    assert_eq!((a.unwrap().secret(), b.unwrap().secret()), ("t3", "t3"));
    assert_eq!(mock.posts("/token"), 3);
}

/// The nonce of a browser login is known to the process that has checked it, and to no other.
#[tokio::test]
async fn r15_the_id_token_of_a_browser_login_is_restored() {
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
    // The provider repeats the nonce with a refresh.
    expire(&session).await;
    session.access_token().await.unwrap();
    assert!(session.tokens().await.unwrap().id_token().is_some());
}

#[tokio::test]
async fn r15_a_claim_of_a_process_that_died_ends() {
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
    assert_eq!(session.access_token().await.unwrap().secret(), "t2");
}

#[tokio::test]
async fn r15_after_invalid_grant_the_store_is_read_once_more() {
    // Somebody refreshes without a claim, while this process is at it.
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
                text["access_token"] = json!("theirs");
                text["refresh_token"] = json!("their-refresh");
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
    assert_eq!(session.access_token().await.unwrap().secret(), "theirs");
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_logout_elsewhere_ends_the_session_here() {
    let mock = rotating().await;
    let store = Store::default();
    let one = mock
        .oidc()
        .session_in(store.clone(), first(&mock).await)
        .await
        .unwrap();
    let other = mock
        .oidc()
        .session_from(store.clone())
        .await
        .unwrap()
        .unwrap();
    one.logout().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    expire(&other).await;
    assert!(other.access_token().await.unwrap_err().is_unauthorized());
    assert_eq!(mock.posts("/token"), 1);
}

/// Wherever the tokens were refreshed last: what is ended is the newest of them.
#[tokio::test]
async fn r17_a_logout_ends_what_another_process_has_refreshed() {
    let mock = rotating().await;
    let store = Store::default();
    let tokens = first(&mock).await;
    let one = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    let other = mock.oidc().session_from(store.clone()).await.unwrap();
    let other = other.unwrap();
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
async fn r17_a_session_that_is_closed_leaves_another_login_alone() {
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
    // Refreshed elsewhere, it is the same login.
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

/// After a rotation the new refresh token is the only good one, whatever is wrong with the ID token
/// beside it.
#[tokio::test]
async fn r06_a_rotated_token_outlives_an_id_token_that_cannot_be_verified() {
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
            // The second one names a key that is not published yet.
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
        expire(&session).await;
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken, "{error}");
        // Another process takes the token over.
        let next = match shared {
            true => mock.oidc().session_from(store).await.unwrap().unwrap(),
            false => session,
        };
        next.access_token().await.unwrap();
        expire(&next).await;
        next.access_token().await.unwrap();
        assert!(mock.posts("/token") >= 3);
    }
}

/// Who cannot finish in time gives up, and lets the next one in.
#[tokio::test]
async fn r15_a_refresh_is_given_up_before_its_claim_ends() {
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

#[tokio::test]
async fn r08_tokens_without_an_end_are_kept_until_they_are_refused() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| {
            answer.as_object_mut().unwrap().remove("expires_in");
            answer.as_object_mut().unwrap().remove("id_token");
        }),
        ..Defects::default()
    })
    .await;
    let session = mock.oidc().session(first(&mock).await);
    for _ in 0..3 {
        let token = session.access_token().await.unwrap();
        assert_eq!(token.expires_in(), None::<Duration>);
    }
    assert_eq!(mock.posts("/token"), 1);
}
