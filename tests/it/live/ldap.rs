//! User federation, as far as it goes without an LDAP server.

use keycloak_kit::representations::{ComponentRepresentation, TestLdapConnectionRepresentation};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

/// Nothing listens there.
const NOWHERE: &str = "ldap://127.0.0.1:1";

fn connection() -> TestLdapConnectionRepresentation {
    TestLdapConnectionRepresentation::default()
        .action("testConnection")
        .connection_url(NOWHERE)
        .auth_type("simple")
        .bind_dn("cn=admin")
        .bind_credential("hunter2")
        .start_tls("false")
        .use_truststore_spi("always")
        .connection_timeout("1000")
}

fn federation() -> ComponentRepresentation {
    ComponentRepresentation::default()
        .name("staff directory")
        .provider_id("ldap")
        .provider_type("org.keycloak.storage.UserStorageProvider")
        .config([
            ("connectionUrl", [NOWHERE]),
            ("vendor", ["other"]),
            ("usernameLDAPAttribute", ["uid"]),
            ("rdnLDAPAttribute", ["uid"]),
            ("uuidLDAPAttribute", ["entryUUID"]),
            ("userObjectClasses", ["person"]),
            ("usersDn", ["ou=people"]),
            ("authType", ["none"]),
            ("editMode", ["UNSYNCED"]),
            ("connectionTimeout", ["500"]),
        ])
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let test = TestRealm::new("ldap-test").await;
    let asked = connection();
    assert!(!format!("{asked:?}").contains("hunter2"), "{asked:?}");
    let refused = test.realm.test_ldap_connection(&asked).await.unwrap_err();
    assert!(refused.is_validation(), "{refused}");
    assert!(refused.server_message().is_some(), "{refused}");
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
    let login = asked.action("testAuthentication");
    let refused = test.realm.test_ldap_connection(&login).await.unwrap_err();
    assert!(refused.is_validation(), "{refused}");
    test.delete().await;
}

#[tokio::test]
async fn federated_users() {
    let test = TestRealm::new("ldap-users").await;
    let id = test.realm.components().create(&federation()).await.unwrap();
    let storage = test.realm.user_storage(&id);
    let name = storage.name().await.unwrap();
    assert_eq!(name["name"], "staff directory");
    assert_eq!(name["id"], id.as_str());
    storage.unlink_users().await.unwrap();
    storage.remove_imported_users().await.unwrap();
    let nothing_said = storage.sync().await.unwrap_err();
    assert_eq!(nothing_said.server_message(), Some("Missing action"));
    let synced = storage.sync().action("triggerFullSync").await;
    // Some releases answer with an error, others with nothing done.
    match synced {
        Ok(result) => assert_eq!((result.added, result.updated), (Some(0), Some(0))),
        Err(refused) => assert!(refused.status().is_some(), "{refused}"),
    }

    let mappers = test
        .realm
        .components()
        .list()
        .parent(id.as_str())
        .await
        .unwrap();
    let kinds = sorted(&mappers, |mapper| &mapper.provider_id);
    assert!(
        kinds.contains(&"user-attribute-ldap-mapper".to_owned()),
        "{kinds:?}"
    );
    let mapper = mappers[0].id.as_deref().unwrap();
    let mapper = test.realm.user_storage_mapper(&id, mapper);
    let no_such_way = mapper.sync().direction("sideways").await.unwrap_err();
    assert!(no_such_way.status().is_some(), "{no_such_way}");

    let gone = test
        .realm
        .user_storage("no-such-id")
        .name()
        .await
        .unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    test.delete().await;
}
