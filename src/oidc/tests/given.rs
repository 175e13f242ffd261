//! Metadata and endpoints that are set in code, and the document of RFC 8414.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::documents::minutes_later;
use super::mock::{Defects, Mock};
use crate::oidc::{Discovered, Oidc, OidcBuilder};
use crate::test_support::{Reply, options};
use crate::{ErrorKind, ProviderMetadata};

const SECOND: &str = "/.well-known/oauth-authorization-server";

fn metadata(document: Value) -> ProviderMetadata {
    serde_json::from_value(document).unwrap()
}

fn of(issuer: &str) -> OidcBuilder<Discovered> {
    Oidc::discover(issuer).client_id("app")
}

#[tokio::test]
async fn a_document_that_is_given_is_not_fetched() {
    let mock = Mock::start().await;
    let base = &mock.server.url;
    let document = metadata(json!({
        "issuer": base, "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
    }));
    let oidc = mock
        .builder()
        .metadata(document.clone())
        .endpoint("userinfo_endpoint", format!("{base}/userinfo"))
        .build()
        .unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    let error = oidc.device().await.unwrap_err();
    assert!(error.to_string().contains("publishes no"), "{error}");
    assert_eq!(
        oidc.metadata().await.unwrap().token_endpoint,
        document.token_endpoint
    );
    assert!(mock.server.seen().iter().all(|seen| !seen.is_discovery()));
}

#[test]
fn what_is_given_keeps_the_rules() {
    let issuer = "https://op.example";
    let given = |document: Value| of(issuer).metadata(metadata(document)).build();
    given(json!({ "issuer": issuer, "token_endpoint": "https://elsewhere.example/t" })).unwrap();
    for (document, why) in [
        (json!({ "issuer": "https://op.example/" }), "issuer"),
        (
            json!({ "issuer": "https://evil.example" }),
            "https://evil.example",
        ),
        (
            json!({ "issuer": issuer, "token_endpoint": "http://op.example/t" }),
            "token_endpoint",
        ),
        (
            json!({ "issuer": issuer, "jwks_uri": "http://op.example/k" }),
            "jwks_uri",
        ),
        (
            json!({ "issuer": issuer, "authorization_endpoint": "op.example/a" }),
            "authorization_endpoint",
        ),
        (
            json!({ "issuer": issuer, "mtls_endpoint_aliases": { "token_endpoint": "http://op.example/m" } }),
            "token_endpoint",
        ),
    ] {
        let error = given(document).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(why),
            "{error}"
        );
    }
    for (name, url, why) in [
        ("token_endpoint", "http://op.example/t", "token_endpoint"),
        ("token_endpoint", "javascript:alert(1)", "token_endpoint"),
        ("token-endpoint", "https://op.example/t", "token-endpoint"),
        (
            "made_up_endpoint",
            "https://op.example/t",
            "made_up_endpoint",
        ),
        ("issuer", "https://op.example/t", "issuer"),
    ] {
        let error = of(issuer).endpoint(name, url).build().unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(why),
            "{error}"
        );
    }
    of(issuer)
        .endpoint("policy_endpoint", "https://op.example/t")
        .build()
        .unwrap();
}

#[tokio::test]
async fn an_endpoint_that_is_given_replaces_the_published_one() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| document["token_endpoint"] = json!("http://127.0.0.1:1/no")),
        ..Defects::default()
    })
    .await;
    let token = format!("{}/token", mock.server.url);
    let oidc = mock
        .builder()
        .endpoint("token_endpoint", token)
        .build()
        .unwrap();
    oidc.client_credentials().await.unwrap();
    let metadata = oidc.metadata().await.unwrap();
    assert!(
        metadata.revocation_endpoint.is_some(),
        "the rest is as published"
    );
}

/// A provider whose first document lacks endpoints; the second document is `second`.
async fn two_documents(second: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Mock {
    Mock::with(Defects {
        document: Box::new(|document| {
            let members = document.as_object_mut().unwrap();
            for name in [
                "revocation_endpoint",
                "end_session_endpoint",
                "device_authorization_endpoint",
            ] {
                members.remove(name);
            }
        }),
        script: Box::new(move |seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            match seen.target.as_str() {
                SECOND => Some(second(&base)),
                "/second/revoke" => Some(Reply::status(200)),
                _ => None,
            }
        }),
        ..Defects::default()
    })
    .await
}

fn asked(mock: &Mock) -> usize {
    let seen = mock.server.seen();
    seen.iter().filter(|seen| seen.target == SECOND).count()
}

#[tokio::test]
async fn the_document_of_rfc_8414_is_read_where_an_endpoint_is_missing() {
    let mock = two_documents(|base| {
        let document = json!({
            "issuer": base,
            "token_endpoint": "http://127.0.0.1:1/another",
            "revocation_endpoint": format!("{base}/second/revoke"),
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic"],
            "end_session_endpoint": format!("{base}/second/end"),
        });
        Reply::json(200, document.to_string())
    })
    .await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    assert_eq!(asked(&mock), 0, "nothing is missing yet");
    oidc.revoke(&tokens).await.unwrap();
    oidc.logout(&tokens).await.unwrap();
    assert_eq!(mock.posts("/second/revoke"), 2);
    // The metadata is still that of the first document, with both combined.
    let metadata = oidc.metadata().await.unwrap();
    assert_eq!(
        metadata.token_endpoint,
        Some(format!("{}/token", mock.server.url))
    );
    assert_eq!(metadata.extra["some_new_member"], 7);
    oidc.client_credentials().await.unwrap();
    let url = oidc.logout_url(&tokens).build().unwrap();
    assert_eq!(url.path(), "/second/end");
    // The error names an endpoint that neither document has, and the documents are not fetched
    // again.
    for _ in 0..2 {
        let error = oidc.device().await.unwrap_err();
        assert!(
            error.to_string().contains("device_authorization_endpoint"),
            "{error}"
        );
    }
    assert_eq!(asked(&mock), 1);
}

#[tokio::test]
async fn the_second_document_is_renewed_by_its_age_too() {
    let mock = two_documents(|base| {
        let document = json!({
            "issuer": base, "revocation_endpoint": format!("{base}/second/revoke"),
        });
        Reply::json(200, document.to_string())
    })
    .await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    oidc.revoke(&tokens).await.unwrap();
    oidc.revoke(&tokens).await.unwrap();
    assert_eq!(asked(&mock), 1, "it is kept");
    minutes_later(121).await;
    oidc.revoke(&tokens).await.unwrap();
    assert_eq!(asked(&mock), 2, "an old one is read again");
}

#[tokio::test]
async fn a_second_document_of_another_issuer_is_refused() {
    let mock = two_documents(|base| {
        let document = json!({
            "issuer": format!("{base}/"), "revocation_endpoint": format!("{base}/second/revoke"),
        });
        Reply::json(200, document.to_string())
    })
    .await;
    let error = mock.oidc().revoke("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("issuer is"), "{error}");
    assert_eq!(mock.posts("/second/revoke"), 0);
    // The second document must use HTTPS too if the issuer does.
    let first = Mock::with(Defects {
        script: Box::new(|seen| match seen.target.as_str() {
            SECOND => Some(Reply::json(
                200,
                r#"{"issuer":"https://op.example","revocation_endpoint":"http://evil.example/r"}"#,
            )),
            _ => Some(Reply::json(200, r#"{"issuer":"https://op.example"}"#)),
        }),
        ..Defects::default()
    })
    .await;
    let oidc = of("https://op.example")
        .base_url(&first.server.url)
        .options(options())
        .build()
        .unwrap();
    let error = oidc.revoke("x").await.unwrap_err();
    assert!(error.to_string().contains("plain HTTP"), "{error}");
}

#[tokio::test]
async fn a_second_document_that_is_none_is_left_alone() {
    let page = Reply::Answer(
        200,
        vec![("Content-Type", "text/html".into())],
        "<html>".into(),
    );
    for reply in [
        page,
        Reply::status(404),
        Reply::status(403),
        Reply::json(200, "[]"),
    ] {
        let mock = two_documents(move |_| reply.clone()).await;
        let oidc = mock.oidc();
        for _ in 0..2 {
            let error = oidc.revoke("x").await.unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("publishes no revocation_endpoint"),
                "{error}"
            );
        }
        assert_eq!(asked(&mock), 1);
    }
    // A document that cannot be fetched now is tried again later.
    let away = Arc::new(AtomicBool::new(true));
    let shown = away.clone();
    let mock = two_documents(move |base| match shown.load(Ordering::SeqCst) {
        true => Reply::status(503),
        false => Reply::json(
            200,
            json!({ "issuer": base, "revocation_endpoint": format!("{base}/second/revoke") })
                .to_string(),
        ),
    })
    .await;
    let oidc = mock.oidc();
    let error = oidc.revoke("x").await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503, "{error}");
    away.store(false, Ordering::SeqCst);
    oidc.revoke("x").await.unwrap();
}
