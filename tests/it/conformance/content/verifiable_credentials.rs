//! Verifiable credentials of users.

use serde_json::json;

use super::{Suite, World, text, with};
use crate::conformance::release;

const U: &str = "realm.user";

pub async fn run(s: &mut Suite, w: &World) {
    s.set("user-id", &w.user);
    let protocol = match release::lacks("26.4.7") {
        true => "openid-connect",
        false => "oid4vc",
    };
    s.call("realm.client_scopes.create")
        .body(json!({ "name": "degree", "protocol": protocol,
            "attributes": { "vc.credential_configuration_id": "degree", "vc.format": "jwt_vc",
                "vc.credential_identifier": "degree", "include.in.token.scope": "true" } }))
        .await;
    // The server looks through all scopes, and fails at one without a protocol.
    let scopes = s.call("realm.client_scopes.list").await;
    for scope in scopes.as_array().into_iter().flatten() {
        if scope["protocol"].is_null() {
            s.call("realm.client_scope.update")
                .path("client-scope-id", text(&scope["id"]))
                .body(with(scope.clone(), "protocol", "openid-connect"))
                .await;
        }
    }
    s.set("credentialScopeName", "degree");
    s.call(&format!("{U}.verifiable_credentials.create"))
        .body(json!({ "credentialScopeName": "degree" }))
        .await;
    s.call(&format!("{U}.verifiable_credentials.list")).await;
    s.call(&format!("{U}.verifiable_credential.update")).await;
    s.call(&format!("{U}.verifiable_credentials.send_offer"))
        .body(json!({ "credentialConfigurationId": "degree", "clientId": w.client_id, "preAuthorized": false }))
        .await;
    s.call(&format!("{U}.issued_verifiable_credentials.list"))
        .await;
    s.call(&format!("{U}.verifiable_credential.delete")).await;
}
