//! Calls whose answer this crate cannot give yet, because the server's document is false.
//!
//! | Call | The document says | The server does |
//! |---|---|---|
//! | `realm.client.evaluate_scopes.example_access_token` | `aud` is a list | sends a string for one audience |
//! | `realm.client.evaluate_scopes.example_id_token` | `aud` is a list | sends a string for one audience |
//! | `realm.client.evaluate_scopes.example_saml_response` | an object | sends the XML as a JSON string |
//! | `realm.client.authorization.policies.evaluate` | `rpt.aud` is a list | sends a string for one audience |
//! | `realm.client.authorization.permissions.evaluate` | `rpt.aud` is a list | sends a string for one audience |
//! | `realm.client.authorization.scopes.by_name` | a list | sends one scope, or 204 where there is none |
//! | `realm.client.authorization.scopes.create` | nothing comes back | sends the scope with its id |
//! | `realm.client.authorization.resource.attributes` | nothing comes back | sends the attributes |
//! | `realm.client.installation` | nothing comes back | sends the file, in the provider's media type |
//! | `realm.identity_provider.export` | nothing comes back | sends the descriptor (XML for SAML) |
//! | `realm.client.certificate.upload` | no body | wants `multipart/form-data` |
//! | `realm.client.certificate.upload_certificate` | no body | wants `multipart/form-data` |
//! | `realm.identity_providers.upload_certificate` | no body | wants `multipart/form-data` |
//!
//! Each row is checked below, so that none outlives its correction: a call that decodes fails its
//! test, one whose type changes does not compile. Until then `Keycloak::request` makes these calls.

use keycloak_kit::admin::handles::Client;
use keycloak_kit::representations::{
    ClientRepresentation, IdentityProviderRepresentation, PolicyEvaluationRequest,
    ResourceRepresentation, ScopeRepresentation,
};
use keycloak_kit::{Method, Result};
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::TestRealm;
use crate::support::accounts::SECRET;

async fn app(test: &TestRealm) -> Client {
    let app = ClientRepresentation::default()
        .client_id("app")
        .secret(SECRET)
        .service_accounts_enabled(true)
        .authorization_services_enabled(true);
    test.client(app).await
}

/// The member that does not decode.
fn undecodable<T: std::fmt::Debug>(answer: Result<T>, member: &str) {
    let error = answer.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert!(error.to_string().contains(member), "{error}");
}

#[tokio::test]
async fn audiences() {
    let test = TestRealm::new("false-aud").await;
    let client = app(&test).await;
    let (ada, _) = test.user("ada").await;
    let evaluate = client.evaluate_scopes();
    let token = evaluate.example_access_token().user_id(ada.as_str());
    undecodable(token.await, "aud");
    let token = evaluate.example_id_token().user_id(ada.as_str());
    undecodable(token.await, "aud");
    let saml = ClientRepresentation::default()
        .client_id("saml")
        .protocol("saml");
    let saml = test.client(saml).await.evaluate_scopes();
    let example = saml.example_saml_response().user_id(ada.as_str());
    undecodable(example.await, "SamlExampleResponse");
    let question = PolicyEvaluationRequest::default()
        .user_id(ada.as_str())
        .context([(
            "attributes",
            [("kc.client.network.ip_address", "127.0.0.1")],
        )])
        .resources([] as [ResourceRepresentation; 0])
        .role_ids([""; 0]);
    let authorization = client.authorization();
    undecodable(authorization.policies().evaluate(&question).await, "aud");
    undecodable(authorization.permissions().evaluate(&question).await, "aud");
    test.delete().await;
}

#[tokio::test]
async fn authorization() {
    let test = TestRealm::new("false-authz").await;
    let client = app(&test).await;
    let uuid = client.get().await.unwrap().uuid().unwrap();
    let authorization = client.authorization();
    let read = ScopeRepresentation::default().name("read");
    let () = authorization.scopes().create(&read).await.unwrap();
    undecodable(
        authorization.scopes().by_name("read").await,
        "expected a sequence",
    );

    let page = ResourceRepresentation::default()
        .name("page")
        .attributes([("kind", ["html"])]);
    let page = authorization.resources().create(&page).await.unwrap();
    let id = page.id.unwrap();
    let () = authorization.resource(&id).attributes().await.unwrap();
    let path = ["admin", "realms", &test.name, "clients", uuid.as_str()];
    let below = ["authz", "resource-server", "resource", &id, "attributes"];
    let path = path.into_iter().chain(below);
    let attributes: Value = test.kc.request(Method::GET, path).await.unwrap();
    assert_eq!(attributes["kind"][0], "html");
    test.delete().await;
}

#[tokio::test]
async fn files() {
    let test = TestRealm::new("false-files").await;
    let client = app(&test).await;
    let uuid = client.get().await.unwrap().uuid().unwrap();
    let kind = "keycloak-oidc-keycloak-json";
    let () = client.installation(kind).await.unwrap();
    let path = ["admin", "realms", &test.name, "clients", uuid.as_str()];
    let path = path.into_iter().chain(["installation", "providers", kind]);
    let file: Value = test.kc.request(Method::GET, path).await.unwrap();
    assert_eq!(file["resource"], "app");

    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("saml")
        .config([
            ("singleSignOnServiceUrl", "https://hub.example/sso"),
            ("entityId", "kc"),
        ]);
    test.realm.identity_providers().create(&hub).await.unwrap();
    let () = test.realm.identity_provider("hub").export().await.unwrap();
    let path = ["admin", "realms", &test.name, "identity-provider"];
    let path = path.into_iter().chain(["instances", "hub", "export"]);
    let xml = test.kc.request::<()>(Method::GET, path).send_bytes().await;
    let xml = xml.unwrap().into_value();
    assert!(String::from_utf8_lossy(&xml).contains("EntityDescriptor"));
    test.delete().await;
}

#[tokio::test]
async fn uploads() {
    let test = TestRealm::new("false-uploads").await;
    let certificate = app(&test).await.certificate("jwt.credential");
    for refused in [
        certificate.upload().await,
        certificate.upload_certificate().await,
        test.realm.identity_providers().upload_certificate().await,
    ] {
        let error = refused.unwrap_err();
        let status = error.status().map(|status| status.as_u16());
        assert!(matches!(status, Some(400 | 415)), "{error}");
    }
    test.delete().await;
}
