//! Calls through a service of the program's own: no socket is opened.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Method, Request, Response};
use serde_json::Value;

use super::call;
use crate::test_support::options;
use crate::{BoxFuture, ClientOptions, HttpBody, HttpError, HttpErrorKind, HttpService, Keycloak};

type Outcome = Result<Response<HttpBody>, HttpError>;

/// Gives its outcomes in turn, and keeps the requests.
#[derive(Debug, Default)]
struct Script {
    outcomes: Mutex<VecDeque<Outcome>>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Arc<Self> {
        Arc::new(Self {
            outcomes: Mutex::new(outcomes.into_iter().collect()),
            ..Self::default()
        })
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl HttpService for Script {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Outcome> {
        self.seen.lock().unwrap().push(request);
        let outcome = self.outcomes.lock().unwrap().pop_front();
        // Without an outcome it hangs.
        match outcome {
            Some(outcome) => std::future::ready(outcome).boxed(),
            None => std::future::pending().boxed(),
        }
    }
}

fn with(script: &Arc<Script>, options: ClientOptions) -> Keycloak {
    Keycloak::builder("https://sso.example/auth")
        .options(options.http_service(script.clone()))
        .access_token("hunter2")
        .build()
        .unwrap()
}

fn client(script: &Arc<Script>) -> Keycloak {
    with(script, ClientOptions::new().quick())
}

fn answer(status: u16, body: impl Into<HttpBody>) -> Outcome {
    let response = Response::builder().status(status);
    Ok(response.body(body.into()).unwrap())
}

fn fault(kind: HttpErrorKind) -> Outcome {
    Err(HttpError::new(kind, "what the service says"))
}

#[tokio::test]
async fn a_request_goes_to_the_service_as_it_is() {
    let script = Script::of([answer(200, r#"{"a":1}"#)]);
    let value: Value = client(&script)
        .request(Method::POST, ["admin", "a b"])
        .query(&[("q", "x y")])
        .header("x-own", "1")
        .text("body")
        .await
        .unwrap();
    assert_eq!(value["a"], 1);
    let seen = script.seen.lock().unwrap();
    assert_eq!(seen[0].method(), Method::POST);
    assert_eq!(
        seen[0].uri().to_string(),
        "https://sso.example/auth/admin/a%20b?q=x+y"
    );
    assert_eq!(seen[0].body().as_ref(), b"body");
    let header = |name: &str| seen[0].headers()[name].to_str().unwrap();
    assert_eq!(header("authorization"), "Bearer hunter2");
    assert_eq!(header("x-own"), "1");
    assert!(header("user-agent").starts_with("keycloak-kit/"));
}

#[tokio::test]
async fn what_the_service_met_decides_whether_it_is_asked_again() {
    use HttpErrorKind::{Connect, ConnectTimeout, Interrupted, Request, Timeout, Tls};
    for (kind, get, post, text) in [
        (Connect, 4, 4, "could not connect to the server"),
        (ConnectTimeout, 4, 4, "could not connect within"),
        (Interrupted, 4, 1, "the connection broke"),
        (Timeout, 4, 1, "no response within the time limit"),
        (Tls, 1, 1, "the TLS handshake"),
        (Request, 1, 1, "could not be built"),
    ] {
        for (method, attempts) in [(Method::GET, get), (Method::POST, post)] {
            let script = Script::of((0..4).map(|_| fault(kind)));
            let error = call(&client(&script), method.clone()).await.unwrap_err();
            assert!(error.to_string().contains(text), "{kind:?}: {error}");
            assert_eq!(script.count(), attempts, "{kind:?} {method}");
            let source = std::error::Error::source(&error).unwrap();
            assert_eq!(source.to_string(), "what the service says");
        }
    }
}

/// A body is a stream, so limits hold before it has ended.
#[tokio::test]
async fn size_and_time_limits_hold_while_a_body_arrives() {
    let endless = || {
        let chunk = || Ok(Bytes::from_static(&[b'x'; 1024]));
        HttpBody::from_stream(stream::repeat_with(chunk))
    };
    let script = Script::of([answer(200, endless())]);
    let error = call(&client(&script), Method::GET).await.unwrap_err();
    assert!(error.to_string().contains("max_response_bytes"), "{error}");
    assert_eq!(script.count(), 1);

    let stuck = HttpBody::from_stream(
        stream::iter([Ok(Bytes::from_static(b"{"))]).chain(stream::pending()),
    );
    let script = Script::of([answer(200, stuck), answer(200, "{}")]);
    let kc = with(
        &script,
        ClientOptions::new()
            .quick()
            .timeout(Duration::from_millis(50)),
    );
    call(&kc, Method::GET).await.unwrap();
    assert_eq!(script.count(), 2, "the next attempt has a body that ends");

    let cut = stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(HttpError::new(HttpErrorKind::Interrupted, "cut")),
    ]);
    let script = Script::of([answer(200, HttpBody::from_stream(cut)), answer(200, "{}")]);
    call(&client(&script), Method::GET).await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test]
async fn a_response_to_head_announces_what_it_does_not_send() {
    for (method, good) in [(Method::HEAD, true), (Method::GET, false)] {
        let mut response = answer(200, HttpBody::empty()).unwrap();
        let length = "99999999999".parse().unwrap();
        response.headers_mut().insert("content-length", length);
        let script = Script::of([Ok(response)]);
        assert_eq!(call(&client(&script), method).await.is_ok(), good);
    }
}

#[tokio::test]
async fn a_redirect_that_is_not_followed_is_an_error() {
    let mut response = answer(302, HttpBody::empty()).unwrap();
    let target = "https://elsewhere.example/x?hunter2".parse().unwrap();
    response.headers_mut().insert("location", target);
    let script = Script::of([Ok(response)]);
    let error = call(&client(&script), Method::GET).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("redirects to https://elsewhere.example;"),
        "{text}"
    );
    assert_eq!(script.count(), 1);
}

/// What is good for one attempt is made for each.
#[cfg(feature = "oidc")]
#[tokio::test]
async fn every_attempt_has_an_assertion_of_its_own() {
    use crate::jose::{SignatureAlgorithm, SigningKey};

    let document = r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/token"}"#;
    let script = Script::of([
        answer(200, document),
        fault(HttpErrorKind::Connect),
        answer(200, r#"{"access_token":"t","token_type":"Bearer"}"#),
    ]);
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = crate::oidc::Oidc::discover("https://op.example")
        .options(ClientOptions::new().quick().http_service(script.clone()))
        .client_id("app")
        .client_auth(crate::ClientAuth::private_key_jwt(key))
        .build()
        .unwrap();
    oidc.client_credentials().await.unwrap();
    let seen = script.seen.lock().unwrap();
    let form = |number: usize| String::from_utf8(seen[number].body().to_vec()).unwrap();
    assert_eq!(seen.len(), 3);
    assert!(form(1).contains("client_assertion=") && form(1) != form(2));
}

#[tokio::test]
async fn clients_share_a_service_and_its_connections() {
    let server =
        crate::test_support::Server::start(|_, _| crate::test_support::Reply::json(200, "{}"))
            .await;
    let service = options().build_http_service().unwrap();
    for _ in 0..2 {
        let kc = Keycloak::builder(&server.url)
            .options(ClientOptions::new().http_service(service.clone()))
            .access_token("t")
            .build()
            .unwrap();
        call(&kc, Method::GET).await.unwrap();
    }
    assert_eq!(server.seen().len(), 2);
}
