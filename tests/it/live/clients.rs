//! Clients and what belongs to one.

use keycloak_kit::Secret;
use keycloak_kit::admin::OneOrMany;
use keycloak_kit::representations::{
    ClientInitialAccessCreatePresentation, ClientRepresentation, ClusterNodeRepresentation,
    KeyStoreConfig, ProtocolMapperRepresentation, RoleRepresentation,
};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::accounts::SECRET;
use crate::support::version::older;
use crate::support::{TestRealm, members, sorted};

fn confidential(client_id: &str) -> ClientRepresentation {
    ClientRepresentation::default()
        .client_id(client_id)
        .secret(SECRET)
        .service_accounts_enabled(true)
}

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("client-crud").await;
    let web = ClientRepresentation::default()
        .client_id("https://app.example/é ;%")
        .name("The app")
        .redirect_uris(["https://app.example/cb"])
        .attribute("pkce.code.challenge.method", "S256");
    let uuid = test.realm.clients().create(&web).await.unwrap();
    let client = test.realm.client(&uuid);
    let read = client.get().await.unwrap();
    assert_eq!(read.client_uuid().unwrap(), uuid);
    assert_eq!(read.client_id.as_deref(), Some("https://app.example/é ;%"));
    assert_eq!(
        read.attributes.unwrap()["pkce.code.challenge.method"],
        "S256"
    );

    let changed = client
        .modify(|client| {
            client.description = Some("changed".to_owned());
            client.redirect_uris = Some(vec![]);
            client.web_origins = Some(vec!["https://b".to_owned(), "https://a".to_owned()]);
        })
        .await
        .unwrap();
    assert_eq!(changed.redirect_uris.as_deref(), Some(&[][..]));
    assert_eq!(changed.web_origins.map(|list| list.len()), Some(2));

    let conflict = test.realm.clients().create(&web).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    client.delete().await.unwrap();
    assert!(client.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn list_and_search() {
    let test = TestRealm::new("client-list").await;
    for name in ["shop-web", "shop-app", "blog"] {
        test.client(ClientRepresentation::default().client_id(name))
            .await;
    }
    let clients = test.realm.clients();
    let exact = clients.list().client_id("shop-web").await.unwrap();
    assert_eq!(sorted(&exact, |c| &c.client_id), ["shop-web"]);
    let found = clients.list().client_id("shop").search(true).await.unwrap();
    assert_eq!(sorted(&found, |c| &c.client_id), ["shop-app", "shop-web"]);
    let page = clients.list().client_id("shop").search(true);
    assert_eq!(page.first(1).max(5).await.unwrap().len(), 1);
    test.delete().await;
}

#[tokio::test]
async fn secrets() {
    let test = TestRealm::new("client-secret").await;
    let client = test.client(confidential("app")).await;
    let value = |credential: keycloak_kit::representations::CredentialRepresentation| {
        credential
            .value
            .as_ref()
            .map(Secret::expose)
            .map(str::to_owned)
    };
    let first = client.secret().get().await.unwrap();
    assert!(!format!("{first:?}").contains(SECRET), "{first:?}");
    assert_eq!(value(first).as_deref(), Some(SECRET));
    let second = value(client.secret().regenerate().await.unwrap());
    assert_ne!(second.as_deref(), Some(SECRET));
    assert_eq!(value(client.secret().get().await.unwrap()), second);
    assert!(client.secret().rotated().find().await.unwrap().is_none());
    client.secret().rotated().delete().await.unwrap();

    let token = client.regenerate_registration_access_token().await.unwrap();
    let token = token.registration_access_token.unwrap();
    assert!(token.expose().starts_with("eyJ"));
    test.delete().await;
}

#[tokio::test]
async fn protocol_mappers() {
    let test = TestRealm::new("client-mappers").await;
    let client = test.client(confidential("app")).await;
    let mapper = |name: &str| {
        ProtocolMapperRepresentation::default()
            .name(name)
            .protocol("openid-connect")
            .protocol_mapper("oidc-hardcoded-claim-mapper")
            .config([("claim.name", name), ("claim.value", "1")])
    };
    let mappers = client.protocol_mappers();
    let id = mappers.create(&mapper("one")).await.unwrap();
    mappers
        .create_many(&[mapper("two"), mapper("three")])
        .await
        .unwrap();
    let listed = mappers.list().await.unwrap();
    for name in ["one", "two", "three"] {
        assert!(
            listed.iter().any(|m| m.name.as_deref() == Some(name)),
            "{name}"
        );
    }
    let of = mappers.by_protocol("openid-connect").await.unwrap();
    assert_eq!(of.len(), listed.len());
    assert!(mappers.by_protocol("saml").await.unwrap().is_empty());

    let one = client.protocol_mapper(&id);
    let changed = one
        .modify(|m| *m = m.clone().config_entry("claim.value", "2"))
        .await
        .unwrap();
    assert_eq!(changed.config.unwrap()["claim.value"], "2");
    one.delete().await.unwrap();
    assert!(one.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn scopes_and_what_they_lead_to() {
    let test = TestRealm::new("client-scopes").await;
    let client = test.client(confidential("app")).await;
    let scopes = test.realm.client_scopes().list().await.unwrap();
    let id = |name: &str| {
        let scope = scopes.iter().find(|s| s.name.as_deref() == Some(name));
        keycloak_kit::admin::ids::ClientScopeId::new(scope.unwrap().id.clone().unwrap())
    };
    let defaults = client.default_client_scopes();
    let optional = client.optional_client_scopes();
    let before = defaults.list().await.unwrap();
    assert!(before.iter().any(|s| s.name.as_deref() == Some("email")));
    defaults.remove(id("email")).await.unwrap();
    optional.add(id("email")).await.unwrap();
    assert_eq!(defaults.list().await.unwrap().len(), before.len() - 1);
    let names = sorted(&optional.list().await.unwrap(), |s| &s.name);
    assert!(names.contains(&"email".to_owned()), "{names:?}");
    optional.remove(id("email")).await.unwrap();
    defaults.add(id("email")).await.unwrap();

    let (ada, _) = test.user("ada").await;
    let evaluate = client.evaluate_scopes();
    let info = evaluate.example_userinfo().user_id(ada.as_str());
    let info = info.scope("openid").await.unwrap();
    assert_eq!(info["preferred_username"], "ada");
    let mappers = evaluate.protocol_mappers().scope("openid").await.unwrap();
    assert!(
        mappers
            .iter()
            .any(|m| m.container_name.as_deref() == Some("email"))
    );
    test.role("reader").await;
    let granted = evaluate.granted_roles(test.name.as_str()).await.unwrap();
    assert!(sorted(&granted, |r| &r.name).contains(&"reader".to_owned()));
    let rest = evaluate.not_granted_roles(test.name.as_str()).await;
    assert!(rest.unwrap().is_empty(), "full scope is allowed");
    test.delete().await;
}

#[tokio::test]
async fn example_tokens() {
    let test = TestRealm::new("client-tokens").await;
    let (ada, _) = test.user("ada").await;
    let evaluate = test.client(confidential("app")).await.evaluate_scopes();
    let token = evaluate.example_access_token().user_id(ada.as_str());
    let token = token.scope("openid email").await.unwrap();
    assert_eq!(token.sub.as_deref(), Some(ada.as_str()));
    assert_eq!(token.email.as_deref(), Some("ada@example.org"));
    assert_eq!(token.aud.unwrap().values(), ["account"]);
    let token = evaluate.example_id_token().user_id(ada.as_str());
    let token = token.scope("openid").await.unwrap();
    assert_eq!(token.preferred_username.as_deref(), Some("ada"));
    assert_eq!(token.aud, Some(OneOrMany::from("app")));

    let saml = ClientRepresentation::default()
        .client_id("saml")
        .protocol("saml");
    let saml = test.client(saml).await.evaluate_scopes();
    let example = || saml.example_saml_response().user_id(ada.as_str());
    if older("26.7.4", example()).await {
        return test.delete().await;
    }
    let response = example().await.unwrap();
    assert!(
        response.contains("Response") && response.contains("ada"),
        "{response}"
    );
    test.delete().await;
}

#[tokio::test]
async fn scope_mappings() {
    let test = TestRealm::new("client-scope-map").await;
    let client = test
        .client(confidential("app").full_scope_allowed(false))
        .await;
    let other = test.client(confidential("other")).await;
    let other_uuid = other.get().await.unwrap().client_uuid().unwrap();
    let reader = test.role("reader").await;
    let made = RoleRepresentation::default().name("tester");
    let made = other.roles().create(&made).await.unwrap();
    let tester = other.role(&made).get().await.unwrap();

    let of_realm = client.scope_mappings().realm();
    let names = |list: Vec<RoleRepresentation>| sorted(&list, |role| &role.name);
    let has = |list: Vec<RoleRepresentation>, name: &str| {
        list.iter().any(|role| role.name.as_deref() == Some(name))
    };
    assert!(has(of_realm.available().await.unwrap(), "reader"));
    of_realm.add(std::slice::from_ref(&reader)).await.unwrap();
    assert_eq!(names(of_realm.list().await.unwrap()), ["reader"]);
    assert!(has(of_realm.effective().await.unwrap(), "reader"));
    let of_other = client.scope_mappings().client(&other_uuid);
    assert!(has(of_other.available().await.unwrap(), "tester"));
    of_other.add(std::slice::from_ref(&tester)).await.unwrap();
    assert_eq!(names(of_other.list().await.unwrap()), ["tester"]);
    assert!(has(of_other.effective().await.unwrap(), "tester"));

    let all = client.scope_mappings().get().await.unwrap();
    assert_eq!(names(all.realm_mappings.unwrap()), ["reader"]);
    let clients = all.client_mappings.unwrap();
    assert_eq!(
        names(clients["other"].mappings.clone().unwrap()),
        ["tester"]
    );
    of_realm.remove(&[reader]).await.unwrap();
    of_other.remove(&[tester]).await.unwrap();
    let all = client.scope_mappings().get().await.unwrap();
    assert!(all.realm_mappings.is_none() && all.client_mappings.is_none());
    test.delete().await;
}

#[tokio::test]
async fn service_account_nodes_and_keys() {
    let test = TestRealm::new("client-other").await;
    let client = test.client(confidential("app")).await;
    let account = client.service_account_user().await.unwrap();
    assert_eq!(account.username.as_deref(), Some("service-account-app"));
    let public = ClientRepresentation::default().client_id("pub");
    let public = test.client(public.public_client(true)).await;
    let none = public.service_account_user().await.unwrap_err();
    assert!(none.is_validation(), "{none}");

    let nodes = client.nodes();
    let node = ClusterNodeRepresentation::default().node("127.0.0.1");
    nodes.register(&node).await.unwrap();
    let read = client.get().await.unwrap();
    assert!(read.registered_nodes.unwrap().contains_key("127.0.0.1"));
    let tested = nodes.test().await.unwrap();
    assert_eq!(tested.failed_requests, None, "no admin URL, nothing to ask");
    nodes.unregister("127.0.0.1").await.unwrap();
    client.push_revocation().await.unwrap();

    let certificate = client.certificate("jwt.credential");
    assert!(certificate.get().await.unwrap().certificate.is_none());
    let made = certificate.generate().await.unwrap();
    assert!(made.private_key.is_some() && made.certificate.is_some());
    let kept = certificate.get().await.unwrap();
    assert_eq!(kept.certificate, made.certificate);
    let store = KeyStoreConfig::default()
        .format("PKCS12")
        .key_alias("app")
        .key_password("changeit")
        .store_password("changeit");
    let bytes = certificate.generate_and_download(&store).await.unwrap();
    assert_eq!(bytes.bytes().first(), Some(&0x30), "a DER sequence");
    let bytes = certificate.download(&store).await.unwrap();
    assert_eq!(bytes.media_type(), Some("application/octet-stream"));
    assert_eq!(bytes.bytes().first(), Some(&0x30), "a DER sequence");
    test.delete().await;
}

#[tokio::test]
async fn registration_by_initial_access_token_and_description() {
    let test = TestRealm::new("client-registration").await;
    let tokens = test.realm.initial_access_tokens();
    let wanted = ClientInitialAccessCreatePresentation::default()
        .count(2)
        .expiration(60);
    let made = tokens.create(&wanted).await.unwrap();
    assert!(made.token.is_some());
    let listed = tokens.list().await.unwrap();
    assert_eq!(sorted(&listed, |t| &t.id), [made.id.clone().unwrap()]);
    assert!(listed[0].token.is_none());
    let one = test.realm.initial_access_token(made.id.unwrap());
    one.delete().await.unwrap();
    assert!(tokens.list().await.unwrap().is_empty());

    let description = members(json!({ "clientId": "x", "redirectUris": ["https://x"] }));
    let client = test.realm.clients().convert_description(&description).await;
    assert_eq!(client.unwrap().client_id.as_deref(), Some("x"));
    let policies = test.realm.client_registration_policy_providers().await;
    assert!(!policies.unwrap().is_empty());
    test.delete().await;
}
