//! Components, and users that live in an LDAP server.

use serde_json::json;

use super::{Suite, World, text, with};

pub async fn run(s: &mut Suite, _: &World) {
    let realm = s.call("realm.get").await;
    let id = text(
        &s.call("realm.components.create")
            .body(json!({ "name": "keys", "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider", "parentId": realm["id"],
                "config": { "priority": ["1"], "enabled": ["true"], "active": ["false"], "keySize": ["2048"] } }))
            .await,
    );
    s.call("realm.components.list").await;
    let mut read = s.call("realm.component.get").path("id", &id).await;
    read = with(
        read.clone(),
        "config",
        with(read["config"].clone(), "priority", json!(["2"])),
    );
    s.call("realm.component.update")
        .path("id", &id)
        .body(read)
        .await;
    s.call("realm.component.delete").path("id", &id).await;
    ldap(s, &text(&realm["id"])).await;
}

/// `CONFORMANCE_LDAP` is the URL of a server with `dc=example,dc=org`.
async fn ldap(s: &mut Suite, realm_id: &str) {
    let url = std::env::var("CONFORMANCE_LDAP").unwrap_or_default();
    let (bind, secret) = ("cn=admin", "s3cret");
    let test = |action: &str| {
        json!({ "action": action, "connectionUrl": url, "bindDn": bind, "bindCredential": secret,
            "authType": "simple", "useTruststoreSpi": "always", "connectionTimeout": "5000", "startTls": "false" })
    };
    s.call("realm.test_ldap_connection")
        .body(test("testConnection"))
        .await;
    s.call("realm.test_ldap_connection")
        .body(test("testAuthentication"))
        .await;
    s.call("realm.ldap_server_capabilities")
        .body(test("queryServerCapabilities"))
        .await;
    let id = text(
        &s.call("realm.components.create")
            .body(json!({ "name": "directory", "providerId": "ldap",
                "providerType": "org.keycloak.storage.UserStorageProvider", "parentId": realm_id,
                "config": {
                    "enabled": ["true"], "priority": ["0"], "editMode": ["READ_ONLY"], "vendor": ["other"],
                    "connectionUrl": [url], "bindDn": [bind], "bindCredential": [secret], "authType": ["simple"],
                    "usersDn": ["ou=people,dc=example,dc=org"], "usernameLDAPAttribute": ["uid"],
                    "rdnLDAPAttribute": ["uid"], "uuidLDAPAttribute": ["uid"],
                    "userObjectClasses": ["inetOrgPerson"], "searchScope": ["1"], "importEnabled": ["true"],
                    "pagination": ["false"], "syncRegistrations": ["false"],
                } }))
            .await,
    );
    s.call("realm.component.sub_component_types")
        .path("id", &id)
        .query(
            "type",
            "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
        )
        .await;
    let mapper = text(
        &s.call("realm.components.create")
            .body(json!({ "name": "groups", "providerId": "group-ldap-mapper",
                "providerType": "org.keycloak.storage.ldap.mappers.LDAPStorageMapper", "parentId": id,
                "config": {
                    "groups.dn": ["ou=groups,dc=example,dc=org"], "group.name.ldap.attribute": ["cn"],
                    "group.object.classes": ["groupOfNames"], "membership.ldap.attribute": ["member"],
                    "membership.attribute.type": ["DN"], "mode": ["READ_ONLY"], "groups.path": ["/"],
                    "preserve.group.inheritance": ["false"], "membership.user.ldap.attribute": ["uid"],
                    "user.roles.retrieve.strategy": ["LOAD_GROUPS_BY_MEMBER_ATTRIBUTE"],
                } }))
            .await,
    );
    s.call("realm.user_storage.name").path("id", &id).await;
    s.call("realm.user_storage.sync")
        .path("id", &id)
        .query("action", "triggerFullSync")
        .await;
    s.call("realm.user_storage_mapper.sync")
        .path("parentId", &id)
        .path("id", &mapper)
        .query("direction", "fedToKeycloak")
        .await;
    s.call("realm.users.list").query("search", "ldap").await;
    s.call("realm.user_storage.unlink_users")
        .path("id", &id)
        .await;
    s.call("realm.user_storage.remove_imported_users")
        .path("id", &id)
        .await;
    s.call("realm.component.delete").path("id", &id).await;
}
