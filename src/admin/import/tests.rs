//! Imports through a rate limiter.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::admin::Existing;
use crate::admin::representations::UserRepresentation;
use crate::test_support::{Reply, Server};

#[tokio::test]
async fn an_import_through_a_limiter_imports_every_user() {
    // More refusals than the retries of three requests make up for.
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

/// A user is not deleted for a replacement that cannot be created.
#[tokio::test]
async fn a_user_is_replaced_only_where_that_can_be_done() {
    let server = Server::keycloak(|seen, _| {
        let users = seen.target.split_once("/users")?.1;
        Some(match (seen.method.as_str(), users) {
            ("POST", "") => {
                Reply::json(409, r#"{"errorMessage":"User exists with same username"}"#)
            }
            ("GET", query) if query.contains("email=") => {
                Reply::json(200, r#"[{"id":"2","username":"bob","email":"b@x"}]"#)
            }
            ("GET", query) if query.contains("username=") => {
                Reply::json(200, r#"[{"id":"1","username":"ada"}]"#)
            }
            _ => Reply::status(500),
        })
    })
    .await;
    let ada = UserRepresentation::default().username("ada").email("b@x");
    let import = server.client().realm("demo").import_users([ada]);
    let report = import.one_by_one().existing(Existing::Replace).await;
    let (_, why) = report.failures().next().unwrap();
    assert!(
        why.is_conflict() && why.to_string().contains("bob"),
        "{why}"
    );
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.method != "DELETE"));
}

#[tokio::test]
async fn what_is_left_half_done_is_said() {
    let server = Server::keycloak(|seen, _| {
        let created = Reply::status(201).with("Location", "http://h/admin/realms/demo/users/9");
        let place = seen.target.split_once("/realms/demo/")?.1;
        Some(match (seen.method.as_str(), place) {
            ("POST", "users") if seen.body.contains("eve") => created,
            ("POST", "users") => Reply::json(409, "{}"),
            ("GET", place) if place.contains("username=") => {
                Reply::json(200, r#"[{"id":"1","username":"ada"}]"#)
            }
            ("DELETE", "users/1") => Reply::status(204),
            _ => Reply::json(404, r#"{"error":"Could not find role"}"#),
        })
    })
    .await;
    let realm = server.client().realm("demo");
    let ada = UserRepresentation::default().username("ada");
    let report = realm.import_users([ada]).one_by_one();
    let report = report.existing(Existing::Replace).await;
    let (_, why) = report.failures().next().unwrap();
    let hint = why.hint().unwrap();
    assert!(hint.contains("the existing user was deleted"), "{why}");
    let eve = UserRepresentation::default()
        .username("eve")
        .realm_roles(["nope"]);
    let report = realm.import_users([eve]).one_by_one().await;
    let (_, why) = report.failures().next().unwrap();
    assert!(why.hint().unwrap().contains("without these roles"), "{why}");
}

/// Each repetition would send another mail.
#[tokio::test]
async fn mails_are_sent_once() {
    let server =
        Server::keycloak(|seen, _| seen.target.contains("-email").then(|| Reply::status(503)))
            .await;
    let user = server.client().realm("demo").user("1");
    assert!(user.send_verify_email().await.is_err());
    assert!(
        user.execute_actions_email(&["VERIFY_EMAIL".to_owned()])
            .await
            .is_err()
    );
    let seen = server.seen();
    let mails = seen.iter().filter(|seen| seen.target.contains("-email"));
    assert_eq!(mails.count(), 2);
}
