//! Identity providers and their mappers.

use serde_json::json;

use super::realm::permissions;
use super::{Suite, World, text, with};

const P: &str = "realm.identity_provider";

pub async fn run(s: &mut Suite, w: &mut World) {
    w.identity_provider = "far".to_owned();
    let server = crate::support::server::server();
    let keys = format!("{}/realms/master/protocol/openid-connect/certs", server.url);
    s.call("realm.identity_providers.create")
        .body(json!({
            "alias": "far", "displayName": "Far é", "providerId": "oidc", "enabled": true,
            "trustEmail": true, "storeToken": true, "linkOnly": false,
            "config": { "clientId": "c", "clientSecret": "s3cret", "tokenUrl": "http://127.0.0.1:9/t",
                "authorizationUrl": "http://127.0.0.1:9/a", "useJwksUrl": "true", "jwksUrl": keys,
                "validateSignature": "true" },
        }))
        .await;
    s.call("realm.identity_providers.create")
        .body(json!({
            "alias": "saml", "providerId": "saml", "enabled": true,
            "config": { "entityId": "e", "idpEntityId": "i", "singleSignOnServiceUrl": "http://127.0.0.1/sso",
                "nameIDPolicyFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" },
        }))
        .await;
    s.set("alias", "far");
    let mut provider = s.call(&format!("{P}.get")).await;
    provider = with(provider, "displayName", json!("changed"));
    s.call(&format!("{P}.update")).body(provider).await;
    s.call("realm.identity_providers.list").await;
    s.call("realm.identity_providers.list")
        .query("briefRepresentation", true)
        .await;
    s.call(&format!("{P}.mapper_types")).await;
    let mapper = json!({ "name": "m", "identityProviderAlias": "far",
        "identityProviderMapper": "oidc-user-attribute-idp-mapper",
        "config": { "claim": "c", "user.attribute": "a", "syncMode": "INHERIT" } });
    let id = text(&s.call(&format!("{P}.mappers.create")).body(mapper).await);
    s.call(&format!("{P}.mappers.list")).await;
    let mut mapper = s.call(&format!("{P}.mapper.get")).path("id", &id).await;
    mapper = with(
        mapper.clone(),
        "config",
        with(mapper["config"].clone(), "claim", json!("changed")),
    );
    s.call(&format!("{P}.mapper.update"))
        .path("id", &id)
        .body(mapper)
        .await;
    s.call(&format!("{P}.mapper.delete")).path("id", &id).await;
    s.call(&format!("{P}.reload_keys")).await;
    permissions(s, &format!("{P}.management_permissions"), &[]).await;
    s.call(&format!("{P}.export")).path("alias", "saml").await;
    s.call(&format!("{P}.export")).await;
    for kind in ["oidc", "saml", "github"] {
        s.call("realm.identity_providers.factory")
            .path("provider_id", kind)
            .await;
    }
    s.call("realm.identity_providers.import_config")
        .body(json!({ "providerId": "oidc",
            "fromUrl": format!("{}/realms/master/.well-known/openid-configuration", server.url) }))
        .await;
    s.call(&format!("{P}.delete")).path("alias", "saml").await;
}
