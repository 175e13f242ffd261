//! Client scopes, their mappers and role scope mappings.

use keycloak_kit::representations::{
    ClientRepresentation, ClientScopeRepresentation, ProtocolMapperRepresentation,
    RoleRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

fn scope(name: &str) -> ClientScopeRepresentation {
    ClientScopeRepresentation::default()
        .name(name)
        .protocol("openid-connect")
}

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("scope-crud").await;
    let scopes = test.realm.client_scopes();
    let id = scopes
        .create(&scope("shop").attribute("include.in.token.scope", "true"))
        .await
        .unwrap();
    let shop = test.realm.client_scope(&id);
    let read = shop.get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("shop"));
    assert_eq!(read.attributes.unwrap()["include.in.token.scope"], "true");
    let changed = shop
        .modify(|scope| scope.description = Some("The shop's".to_owned()))
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("The shop's"));
    assert!(
        scopes
            .create(&scope("shop"))
            .await
            .unwrap_err()
            .is_conflict()
    );
    let listed = scopes.list().await.unwrap();
    assert!(sorted(&listed, |s| &s.name).contains(&"shop".to_owned()));
    shop.delete().await.unwrap();
    assert!(shop.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn defaults_of_the_realm() {
    let test = TestRealm::new("scope-defaults").await;
    let id = test
        .realm
        .client_scopes()
        .create(&scope("shop"))
        .await
        .unwrap();
    let has = |list: Vec<ClientScopeRepresentation>| {
        list.iter()
            .any(|scope| scope.id.as_deref() == Some(id.as_str()))
    };
    let defaults = test.realm.default_client_scopes();
    defaults.add(&id).await.unwrap();
    assert!(has(defaults.list().await.unwrap()));
    defaults.remove(&id).await.unwrap();
    assert!(!has(defaults.list().await.unwrap()));
    let optional = test.realm.optional_client_scopes();
    optional.add(&id).await.unwrap();
    assert!(has(optional.list().await.unwrap()));
    optional.remove(&id).await.unwrap();
    assert!(!has(optional.list().await.unwrap()));
    test.delete().await;
}

#[tokio::test]
async fn protocol_mappers() {
    let test = TestRealm::new("scope-mappers").await;
    let id = test
        .realm
        .client_scopes()
        .create(&scope("shop"))
        .await
        .unwrap();
    let shop = test.realm.client_scope(&id);
    let mapper = |name: &str| {
        ProtocolMapperRepresentation::default()
            .name(name)
            .protocol("openid-connect")
            .protocol_mapper("oidc-usermodel-attribute-mapper")
            .config([("user.attribute", name), ("claim.name", name)])
    };
    let mappers = shop.protocol_mappers();
    let id = mappers.create(&mapper("one")).await.unwrap();
    mappers.create_many(&[mapper("two")]).await.unwrap();
    assert_eq!(
        sorted(&mappers.list().await.unwrap(), |m| &m.name),
        ["one", "two"]
    );
    let of = mappers.by_protocol("openid-connect").await.unwrap();
    assert_eq!(sorted(&of, |m| &m.name), ["one", "two"]);
    let one = shop.protocol_mapper(&id);
    let changed = one
        .modify(|m| *m = m.clone().config_entry("claim.name", "uno"))
        .await
        .unwrap();
    assert_eq!(changed.config.unwrap()["claim.name"], "uno");
    let renamed = one.modify(|m| m.name = Some("uno".to_owned())).await;
    let ignored = renamed.unwrap_err().to_string();
    assert!(
        ignored.contains("ignores name") && ignored.contains("delete and create"),
        "{ignored}"
    );
    one.delete().await.unwrap();
    assert!(one.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn scope_mappings() {
    let test = TestRealm::new("scope-map").await;
    let id = test
        .realm
        .client_scopes()
        .create(&scope("shop"))
        .await
        .unwrap();
    let mappings = test.realm.client_scope(&id).scope_mappings();
    let app = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    let uuid = app.get().await.unwrap().client_uuid().unwrap();
    let reader = [test.role("reader").await];
    let made = RoleRepresentation::default().name("tester");
    let made = app.roles().create(&made).await.unwrap();
    let tester = [app.role(&made).get().await.unwrap()];
    let names = |list: Vec<RoleRepresentation>| sorted(&list, |role| &role.name);

    let realm = mappings.realm();
    assert!(names(realm.available().await.unwrap()).contains(&"reader".to_owned()));
    realm.add(&reader).await.unwrap();
    assert_eq!(names(realm.list().await.unwrap()), ["reader"]);
    assert_eq!(names(realm.effective().await.unwrap()), ["reader"]);
    let client = mappings.client(&uuid);
    assert_eq!(names(client.available().await.unwrap()), ["tester"]);
    client.add(&tester).await.unwrap();
    assert_eq!(names(client.list().await.unwrap()), ["tester"]);
    assert_eq!(names(client.effective().await.unwrap()), ["tester"]);
    let all = mappings.get().await.unwrap();
    assert_eq!(names(all.realm_mappings.unwrap()), ["reader"]);
    assert!(all.client_mappings.unwrap().contains_key("app"));
    realm.remove(&reader).await.unwrap();
    client.remove(&tester).await.unwrap();
    assert!(realm.list().await.unwrap().is_empty());
    assert!(client.list().await.unwrap().is_empty());
    test.delete().await;
}
