//! Logouts and revocations.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::discovery::ProviderMetadata;
use crate::oidc::RefreshToken;
use crate::oidc::logout::browser_url;
use crate::test_support::Reply;
use crate::{AccessToken, ErrorKind, Secret};

/// The path where Keycloak ends sessions.
const KEYCLOAKS: &str = "/protocol/openid-connect/logout";

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
    assert_eq!(url.path(), KEYCLOAKS);
    let pairs: Vec<_> = url.query_pairs().collect();
    let id_token = tokens.id_token().unwrap().expose();
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

/// A browser is only sent to a web address, and never from an HTTPS issuer to plain HTTP.
#[test]
fn browsers_are_sent_to_safe_addresses() {
    let document = |issuer: &str, endpoint: Option<&str>| -> ProviderMetadata {
        let document = json!({ "issuer": issuer, "end_session_endpoint": endpoint });
        serde_json::from_value(document).unwrap()
    };
    let end: crate::endpoint::Endpoint = ("end_session_endpoint", |m| {
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
            assert!(error.hint().unwrap().contains("already ended"), "{error}");
        }
        assert_eq!(
            mock.last_body(KEYCLOAKS),
            "refresh_token=refresh-hunter2&x=1"
        );
    }
    // A refresh token is enough.
    let mock = Mock::start().await;
    let alone = RefreshToken::new("alone").unwrap();
    mock.oidc().logout(&alone).await.unwrap_err();
    assert_eq!(mock.last_body(KEYCLOAKS), "refresh_token=alone");
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
    // Without a refresh token the access token is revoked.
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

/// A provider other than Keycloak: its `end_session_endpoint` is a page.
fn elsewhere(revocation: bool, refresh_token: bool, reply: Reply) -> Defects {
    Defects {
        document: Box::new(move |document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            document["end_session_endpoint"] = json!(format!("{base}/end?from{KEYCLOAKS}"));
            if !revocation {
                document
                    .as_object_mut()
                    .unwrap()
                    .remove("revocation_endpoint");
            }
        }),
        answer: Box::new(move |answer| {
            if !refresh_token {
                answer.as_object_mut().unwrap().remove("refresh_token");
            }
        }),
        script: Box::new(move |seen| match seen.target.as_str() {
            "/revoke" => Some(reply.clone()),
            target => target.starts_with("/end").then(|| Reply::status(200)),
        }),
        ..Defects::default()
    }
}

#[tokio::test]
async fn a_provider_with_a_page_for_browsers_is_logged_out_of_by_revocation() {
    for (refresh_token, sent) in [
        (
            true,
            "token=refresh-hunter2&token_type_hint=refresh_token&x=1",
        ),
        (
            false,
            "token=access-hunter2&token_type_hint=access_token&x=1",
        ),
    ] {
        let mock = Mock::with(elsewhere(true, refresh_token, Reply::status(200))).await;
        let oidc = mock.oidc();
        let tokens = oidc.client_credentials().await.unwrap();
        oidc.logout(&tokens).param("x", "1").await.unwrap();
        assert_eq!(mock.last_body("/revoke"), sent);
    }
    // With a single refresh token.
    let mock = Mock::with(elsewhere(true, true, Reply::status(200))).await;
    let alone = RefreshToken::new("alone").unwrap();
    mock.oidc().logout(&alone).await.unwrap();
    let sent = "token=alone&token_type_hint=refresh_token";
    assert_eq!(mock.last_body("/revoke"), sent);
    assert!(
        mock.server
            .seen()
            .iter()
            .all(|seen| !seen.target.starts_with("/end"))
    );
}

#[tokio::test]
async fn only_the_browsers_logout_is_left_without_a_revocation_endpoint() {
    let mock = Mock::with(elsewhere(false, true, Reply::status(200))).await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    let error = oidc.logout(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("revocation_endpoint"), "{error}");
    assert!(error.hint().unwrap().contains("logout_url"), "{error}");
    assert_eq!((mock.posts("/end"), mock.posts("/logout")), (0, 0));
    let url = oidc.logout_url(&tokens).build().unwrap();
    assert_eq!(url.path(), "/end");
}

/// A response that the endpoint's specification does not define as success is not one.
#[tokio::test]
async fn a_revocation_succeeds_with_200_or_204() {
    let refused = r#"{"error":"unsupported_token_type","error_description":"not these"}"#;
    for (reply, code) in [
        (Reply::status(204), Ok(())),
        (Reply::json(200, r#"{"error":"invalid_token"}"#), Ok(())),
        (
            Reply::json(200, refused),
            Err(Some("unsupported_token_type")),
        ),
        (
            Reply::json(400, refused),
            Err(Some("unsupported_token_type")),
        ),
        (Reply::status(202), Err(None)),
        (
            Reply::status(302).with("Location", "https://op.example/login"),
            Err(None),
        ),
        (Reply::status(403), Err(None)),
        (Reply::status(404), Err(None)),
    ] {
        let mock = Mock::with(elsewhere(true, true, reply.clone())).await;
        let oidc = mock.oidc();
        let tokens = oidc.client_credentials().await.unwrap();
        for outcome in [oidc.logout(&tokens).await, oidc.revoke(&tokens).await] {
            let found = outcome
                .as_ref()
                .map(|_| ())
                .map_err(|error| error.oauth_code());
            assert_eq!(found, code, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn keycloak_ends_a_session_with_204() {
    for (status, ended) in [
        (204, true),
        (200, false),
        (302, false),
        (403, false),
        (404, false),
    ] {
        let mock = Mock::with(on("/logout", move |_| Reply::status(status))).await;
        let oidc = mock.oidc();
        let tokens = oidc.client_credentials().await.unwrap();
        let outcome = oidc.logout(&tokens).await;
        assert_eq!(outcome.is_ok(), ended, "{status}");
        assert_eq!(mock.posts("/revoke"), 0);
    }
}
