//! The well-known document, right and wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use serde_json::json;

use super::{IssuerRule, ProviderId};
use crate::http::base::BaseUrl;
use crate::test_support::{Reply, Server, discovery};
use crate::{ErrorKind, ProviderMetadata};

fn rule(base: &str, issuer: Option<&str>) -> IssuerRule {
    IssuerRule::new(BaseUrl::parse("base URL", base).unwrap(), issuer, "ops").unwrap()
}

#[test]
fn issuers_are_compared_code_point_by_code_point() {
    let plain = rule("https://h/auth/", None);
    plain
        .check(&ProviderId::realm("demo"), "https://h/auth/realms/demo")
        .unwrap();
    plain
        .check(&ProviderId::realm("a b@c"), "https://h/auth/realms/a%20b@c")
        .unwrap();
    for bad in [
        "https://h/auth/realms/demo/",
        "https://h/auth/realms/Demo",
        "https://h/auth/realms/demo?x",
        "https://h/auth/realms/demo/realms/demo",
        "https://H/auth/realms/demo",
        "https://h:443/auth/realms/demo",
        "http://h/auth/realms/demo",
        "https://h/realms/demo",
        "",
    ] {
        let error = plain.check(&ProviderId::realm("demo"), bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let text = error.to_string();
        assert!(
            text.contains("https://h/auth/realms/demo") && text.contains("issuer(..)"),
            "{text}"
        );
    }
    let public = rule("http://kc:8080", Some("https://sso.example/"));
    public
        .check(
            &ProviderId::realm("demo"),
            "https://sso.example/realms/demo",
        )
        .unwrap();
    assert!(
        public
            .check(&ProviderId::realm("demo"), "http://kc:8080/realms/demo")
            .is_err()
    );
    let full = rule("http://kc:8080", Some("https://sso.example:443/realms/ops"));
    full.check(
        &ProviderId::realm("ops"),
        "https://sso.example:443/realms/ops",
    )
    .unwrap();
    assert!(
        full.check(&ProviderId::realm("ops"), "https://sso.example/realms/ops")
            .is_err()
    );
}

#[test]
fn a_given_issuer_must_make_sense() {
    let base = BaseUrl::parse("base URL", "http://kc:8080").unwrap();
    for bad in [
        "sso.example",
        "https://sso.example/realms/other",
        "https://sso.example/realms/",
    ] {
        let error = IssuerRule::new(base.clone(), Some(bad), "ops").unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("issuer"),
            "{error}"
        );
    }
}

#[test]
fn endpoints_are_called_through_the_base_url() {
    let public = rule("http://kc:8080/kc", Some("https://sso.example/auth"));
    let issuer = "https://sso.example/auth/realms/ops";
    for (published, called) in [
        (
            "https://sso.example/auth/realms/ops/token?a=b",
            "http://kc:8080/kc/realms/ops/token?a=b",
        ),
        (
            "https://sso.example:443/auth/realms/x",
            "http://kc:8080/kc/realms/x",
        ),
        (
            "http://kc:8080/kc/realms/ops/token",
            "http://kc:8080/kc/realms/ops/token",
        ),
        (
            "https://mtls.example/auth/token",
            "https://mtls.example/auth/token",
        ),
        (
            "https://sso.example/authority/token",
            "https://sso.example/authority/token",
        ),
    ] {
        assert_eq!(
            public
                .addresses()
                .rewrite(issuer, published)
                .unwrap()
                .as_str(),
            called
        );
    }
    for bad in [
        "http://sso.example/auth/token",
        "ftp://h/token",
        "/token",
        "",
    ] {
        assert_eq!(
            public.addresses().rewrite(issuer, bad).unwrap_err().kind(),
            ErrorKind::Protocol,
            "{bad}"
        );
    }
    let plain = rule("http://h", None);
    let elsewhere = plain
        .addresses()
        .rewrite("http://h/realms/ops", "http://other/token")
        .unwrap();
    assert_eq!(elsewhere.as_str(), "http://other/token");
}

#[test]
fn members_may_be_missing_and_unknown_ones_are_kept() {
    let read = |value| serde_json::from_value::<ProviderMetadata>(value);
    let metadata =
        read(json!({"issuer": "i", "new_member": [1], "scopes_supported": ["a"]})).unwrap();
    assert_eq!(
        metadata.scopes_supported.as_deref(),
        Some(&["a".to_owned()][..])
    );
    assert_eq!(metadata.extra["new_member"], json!([1]));
    assert_eq!(metadata.token_endpoint, None);
    assert!(read(json!({})).is_err());
}

#[tokio::test]
async fn one_fetch_serves_all_and_is_kept() {
    let server = Server::keycloak(|_, _| None).await;
    let kc = server.builder().anonymous().build().unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let kc = kc.clone();
            tokio::spawn(async move { kc.metadata("demo").await.unwrap().issuer.clone() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), format!("{}/realms/demo", server.url));
    }
    assert_eq!(server.counts().0, 1);
    kc.metadata("a/b").await.unwrap();
    assert_eq!(
        server.seen()[1].target,
        "/realms/a%2Fb/.well-known/openid-configuration"
    );
    assert!(kc.metadata("..").await.unwrap_err().is_config());
    assert_eq!(server.counts().0, 2);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_looked_up_again() {
    let server =
        Server::keycloak(|seen, _| seen.is_token_request().then(|| Reply::json(404, "{}"))).await;
    let kc = server.client();
    for _ in 0..2 {
        assert!(kc.login().await.unwrap_err().is_not_found());
    }
    assert_eq!(server.counts(), (2, 2, 0));
}

#[tokio::test]
async fn documents_that_are_refused() {
    let html = Reply::Answer(200, vec![("Content-Type", "text/html".into())], "{}".into());
    let large = format!(r#"{{"issuer":"{}"}}"#, "x".repeat(1 << 20));
    let foreign = r#"{"issuer":"https://sso.example/realms/master"}"#;
    for (reply, kind, text) in [
        (html, ErrorKind::Protocol, "not JSON"),
        (Reply::json(200, large), ErrorKind::Protocol, "larger than"),
        (Reply::json(200, "{}"), ErrorKind::Decode, "issuer"),
        (
            Reply::json(200, foreign),
            ErrorKind::Protocol,
            "https://sso.example/realms/master",
        ),
        (
            Reply::json(404, r#"{"error":"Realm does not exist"}"#),
            ErrorKind::NotFound,
            "\"master\"",
        ),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let error = server.client().login().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with("discovery: "), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let bare = |url: &str| format!(r#"{{"issuer":"{url}/realms/master"}}"#);
    let server = Server::start(move |seen, _| {
        Reply::json(
            200,
            bare(&format!("http://{}", seen.header("host").unwrap())),
        )
    })
    .await;
    let error = server.client().login().await.unwrap_err();
    assert!(error.to_string().contains("no token_endpoint"), "{error}");
}

#[tokio::test]
async fn a_public_name_works_beside_an_internal_base_url() {
    let server = Server::keycloak(|seen, _| {
        seen.is_discovery()
            .then(|| discovery("https://sso.example", seen))
    })
    .await;
    let builder = || server.builder().client_credentials("a", "hunter2");
    assert!(builder().build().unwrap().login().await.is_err());
    for issuer in ["https://sso.example", "https://sso.example/realms/master"] {
        let kc = builder().issuer(issuer).build().unwrap();
        kc.request::<()>(Method::GET, ["admin", "serverinfo"])
            .await
            .unwrap();
    }
    assert_eq!(server.counts().1, 2);
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_for_it() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let server = Server::start(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::json(404, r#"{"error":"Realm does not exist"}"#)
    })
    .await;
    let kc = server.builder().anonymous().build().unwrap();
    let calls = (0..100).map(|_| kc.metadata("demo"));
    let results = futures_util::future::join_all(calls).await;
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().unwrap_err().is_not_found())
    );
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
