//! Workflows.

use serde_json::json;

use super::{Suite, World, text, with};
use crate::conformance::release;

pub async fn run(s: &mut Suite, w: &World) {
    let event = if release::lacks("26.5.7") {
        "user_add"
    } else if release::lacks("26.7.4") {
        "user_created"
    } else {
        "user-created"
    };
    let workflow = json!({ "name": "offboard é", "on": event, "enabled": true,
        "steps": [
            { "uses": "set-user-attribute", "after": "1000000", "with": { "one": "a", "two": ["b", "c"] } },
            { "uses": "disable-user", "after": "2000000" },
        ] });
    let id = text(
        &s.call("realm.workflows.create")
            .body(workflow.clone())
            .await,
    );
    s.set("id", &id);
    s.call("realm.workflows.list").await;
    let read = s.call("realm.workflow.get").await;
    s.call("realm.workflow.get").query("includeId", true).await;
    // An older server takes the steps only with their ids, a newer one only without.
    let known = if release::lacks("26.7.4") {
        read
    } else {
        workflow
    };
    let changed = with(known, "name", json!("offboard"));
    s.call("realm.workflow.update").body(changed).await;
    s.call("realm.workflow.activate")
        .path("type", "USERS")
        .path("resourceId", &w.user)
        .await;
    scheduled(s, w).await;
    let read = s.call("realm.workflow.get").query("includeId", true).await;
    let (from, to) = (text(&read["steps"][0]["id"]), text(&read["steps"][1]["id"]));
    s.call("realm.workflows.migrate")
        .query("from", from)
        .query("to", to)
        .await;
    s.call("realm.workflow.deactivate")
        .path("type", "USERS")
        .path("resourceId", &w.user)
        .await;
    s.call("realm.workflow.delete").await;
}

/// The server schedules the steps in a task of its own (`WorkflowExecutor`), after the answer.
async fn scheduled(s: &mut Suite, w: &World) {
    const CALL: &str = "realm.workflows.scheduled";
    for _ in 0..1_000 {
        let found = s.call(CALL).path("resource-id", &w.user).await;
        if !found.as_array().is_some_and(Vec::is_empty) {
            return;
        }
        tokio::task::yield_now().await;
    }
    s.failure(CALL, "gives no workflow, and one is activated");
}
