//! Logouts and revocations.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::discovery::ProviderMetadata;
use crate::oidc::RefreshToken;
use crate::oidc::logout::browser_url;
use crate::testing::Reply;
use crate::{AccessToken, ErrorKind, Secret};

#[tokio::test]
async fn a_logout_url_has_what_was_set() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    let url = oidc
        .logout_url(&tokens)
        .post_logout_redirect_uri("https://app.example/bye")
        .state("s1")
        .logout_hint("ada")
        .ui_locales("de en")
        .param("kc", "1")
        .build()
        .unwrap();
    assert_eq!(url.path(), "/logout");
    let pairs: Vec<_> = url.query_pairs().collect();
    let id_token = tokens.id_token().unwrap().raw().expose();
    let wanted = [
        ("client_id", "app"),
        ("id_token_hint", id_token),
        ("post_logout_redirect_uri", "https://app.example/bye"),
        ("state", "s1"),
        ("logout_hint", "ada"),
        ("ui_locales", "de en"),
        ("kc", "1"),
    ];
    assert_eq!(pairs, wanted.map(|(n, v)| (n.into(), v.into())));
    let kept = oidc
        .logout_url(&tokens)
        .id_token_hint("kept")
        .build()
        .unwrap();
    assert_eq!(kept.query().unwrap(), "client_id=app&id_token_hint=kept");
    let twice = oidc.logout_url(&tokens).param("client_id", "other").build();
    assert!(twice.unwrap_err().is_config());
}

/// Where a browser is sent is a web address, and not in the clear where the issuer is not.
#[test]
fn s03_browsers_are_sent_to_safe_addresses() {
    let document = |issuer: &str, endpoint: Option<&str>| -> ProviderMetadata {
        let document = json!({ "issuer": issuer, "end_session_endpoint": endpoint });
        serde_json::from_value(document).unwrap()
    };
    let end: crate::http::channel::Endpoint = ("end_session_endpoint", |m| {
        m.end_session_endpoint.as_deref()
    });
    for (issuer, endpoint, wanted) in [
        (
            "https://op",
            Some("https://op/end?x=1#top"),
            Some("https://op/end?x=1"),
        ),
        ("http://op", Some("http://op/end"), Some("http://op/end")),
        ("https://op", Some("http://op/end"), None),
        ("https://op", Some("javascript:alert(1)"), None),
        ("https://op", Some("end"), None),
        ("https://op", None, None),
    ] {
        match browser_url(&document(issuer, endpoint), end) {
            Ok(url) => assert_eq!(Some(url.as_str()), wanted, "{endpoint:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
                assert_eq!(wanted, None, "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_logout_whose_answer_was_lost_is_one() {
    for (lost, ends) in [(true, true), (false, false)] {
        let attempts = AtomicUsize::new(0);
        let mock = Mock::with(on("/logout", move |_| {
            match attempts.fetch_add(1, Ordering::SeqCst) {
                0 if lost => Reply::Drop,
                _ => Reply::json(400, r#"{"error":"invalid_grant"}"#),
            }
        }))
        .await;
        let oidc = mock.oidc();
        let tokens = oidc.client_credentials().await.unwrap();
        let outcome = oidc.logout(&tokens).param("x", "1").await;
        assert_eq!(outcome.is_ok(), ends, "{outcome:?}");
        if let Err(error) = outcome {
            assert!(error.hint().unwrap().contains("ended already"), "{error}");
        }
        assert_eq!(
            mock.last_body("/logout"),
            "refresh_token=refresh-hunter2&x=1"
        );
    }
    // A refresh token alone will do.
    let mock = Mock::start().await;
    let alone = RefreshToken::new("alone").unwrap();
    mock.oidc().logout(&alone).await.unwrap_err();
    assert_eq!(mock.last_body("/logout"), "refresh_token=alone");
    mock.oidc().revoke(&alone).await.unwrap_err();
    let revoked = "token=alone&token_type_hint=refresh_token";
    assert_eq!(mock.last_body("/revoke"), revoked);

    let none = Mock::with(Defects {
        answer: Box::new(|answer| drop(answer.as_object_mut().unwrap().remove("refresh_token"))),
        ..Defects::default()
    })
    .await;
    let tokens = none.oidc().client_credentials().await.unwrap();
    let error = none.oidc().logout(&tokens).await.unwrap_err();
    assert!(error.is_config() && error.hint().unwrap().contains("logout_url"));
    assert_eq!(none.posts("/logout"), 0);
    // Without one the access token is what can be given back.
    none.oidc().revoke(&tokens).await.unwrap_err();
    assert_eq!(
        none.last_body("/revoke"),
        "token=access-hunter2&token_type_hint=access_token"
    );
}

#[tokio::test]
async fn what_is_revoked_is_named() {
    let mock = Mock::with(on("/revoke", |_| {
        Reply::json(200, r#"{"error":"invalid_token"}"#)
    }))
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let login = oidc
        .callback(login.clone(), mock.answer(&login))
        .await
        .unwrap();
    let refresh = "token=refresh-hunter2&token_type_hint=refresh_token";
    oidc.revoke(&login).await.unwrap();
    assert_eq!(mock.last_body("/revoke"), refresh);
    let tokens: crate::oidc::TokenSet = login.into();
    oidc.revoke(&tokens).await.unwrap();
    assert_eq!(mock.last_body("/revoke"), refresh);
    oidc.revoke(&AccessToken::new("t")).await.unwrap();
    assert_eq!(
        mock.last_body("/revoke"),
        "token=t&token_type_hint=access_token"
    );
    oidc.revoke(Secret::from("s")).await.unwrap();
    assert_eq!(mock.last_body("/revoke"), "token=s");
    let text = String::from("t");
    oidc.revoke(Secret::from(&text)).await.unwrap();
    oidc.revoke(&text).await.unwrap();
    oidc.revoke(text).await.unwrap();
    assert_eq!(mock.last_body("/revoke"), "token=t");
    oidc.revoke("u").param("x", "1").await.unwrap();
    assert_eq!(mock.last_body("/revoke"), "token=u&x=1");
}
