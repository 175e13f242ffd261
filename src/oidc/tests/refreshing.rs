//! Refreshes with a token set, and with a single refresh token.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::mock::{Defects, Mock};
use crate::TokenFault;
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::{OfflineToken, RefreshToken, Refreshable, TokenSet};

/// A server whose responses have this refresh token, or none.
async fn giving(refresh_token: Option<&'static str>) -> Mock {
    Mock::with(Defects {
        answer: Box::new(move |answer| answer["refresh_token"] = json!(refresh_token)),
        ..Defects::default()
    })
    .await
}

fn last_sent(mock: &Mock) -> Option<String> {
    let seen = mock.server.seen();
    let sent = seen.iter().rfind(|seen| seen.target == "/token").unwrap();
    sent.form("refresh_token").map(Into::into)
}

fn kept(tokens: &TokenSet) -> &str {
    tokens.refresh_token().unwrap().expose()
}

#[tokio::test]
async fn a_refresh_token_alone_will_do() {
    for (given, kept_after) in [(Some("r2"), "r2"), (None, "r1")] {
        let mock = giving(given).await;
        let oidc = mock.oidc();
        let (refresh, offline) = (RefreshToken::new("r1"), OfflineToken::new("r1"));
        let [first, second, third] = [
            Refreshable::from(&refresh.unwrap()),
            Refreshable::from(&offline.unwrap()),
            Refreshable::new("r1").unwrap(),
        ];
        for token in [first, second, third] {
            let tokens = oidc.refresh(token).await.unwrap();
            assert_eq!(last_sent(&mock).as_deref(), Some("r1"));
            assert_eq!(kept(&tokens), kept_after);
            assert!(tokens.id_token().is_some(), "of anybody");
            // The new tokens, of the same user, can be refreshed again.
            oidc.refresh(&tokens).await.unwrap();
        }
    }
}

#[test]
fn tokens_of_other_types_are_none_to_refresh_with() {
    let server = SigningKey::from_secret(SignatureAlgorithm::Hs512, "a".repeat(64)).unwrap();
    let made = |typ: &str| server.sign(&json!({}), &json!({ "typ": typ })).unwrap();
    for typ in ["Refresh", "Offline"] {
        let token = Refreshable::new(made(typ)).unwrap();
        assert_eq!(token.refresh_token().unwrap().expose(), made(typ));
        assert!(token.tokens().is_none());
    }
    for (token, fault) in [
        (made("Bearer"), TokenFault::Type),
        (made("ID"), TokenFault::Type),
        (made("Logout"), TokenFault::Type),
        (String::new(), TokenFault::Malformed),
    ] {
        let error = Refreshable::new(token).unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{error}");
    }
}

/// After a rotation the old refresh token is invalid, so the new one is not discarded.
#[tokio::test]
async fn a_rotated_token_beside_a_bad_id_token_is_in_the_error() {
    let headers = AtomicUsize::new(0);
    let mock = Mock::with(Defects {
        header: Box::new(move |header| {
            if headers.fetch_add(1, Ordering::SeqCst) == 1 {
                header["kid"] = json!("new");
            }
        }),
        answer: Box::new(|answer| answer["refresh_token"] = json!("hunter2")),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    let error = oidc.refresh(&tokens).await.unwrap_err();
    assert!(error.is_invalid_token(), "{error}");
    let rotated = error.refresh_token().unwrap();
    assert_eq!(rotated.expose(), "hunter2");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let again = oidc.refresh(Refreshable::new(rotated).unwrap()).await;
    assert!(again.unwrap().id_token().is_some());

    // Nothing was rotated.
    let mock = giving(None).await;
    let refused = mock.oidc().refresh(&tokens).await.unwrap_err();
    assert!(refused.refresh_token().is_none(), "{refused}");
}
