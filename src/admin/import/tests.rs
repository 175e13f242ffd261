//! Imports through a limiter.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::admin::representations::UserRepresentation;
use crate::testing::{Reply, Server};

#[tokio::test]
async fn an_import_through_a_limiter_imports_every_user() {
    // More refusals than the repetitions of three requests make up for.
    let refusals = AtomicUsize::new(14);
    let server = Server::keycloak(move |seen, _| {
        if !seen.target.ends_with("/partialImport") {
            return None;
        }
        let left = refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() {
            return Some(Reply::status(429));
        }
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let results: Vec<Value> = body["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| {
                let name = &user["username"];
                json!({
                    "action": "ADDED", "resourceType": "USER", "resourceName": name, "id": name,
                })
            })
            .collect();
        Some(Reply::json(200, json!({ "results": results }).to_string()))
    })
    .await;
    let users = (0..300).map(|n| UserRepresentation::default().username(format!("user-{n}")));
    let report = server.client().realm("demo").import_users(users).await;
    assert_eq!(report.counts().created, 300, "{report}");
    assert!(report.stopped_by().is_none(), "{report}");
}

#[tokio::test]
async fn a_limiter_that_asks_for_too_long_a_wait_ends_the_import() {
    let server = Server::keycloak(|seen, _| {
        let import = seen.target.ends_with("/partialImport");
        import.then(|| Reply::status(429).with("Retry-After", "3000"))
    })
    .await;
    let ada = UserRepresentation::default().username("ada");
    let report = server.client().realm("demo").import_users([ada]).await;
    let stopped = report.stopped_by().unwrap();
    assert!(stopped.is_rate_limited(), "{stopped}");
    assert!(
        stopped.to_string().contains("asks to wait 3000 s"),
        "{stopped}"
    );
}
