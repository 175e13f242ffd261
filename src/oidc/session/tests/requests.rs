//! Calls of protected services with the tokens of a session.

use serde_json::{Value, json};

use super::{first, rotating};
use crate::jose::{DpopKey, SignatureAlgorithm, decode_unverified};
use crate::oidc::Session;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::{Reply, Server, options};
use crate::{ErrorKind, Method, StatusCode};

async fn session(mock: &Mock) -> Session {
    mock.oidc().session(first(mock).await)
}

#[tokio::test]
async fn a_service_gets_the_token_and_what_the_caller_sets() {
    let service = Server::start(|_, _| Reply::json(200, r#"{"n":1}"#)).await;
    let mock = rotating().await;
    let session = session(&mock).await;
    let url = format!("{}/albums", service.url);
    let answer: Value = session
        .request(Method::POST, &url)
        .query(&[("page", "2")])
        .header("x-request-id", "7")
        .json(&json!({ "name": "summer" }))
        .await
        .unwrap();
    assert_eq!(answer, json!({ "n": 1 }));
    let bytes = session.request::<()>(Method::GET, &url).send_bytes().await;
    assert_eq!(bytes.unwrap().value().as_ref(), br#"{"n":1}"#);
    let form = session
        .request::<()>(Method::PUT, &url)
        .form(&[("a", "b c")]);
    assert_eq!(form.send().await.unwrap().status(), StatusCode::OK);
    let seen = service.seen();
    assert_eq!(seen[0].target, "/albums?page=2");
    assert_eq!(seen[0].header("authorization"), Some("Bearer t1"));
    assert_eq!(seen[0].header("x-request-id"), Some("7"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].body, r#"{"name":"summer"}"#);
    assert_eq!(seen[1].header("accept"), Some("*/*"));
    assert_eq!(seen[2].body, "a=b+c");
    assert!(seen.iter().all(|seen| seen.header("dpop").is_none()));
}

/// A 401 comes before execution, so a `POST` is replayed too, once, with its body.
#[tokio::test]
async fn a_refused_token_is_replaced_once_and_the_request_replayed() {
    let service = Server::start(|seen, _| match seen.header("authorization") {
        Some("Bearer t2") => Reply::json(201, "7"),
        _ => Reply::status(401),
    })
    .await;
    let mock = rotating().await;
    let login = session(&mock).await;
    let request = login.request::<u32>(Method::POST, &service.url);
    assert_eq!(request.json(&json!({ "a": 1 })).await.unwrap(), 7);
    let bodies: Vec<_> = service.seen().iter().map(|s| s.body.clone()).collect();
    assert_eq!(bodies, [r#"{"a":1}"#, r#"{"a":1}"#]);

    // If the fresh token is refused too, the call fails.
    let service = Server::start(|_, _| {
        Reply::status(401).with("WWW-Authenticate", r#"Bearer error="invalid_token""#)
    })
    .await;
    let url = format!("{}/me?q=hunter2", service.url);
    let error = login.request::<()>(Method::GET, &url).await.unwrap_err();
    assert_eq!(service.seen().len(), 2);
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.oauth_code(), Some("invalid_token"));
    let named = format!("GET {}/me", service.url);
    assert_eq!(error.operation(), Some(named.as_str()));
    assert!(error.hint().unwrap().contains("audience"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));

    // Without a refresh token there is no fresh token.
    let mut tokens = first(&mock).await;
    tokens.renewal = None;
    let before = mock.posts("/token");
    let bare = mock.oidc().session(tokens);
    let error = bare.request::<()>(Method::GET, &url).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("no refresh token") && !hint.contains("and a fresh one"),
        "{error}"
    );
    assert_eq!((service.seen().len(), mock.posts("/token")), (3, before));

    // An ended session is reported.
    login.close().await.unwrap();
    let error = login.request::<()>(Method::GET, &url).await.unwrap_err();
    assert_eq!(error.operation(), Some("oidc.session"), "{error}");
    assert_eq!(service.seen().len(), 3);
}

/// RFC 9449 sections 7 and 9: a proof for each attempt, with the nonce that the service requires.
#[tokio::test]
async fn a_bound_token_goes_with_a_proof_and_the_services_nonce() {
    let service = Server::start(|_, number| match number {
        0 => Reply::status(401)
            .with("WWW-Authenticate", r#"DPoP error="use_dpop_nonce""#)
            .with("DPoP-Nonce", "n1"),
        _ => Reply::json(200, "1"),
    })
    .await;
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| answer["token_type"] = json!("DPoP")),
        ..Defects::default()
    })
    .await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    let session = oidc.session(oidc.client_credentials().await.unwrap());
    let url = format!("{}/a?b=c", service.url);
    let _: Value = session.request(Method::PATCH, &url).await.unwrap();
    let seen = service.seen();
    assert_eq!((seen.len(), mock.posts("/token")), (2, 1));
    let proofs: Vec<_> = seen
        .iter()
        .map(|seen| {
            assert_eq!(seen.header("authorization"), Some("DPoP access-hunter2"));
            decode_unverified(seen.header("dpop").unwrap()).unwrap()
        })
        .collect();
    for proof in &proofs {
        assert_eq!(proof.claims()["htm"], "PATCH");
        assert_eq!(proof.claims()["htu"], format!("{}/a", service.url));
        assert!(proof.claims()["ath"].is_string());
    }
    assert_eq!(proofs[0].claims().get("nonce"), None);
    assert_eq!(proofs[1].claims()["nonce"], "n1");
    assert_ne!(proofs[0].claims()["jti"], proofs[1].claims()["jti"]);
}

#[tokio::test]
async fn a_token_goes_neither_over_a_redirect_nor_in_the_clear() {
    let elsewhere = Server::start(|_, _| Reply::status(200)).await;
    let target = format!("{}/x", elsewhere.url);
    let service =
        Server::start(move |_, _| Reply::status(307).with("Location", target.clone())).await;
    let mock = rotating().await;
    let session = session(&mock).await;
    let error = session.request::<()>(Method::GET, &service.url).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        error.hint().unwrap().contains("receive the token"),
        "{error}"
    );
    assert!(elsewhere.seen().is_empty());
    for url in [
        "http://api.example/x",
        "http://127.0.0.1.example/x",
        "http://localhost.example/x",
        "http://10.0.0.1/x",
        "ftp://127.0.0.1/x",
        "https://ada:hunter2@api.example/",
        "https://api.example/a b",
        " https://api.example/",
        "https://api.example/\nx",
        "/x",
        "api.example",
        "",
    ] {
        let error = session.request::<()>(Method::GET, url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for name in ["authorization", "dpop"] {
        let request = session.request::<()>(Method::GET, &service.url);
        let error = request.header(name, "x").await.unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    assert_eq!(service.seen().len(), 1);
}

/// The headers may be secrets between the client and its provider.
#[tokio::test]
async fn headers_for_the_provider_do_not_go_to_a_service() {
    let service = Server::start(|_, _| Reply::json(200, "1")).await;
    let mock = rotating().await;
    let oidc = mock
        .builder()
        .options(options().default_header("x-gateway", "hunter2"))
        .build()
        .unwrap();
    let session = oidc.session(oidc.client_credentials().await.unwrap());
    let _: Value = session.request(Method::GET, &service.url).await.unwrap();
    let sent = mock.server.seen();
    assert_eq!(sent.last().unwrap().header("x-gateway"), Some("hunter2"));
    assert_eq!(service.seen()[0].header("x-gateway"), None);
}

/// As for every call, a request that may have been executed is repeated only if that is harmless.
#[tokio::test]
async fn a_failing_service_is_asked_again_where_that_is_harmless() {
    for (method, sent) in [(Method::GET, 4), (Method::POST, 1)] {
        let service = Server::start(|_, _| Reply::json(503, r#"{"error":"away"}"#)).await;
        let mock = rotating().await;
        let session = session(&mock).await;
        let request = session.request::<()>(method.clone(), &service.url);
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server, "{error}");
        assert_eq!(service.seen().len(), sent, "{method}");
    }
    // The errors are the service's own; hints about the provider would mislead.
    for (status, kind) in [
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (422, ErrorKind::Validation),
    ] {
        let reply = Reply::Answer(status, Vec::new(), "<html>".to_owned());
        let service = Server::start(move |_, _| reply.clone()).await;
        let mock = rotating().await;
        let error = session(&mock).await;
        let error = error.request::<()>(Method::GET, &service.url).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!error.to_string().contains("base URL"), "{error}");
        assert!(!error.to_string().contains("Keycloak"), "{error}");
    }
}
