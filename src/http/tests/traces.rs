//! What the spans and events show.

use http::Method;

use super::call;
use crate::testing::{Reply, Server, token, traces};

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
