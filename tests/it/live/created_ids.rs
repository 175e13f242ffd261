//! What `create` gives is the id that the object is found by.

use keycloak_kit::representations::{
    AuthenticationExecutionRepresentation, AuthenticationFlowRepresentation,
    AuthenticatorConfigRepresentation, ClientInitialAccessCreatePresentation, ClientRepresentation,
    ClientScopeRepresentation, ComponentRepresentation, FlowCopyRepresentation,
    GroupRepresentation, IdentityProviderMapperRepresentation, IdentityProviderRepresentation,
    NewExecutionRepresentation, NewSubflowRepresentation, OrganizationDomainRepresentation,
    OrganizationRepresentation, PolicyRepresentation, ProtocolMapperRepresentation,
    RealmRepresentation, ResourceRepresentation, RoleRepresentation, ScopeRepresentation,
    WorkflowRepresentation, WorkflowStepRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::version::older;
use crate::support::{TestRealm, server};

/// Characters of two, three and four bytes, and those that mean something in a URL.
const NAMES: [&str; 6] = [
    "plain",
    "é ü ß",
    "a/b;c?d#e%2F",
    "\u{65e5}\u{672c}",
    "\u{1d54f}-role \u{1f600}",
    "a??",
];

#[tokio::test]
async fn roles_under_any_name() {
    let test = TestRealm::new("created-roles").await;
    let client = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    for name in NAMES {
        let role = RoleRepresentation::default().name(name);
        let id = test.realm.roles().create(&role).await.unwrap();
        assert_eq!(id.as_str(), name);
        let read = test.realm.role(&id).get().await.unwrap();
        assert_eq!(read.name.as_deref(), Some(name));
        let id = client.roles().create(&role).await.unwrap();
        let read = client.role(&id).get().await.unwrap();
        assert_eq!(read.name.as_deref(), Some(name));
    }
    test.delete().await;
}

#[tokio::test]
async fn realms_and_identity_providers_under_any_name() {
    let kc = server::admin();
    let name = format!("test-\u{1f600}-{}", std::process::id());
    let realm = RealmRepresentation::default().realm(&name);
    let id = kc.realms().create(&realm).await.unwrap();
    let realm = kc.realm(&id);
    let read = realm.get().await.unwrap();
    assert_eq!(read.realm.as_deref(), Some(name.as_str()));
    let hub = IdentityProviderRepresentation::default()
        .alias("hub-\u{1f600}")
        .provider_id("oidc");
    let id = realm.identity_providers().create(&hub).await.unwrap();
    let read = realm.identity_provider(&id).get().await.unwrap();
    assert_eq!(read.alias, hub.alias);
    realm.delete().await.unwrap();
}

#[tokio::test]
async fn authentication() {
    let test = TestRealm::new("created-flows").await;
    let authentication = test.realm.authentication();
    let flow = AuthenticationFlowRepresentation::default()
        .alias("own")
        .provider_id("basic-flow")
        .top_level(true);
    let own = authentication.flows().create(&flow).await.unwrap();
    let read = authentication.flow(&own).get().await.unwrap();
    assert_eq!(read.alias.as_deref(), Some("own"));
    let copy = FlowCopyRepresentation::default().new_name("copied");
    let copied = authentication.flow_by_alias("browser").copy(&copy).await;
    let read = authentication.flow(copied.unwrap()).get().await.unwrap();
    assert_eq!(read.alias.as_deref(), Some("copied"));
    let executions = authentication.flow_by_alias("own").executions();
    let part = NewSubflowRepresentation::default()
        .alias("part")
        .type_("basic-flow")
        .provider("registration-page-form");
    let part = executions.create_subflow(&part).await.unwrap();
    let read = authentication.flow(&part).get().await.unwrap();
    assert_eq!(read.alias.as_deref(), Some("part"));
    let cookie = NewExecutionRepresentation::default().provider("auth-cookie");
    let cookie = executions.create(&cookie).await.unwrap();
    let read = authentication.execution(&cookie).get().await.unwrap();
    assert_eq!(read.authenticator.as_deref(), Some("auth-cookie"));
    let redirect = AuthenticationExecutionRepresentation::default()
        .parent_flow(own.as_str())
        .authenticator("identity-provider-redirector")
        .requirement("ALTERNATIVE");
    let redirect = authentication.executions().create(&redirect).await.unwrap();
    let execution = authentication.execution(&redirect);
    let read = execution.get().await.unwrap();
    assert_eq!(
        read.authenticator.as_deref(),
        Some("identity-provider-redirector")
    );
    let config = AuthenticatorConfigRepresentation::default()
        .alias("hub")
        .config([("defaultProvider", "hub")]);
    let config = execution.create_config(&config).await.unwrap();
    let config = authentication.authenticator_config(&config);
    assert_eq!(config.get().await.unwrap().alias.as_deref(), Some("hub"));
    test.delete().await;
}

#[tokio::test]
async fn clients_and_what_is_below() {
    let test = TestRealm::new("created-clients").await;
    let realm = &test.realm;
    let app = ClientRepresentation::default()
        .client_id("app")
        .service_accounts_enabled(true)
        .authorization_services_enabled(true);
    let uuid = realm.clients().create(&app).await.unwrap();
    let app = realm.client(&uuid);
    assert_eq!(app.get().await.unwrap().client_id.as_deref(), Some("app"));
    let mapper = ProtocolMapperRepresentation::default()
        .name("mapper")
        .protocol("openid-connect")
        .protocol_mapper("oidc-hardcoded-claim-mapper");
    let id = app.protocol_mappers().create(&mapper).await.unwrap();
    let read = app.protocol_mapper(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("mapper"));
    let scope = ClientScopeRepresentation::default()
        .name("scope")
        .protocol("openid-connect");
    let id = realm.client_scopes().create(&scope).await.unwrap();
    let scope = realm.client_scope(&id);
    assert_eq!(scope.get().await.unwrap().name.as_deref(), Some("scope"));
    let id = scope.protocol_mappers().create(&mapper).await.unwrap();
    let read = scope.protocol_mapper(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("mapper"));
    let token = ClientInitialAccessCreatePresentation::default().count(1);
    let token = realm.initial_access_tokens().create(&token).await.unwrap();
    let listed = realm.initial_access_tokens().list().await.unwrap();
    assert_eq!(token.id, listed[0].id);

    // These answer with the object and no Location.
    let authorization = app.authorization();
    let scope = ScopeRepresentation::default().name("read");
    let scope = authorization.scopes().create(&scope).await.unwrap();
    let read = authorization.scope(scope.id.unwrap()).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("read"));
    let page = ResourceRepresentation::default().name("page");
    let page = authorization.resources().create(&page).await.unwrap();
    let id = page.id.unwrap();
    let read = authorization.resource(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("page"));
    let policy = PolicyRepresentation::default()
        .name("policy")
        .type_("user")
        .config([("users", "[]")]);
    let policy = authorization.policies().create(&policy).await.unwrap();
    let named = authorization.policies().by_name("policy").await.unwrap();
    assert_eq!(named.unwrap().id, policy.id);
    let permission = PolicyRepresentation::default()
        .name("permission")
        .type_("resource")
        .resources([id])
        .policies([policy.id.unwrap()]);
    let permissions = authorization.permissions();
    let permission = permissions.create(&permission).await.unwrap();
    let named = permissions.by_name("permission").await.unwrap();
    assert_eq!(named.unwrap().id, permission.id);
    test.delete().await;
}

#[tokio::test]
async fn everything_else() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("created", realm).await;
    let realm = &test.realm;
    let (ada, user) = test.user("ada").await;
    assert_eq!(user.get().await.unwrap().username.as_deref(), Some("ada"));
    let group = |name: &str| GroupRepresentation::default().name(name);
    let staff = realm.groups().create(&group("staff")).await.unwrap();
    let staff = realm.group(&staff);
    assert_eq!(staff.get().await.unwrap().name.as_deref(), Some("staff"));
    let it = staff.children().create(&group("it")).await.unwrap();
    let read = realm.group(&it).get().await.unwrap();
    assert_eq!(read.path.as_deref(), Some("/staff/it"));
    let key = ComponentRepresentation::default()
        .name("key")
        .provider_id("hmac-generated")
        .provider_type("org.keycloak.keys.KeyProvider");
    let id = realm.components().create(&key).await.unwrap();
    let read = realm.component(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("key"));
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc");
    let hub = realm.identity_providers().create(&hub).await.unwrap();
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("mapper")
        .identity_provider_alias("hub")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper");
    let hub = realm.identity_provider(&hub);
    let id = hub.mappers().create(&mapper).await.unwrap();
    let read = hub.mapper(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("mapper"));

    if older("26.0.8", realm.organizations().list()).await {
        return test.delete().await;
    }
    let acme = OrganizationRepresentation::default()
        .name("acme")
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    let acme = realm.organizations().create(&acme).await.unwrap();
    let acme = realm.organization(&acme);
    assert_eq!(acme.get().await.unwrap().name.as_deref(), Some("acme"));
    assert_eq!(acme.members().add(&ada).await.unwrap(), ada);
    if older("26.7.4", acme.groups().list()).await {
        return test.delete().await;
    }
    let top = acme.groups().create(&group("top")).await.unwrap();
    let top = acme.group(&top);
    assert_eq!(top.get().await.unwrap().name.as_deref(), Some("top"));
    let below = top.children().create(&group("below")).await.unwrap();
    let read = acme.group(&below).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("below"));

    let step = WorkflowStepRepresentation::default()
        .uses("disable-user")
        .after("864000000");
    let workflow = WorkflowRepresentation::default()
        .name("leavers")
        .steps([step]);
    let id = realm.workflows().create(&workflow).await.unwrap();
    let read = realm.workflow(&id).get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("leavers"));
    test.delete().await;
}
