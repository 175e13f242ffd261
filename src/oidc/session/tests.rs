//! What happens to tokens when callers leave, processes race and users log out.

mod logout;
mod requests;
mod shared;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::Session;
use crate::oidc::TokenSet;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;
use crate::{AccessToken, ErrorKind};

/// Issues `t1` with `r1`, then `t2` with `r2`, and so on; a refresh token is valid once.
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

/// Polls once, then drops.
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

/// Polls this often, then drops.
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

/// However far a caller got, the server's tokens are kept, and no refresh token is used twice.
#[tokio::test]
async fn callers_may_leave_a_refresh_at_any_point() {
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
    fn callers_may_come_and_leave_in_any_order(
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

/// On a machine that slept, the clock stood still, but the server's did not.
#[tokio::test]
async fn a_token_that_ended_while_the_machine_slept_is_replaced_once() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let slept = session.access_token().await.unwrap();
    assert!(slept.expires_in().unwrap() > Duration::from_secs(200));
    for _ in 0..3 {
        let token = session.refresh_refused(&slept).await.unwrap();
        assert_eq!(token.expose(), "t2");
    }
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_rotated_token_is_kept_when_its_caller_has_left() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    expire(&session).await;
    give_up(session.access_token()).await;
    let token = session.access_token().await.unwrap();
    assert_eq!(token.expose(), "t2");
    expire(&session).await;
    assert_eq!(
        session.access_token().await.unwrap().expose(),
        "t3",
        "with r2"
    );
    assert_eq!(mock.posts("/token"), 3);
}

#[tokio::test]
async fn a_token_that_was_replaced_is_not_refreshed_again() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let old = session.access_token().await.unwrap();
    let new = session.refresh_refused(&old).await.unwrap();
    assert_eq!(
        session.refresh_refused(&old).await.unwrap().expose(),
        new.expose()
    );
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_refresh_under_way_does_not_outlive_the_logout() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    expire(&session).await;
    give_up(session.access_token()).await;
    session.logout().await.unwrap();
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    // The session that was ended is the refreshed one, if the refresh was sent at all.
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
async fn a_refresh_has_what_the_caller_adds() {
    let mock = rotating().await;
    let session = mock.oidc().session(first(&mock).await);
    let session = session
        .refresh_param("resource", "a")
        .refresh_param("resource", "b");
    expire(&session).await;
    session.access_token().await.unwrap();
    let seen = mock.server.seen();
    let refresh = seen.iter().rfind(|seen| seen.is_token_request()).unwrap();
    assert!(
        refresh.body.ends_with("&resource=a&resource=b"),
        "{}",
        refresh.body
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
    let shown = format!("{session:?} {:?}", session.shared.state);
    assert!(
        shown.contains("SessionState {") && !shown.contains("t1"),
        "{shown}"
    );
}

#[tokio::test]
async fn tokens_without_an_end_are_kept_until_they_are_refused() {
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
