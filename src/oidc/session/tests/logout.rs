//! What a session keeps when its logout fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::shared::{Store, two_processes};
use super::{expire, first};
use crate::ErrorKind;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;

/// A server whose logout fails this many times, in this way.
async fn failing(times: usize, failure: Reply) -> Mock {
    let asked = Arc::new(AtomicUsize::new(0));
    Mock::with(Defects {
        script: Box::new(move |seen| {
            seen.target
                .ends_with("/logout")
                .then(|| match asked.fetch_add(1, Ordering::SeqCst) {
                    attempt if attempt < times => failure.clone(),
                    _ => Reply::status(204),
                })
        }),
        ..Defects::default()
    })
    .await
}

#[tokio::test]
async fn a_logout_that_failed_can_be_called_again() {
    let mock = failing(1, Reply::status(403)).await;
    let session = mock.oidc().session(first(&mock).await);
    let error = session.logout().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("no more tokens") && hint.contains("logout()"),
        "{hint}"
    );
    // From now on the session returns no tokens.
    assert!(session.access_token().await.unwrap_err().is_unauthorized());
    assert!(session.tokens().await.unwrap_err().is_unauthorized());
    session.logout().await.unwrap();
    let sent = mock.last_body("/protocol/openid-connect/logout");
    assert_eq!(sent, "refresh_token=refresh-hunter2");
    // A second logout does nothing.
    session.logout().await.unwrap();
    assert_eq!(mock.posts("/logout"), 2);
    assert!(session.access_token().await.unwrap_err().is_unauthorized());
    let url = session.logout_url().build().unwrap();
    assert!(url.query().unwrap().contains("id_token_hint="), "{url}");
}

#[tokio::test]
async fn a_logout_that_failed_can_be_called_again_by_another_process() {
    let mock = failing(1, Reply::status(403)).await;
    let (store, one, other) = two_processes(&mock).await;
    one.logout().await.unwrap_err();
    let entry = store
        .0
        .lock()
        .unwrap()
        .clone()
        .expect("what the logout needs");
    assert!(entry.is_ending());
    // The other process returns no new tokens.
    expire(&other).await;
    assert!(other.access_token().await.unwrap_err().is_unauthorized());
    assert_eq!(mock.posts("/token"), 1);
    // A process that starts now returns no tokens either, but it ends the session.
    drop((one, other));
    let later = mock
        .oidc()
        .session_from(store.clone())
        .await
        .unwrap()
        .unwrap();
    assert!(later.access_token().await.unwrap_err().is_unauthorized());
    assert_eq!(mock.posts("/token"), 1);
    later.logout().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    assert_eq!(mock.posts("/logout"), 2);
}

#[tokio::test]
async fn a_session_that_has_ended_at_the_server_leaves_nothing_behind() {
    let refused = Reply::json(400, r#"{"error":"invalid_grant"}"#);
    let mock = failing(9, refused).await;
    let store = Store::default();
    let tokens = first(&mock).await;
    let session = mock.oidc().session_in(store.clone(), tokens).await.unwrap();
    let error = session.logout().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    assert!(store.0.lock().unwrap().is_none());
    session.logout().await.unwrap();
    assert_eq!(mock.posts("/logout"), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_logged_out_of_says_so() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            let members = document.as_object_mut().unwrap();
            members.remove("end_session_endpoint");
            members.remove("revocation_endpoint");
        }),
        ..Defects::default()
    })
    .await;
    let session = mock.oidc().session(first(&mock).await);
    let error = session.logout().await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("logout_url; ") && hint.contains("close()") && !hint.contains("again"),
        "{hint}"
    );
    assert!(session.access_token().await.unwrap_err().is_unauthorized());
    session.close().await.unwrap();
}
