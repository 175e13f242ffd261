//! Clients, their secrets and keys, mappers and scopes.

use serde_json::json;

use super::realm::permissions;
use super::{Suite, World, text, with};

pub async fn run(s: &mut Suite, w: &mut World) {
    w.client_id = "web é".to_owned();
    w.client = text(
        &s.call("realm.clients.create")
            .body(json!({
                "clientId": w.client_id, "name": "Web", "description": "d", "enabled": true,
                "secret": "battery staple", "publicClient": false, "serviceAccountsEnabled": true,
                "authorizationServicesEnabled": true, "directAccessGrantsEnabled": true,
                "standardFlowEnabled": true, "redirectUris": ["http://127.0.0.1/*"], "webOrigins": [],
                "rootUrl": "http://127.0.0.1", "adminUrl": "http://127.0.0.1:9/",
                "attributes": { "post.logout.redirect.uris": "+", "ssf.enabled": "true", "note": "é" },
                "defaultClientScopes": ["profile", "email", "roles", "basic", "acr", "web-origins"],
                "optionalClientScopes": ["offline_access", "address", "organization"],
            }))
            .await,
    );
    s.set("client-uuid", &w.client);
    let client = s.call("realm.client.get").await;
    let changed = with(client, "description", "changed");
    s.call("realm.client.update").body(changed).await;
    s.call("realm.clients.list").await;
    s.call("realm.clients.list")
        .query("clientId", &*w.client_id)
        .await;
    s.call("realm.client.secret.get").await;
    s.call("realm.client.regenerate_registration_access_token")
        .await;
    s.call("realm.client.service_account_user").await;
    s.call("realm.client.roles.create")
        .body(json!({ "name": "manager", "description": "d", "attributes": { "k": ["v"] } }))
        .await;
    s.call("realm.client.roles.create")
        .body(json!({ "name": "gone" }))
        .await;
    w.client_role = s
        .call("realm.client.role.get")
        .path("role-name", "manager")
        .await;
    s.call("realm.client.role.update")
        .path("role-name", "manager")
        .body(json!({ "name": "manager", "description": "changed", "attributes": { "k": ["v"] } }))
        .await;
    w.client_role = s
        .call("realm.client.role.get")
        .path("role-name", "manager")
        .await;
    s.call("realm.client.roles.list")
        .query("briefRepresentation", false)
        .await;
    s.call("realm.client.role.delete")
        .path("role-name", "gone")
        .await;
    permissions(s, "realm.client.management_permissions", &[]).await;
    let description = json!({ "clientId": "described", "publicClient": true });
    s.call("realm.clients.convert_description")
        .body(description)
        .await;
    for provider in [
        "keycloak-oidc-keycloak-json",
        "keycloak-oidc-jboss-subsystem-cli",
    ] {
        s.call("realm.client.installation")
            .path("providerId", provider)
            .await;
    }
    nodes(s).await;
    keys(s).await;
    s.call("realm.client.push_revocation").await;
    mappers(s, "realm.client").await;
}

async fn nodes(s: &mut Suite) {
    s.call("realm.client.nodes.register")
        .body(json!({ "node": "127.0.0.1" }))
        .await;
    s.call("realm.client.nodes.test").await;
    s.call("realm.client.nodes.unregister")
        .path("node", "127.0.0.1")
        .await;
}

async fn keys(s: &mut Suite) {
    s.set("attr", "jwt.credential");
    let made = s.call("realm.client.certificate.generate").await;
    let store = json!({ "format": "PKCS12", "keyAlias": "k", "keyPassword": "s3cret", "storePassword": "s3cret" });
    s.call("realm.client.certificate.generate_and_download")
        .body(store.clone())
        .await;
    s.call("realm.client.certificate.download")
        .body(store)
        .await;
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        text(&made["certificate"])
    );
    let upload = json!({ "keystoreFormat": "Certificate PEM", "file": pem });
    s.call("realm.client.certificate.upload_certificate")
        .body(upload.clone())
        .await;
    s.call("realm.client.certificate.upload")
        .body(upload.clone())
        .await;
    s.call("realm.client.certificate.get").await;
    s.call("realm.identity_providers.upload_certificate")
        .body(upload)
        .await;
}

async fn mappers(s: &mut Suite, handle: &str) {
    let mapper = |name: &str| {
        json!({ "name": name, "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
            "config": { "claim.name": name, "claim.value": "é", "jsonType.label": "String",
                "id.token.claim": "true", "access.token.claim": "true" } })
    };
    let call = |verb: &str| format!("{handle}.{verb}");
    let id = text(
        &s.call(&call("protocol_mappers.create"))
            .body(mapper("one"))
            .await,
    );
    s.call(&call("protocol_mappers.create_many"))
        .body(json!([mapper("two"), mapper("three")]))
        .await;
    s.call(&call("protocol_mappers.list")).await;
    s.call(&call("protocol_mappers.by_protocol"))
        .path("protocol", "openid-connect")
        .await;
    let mut mapper = s.call(&call("protocol_mapper.get")).path("id", &id).await;
    mapper = with(
        mapper.clone(),
        "config",
        with(mapper["config"].clone(), "claim.value", json!("changed")),
    );
    s.call(&call("protocol_mapper.update"))
        .path("id", &id)
        .body(mapper)
        .await;
    s.call(&call("protocol_mapper.delete"))
        .path("id", &id)
        .await;
}

/// Client scopes, what a scope may carry, and what a token would have.
pub async fn scopes(s: &mut Suite, w: &mut World) {
    w.client_scope = text(
        &s.call("realm.client_scopes.create")
            .body(
                json!({ "name": "extra", "description": "d", "protocol": "openid-connect",
                "attributes": { "display.on.consent.screen": "true" } }),
            )
            .await,
    );
    s.set("client-scope-id", &w.client_scope);
    s.call("realm.client_scopes.list").await;
    let mut scope = s.call("realm.client_scope.get").await;
    scope = with(scope, "description", json!("changed"));
    s.call("realm.client_scope.update").body(scope).await;
    mappers(s, "realm.client_scope").await;
    super::roles::mappings_of(s, w, "realm.client_scope.scope_mappings", "client").await;
    let other = s
        .call("realm.clients.create")
        .body(json!({ "clientId": "other", "fullScopeAllowed": false, "publicClient": true }))
        .await;
    s.set("client-uuid", text(&other));
    super::roles::mappings_of(s, w, "realm.client.scope_mappings", "client").await;
    s.set("client-uuid", &w.client);
    for kind in ["default_client_scopes", "optional_client_scopes"] {
        let call = |verb: &str| format!("realm.client.{kind}.{verb}");
        s.call(&call("add"))
            .path("clientScopeId", &w.client_scope)
            .await;
        s.call(&call("list")).await;
        s.call(&call("remove"))
            .path("clientScopeId", &w.client_scope)
            .await;
    }
    for kind in ["access_token", "id_token", "userinfo"] {
        s.call(&format!("realm.client.evaluate_scopes.example_{kind}"))
            .query("userId", &*w.user)
            .query("scope", "openid profile email")
            .await;
    }
    for container in [&w.realm, &w.client] {
        let granted = "realm.client.evaluate_scopes.granted_roles";
        s.call(granted).path("roleContainerId", container).await;
        let not = "realm.client.evaluate_scopes.not_granted_roles";
        s.call(not).path("roleContainerId", container).await;
    }
    s.call("realm.client.evaluate_scopes.protocol_mappers")
        .query("scope", "openid")
        .await;
    let saml = s
        .call("realm.clients.create")
        .body(
            json!({ "clientId": "saml", "protocol": "saml", "redirectUris": ["http://127.0.0.1/*"],
            "attributes": { "saml_assertion_consumer_url_post": "http://127.0.0.1/acs" } }),
        )
        .await;
    let saml = text(&saml);
    s.call("realm.client.evaluate_scopes.example_saml_response")
        .path("client-uuid", &saml)
        .query("userId", &*w.user)
        .await;
    for provider in ["mod-auth-mellon", "keycloak-saml"] {
        s.call("realm.client.installation")
            .path("client-uuid", &saml)
            .path("providerId", provider)
            .await;
    }
}

pub async fn end(s: &mut Suite, w: &World) {
    s.call("realm.client_scope.delete").await;
    s.call("realm.client.delete")
        .path("client-uuid", &w.client)
        .await;
}
