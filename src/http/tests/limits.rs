//! What a call refuses: redirects, large answers, other servers.

use http::Method;

use super::{OP, call};
use crate::ErrorKind;
use crate::http::options::CallOptions;
use crate::test_support::{Reply, Server, options};

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Server::start(|_, _| Reply::json(200, "{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{}/login?hunter2", other.url);
        let server =
            Server::start(move |_, _| Reply::status(status).with("Location", target.clone())).await;
        for kc in [
            server.builder().access_token("t").build().unwrap(),
            server.builder().password("ada", "hunter2").build().unwrap(),
        ] {
            let error = call(&kc, Method::POST).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            let text = error.to_string();
            assert!(text.contains("redirects to http://127.0.0.1;"), "{text}");
            assert!(text.contains("base URL is probably wrong") && !text.contains("hunter2"));
        }
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn answers_have_a_largest_size() {
    let large = "x".repeat(1001);
    let chunked = format!("3e9\r\n{large}\r\n0\r\n\r\n");
    let announced = Reply::Answer(200, Vec::new(), large);
    let unannounced = Reply::Answer(200, Vec::new(), chunked).with("Transfer-Encoding", "chunked");
    for reply in [announced, unannounced] {
        for (limit, good) in [(1000, false), (1001, true)] {
            let reply = reply.clone();
            let server = Server::start(move |_, _| reply.clone()).await;
            let kc = server
                .builder()
                .options(options().max_response_bytes(limit))
                .access_token("t")
                .build()
                .unwrap();
            match call(&kc, Method::GET).await {
                Ok(answer) => assert!(good && answer.value().len() == 1001),
                Err(error) => {
                    assert!(
                        !good && error.to_string().contains("max_response_bytes"),
                        "{error}"
                    );
                    assert_eq!(server.seen().len(), 1, "not sent again");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_token_goes_to_the_base_url_only() {
    let other = Server::start(|_, _| Reply::json(200, "{}")).await;
    let server = Server::start(|_, _| Reply::json(200, "{}")).await;
    let kc = server.builder().access_token("t").build().unwrap();
    let request = crate::http::request::HttpRequest::new(Method::GET, other.url.parse().unwrap());
    let error = kc
        .authorized
        .execute(request, &OP, &CallOptions::default())
        .await
        .unwrap_err();
    assert!(error.is_config() && other.seen().is_empty(), "{error}");
}

#[tokio::test]
async fn headers_of_every_call() {
    let server = Server::keycloak(|_, _| None).await;
    let kc = server
        .builder()
        .options(
            options()
                .default_header("x-tenant", "a")
                .user_agent("tests/1"),
        )
        .client_credentials("automation", "hunter2")
        .build()
        .unwrap();
    let answer = kc
        .request::<()>(Method::POST, ["x"])
        .header("x-tenant", "b")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 200);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for one in seen.iter() {
        assert_eq!(one.header("user-agent"), Some("tests/1"), "{one:?}");
        assert_eq!(one.header("accept"), Some("application/json"), "{one:?}");
    }
    assert_eq!(seen[0].header("x-tenant"), Some("a"));
    assert_eq!(seen[2].header("x-tenant"), Some("b"));
    assert_eq!(seen[2].header("content-length"), Some("0"));
}

#[test]
fn no_runtime_is_an_error() {
    let kc = crate::Keycloak::builder("http://127.0.0.1:1")
        .access_token("t")
        .build()
        .unwrap();
    let error = futures_util::FutureExt::now_or_never(call(&kc, Method::GET))
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}
