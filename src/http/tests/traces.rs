//! What the spans and events show.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::Method;

use super::call;
use crate::testing::{Reply, Server, token};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn names_and_numbers_but_no_secrets() {
    let server = Server::keycloak(|seen, number| {
        if seen.is_token_request() {
            return Some(token("hunter2", 300, None));
        }
        (!seen.is_discovery() && number == 0).then(|| Reply::status(503))
    })
    .await;
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: tests of other threads decide what a call site is interested in.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let kc = server.builder().password("ada", "hunter2").build().unwrap();
    call(&kc, Method::GET).await.unwrap();
    kc.request::<()>(Method::GET, ["x"])
        .query(&[("q", "hunter2")])
        .await
        .unwrap();
    let shown = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let ours: String = shown
        .lines()
        .filter(|line| line.contains("keycloak"))
        .collect::<Vec<_>>()
        .join("\n");
    for wanted in [
        "operation=\"realm.user\"",
        "url.template=\"/admin/realms/{realm}/users/{user-id}\"",
        "http.response.status_code=200",
        "attempts=2",
        "elapsed_ms=",
        "retry",
    ] {
        assert!(ours.contains(wanted), "{wanted} in {shown}");
    }
    assert!(!ours.contains("hunter2"), "{ours}");
}
