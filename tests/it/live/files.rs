//! Answers that are files, in whatever media type.

use keycloak_kit::admin::handles::Client;
use keycloak_kit::representations::{ClientRepresentation, IdentityProviderRepresentation};
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::TestRealm;
use crate::support::accounts::SECRET;

async fn saml_client(test: &TestRealm) -> Client {
    let client = ClientRepresentation::default()
        .client_id("https://saml.example")
        .protocol("saml")
        .redirect_uris(["https://saml.example/*"])
        .attribute(
            "saml_assertion_consumer_url_post",
            "https://saml.example/acs",
        );
    test.client(client).await
}

#[tokio::test]
async fn configuration_of_an_adapter() {
    let test = TestRealm::new("file-installation").await;
    let app = ClientRepresentation::default()
        .client_id("app")
        .secret(SECRET);
    let app = test.client(app).await;
    let json = app
        .installation("keycloak-oidc-keycloak-json")
        .await
        .unwrap();
    assert_eq!(json.media_type(), Some("text/plain"));
    let read: Value = serde_json::from_slice(json.bytes()).unwrap();
    assert_eq!(read["resource"], "app");
    assert_eq!(read["credentials"]["secret"], SECRET);
    assert!(!format!("{json:?}").contains(SECRET), "{json:?}");

    let saml = saml_client(&test).await;
    let xml = saml.installation("keycloak-saml").await.unwrap();
    assert!(xml.text().unwrap().starts_with("<keycloak-saml-adapter>"));
    let zip = saml.installation("mod-auth-mellon").await.unwrap();
    assert_eq!(zip.media_type(), Some("application/zip"));
    assert_eq!(zip.text(), None, "it is no text");
    assert!(zip.into_bytes().starts_with(b"PK\x03\x04"));

    let unknown = app.installation("no-such-format").await.unwrap_err();
    assert!(unknown.is_not_found(), "{unknown}");
    assert_eq!(unknown.server_message(), Some("Unknown Provider"));
    test.delete().await;
}

/// What one client is described by makes another.
#[tokio::test]
async fn a_saml_descriptor_makes_a_client() {
    let test = TestRealm::new("file-descriptor").await;
    let descriptor = saml_client(&test)
        .await
        .installation("saml-sp-descriptor")
        .await;
    let descriptor = descriptor.unwrap();
    let clients = test.realm.clients();
    let read = clients
        .convert_description_text("application/xml", descriptor.text().unwrap())
        .await
        .unwrap();
    assert_eq!(read.client_id.as_deref(), Some("https://saml.example"));
    assert_eq!(read.protocol.as_deref(), Some("saml"));
    let attributes = read.attributes.unwrap();
    assert!(
        attributes.contains_key("saml.signing.certificate"),
        "{attributes:?}"
    );

    let json = clients.convert_description_text("application/json", r#"{ "clientId": "x" }"#);
    assert_eq!(json.await.unwrap().client_id.as_deref(), Some("x"));
    let nonsense = clients.convert_description_text("text/plain", "no such format");
    let refused = nonsense.await.unwrap_err();
    assert!(refused.is_validation(), "{refused}");
    test.delete().await;
}

#[tokio::test]
async fn metadata_for_an_identity_provider() {
    let test = TestRealm::new("file-export").await;
    let providers = test.realm.identity_providers();
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("saml")
        .config([
            ("singleSignOnServiceUrl", "https://hub.example/sso"),
            ("entityId", "https://kc.example"),
        ]);
    providers.create(&hub).await.unwrap();
    let xml = test.realm.identity_provider("hub").export().await.unwrap();
    let xml = xml.expect("SAML has metadata");
    assert!(xml.contains(r#"entityID="https://kc.example""#), "{xml}");

    let oidc = IdentityProviderRepresentation::default()
        .alias("oidc")
        .provider_id("oidc");
    providers.create(&oidc).await.unwrap();
    let none = test.realm.identity_provider("oidc").export().await;
    assert_eq!(none.unwrap(), None, "OpenID Connect has none");
    test.delete().await;
}
