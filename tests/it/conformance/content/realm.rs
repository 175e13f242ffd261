//! The realm itself: settings, events, localization, import and export.

use serde_json::json;

use super::{Suite, World, text, with};
use crate::support::mail::MailServer;

pub async fn create(s: &mut Suite, w: &mut World) {
    w.realm = format!("conformance-{}", std::process::id());
    // Its listener ends with the runtime.
    w.mail = json!(MailServer::start().await.settings());
    s.call("realms.create")
        .body(json!({
            "realm": w.realm, "enabled": true, "displayName": "Conformance é",
            "smtpServer": w.mail, "organizationsEnabled": true,
            "eventsEnabled": true, "adminEventsEnabled": true, "adminEventsDetailsEnabled": true,
            "internationalizationEnabled": true, "supportedLocales": ["en", "de"], "defaultLocale": "en",
            "bruteForceProtected": true, "failureFactor": 2, "userManagedAccessAllowed": true,
            "verifiableCredentialsEnabled": true, "scimApiEnabled": true,
            "attributes": { "ssf.transmitterEnabled": "true", "note": "é" },
            "passwordPolicy": "length(4)", "browserSecurityHeaders": { "xFrameOptions": "DENY" },
            "webAuthnPolicySignatureAlgorithms": ["ES256"], "otpSupportedApplications": [],
        }))
        .await;
    s.set("realm", &w.realm);
    s.call("realms.list").await;
    s.call("realms.list")
        .query("briefRepresentation", true)
        .await;
    s.call("realm.get").await;
    s.call("server.info").await;
    // Attributes that a profile does not name are kept.
    let mut profile = s.call("realm.user_profile.get").await;
    profile = with(profile, "unmanagedAttributePolicy", json!("ENABLED"));
    s.call("realm.user_profile.update").body(profile).await;
    s.call("realm.user_profile.get").await;
    s.call("realm.user_profile.metadata").await;
}

pub async fn settings(s: &mut Suite, w: &World) {
    s.call("realm.keys").await;
    s.call("realm.credential_registrators").await;
    s.call("realm.client_registration_policy_providers").await;
    for cache in ["crl", "keys", "realm", "user"] {
        s.call(&format!("realm.clear_{cache}_cache")).await;
    }
    // Localization
    s.set("locale", "de");
    s.call("realm.localization.locale.import")
        .body(json!({ "hello": "Hallo", "bye": "Tschüß" }))
        .await;
    s.set("key", "thanks");
    s.call("realm.localization.locale.text.set")
        .body(json!("Danke {0}"))
        .await;
    s.call("realm.localization.locale.text.get").await;
    s.call("realm.localization.locale.get").await;
    s.call("realm.localization.locales").await;
    s.call("realm.localization.locale.text.delete").await;
    s.call("realm.localization.locale.delete").await;
    // Events
    s.call("realm.events.list").await;
    s.call("realm.events.list")
        .query("type", json!(["LOGIN", "LOGIN_ERROR"]))
        .await;
    s.call("realm.admin_events.list").query("max", 500).await;
    let mut config = s.call("realm.events.config.get").await;
    config = with(config, "eventsExpiration", json!(3600));
    s.call("realm.events.config.update").body(config).await;
    s.call("realm.events.config.get").await;
    s.call("realm.events.clear").await;
    s.call("realm.admin_events.clear").await;
    // Default groups and client scopes
    s.call("realm.default_groups.add")
        .path("groupId", &w.group)
        .await;
    s.call("realm.default_groups.list").await;
    s.call("realm.default_groups.remove")
        .path("groupId", &w.group)
        .await;
    for kind in ["default_client_scopes", "optional_client_scopes"] {
        let call = |verb: &str| format!("realm.{kind}.{verb}");
        s.call(&call("add"))
            .path("clientScopeId", &w.client_scope)
            .await;
        s.call(&call("list")).await;
        s.call(&call("remove"))
            .path("clientScopeId", &w.client_scope)
            .await;
    }
    // Initial access tokens
    let token = s
        .call("realm.initial_access_tokens.create")
        .body(json!({ "count": 2, "expiration": 600 }))
        .await;
    s.call("realm.initial_access_tokens.list").await;
    s.call("realm.initial_access_token.delete")
        .path("id", text(&token["id"]))
        .await;
    // Client policies, with every kind of JSON in a configuration
    s.call("realm.client_profiles.get")
        .query("include-global-profiles", true)
        .await;
    s.call("realm.client_profiles.update")
        .body(json!({ "profiles": [{
            "name": "strict", "description": "d",
            "executors": [
                { "executor": "pkce-enforcer", "configuration": { "auto-configure": true } },
                { "executor": "secret-rotation", "configuration": {
                    "expiration-period": 3600, "rotated-expiration-period": 1800,
                    "remaining-rotation-period": 1000 } },
            ],
        }] }))
        .await;
    s.call("realm.client_profiles.get").await;
    s.call("realm.client_policies.update")
        .body(json!({ "policies": [{
            "name": "all", "description": "d", "enabled": true, "profiles": ["strict"],
            "conditions": [{ "condition": "client-access-type", "configuration": { "type": ["confidential"] } }],
        }] }))
        .await;
    s.call("realm.client_policies.get")
        .query("include-global-policies", true)
        .await;
    rotated_secret(s).await;
    s.call("realm.client_policies.update")
        .body(json!({ "policies": [] }))
        .await;
    let types = s.call("realm.client_types.get").await;
    s.call("realm.client_types.update")
        .body(json!({ "client-types": types["client-types"] }))
        .await;
    // Import and export
    s.call("realm.partial_export")
        .query("exportClients", true)
        .query("exportGroupsAndRoles", true)
        .await;
    s.call("realm.partial_import")
        .body(json!({
            "ifResourceExists": "SKIP",
            "users": [{ "username": "imported", "enabled": true }],
            "groups": [{ "name": "imported", "path": "/imported" }],
            "roles": { "realm": [{ "name": "imported" }] },
            "clients": [{ "clientId": "imported", "publicClient": true }],
            "identityProviders": [],
        }))
        .await;
    // Fine-grained permissions
    for call in ["realm.users.management_permissions"] {
        permissions(s, call, &[]).await;
    }
    s.call("realm.push_revocation").await;
    // The message goes to who asks for it.
    let found = s
        .call("realm.users.list")
        .path("realm", "master")
        .query("username", "admin")
        .await;
    let admin = with(found[0].clone(), "email", "admin@example.org");
    s.call("realm.user.update")
        .path("realm", "master")
        .path("user-id", text(&admin["id"]))
        .body(admin)
        .await;
    let smtp = w.mail.clone();
    s.call("realm.test_smtp_connection").body(smtp).await;
    s.call("realm.update")
        .body(json!({ "displayName": "Changed", "attributes": { "note": "changed" } }))
        .await;
    s.call("realm.get").await;
}

/// A secret that was rotated by a policy.
async fn rotated_secret(s: &mut Suite) {
    let uuid = s
        .call("realm.clients.create")
        .body(json!({ "clientId": "rotating", "publicClient": false, "serviceAccountsEnabled": true }))
        .await;
    s.set("client-uuid", text(&uuid));
    s.call("realm.client.secret.regenerate").await;
    s.call("realm.client.secret.regenerate").await;
    s.call("realm.client.secret.rotated.get").await;
    s.call("realm.client.secret.rotated.delete").await;
}

/// Switches permissions of something on, reads them, and switches them off.
pub async fn permissions(s: &mut Suite, handle: &str, path: &[(&str, &str)]) {
    for (verb, body) in [
        ("update", json!({ "enabled": true })),
        ("get", json!(null)),
        ("update", json!({ "enabled": false })),
    ] {
        let mut step = s.call(&format!("{handle}.{verb}")).body(body);
        for (name, value) in path {
            step = step.path(name, *value);
        }
        step.await;
    }
}

pub async fn end(s: &mut Suite, _: &World) {
    s.call("realm.attack_detection.clear").await;
    s.call("realm.logout_all").await;
    s.call("realm.delete").await;
}
