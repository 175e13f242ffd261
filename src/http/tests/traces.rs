//! What the spans and events show.

use http::Method;

use super::call;
use crate::test_support::{Reply, Server, options, token, traces};

#[tokio::test]
async fn names_and_numbers_but_no_secrets() {
    let server = Server::keycloak(|seen, number| {
        if seen.is_token_request() {
            return Some(token("hunter2", 300, None));
        }
        (!seen.is_discovery() && number == 0).then(|| Reply::status(503))
    })
    .await;
    let traces = traces();
    let kc = server.builder().password("ada", "hunter2").build().unwrap();
    call(&kc, Method::GET).await.unwrap();
    kc.request::<()>(Method::GET, ["x"])
        .query(&[("q", "hunter2")])
        .await
        .unwrap();
    let ours = traces.lines("keycloak");
    for wanted in [
        "operation=\"realm.user\"",
        "url.template=\"/admin/realms/{realm}/users/{user-id}\"",
        "http.response.status_code=200",
        "attempts=2",
        "elapsed_ms=",
        "retry",
    ] {
        assert!(ours.contains(wanted), "{wanted} in {ours}");
    }
    assert!(!ours.contains("hunter2"), "{ours}");
}

#[tokio::test]
async fn the_trace_context_of_the_caller_goes_along() {
    use tracing::Instrument;

    let server = Server::keycloak(|seen, number| {
        (!seen.is_discovery() && !seen.is_token_request() && number == 0)
            .then(|| Reply::status(503))
    })
    .await;
    traces();
    // What a telemetry library does: it finds the context by the span that it runs in.
    let options = options()
        .default_header("x-own", "kept")
        .trace_context(|headers| {
            let span = tracing::Span::current();
            let name = span.metadata().map_or("none", tracing::Metadata::name);
            headers.insert("traceparent", name.parse().unwrap());
            headers.insert("x-own", "replaced".parse().unwrap());
            headers.insert("authorization", "Bearer stolen".parse().unwrap());
        });
    let kc = server
        .builder()
        .password("ada", "hunter2")
        .options(options)
        .build()
        .unwrap();
    let caller = tracing::info_span!("caller");
    call(&kc, Method::GET).instrument(caller).await.unwrap();
    let seen = server.seen();
    let calls: Vec<_> = seen
        .iter()
        .filter(|seen| seen.target.contains("/admin/"))
        .collect();
    assert_eq!(calls.len(), 2, "the attempt that failed and the next one");
    for seen in calls {
        assert_eq!(
            seen.header("traceparent"),
            Some("keycloak"),
            "in the span of the call"
        );
        assert_eq!(seen.header("x-own"), Some("kept"));
        assert_eq!(seen.header("authorization"), Some("Bearer t1"));
    }
    assert!(seen.iter().all(|seen| seen.header("traceparent").is_some()));
}
