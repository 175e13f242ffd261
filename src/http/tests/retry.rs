//! What is sent again, and what never is.

use std::time::Duration;

use http::Method;
#[cfg(feature = "default-tls")]
use tokio::io::AsyncWriteExt;

use super::{call, call_with};
use crate::http::options::CallOptions;
use crate::test_support::{Reply, Server, closed_port, options};
use crate::{ErrorKind, Keycloak};

/// A server whose admin calls are answered by `replies` in turn, the last one for ever.
async fn scripted(replies: Vec<Reply>) -> Server {
    Server::keycloak(move |seen, number| {
        let plain = !seen.is_token_request() && !seen.is_discovery();
        plain.then(|| {
            replies
                .get(number)
                .unwrap_or(replies.last().unwrap())
                .clone()
        })
    })
    .await
}

fn client(server: &Server) -> Keycloak {
    server
        .builder()
        .options(options().timeout(Duration::from_millis(300)))
        .client_credentials("automation", "hunter2")
        .build()
        .unwrap()
}

fn limited(total: Duration) -> CallOptions {
    let mut options = CallOptions::default();
    options.timeout = Some(total);
    options
}

fn failures() -> Vec<Reply> {
    vec![
        Reply::Drop,
        Reply::Truncate,
        Reply::Hang,
        Reply::status(429),
        Reply::status(502),
        Reply::status(503),
        Reply::status(504),
    ]
}

#[tokio::test]
async fn idempotent_calls_are_sent_again() {
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        for failure in failures() {
            // A HEAD answer has no body to be cut short.
            if method == Method::HEAD && matches!(failure, Reply::Truncate) {
                continue;
            }
            let server = scripted(vec![failure.clone(), Reply::status(204)]).await;
            let answer = call(&client(&server), method.clone()).await;
            assert_eq!(answer.unwrap().status(), 204, "{method} {failure:?}");
            assert_eq!(server.counts().2, 2);
        }
    }
}

#[tokio::test]
async fn a_post_that_may_have_been_executed_is_sent_once() {
    for method in [Method::POST, Method::PATCH] {
        // A limiter's refusal says that nothing was executed.
        let limited = |failure: &Reply| matches!(failure, Reply::Answer(429, ..));
        for failure in failures().into_iter().filter(|failure| !limited(failure)) {
            let server = scripted(vec![failure.clone(), Reply::status(204)]).await;
            let error = call(&client(&server), method.clone()).await.unwrap_err();
            assert_eq!(server.counts().2, 1, "{method} {failure:?}: {error}");
            assert!(error.is_retryable(), "{error}");
        }
    }
}

#[tokio::test]
async fn what_a_limiter_refused_is_sent_again_by_any_method() {
    for method in [Method::POST, Method::PATCH] {
        let server = scripted(vec![
            Reply::status(429),
            Reply::status(429),
            Reply::status(204),
        ])
        .await;
        let answer = call(&client(&server), method.clone()).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), server.counts().2),
            (204, 3),
            "{method}"
        );
    }
}

#[tokio::test]
async fn what_is_harmless_twice_is_sent_again_when_the_server_says_when() {
    let mut harmless = limited(Duration::from_secs(5));
    harmless.harmless_twice = true;
    let busy = Reply::status(503).with("Retry-After", "1");
    for (options, failure, sent) in [
        (harmless.clone(), busy.clone(), 2),
        (harmless.clone(), Reply::status(503), 1),
        (harmless.clone(), Reply::status(502), 1),
        (harmless, Reply::Drop, 1),
        (limited(Duration::from_secs(5)), busy, 1),
    ] {
        let server = scripted(vec![failure.clone(), Reply::status(204)]).await;
        let answer = call_with(&client(&server), Method::POST, &options).await;
        assert_eq!(answer.is_ok(), sent == 2, "{failure:?}");
        assert_eq!(server.counts().2, sent, "{failure:?}");
    }
}

#[tokio::test]
async fn the_error_says_how_long_the_server_asks_to_wait() {
    let server = scripted(vec![Reply::status(429).with("Retry-After", "17")]).await;
    let error = call(&client(&server), Method::POST).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    assert!(error.to_string().contains("asks to wait 17 s"), "{error}");
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again_by_any_method() {
    let kc = Keycloak::builder(closed_port().await)
        .options(options().max_retries(2))
        .access_token("t")
        .build()
        .unwrap();
    let error = call(&kc, Method::POST).await.unwrap_err();
    assert!(error.is_transport(), "{error}");
    assert_eq!(
        kc.channel().sender.budget().left(),
        490,
        "two retries are paid for"
    );
}

#[cfg(feature = "default-tls")]
#[tokio::test]
async fn a_failed_handshake_is_final() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // What a server without TLS says to a handshake.
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        }
    });
    let kc = Keycloak::builder(url)
        .options(options())
        .access_token("t")
        .build()
        .unwrap();
    let error = call(&kc, Method::GET).await.unwrap_err();
    assert!(
        error.is_transport() && error.to_string().contains("does not speak TLS"),
        "{error}"
    );
    assert!(!error.is_retryable(), "it fails again: {error}");
    assert_eq!(kc.channel().sender.budget().left(), 500, "not tried again");
}

#[tokio::test]
async fn other_statuses_are_final() {
    for status in [400, 403, 404, 409, 501] {
        let server = scripted(vec![Reply::json(status, r#"{"error":"no"}"#)]).await;
        let error = call(&client(&server), Method::GET).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(server.counts().2, 1);
    }
}

/// A race in the server ends with the attempt, what is broken there does not.
#[tokio::test]
async fn an_internal_error_is_asked_about_once_more() {
    let failed = || Reply::json(500, r#"{"error":"unknown_error"}"#);
    for (method, sent) in [
        (Method::GET, 2),
        (Method::PUT, 2),
        (Method::DELETE, 2),
        (Method::POST, 1),
    ] {
        let server = scripted(vec![failed()]).await;
        let error = call(&client(&server), method.clone()).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 500);
        assert_eq!(server.counts().2, sent, "{method}");
        let server = scripted(vec![failed(), Reply::json(200, "1")]).await;
        let outcome = call(&client(&server), method.clone()).await;
        assert_eq!(outcome.is_ok(), sent == 2, "{method}: {outcome:?}");
    }
}

#[tokio::test]
async fn retries_end_with_the_last_failure() {
    let server = scripted(vec![Reply::json(503, r#"{"error":"starting"}"#)]).await;
    let error = call(&client(&server), Method::GET).await.unwrap_err();
    assert_eq!((error.kind(), server.counts().2), (ErrorKind::Server, 4));
    assert_eq!(error.server_message(), Some("starting"));
}

#[tokio::test]
async fn a_delete_that_was_done_by_an_earlier_attempt_succeeds() {
    let gone = Reply::json(404, r#"{"error":"User not found"}"#);
    for (first, second, done) in [
        (Reply::Drop, gone.clone(), true),
        (Reply::status(502), gone.clone(), true),
        (Reply::status(500), gone.clone(), true),
        // A proxy that has lost the server says so too.
        (Reply::status(503), gone.clone(), true),
        // It was turned away, so it was not this call that deleted the object.
        (Reply::status(429), gone.clone(), false),
        // A proxy without a server behind it.
        (
            Reply::Drop,
            Reply::Answer(404, Vec::new(), "<html>".into()),
            false,
        ),
        (gone.clone(), gone.clone(), false),
    ] {
        let server = scripted(vec![first.clone(), second]).await;
        match call(&client(&server), Method::DELETE).await {
            Ok(answer) => assert!(done && answer.status() == 204, "{first:?}"),
            Err(error) => assert!(!done && error.is_not_found(), "{first:?}: {error}"),
        }
    }
    // The realm is missing, not the user: its name is wrong.
    let no_realm = Reply::json(404, r#"{"error":"Realm not found."}"#);
    let server = scripted(vec![Reply::Drop, no_realm.clone()]).await;
    let missing = call(&client(&server), Method::DELETE).await;
    assert!(missing.unwrap_err().is_not_found());
    // A realm itself is gone then.
    let server = scripted(vec![Reply::Drop, no_realm]).await;
    let realm = ["admin", "realms", "demo"];
    let deleted = client(&server).request::<()>(Method::DELETE, realm).await;
    deleted.unwrap();
    // What a body names may be missing while the rest is still there.
    let role = Reply::json(404, r#"{"error":"Role not found"}"#);
    let server = scripted(vec![Reply::Drop, role]).await;
    let roles = [
        "admin",
        "realms",
        "demo",
        "users",
        "1",
        "role-mappings",
        "realm",
    ];
    let kc = client(&server);
    let removed = kc.request::<()>(Method::DELETE, roles).json(&[1]).await;
    assert!(removed.unwrap_err().is_not_found());
    let server = scripted(vec![Reply::Drop, gone]).await;
    assert!(
        call(&client(&server), Method::GET)
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn retry_after_is_waited_for_up_to_the_cap() {
    let server = scripted(vec![
        Reply::status(503).with("Retry-After", "3600"),
        Reply::status(429).with("Retry-After", "-1"),
        Reply::status(204),
    ])
    .await;
    let limited = options().deadline(Duration::from_secs(5));
    let kc = server
        .builder()
        .options(limited.clone().max_retry_after(Duration::from_millis(20)))
        .access_token("t")
        .build()
        .unwrap();
    assert_eq!(call(&kc, Method::GET).await.unwrap().status(), 204);
    // A wait that the deadline does not leave room for is not begun.
    let server = scripted(vec![Reply::status(503).with("Retry-After", "20")]).await;
    let kc = server
        .builder()
        .options(limited)
        .access_token("t")
        .build()
        .unwrap();
    let error = call(&kc, Method::GET).await.unwrap_err();
    assert_eq!((error.kind(), server.counts().2), (ErrorKind::Server, 1));
}

#[tokio::test]
async fn a_sick_server_is_not_hammered() {
    let server = scripted(vec![Reply::status(503)]).await;
    let kc = server.builder().access_token("t").build().unwrap();
    for _ in 0..150 {
        call(&kc, Method::GET).await.unwrap_err();
    }
    assert_eq!(server.counts().2, 150 + 100, "500 permits, 5 a retry");
}

#[tokio::test]
async fn the_deadline_covers_all_attempts_and_the_token() {
    let server = scripted(vec![Reply::Hang]).await;
    let kc = server.builder().access_token("t").build().unwrap();
    let options = limited(Duration::from_millis(50));
    let error = call_with(&kc, Method::GET, &options).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(
        error.to_string().contains("50ms, retries included"),
        "{error}"
    );

    let server = Server::keycloak(|seen, _| seen.is_token_request().then_some(Reply::Hang)).await;
    let kc = server.client();
    let error = call_with(&kc, Method::GET, &options).await.unwrap_err();
    assert!(
        error.is_timeout() && error.operation() == Some("realm.user"),
        "{error}"
    );

    let forever = limited(Duration::MAX);
    let server = scripted(vec![Reply::status(204)]).await;
    call_with(&server.client(), Method::GET, &forever)
        .await
        .unwrap();
}
