//! Users with everything that can be said of them.

use keycloak_kit::oidc::TokenSet;
use serde_json::json;

use super::{Suite, World, text};
use crate::support::totp;

const PASSWORD: &str = "correct horse";

pub async fn run(s: &mut Suite, w: &mut World) {
    w.user = text(
        &s.call("realm.users.create")
            .body(json!({
                "username": "ada", "email": "ada@example.org", "emailVerified": true, "enabled": true,
                "firstName": "Ada", "lastName": "Lovelace é",
                "attributes": { "team": ["core", "é"] }, "requiredActions": [],
                "credentials": [
                    { "type": "password", "value": PASSWORD, "userLabel": "first" },
                    totp::credential("JBSWY3DPEHPK3PXP"),
                ],
            }))
            .await,
    );
    w.other_user = text(
        &s.call("realm.users.create")
            .body(json!({
                "username": "bob", "email": "bob@example.org", "emailVerified": true, "enabled": true,
                "firstName": "Bob", "lastName": "B", "groups": ["/staff"],
                "credentials": [{ "type": "password", "value": PASSWORD }],
            }))
            .await,
    );
    s.set("user-id", &w.user);
    s.call("realm.user.get").await;
    s.call("realm.user.get")
        .query("userProfileMetadata", true)
        .await;
    s.call("realm.users.list").await;
    s.call("realm.users.list")
        .query("briefRepresentation", true)
        .await;
    s.call("realm.users.list").query("q", "team:core").await;
    s.call("realm.users.count").query("enabled", true).await;
    s.call("realm.user.update")
        .body(
            json!({ "firstName": "Ada", "lastName": "King", "email": "ada@example.org",
            "attributes": { "team": ["core"], "floor": ["1"] } }),
        )
        .await;
    s.call("realm.user.unmanaged_attributes").await;
    s.call("realm.user.groups.add")
        .path("groupId", &w.group)
        .await;
    s.call("realm.user.groups.list").await;
    s.call("realm.user.groups.list")
        .query("briefRepresentation", false)
        .await;
    s.call("realm.user.groups.count").await;
    s.call("realm.group.members")
        .path("group-id", &w.group)
        .await;
    credentials(s).await;
    for (call, body) in [
        (
            "realm.user.execute_actions_email",
            json!(["UPDATE_PASSWORD"]),
        ),
        ("realm.user.send_verify_email", json!(null)),
        ("realm.user.send_reset_password_email", json!(null)),
    ] {
        #[allow(clippy::let_and_return)]
        s.call(call).body(body).await;
    }
    s.call("realm.user.storage_credential_types").await;
    s.call("realm.user.disable_credential_types")
        .body(json!(["otp"]))
        .await;
    s.call("realm.user.reset_password")
        .body(json!({ "type": "password", "value": PASSWORD, "temporary": false }))
        .await;
}

async fn credentials(s: &mut Suite) {
    let list = s.call("realm.user.credentials.list").await;
    let of = |kind: &str| {
        let found = list
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["type"] == kind);
        found.map(|one| text(&one["id"])).unwrap_or_default()
    };
    let (password, otp) = (of("password"), of("otp"));
    s.call("realm.user.credential.set_label")
        .path("credentialId", &password)
        .body(json!("The first é"))
        .await;
    s.call("realm.user.credential.move_to_first")
        .path("credentialId", &otp)
        .await;
    s.call("realm.user.credential.move_after")
        .path("credentialId", &otp)
        .path("newPreviousCredentialId", &password)
        .await;
    s.call("realm.user.credential.delete")
        .path("credentialId", &otp)
        .await;
}

/// Logs in at the server itself, whose issuer is that of the address.
async fn login(s: &Suite, w: &World, username: &str, scope: &str) -> Option<TokenSet> {
    let oidc =
        s.kc.realm(&w.realm)
            .oidc(&w.client_id)
            .client_secret("battery staple")
            .build()
            .ok()?;
    oidc.password(username, PASSWORD).scope(scope).await.ok()
}

pub async fn sessions(s: &mut Suite, w: &World) {
    for scope in ["openid", "openid offline_access"] {
        if login(s, w, "ada", scope).await.is_none() {
            s.failure(
                "realm.user.sessions",
                format!("ada cannot log in for {scope}"),
            );
        }
    }
    s.set("client-uuid", &w.client);
    s.call("realm.user.sessions").await;
    s.call("realm.user.offline_sessions")
        .path("clientUuid", &w.client)
        .await;
    s.call("realm.client.sessions").await;
    s.call("realm.client.offline_sessions").await;
    s.call("realm.client.session_count").await;
    s.call("realm.client.offline_session_count").await;
    s.call("realm.sessions.client_stats").await;
    s.call("realm.admin_ui.sessions").query("type", "ALL").await;
    s.call("realm.admin_ui.client_sessions")
        .query("clientId", &*w.client)
        .query("type", "ALL")
        .await;
    s.call("realm.user.consents.list").await;
    // Failed logins
    for _ in 0..3 {
        let oidc =
            s.kc.realm(&w.realm)
                .oidc(&w.client_id)
                .client_secret("battery staple")
                .build();
        if let Ok(oidc) = oidc {
            let _ = oidc.password("bob", "wrong").await;
        }
    }
    s.call("realm.attack_detection.user.get")
        .path("userId", &w.other_user)
        .await;
    s.call("realm.admin_ui.users")
        .query("briefRepresentation", false)
        .await;
    s.call("realm.attack_detection.user.clear")
        .path("userId", &w.other_user)
        .await;
    let list = s.call("realm.user.sessions").await;
    s.call("realm.session.delete")
        .path("session", text(&list[0]["id"]))
        .await;
    s.call("realm.user.impersonate").await;
    s.call("realm.user.logout").await;
}

pub async fn after_identity_providers(s: &mut Suite, w: &World) {
    s.call("realm.user.federated_identities.add")
        .path("provider", &w.identity_provider)
        .body(
            json!({ "identityProvider": w.identity_provider, "userId": "far", "userName": "away" }),
        )
        .await;
    s.call("realm.user.federated_identities.list").await;
    s.call("realm.user.federated_identities.remove")
        .path("provider", &w.identity_provider)
        .await;
    // A consent, which only an import or a browser makes.
    s.call("realm.partial_import")
        .body(json!({
            "ifResourceExists": "OVERWRITE",
            "users": [{ "username": "carol", "enabled": true, "email": "carol@example.org",
                "clientConsents": [{ "clientId": w.client_id, "grantedClientScopes": ["profile"] }] }],
        }))
        .await;
    let found = s
        .call("realm.users.list")
        .query("username", "carol")
        .query("exact", true)
        .await;
    let carol = text(&found[0]["id"]);
    s.call("realm.user.consents.list")
        .path("user-id", &carol)
        .await;
    s.call("realm.user.consents.revoke")
        .path("user-id", &carol)
        .path("client", &w.client_id)
        .await;
}

pub async fn end(s: &mut Suite, w: &World) {
    s.call("realm.user.groups.remove")
        .path("groupId", &w.group)
        .await;
    s.call("realm.user.delete")
        .path("user-id", &w.other_user)
        .await;
}
