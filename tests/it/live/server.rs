//! The server itself: what it is, and what it remembers.

use keycloak_kit::representations::FeatureType;
use pretty_assertions::assert_eq;

use crate::support::version::older;
use crate::support::{TestRealm, server, sorted};

#[tokio::test]
async fn what_the_server_is() {
    let info = server::admin().server().info().await.unwrap();
    let system = info.system_info.unwrap();
    let version = system.version.unwrap();
    assert!(
        version.starts_with(|c: char| c.is_ascii_digit()),
        "{version}"
    );
    assert!(system.uptime_millis.unwrap() > 0);
    assert!(info.memory_info.unwrap().total.unwrap() > 0);
    let features = info.features.unwrap();
    assert!(features.iter().any(|feature| {
        feature.type_ == Some(FeatureType::Default) && feature.enabled == Some(true)
    }));
    let themes = &info.themes.unwrap()["login"];
    assert!(sorted(themes, |theme| &theme.name).contains(&"keycloak".to_owned()));
    let providers = info.providers.unwrap();
    let providers = providers["protocol-mapper"].providers.as_ref().unwrap();
    assert!(providers.contains_key("oidc-usermodel-attribute-mapper"));
    let mappers = &info.protocol_mapper_types.unwrap()["openid-connect"];
    assert!(mappers.iter().all(|kind| kind.properties.is_some()));
    let policies = sorted(&info.password_policies.unwrap(), |policy| &policy.id);
    assert!(policies.contains(&"passwordHistory".to_owned()));
    let formats = &info.client_installations.unwrap()["saml"];
    let zipped = formats
        .iter()
        .find(|format| format.id.as_deref() == Some("mod-auth-mellon"));
    assert_eq!(
        zipped.unwrap().media_type.as_deref(),
        Some("application/zip")
    );
}

#[tokio::test]
async fn caches_can_be_cleared() {
    let test = TestRealm::new("caches").await;
    let (_, user) = test.user("ada").await;
    test.realm.clear_realm_cache().await.unwrap();
    test.realm.clear_user_cache().await.unwrap();
    test.realm.clear_keys_cache().await.unwrap();
    if !older("26.4.7", test.realm.clear_crl_cache()).await {
        test.realm.clear_crl_cache().await.unwrap();
    }
    assert!(
        user.find().await.unwrap().is_some(),
        "only what was remembered is gone"
    );
    let unknown = test.kc.realm("no-such-realm");
    let error = unknown.clear_realm_cache().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    test.delete().await;
}
