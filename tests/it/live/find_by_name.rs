//! Objects by the names that people know them by.

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{
    AuthenticationFlowRepresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, GroupRepresentation, IdentityProviderMapperRepresentation,
    IdentityProviderRepresentation, OrganizationDomainRepresentation, OrganizationRepresentation,
    ProtocolMapperRepresentation, RealmRepresentation, RoleRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;
use crate::support::version::older;

#[tokio::test]
async fn users_by_name_and_by_mail() {
    let realm = RealmRepresentation::default()
        .duplicate_emails_allowed(true)
        .login_with_email_allowed(false);
    let test = TestRealm::with("find-users", realm).await;
    let (ada, _) = test.user("ada").await;
    test.user("adam").await;
    let users = test.realm.users();
    for name in ["ada", "ADA"] {
        let found = users.find_by_username(name).await.unwrap().unwrap();
        assert_eq!(found.user_id().unwrap(), ada);
    }
    for address in ["ada@example.org", "Ada@Example.ORG"] {
        let found = users.find_by_email(address).await.unwrap().unwrap();
        assert_eq!(found.user_id().unwrap(), ada);
    }
    for nobody in ["ad", "nobody", "a*", "%", ""] {
        assert!(users.find_by_username(nobody).await.unwrap().is_none());
        assert!(users.find_by_email(nobody).await.unwrap().is_none());
    }
    let twin = UserRepresentation::default()
        .username("twin")
        .email("ada@example.org");
    let twin = users.create(&twin).await.unwrap();
    let error = users.find_by_email("ada@example.org").await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    for id in [ada.as_str(), twin.as_str()] {
        assert!(error.to_string().contains(id), "{error}");
    }
    let nowhere = test.kc.realm("no-such-realm").users();
    let error = nowhere.find_by_username("ada").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn groups_by_path() {
    let test = TestRealm::new("find-groups").await;
    let (_, staff) = test.group("staff").await;
    let it = GroupRepresentation::default().name("it & é");
    let id = staff.children().create(&it).await.unwrap();
    let groups = test.realm.groups();
    for path in ["/staff/it & é", "staff/it & é"] {
        let found = groups.find_by_path(path).await.unwrap().unwrap();
        assert_eq!(found.group_id().unwrap(), id);
    }
    for path in ["/it & é", "/staff/it", "/nowhere", "/staff/it & é/deeper"] {
        assert!(groups.find_by_path(path).await.unwrap().is_none(), "{path}");
    }
    let found = staff.children().find_by_name("it & é").await.unwrap();
    assert_eq!(found.unwrap().group_id().unwrap(), id);
    assert!(staff.children().find_by_name("it").await.unwrap().is_none());
    let error = test.kc.realm("no-such-realm").groups();
    let error = error.find_by_path("/staff").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn everything_else() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("find-names", realm).await;
    let realm = &test.realm;
    let client = ClientRepresentation::default().client_id("web");
    let uuid = realm.clients().create(&client).await.unwrap();
    let web = realm.client(&uuid);
    let found = realm.clients().find_by_client_id("web").await.unwrap();
    assert_eq!(found.unwrap().client_uuid().unwrap(), uuid);
    assert!(
        realm
            .clients()
            .find_by_client_id("we")
            .await
            .unwrap()
            .is_none()
    );

    let role = RoleRepresentation::default()
        .name("a/b; é")
        .attribute("k", ["v"]);
    realm.roles().create(&role).await.unwrap();
    web.roles().create(&role).await.unwrap();
    for found in [
        realm.roles().find_by_name("a/b; é").await.unwrap().unwrap(),
        web.roles().find_by_name("a/b; é").await.unwrap().unwrap(),
    ] {
        assert_eq!(found.attributes.unwrap()["k"], ["v"], "not brief");
    }
    assert!(realm.roles().find_by_name("a").await.unwrap().is_none());
    assert!(web.roles().find_by_name("a").await.unwrap().is_none());

    let scope = ClientScopeRepresentation::default()
        .name("scope")
        .protocol("openid-connect");
    let scope = realm.client_scopes().create(&scope).await.unwrap();
    let found = realm.client_scopes().find_by_name("scope").await.unwrap();
    assert_eq!(found.unwrap().id.as_deref(), Some(scope.as_str()));
    assert!(
        realm
            .client_scopes()
            .find_by_name("sco")
            .await
            .unwrap()
            .is_none()
    );

    let mapper = ProtocolMapperRepresentation::default()
        .name("mapper")
        .protocol("openid-connect")
        .protocol_mapper("oidc-hardcoded-claim-mapper");
    let of_client = web.protocol_mappers();
    let of_scope = realm.client_scope(&scope).protocol_mappers();
    of_client.create(&mapper).await.unwrap();
    of_scope.create(&mapper).await.unwrap();
    assert!(of_client.find_by_name("mapper").await.unwrap().is_some());
    assert!(of_scope.find_by_name("mapper").await.unwrap().is_some());
    assert!(of_client.find_by_name("map").await.unwrap().is_none());
    assert!(of_scope.find_by_name("map").await.unwrap().is_none());

    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc");
    realm.identity_providers().create(&hub).await.unwrap();
    let providers = realm.identity_providers();
    assert!(providers.find_by_alias("hub").await.unwrap().is_some());
    assert!(providers.find_by_alias("hu").await.unwrap().is_none());
    let mappers = realm.identity_provider("hub").mappers();
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("mapper")
        .identity_provider_alias("hub")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper");
    mappers.create(&mapper).await.unwrap();
    assert!(mappers.find_by_name("mapper").await.unwrap().is_some());
    assert!(mappers.find_by_name("map").await.unwrap().is_none());

    let flows = realm.authentication().flows();
    let flow = AuthenticationFlowRepresentation::default()
        .alias("own")
        .provider_id("basic-flow")
        .top_level(true);
    let id = flows.create(&flow).await.unwrap();
    let found = flows.find_by_alias("own").await.unwrap().unwrap();
    assert_eq!(found.id.as_deref(), Some(id.as_str()));
    assert!(flows.find_by_alias("ow").await.unwrap().is_none());

    if !older("26.0.8", realm.organizations().list()).await {
        organizations(realm).await;
    }

    let key = |provider: &str| {
        ComponentRepresentation::default()
            .name("key")
            .provider_id(provider)
            .provider_type("org.keycloak.keys.KeyProvider")
    };
    let components = realm.components();
    let id = components.create(&key("rsa-generated")).await.unwrap();
    let found = components.find_by_name("key").await.unwrap().unwrap();
    assert_eq!(found.id.as_deref(), Some(id.as_str()));
    assert!(components.find_by_name("ke").await.unwrap().is_none());
    components.create(&key("hmac-generated")).await.unwrap();
    let error = components.find_by_name("key").await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    test.delete().await;
}

async fn organizations(realm: &Realm) {
    let acme = OrganizationRepresentation::default()
        .name("Acme Ltd")
        .alias("acme")
        .attribute("tier", ["gold"])
        .domains([OrganizationDomainRepresentation::default().name("acme.example")]);
    let organizations = realm.organizations();
    organizations.create(&acme).await.unwrap();
    for found in [
        organizations.find_by_name("Acme Ltd").await.unwrap(),
        organizations.find_by_alias("acme").await.unwrap(),
        organizations.find_by_domain("ACME.example").await.unwrap(),
    ] {
        assert_eq!(found.unwrap().attributes.unwrap()["tier"], ["gold"]);
    }
    for found in [
        organizations.find_by_name("acme").await.unwrap(),
        organizations.find_by_name("acme.example").await.unwrap(),
        organizations.find_by_alias("Acme Ltd").await.unwrap(),
        organizations.find_by_domain("example").await.unwrap(),
    ] {
        assert!(found.is_none(), "{found:?}");
    }
}
