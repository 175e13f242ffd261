//! Finding a provider: its document, and how it is renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::ErrorKind;
use crate::oidc::{LoginStore, MemoryLoginStore, Oidc, StartedLogin};
use crate::test_support::{Reply, options};

#[tokio::test]
async fn an_endpoint_that_is_not_published_is_named() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            let issuer = document["issuer"].clone();
            *document = json!({ "issuer": issuer, "a_member_of_tomorrow": { "x": [1] } });
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let metadata = oidc.metadata().await.unwrap();
    assert_eq!(metadata.extra["a_member_of_tomorrow"]["x"][0], 1);
    for (error, name) in [
        (
            oidc.device().await.unwrap_err(),
            "device_authorization_endpoint",
        ),
        (
            oidc.introspect("x").await.unwrap_err(),
            "introspection_endpoint",
        ),
        (oidc.revoke("x").await.unwrap_err(), "revocation_endpoint"),
        (
            oidc.client_credentials().await.unwrap_err(),
            "token_endpoint",
        ),
        (
            oidc.authorize().start().await.unwrap_err(),
            "authorization_endpoint",
        ),
        (
            oidc.authorize().pushed().start().await.unwrap_err(),
            "pushed_authorization_request_endpoint",
        ),
        (
            oidc.logout_url_without_hint().build().unwrap_err(),
            "end_session_endpoint",
        ),
        (oidc.keys().await.unwrap_err(), "jwks_uri"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn an_issuer_in_another_spelling_is_another_issuer() {
    for issuer in [
        "{}/",
        "{}/realms/x",
        "https://op.example",
        "HTTP://127.0.0.1",
    ] {
        let mock = Mock::with(Defects {
            document: Box::new(move |document| {
                let own = document["issuer"].as_str().unwrap().to_owned();
                document["issuer"] = json!(issuer.replace("{}", &own));
            }),
            ..Defects::default()
        })
        .await;
        let error = mock.oidc().metadata().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(mock.server.seen().len(), 1);
    }
}

#[tokio::test]
async fn plain_http_is_only_for_this_machine() {
    let plain = Oidc::discover("http://op.example")
        .client_id("app")
        .build()
        .unwrap_err();
    assert!(
        plain.is_config() && plain.to_string().contains("danger_allow_http"),
        "{plain}"
    );
    for good in [
        "http://localhost:1",
        "http://127.0.0.1:1/x",
        "http://[::1]:1",
        "https://op.example",
    ] {
        Oidc::discover(good).client_id("app").build().unwrap();
    }
    for bad in [
        "",
        "op.example",
        "ftp://op.example",
        "https://op.example?x",
        "https://a:b@op.example",
    ] {
        assert!(
            Oidc::discover(bad)
                .client_id("app")
                .build()
                .unwrap_err()
                .is_config()
        );
    }
    // An endpoint of an issuer with HTTPS must use HTTPS too.
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            document["issuer"] = json!("https://op.example");
            document["token_endpoint"] = json!("http://evil.example/token");
            document["authorization_endpoint"] = json!("http://evil.example/authorize");
        }),
        ..Defects::default()
    })
    .await;
    let oidc = Oidc::discover("https://op.example")
        .base_url(&mock.server.url)
        .client_id("app")
        .redirect_uri("https://app.example/cb")
        .options(options())
        .build()
        .unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert!(error.to_string().contains("plain HTTP"), "{error}");
    let error = oidc.authorize().start().await.unwrap_err();
    assert!(error.to_string().contains("plain HTTP"), "{error}");
}

/// Neither the document nor the keys are read from a redirect's target.
#[tokio::test]
async fn documents_and_keys_do_not_come_from_a_redirect() {
    let elsewhere = Mock::start().await;
    for part in ["openid-configuration", "/keys"] {
        let away = format!("{}/elsewhere", elsewhere.server.url);
        let mock = Mock::with(on(part, move |_| {
            Reply::status(302).with("Location", away.clone())
        }))
        .await;
        let oidc = mock.oidc();
        let failed = match part {
            "/keys" => oidc.keys().await.map(drop),
            _ => oidc.metadata().await.map(drop),
        };
        failed.expect_err(part);
    }
    assert!(elsewhere.server.seen().is_empty());
}

#[tokio::test]
async fn what_is_not_a_document_or_too_large_is_refused() {
    let endless = format!("{{\"issuer\":\"{}\"}}", "x".repeat(2 << 20));
    for (reply, why) in [
        (Reply::json(200, endless), "larger than"),
        (
            Reply::Answer(
                200,
                vec![("Content-Type", "text/html".into())],
                "<html>".into(),
            ),
            "not JSON",
        ),
        (Reply::json(200, "[".repeat(100_000)), "unexpected JSON"),
    ] {
        let mock = Mock::with(on("/openid-configuration", move |_| reply.clone())).await;
        let error = mock.oidc().metadata().await.unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    let mock = Mock::with(on("/keys", |_| {
        Reply::Answer(
            200,
            vec![("Content-Type", "text/html".into())],
            "<html>".into(),
        )
    }))
    .await;
    let error = mock.oidc().keys().await.unwrap_err();
    assert!(error.to_string().contains("not JSON"), "{error}");
}

#[tokio::test]
async fn documents_are_only_as_deep_as_a_reader_can_go() {
    for (depth, good) in [(50, true), (100_000, false)] {
        let mock = Mock::with(on("/openid-configuration", move |seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            let document =
                format!(r#"{{"issuer":"{base}","token_endpoint":"{base}/t","new":{open}{close}}}"#);
            Reply::json(200, document)
        }))
        .await;
        let read = mock.oidc().metadata().await;
        assert_eq!(read.is_ok(), good, "{depth}");
    }
}

#[tokio::test]
async fn the_memory_of_logins_has_limits() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let store = MemoryLoginStore::with_limits(Duration::from_secs(600), 2);
    let start = async || oidc.authorize().start_in(&store).await;
    let first = start().await.unwrap();
    assert!(first.url().starts_with(&mock.server.url) && first.url().contains("state="));
    let second = start().await.unwrap();
    let third = start().await.unwrap();
    let take = async |login: &StartedLogin| store.take(login.cookie().expose()).await.unwrap();
    assert!(take(&first).await.is_none(), "pushed out by the third");
    assert!(take(&second).await.is_some());
    assert!(take(&second).await.is_none(), "once");
    minutes_later(11).await;
    assert!(take(&third).await.is_none(), "too old");
    // Documents that are too old are removed.
    for _ in 0..2 {
        start().await.unwrap();
    }
    minutes_later(11).await;
    start().await.unwrap();
}

pub(super) async fn minutes_later(minutes: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60 * minutes)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn documents_are_read_again_and_used_on_while_nobody_answers() {
    let away = Arc::new(AtomicBool::new(false));
    let shown = away.clone();
    let mock = Mock::with(on("/openid-configuration", move |seen| {
        let base = format!("http://{}", seen.header("host").unwrap());
        match shown.load(Ordering::SeqCst) {
            true => Reply::status(503),
            false => Reply::json(
                200,
                json!({ "issuer": base, "token_endpoint": format!("{base}/t") }).to_string(),
            ),
        }
    }))
    .await;
    let oidc = mock.oidc();
    let read = async || {
        oidc.metadata().await.unwrap();
        let seen = mock.server.seen();
        seen.iter().filter(|seen| seen.is_discovery()).count()
    };
    assert_eq!((read().await, read().await), (1, 1));
    minutes_later(59).await;
    assert_eq!(read().await, 1);
    minutes_later(62).await;
    assert_eq!((read().await, read().await), (2, 2));
    away.store(true, Ordering::SeqCst);
    minutes_later(121).await;
    let tried = read().await;
    assert!(tried > 2, "it was asked, and the old one is used on");
    assert_eq!(read().await, tried, "not for every call");
    minutes_later(2).await;
    assert!(read().await > tried);
    away.store(false, Ordering::SeqCst);
    minutes_later(2).await;
    let back = read().await;
    minutes_later(59).await;
    assert_eq!(read().await, back);
    // But not for ever.
    away.store(true, Ordering::SeqCst);
    minutes_later(23 * 60).await;
    oidc.metadata().await.unwrap();
    minutes_later(61).await;
    let error = oidc.metadata().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503, "{error}");
    away.store(false, Ordering::SeqCst);
    oidc.metadata().await.unwrap();
}

/// The document is renewed beside the call, later before it, for as long as the caller may wait.
#[tokio::test]
async fn a_known_document_is_used_while_its_renewal_hangs() {
    let hanging = Arc::new(AtomicBool::new(false));
    let switch = hanging.clone();
    let mock = Mock::with(on("/openid-configuration", move |seen| {
        let base = format!("http://{}", seen.header("host").unwrap());
        match switch.load(Ordering::SeqCst) {
            true => Reply::Hang,
            false => Reply::json(200, json!({ "issuer": base }).to_string()),
        }
    }))
    .await;
    let oidc = mock
        .builder()
        .options(options().renewal_wait(Duration::from_millis(10)))
        .build()
        .unwrap();
    oidc.metadata().await.unwrap();
    hanging.store(true, Ordering::SeqCst);
    for minutes in [61, 61] {
        minutes_later(minutes).await;
        for _ in 0..5 {
            let read = tokio::time::timeout(Duration::from_secs(20), oidc.metadata());
            read.await.expect("nobody waits for an answer").unwrap();
        }
    }
    let asked = mock
        .server
        .seen()
        .iter()
        .filter(|seen| seen.is_discovery())
        .count();
    assert!(asked >= 2, "it is renewed");
}

#[tokio::test]
async fn the_address_of_rfc_8414_is_tried_second() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            match seen.target.as_str() {
                "/.well-known/oauth-authorization-server/as" => Some(Reply::json(
                    200,
                    json!({ "issuer": format!("{base}/as"), "token_endpoint": format!("{base}/t") })
                        .to_string(),
                )),
                _ => Some(Reply::status(404)),
            }
        }),
        ..Defects::default()
    })
    .await;
    let issuer = format!("{}/as", mock.server.url);
    let oidc = Oidc::discover(&issuer)
        .client_id("app")
        .options(options())
        .build()
        .unwrap();
    assert_eq!(oidc.metadata().await.unwrap().issuer, issuer);
    let seen = mock.server.seen();
    assert_eq!(seen[0].target, "/as/.well-known/openid-configuration");
}
