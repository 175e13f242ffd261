//! Components: key providers and user federations.

use keycloak_kit::representations::ComponentRepresentation;
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

const KEYS: &str = "org.keycloak.keys.KeyProvider";

#[tokio::test]
async fn a_key_provider_from_its_creation_to_its_end() {
    let test = TestRealm::new("components").await;
    let components = test.realm.components();
    let realm_id = test.realm.get().await.unwrap().id.unwrap();
    let keys = ComponentRepresentation::default()
        .name("next")
        .provider_id("rsa-generated")
        .provider_type(KEYS)
        .parent_id(realm_id)
        .config_entry("priority", ["1"])
        .config_entry("keySize", ["2048"]);
    let id = components.create(&keys).await.unwrap();
    let component = test.realm.component(&id);
    let read = component.get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("next"));
    assert_eq!(read.config.unwrap()["priority"], ["1"]);

    let changed = component
        .modify(|c| *c = c.clone().config_entry("priority", ["200"]))
        .await
        .unwrap();
    assert_eq!(changed.config.unwrap()["priority"], ["200"]);
    let found = components.list().of_type(KEYS).name("next").await.unwrap();
    assert_eq!(sorted(&found, |c| &c.provider_id), ["rsa-generated"]);

    let published = test.realm.keys().await.unwrap();
    let active = &published.active.unwrap()["RS256"];
    let of_next = published
        .keys
        .unwrap()
        .into_iter()
        .find(|key| key.kid.as_ref() == Some(active));
    assert_eq!(of_next.unwrap().provider_id.as_deref(), Some(id.as_str()));
    component.delete().await.unwrap();
    assert!(component.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn a_wrong_setting_is_a_validation_error() {
    let test = TestRealm::new("component-bad").await;
    let keys = ComponentRepresentation::default()
        .name("bad")
        .provider_id("rsa-generated")
        .provider_type(KEYS)
        .config_entry("priority", ["high"]);
    let error = test.realm.components().create(&keys).await.unwrap_err();
    assert!(error.is_validation(), "{error}");
    assert!(error.server_message().is_some(), "{error:?}");
    test.delete().await;
}

#[tokio::test]
async fn mappers_below_a_user_federation() {
    let test = TestRealm::new("component-ldap").await;
    let ldap = ComponentRepresentation::default()
        .name("ldap")
        .provider_id("ldap")
        .provider_type("org.keycloak.storage.UserStorageProvider")
        .config([
            ("enabled", ["false"]),
            ("vendor", ["other"]),
            ("connectionUrl", ["ldap://127.0.0.1:1"]),
            ("bindDn", ["cn=admin"]),
            ("bindCredential", ["hunter2"]),
            ("authType", ["simple"]),
            ("usersDn", ["ou=people"]),
            ("userObjectClasses", ["person"]),
            ("usernameLDAPAttribute", ["uid"]),
            ("rdnLDAPAttribute", ["uid"]),
            ("uuidLDAPAttribute", ["entryUUID"]),
            ("editMode", ["READ_ONLY"]),
        ]);
    let id = test.realm.components().create(&ldap).await.unwrap();
    let component = test.realm.component(&id);
    let read = component.get().await.unwrap();
    assert_ne!(
        read.config.unwrap()["bindCredential"],
        ["hunter2"],
        "masked"
    );
    let mappers = test.realm.components().list().parent(id.as_str());
    let mappers = mappers.await.unwrap();
    assert!(sorted(&mappers, |c| &c.name).contains(&"username".to_owned()));
    let types = component.sub_component_types();
    let types = types
        .of_type("org.keycloak.storage.ldap.mappers.LDAPStorageMapper")
        .await
        .unwrap();
    assert!(sorted(&types, |t| &t.id).contains(&"group-ldap-mapper".to_owned()));
    component.delete().await.unwrap();
    test.delete().await;
}
