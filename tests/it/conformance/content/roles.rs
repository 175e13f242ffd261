//! Roles, what they are composed of, and who has them.

use serde_json::{Value, json};

use super::realm::permissions;
use super::{Suite, World, text, with};

pub async fn run(s: &mut Suite, w: &mut World) {
    let odd = "a/b;c é%2e";
    for name in ["reader", "writer", odd] {
        s.call("realm.roles.create")
            .body(json!({ "name": name, "description": "d é", "attributes": { "k": ["v", "w"], "none": [] } }))
            .await;
    }
    s.call("realm.role.get").path("role-name", odd).await;
    s.call("realm.role.update")
        .path("role-name", odd)
        .body(json!({ "name": odd, "description": "changed", "attributes": {} }))
        .await;
    w.role = s.call("realm.role.get").path("role-name", "reader").await;
    w.other_role = s.call("realm.role.get").path("role-name", "writer").await;
    s.call("realm.roles.list").await;
    s.call("realm.roles.list")
        .query("briefRepresentation", false)
        .await;
    let id = text(&w.other_role["id"]);
    s.set("role-id", &id);
    s.call("realm.role_by_id.get").await;
    let mut changed = w.other_role.clone();
    changed = with(changed, "description", json!("by id"));
    s.call("realm.role_by_id.update").body(changed).await;
}

/// Both kinds of role in both kinds of handle.
pub async fn composites(s: &mut Suite, w: &World) {
    let parts = json!([w.other_role, w.client_role]);
    let client = w.client.clone();
    for (handle, path, to_client) in [
        (
            "realm.role",
            ("role-name", "reader".to_owned()),
            "targetClientUuid",
        ),
        (
            "realm.role_by_id",
            ("role-id", text(&w.role["id"])),
            "clientUuid",
        ),
        (
            "realm.client.role",
            ("role-name", "manager".to_owned()),
            "targetClientUuid",
        ),
    ] {
        s.set(path.0, &path.1);
        let parts = match handle {
            "realm.client.role" => json!([w.other_role]),
            _ => parts.clone(),
        };
        let call = |verb: &str| format!("{handle}.composites.{verb}");
        s.call(&call("add")).body(parts.clone()).await;
        s.call(&call("list")).await;
        s.call(&call("realm_roles")).await;
        s.call(&call("client_roles")).path(to_client, &client).await;
        s.call(&call("remove")).body(parts).await;
        permissions(s, &format!("{handle}.management_permissions"), &[]).await;
    }
}

/// Mappings of users, groups, clients and client scopes; organization groups are elsewhere.
pub async fn mappings(s: &mut Suite, w: &World) {
    s.set("user-id", &w.user);
    s.set("group-id", &w.group);
    mappings_of(s, w, "realm.user.role_mappings", "client-id").await;
    mappings_of(s, w, "realm.group.role_mappings", "client-id").await;
    // Kept, for what is listed by role.
    s.call("realm.user.role_mappings.realm.add")
        .body(json!([w.role]))
        .await;
    s.call("realm.group.role_mappings.realm.add")
        .body(json!([w.role]))
        .await;
    let client = json!([w.client_role]);
    for handle in ["realm.user", "realm.group"] {
        s.call(&format!("{handle}.role_mappings.client.add"))
            .path("client-id", &w.client)
            .body(client.clone())
            .await;
        s.call(&format!("{handle}.role_mappings.get")).await;
    }
    for handle in ["realm.role", "realm.client.role"] {
        let name = if handle == "realm.role" {
            "reader"
        } else {
            "manager"
        };
        s.call(&format!("{handle}.users"))
            .path("role-name", name)
            .await;
        s.call(&format!("{handle}.groups"))
            .path("role-name", name)
            .await;
        s.call(&format!("{handle}.users"))
            .path("role-name", name)
            .query("briefRepresentation", true)
            .await;
    }
}

pub async fn mappings_of(s: &mut Suite, w: &World, handle: &str, client: &str) {
    let sides: [(&str, Value); 2] = [
        ("realm", json!([w.other_role])),
        ("client", json!([w.client_role])),
    ];
    for (side, roles) in sides {
        let call = |verb: &str| format!("{handle}.{side}.{verb}");
        s.call(&call("available")).path(client, &w.client).await;
        s.call(&call("add"))
            .path(client, &w.client)
            .body(roles.clone())
            .await;
        s.call(&call("list")).path(client, &w.client).await;
        s.call(&call("effective")).path(client, &w.client).await;
        s.call(&call("effective"))
            .path(client, &w.client)
            .query("briefRepresentation", false)
            .await;
        s.call(&format!("{handle}.get")).await;
        s.call(&call("remove"))
            .path(client, &w.client)
            .body(roles)
            .await;
    }
}

pub async fn end(s: &mut Suite, w: &World) {
    s.call("realm.role.delete")
        .path("role-name", "a/b;c é%2e")
        .await;
    s.call("realm.role_by_id.delete")
        .path("role-id", text(&w.other_role["id"]))
        .await;
}
