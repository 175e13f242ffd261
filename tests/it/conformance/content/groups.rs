//! Groups and their trees.

use serde_json::json;

use super::realm::permissions;
use super::{Suite, World, text};

pub async fn run(s: &mut Suite, w: &mut World) {
    let attributes = json!({ "color": ["blue", "é"], "none": [] });
    w.group = text(
        &s.call("realm.groups.create")
            .body(json!({ "name": "staff é", "attributes": attributes }))
            .await,
    );
    let moved = s
        .call("realm.groups.create")
        .body(json!({ "name": "moved" }))
        .await;
    s.set("group-id", &w.group);
    for name in ["a", "b", "c"] {
        s.call("realm.group.children.create")
            .body(json!({ "name": name, "attributes": attributes }))
            .await;
    }
    // An existing group is moved.
    s.call("realm.group.children.create")
        .body(json!({ "id": moved, "name": "moved" }))
        .await;
    s.call("realm.group.get").await;
    s.call("realm.group.update")
        .body(json!({ "name": "staff", "attributes": { "color": ["red"] } }))
        .await;
    s.call("realm.group.children.list").await;
    s.call("realm.group.children.list")
        .query("briefRepresentation", true)
        .await;
    s.call("realm.groups.list").await;
    s.call("realm.groups.list")
        .query("briefRepresentation", false)
        .await;
    s.call("realm.groups.list").query("search", "a").await;
    s.call("realm.groups.count").await;
    s.call("realm.groups.by_path")
        .path("path", "/staff/a")
        .await;
    s.call("realm.group.members").await;
    permissions(s, "realm.group.management_permissions", &[]).await;
    let gone = s
        .call("realm.groups.create")
        .body(json!({ "name": "gone" }))
        .await;
    s.call("realm.group.delete")
        .path("group-id", text(&gone))
        .await;
}
