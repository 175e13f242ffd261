//! Identity providers and their mappers.

use keycloak_kit::admin::handles::IdentityProvider;
use keycloak_kit::representations::{
    IdentityProviderImportRepresentation, IdentityProviderMapperRepresentation,
    IdentityProviderRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, server, sorted};

fn hub() -> IdentityProviderRepresentation {
    IdentityProviderRepresentation::default()
        .alias("hub-é")
        .display_name("The hub")
        .provider_id("oidc")
        .enabled(true)
        .config([
            ("clientId", "kc"),
            ("clientSecret", "hunter2"),
            ("authorizationUrl", "https://hub.example/auth"),
            ("tokenUrl", "https://hub.example/token"),
        ])
}

async fn provider(test: &TestRealm) -> IdentityProvider {
    let providers = test.realm.identity_providers();
    let alias = providers.create(&hub()).await.unwrap();
    assert_eq!(alias.as_str(), "hub-é");
    test.realm.identity_provider(alias)
}

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("idp-crud").await;
    let provider = provider(&test).await;
    let read = provider.get().await.unwrap();
    assert_eq!(read.provider_id.as_deref(), Some("oidc"));
    let config = read.config.clone().unwrap();
    assert_ne!(config["clientSecret"], "hunter2", "masked");
    assert!(
        !format!("{read:?}").contains("hub.example"),
        "values of a config are not shown"
    );
    let changed = provider
        .modify(|p| {
            p.display_name = Some("Hub 2".to_owned());
            *p = p.clone().config_entry("clientSecret", "hunter3");
        })
        .await
        .unwrap();
    assert_eq!(changed.display_name.as_deref(), Some("Hub 2"));
    let providers = test.realm.identity_providers();
    assert!(providers.create(&hub()).await.unwrap_err().is_conflict());
    let listed = providers.list().search("hub*").await.unwrap();
    assert_eq!(sorted(&listed, |p| &p.display_name), ["Hub 2"]);
    provider.delete().await.unwrap();
    assert!(provider.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn mappers() {
    let test = TestRealm::new("idp-mappers").await;
    let provider = provider(&test).await;
    let types = provider.mapper_types().await.unwrap();
    assert!(types.contains_key("hardcoded-attribute-idp-mapper"));
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("origin")
        .identity_provider_alias("hub-é")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper")
        .config([
            ("syncMode", "INHERIT"),
            ("attribute", "origin"),
            ("attribute.value", "hub"),
        ]);
    let mappers = provider.mappers();
    let id = mappers.create(&mapper).await.unwrap();
    assert_eq!(
        sorted(&mappers.list().await.unwrap(), |m| &m.name),
        ["origin"]
    );
    let one = provider.mapper(&id);
    let changed = one
        .modify(|m| *m = m.clone().config_entry("attribute.value", "other"))
        .await
        .unwrap();
    assert_eq!(changed.config.unwrap()["attribute.value"], "other");
    one.delete().await.unwrap();
    assert!(one.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn kinds_of_provider_and_a_configuration_by_discovery() {
    let test = TestRealm::new("idp-kinds").await;
    let providers = test.realm.identity_providers();
    let oidc = providers.factory("oidc").await.unwrap();
    assert_eq!(oidc.id.as_deref(), Some("oidc"));
    let url = format!(
        "{}/realms/{}/.well-known/openid-configuration",
        server::server().url,
        test.name
    );
    let from = IdentityProviderImportRepresentation::default()
        .provider_id("oidc")
        .from_url(url);
    let config = providers.import_config(&from).await.unwrap();
    assert!(config["tokenUrl"].ends_with("/token"), "{config:?}");
    let provider = provider(&test).await;
    assert!(!provider.reload_keys().await.unwrap(), "it has no JWKS URL");
    test.delete().await;
}
