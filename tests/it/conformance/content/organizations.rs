//! Organizations: members, invitations, groups and identity providers.

use serde_json::json;

use super::{Suite, World, text, with};

const O: &str = "realm.organization";

pub async fn run(s: &mut Suite, w: &World) {
    let id = text(
        &s.call("realm.organizations.create")
            .body(json!({ "name": "Acme é", "alias": "acme", "enabled": true, "description": "d",
                "redirectUrl": "http://127.0.0.1/", "domains": [{ "name": "acme.example", "verified": true }],
                "attributes": { "size": ["big", "é"] } }))
            .await,
    );
    s.set("org-id", &id);
    s.call("realm.organizations.list").await;
    s.call("realm.organizations.list")
        .query("briefRepresentation", false)
        .await;
    s.call("realm.organizations.count").await;
    let mut read = s.call(&format!("{O}.get")).await;
    read = with(read, "description", json!("changed"));
    s.call(&format!("{O}.update")).body(read).await;
    members(s, w).await;
    invitations(s, w).await;
    s.call(&format!("{O}.identity_providers.add"))
        .body(json!(w.identity_provider))
        .await;
    s.call(&format!("{O}.identity_providers.list")).await;
    s.call(&format!("{O}.identity_provider.get"))
        .path("alias", &w.identity_provider)
        .await;
    s.call(&format!("{O}.identity_provider.groups"))
        .path("alias", &w.identity_provider)
        .await;
    s.call(&format!("{O}.identity_provider.update_link"))
        .path("alias", &w.identity_provider)
        .body(json!({ "organizationId": id, "autoMembership": true, "membershipType": "MANAGED" }))
        .await;
    groups(s, w).await;
    s.call(&format!("{O}.identity_providers.remove"))
        .path("alias", &w.identity_provider)
        .await;
    s.call(&format!("{O}.members.remove"))
        .path("member-id", &w.user)
        .await;
    s.call(&format!("{O}.delete")).await;
    s.call("realm.identity_provider.delete")
        .path("alias", &w.identity_provider)
        .await;
}

async fn members(s: &mut Suite, w: &World) {
    s.call(&format!("{O}.members.add"))
        .body(json!(w.user))
        .await;
    s.set("member-id", &w.user);
    s.call(&format!("{O}.members.list")).await;
    s.call(&format!("{O}.members.list"))
        .query("briefRepresentation", false)
        .await;
    s.call(&format!("{O}.members.count")).await;
    s.call(&format!("{O}.member.get")).await;
    s.call(&format!("{O}.member.set_membership_type"))
        .body(json!("MANAGED"))
        .await;
    s.call(&format!("{O}.member.organizations")).await;
    s.call("realm.organizations.by_member").await;
}

async fn invitations(s: &mut Suite, w: &World) {
    s.call(&format!("{O}.members.invite_user"))
        .body(json!({ "email": "new@acme.example", "firstName": "New", "lastName": "Member" }))
        .await;
    s.call(&format!("{O}.members.invite_existing_user"))
        .body(json!({ "id": w.other_user }))
        .await;
    let list = s.call(&format!("{O}.invitations.list")).await;
    s.call(&format!("{O}.invitation.get"))
        .path("id", text(&list[0]["id"]))
        .await;
    s.call(&format!("{O}.invitation.resend"))
        .path("id", text(&list[0]["id"]))
        .await;
    let list = s.call(&format!("{O}.invitations.list")).await;
    s.call(&format!("{O}.invitation.delete"))
        .path("id", text(&list[0]["id"]))
        .await;
}

async fn groups(s: &mut Suite, w: &World) {
    let before = w.group.clone();
    let id = text(
        &s.call(&format!("{O}.groups.create"))
            .body(json!({ "name": "team é", "attributes": { "k": ["v"] } }))
            .await,
    );
    s.set("group-id", &id);
    s.call(&format!("{O}.group.children.create"))
        .body(json!({ "name": "sub" }))
        .await;
    s.call(&format!("{O}.group.children.list")).await;
    s.call(&format!("{O}.groups.list")).await;
    s.call(&format!("{O}.groups.list"))
        .query("briefRepresentation", false)
        .await;
    s.call(&format!("{O}.groups.by_path"))
        .path("path", "/team é/sub")
        .await;
    s.call(&format!("{O}.group.get")).await;
    s.call(&format!("{O}.group.update"))
        .body(json!({ "name": "team", "attributes": { "k": ["w"] } }))
        .await;
    s.call(&format!("{O}.group.add_member"))
        .path("userId", &w.user)
        .await;
    s.call(&format!("{O}.group.members")).await;
    s.call(&format!("{O}.member.groups")).await;
    super::roles::mappings_of(s, w, &format!("{O}.group.role_mappings"), "client-id").await;
    s.call(&format!("{O}.group.remove_member"))
        .path("userId", &w.user)
        .await;
    s.call(&format!("{O}.group.delete")).await;
    s.set("group-id", before);
}
