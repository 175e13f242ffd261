//! What the admin console asks for itself.

use serde_json::json;

use super::{Suite, World, text, with};

const U: &str = "realm.admin_ui";

pub async fn run(s: &mut Suite, w: &World) {
    s.call(&format!("{U}.info")).await;
    s.call(&format!("{U}.available_event_listeners")).await;
    s.call(&format!("{U}.realm_names")).await;
    let things = [
        ("client_scope", w.client_scope.clone()),
        ("client", w.client.clone()),
        ("group", w.group.clone()),
        ("role", text(&w.role["id"])),
        ("user", w.user.clone()),
    ];
    // Something to take away again
    let both = json!([w.other_role, w.client_role]);
    s.call("realm.role_by_id.composites.add")
        .path("role-id", text(&w.role["id"]))
        .body(both.clone())
        .await;
    for (name, id) in &things {
        for kind in ["available_roles", "effective_roles", "all_effective_roles"] {
            s.call(&format!("{U}.{kind}.for_{name}"))
                .path("id", id)
                .await;
        }
    }
    s.call(&format!("{U}.role_mappings.for_role"))
        .path("id", text(&w.role["id"]))
        .await;
    for (name, id) in &things {
        s.call(&format!("{U}.role_mappings.remove_from_{name}"))
            .path("id", id)
            .body(json!([
                { "roleId": w.other_role["id"], "roleName": w.other_role["name"] },
                { "roleId": w.client_role["id"], "roleName": w.client_role["name"], "clientId": w.client },
            ]))
            .await;
    }
    let mut realm = s.call("realm.get").await;
    realm = with(realm, "displayName", json!("From the console"));
    s.call(&format!("{U}.update_realm")).body(realm).await;
}
