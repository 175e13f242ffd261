//! What a server does that nobody expects, and what the crate makes of it.

use keycloak_kit::representations::{
    AuthenticationExecutionInfoRepresentation, AuthenticationFlowRepresentation,
    AuthenticatorConfigRepresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, GroupRepresentation, IdentityProviderMapperRepresentation,
    IdentityProviderRepresentation, NewExecutionRepresentation, NewSubflowRepresentation,
    OrganizationDomainRepresentation, OrganizationRepresentation, ProtocolMapperRepresentation,
    RealmEventsConfigRepresentation, RealmRepresentation, RequiredActionProviderRepresentation,
    RoleRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::support::accounts::person;
use crate::support::version::{older, version};
use crate::support::{TestRealm, unordered};

fn members(state: &impl Serialize) -> Map<String, Value> {
    match unordered(serde_json::to_value(state).unwrap()) {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

/// Nothing but these members has changed.
#[track_caller]
fn changed(what: &str, before: &impl Serialize, after: &impl Serialize, members_of: &[&str]) {
    let (before, after) = (members(before), members(after));
    let mut all: Vec<&String> = before.keys().chain(after.keys()).collect();
    all.sort_unstable();
    all.dedup();
    let other = |member: &&&String| before.get(**member) != after.get(**member);
    let changed: Vec<&String> = all.iter().filter(other).copied().collect();
    assert_eq!(changed, members_of, "{what}");
}

/// An update that carries little resets the settings of device logins, backchannel logins and both
/// WebAuthn policies.
#[tokio::test]
async fn an_update_of_a_realm_changes_what_it_carries() {
    let test = TestRealm::new("surprise-realm").await;
    let realm = &test.realm;
    realm
        .modify(|realm| {
            realm.oauth2_device_code_lifespan = Some(601);
            realm.oauth2_device_polling_interval = Some(6);
            realm.client_session_idle_timeout = Some(700);
            realm.web_authn_policy_rp_id = Some("rp.example".to_owned());
            realm.web_authn_policy_passwordless_create_timeout = Some(7);
            *realm = realm
                .clone()
                .attribute("cibaBackchannelTokenDeliveryMode", "ping")
                .attribute("cibaExpiresIn", "121")
                .attribute("cibaInterval", "6")
                .attribute("parRequestUriLifespan", "61")
                .attribute("frontendUrl", "https://front.example")
                .attribute("own", "x");
        })
        .await
        .unwrap();
    let before = realm.get().await.unwrap();
    assert_eq!(before.oauth2_device_code_lifespan, Some(601));
    assert!(!before.browser_security_headers.as_ref().unwrap().is_empty());

    let wanted = RealmRepresentation::default().display_name("E");
    realm.update(&wanted).await.unwrap();
    let after = realm.get().await.unwrap();
    changed("a member", &before, &after, &["displayName"]);

    let wanted = RealmRepresentation::default().attribute("other", "y");
    realm.update(&wanted).await.unwrap();
    let then = realm.get().await.unwrap();
    changed("an attribute", &after, &then, &["attributes"]);
    assert_eq!(then.attributes.as_ref().unwrap()["own"], "x");
    assert_eq!(then.attributes.as_ref().unwrap()["other"], "y");

    let wanted = RealmRepresentation::default().otp_policy_digits(8);
    realm.update(&wanted).await.unwrap();
    let digits = realm.get().await.unwrap();
    // The applications that can do with so many digits are derived.
    let derived = ["otpPolicyDigits", "otpSupportedApplications"];
    changed("a policy", &then, &digits, &derived);
    let wanted = RealmRepresentation::default().web_authn_policy_rp_id("other.example");
    realm.update(&wanted).await.unwrap();
    let rp = realm.get().await.unwrap();
    changed("WebAuthn", &digits, &rp, &["webAuthnPolicyRpId"]);
    let reusable = !rp.otp_policy_code_reusable.unwrap();
    let wanted = RealmRepresentation::default().otp_policy_code_reusable(reusable);
    realm.update(&wanted).await.unwrap();
    let again = realm.get().await.unwrap();
    assert_eq!(again.otp_policy_code_reusable, Some(reusable));

    // And the policy that the realm could not be read with any more.
    let error = realm
        .modify(|realm| realm.otp_policy_algorithm = None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("otpPolicyAlgorithm"), "{error}");
    let half = RealmRepresentation::default().otp_policy_digits(8);
    let named = half.realm(format!("{}-half", test.name)).enabled(true);
    let error = test.kc.realms().create(&named).await.unwrap_err();
    assert!(error.to_string().contains("otpPolicyType"), "{error}");
    test.delete().await;
}

/// The server takes the attribute for the member of its name, and shows no attribute.
#[tokio::test]
async fn an_attribute_with_the_name_of_a_member_is_refused() {
    let test = TestRealm::new("surprise-attribute").await;
    let realm = &test.realm;
    let named = RealmRepresentation::default()
        .realm(&test.name)
        .attribute("bruteForceProtected", "true");
    for error in [
        realm.update(&named).await.unwrap_err(),
        test.kc.realms().ensure(&named).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("bruteForceProtected"), "{error}");
    }
    assert_eq!(
        realm.get().await.unwrap().brute_force_protected,
        Some(false)
    );
    test.delete().await;
}

#[tokio::test]
async fn updates_keep_what_they_do_not_carry() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("surprise-updates", realm).await;
    let realm = &test.realm;

    let role = RoleRepresentation::default()
        .name("r")
        .description("Reads")
        .attribute("a", ["1"]);
    realm.roles().create(&role).await.unwrap();
    let role = realm.role("r");
    let before = role.get().await.unwrap();
    let sparse = RoleRepresentation::default().attribute("a", ["2"]);
    role.update(&sparse).await.unwrap();
    changed("role", &before, &role.get().await.unwrap(), &["attributes"]);

    let new = GroupRepresentation::default()
        .name("g")
        .attribute("a", ["1"]);
    let group = realm.group(realm.groups().create(&new).await.unwrap());
    let before = group.get().await.unwrap();
    let sparse = GroupRepresentation::default().attribute("a", ["2"]);
    group.update(&sparse).await.unwrap();
    changed(
        "group",
        &before,
        &group.get().await.unwrap(),
        &["attributes"],
    );

    let id = realm.users().create(&person("ada")).await.unwrap();
    let user = realm.user(id);
    let before = user.get().await.unwrap();
    let mut sparse = UserRepresentation::default();
    sparse.attributes = Some([].into());
    user.update(&sparse).await.unwrap();
    changed("user", &before, &user.get().await.unwrap(), &[]);

    let new = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .display_name("Hub")
        .store_token(true)
        .enabled(true)
        .config([("clientId", "a"), ("clientSecret", "s")]);
    realm.identity_providers().create(&new).await.unwrap();
    let hub = realm.identity_provider("hub");
    let before = hub.get().await.unwrap();
    let sparse = IdentityProviderRepresentation::default().display_name("H");
    hub.update(&sparse).await.unwrap();
    changed(
        "provider",
        &before,
        &hub.get().await.unwrap(),
        &["displayName"],
    );

    let new = IdentityProviderMapperRepresentation::default()
        .name("m")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper")
        .config([("attribute", "a"), ("attribute.value", "1")]);
    let mapper = hub.mapper(hub.mappers().create(&new).await.unwrap());
    let before = mapper.get().await.unwrap();
    let sparse = IdentityProviderMapperRepresentation::default();
    mapper.update(&sparse).await.unwrap();
    changed("its mapper", &before, &mapper.get().await.unwrap(), &[]);

    let new = ClientScopeRepresentation::default()
        .name("s")
        .protocol("openid-connect");
    let scope = realm.client_scope(realm.client_scopes().create(&new).await.unwrap());
    let new = ProtocolMapperRepresentation::default()
        .name("m")
        .protocol("openid-connect")
        .protocol_mapper("oidc-hardcoded-claim-mapper")
        .config([("claim.name", "team"), ("claim.value", "core")]);
    let mapper = scope.protocol_mapper(scope.protocol_mappers().create(&new).await.unwrap());
    let before = mapper.get().await.unwrap();
    let sparse = ProtocolMapperRepresentation::default();
    mapper.update(&sparse).await.unwrap();
    changed(
        "protocol mapper",
        &before,
        &mapper.get().await.unwrap(),
        &[],
    );

    let action = realm.authentication().required_action("UPDATE_PASSWORD");
    let before = action.get().await.unwrap();
    let sparse = RequiredActionProviderRepresentation::default()
        .alias("UPDATE_PASSWORD")
        .default_action(true);
    action.update(&sparse).await.unwrap();
    let after = action.get().await.unwrap();
    changed("required action", &before, &after, &["defaultAction"]);

    let events = realm.events().config();
    let on = RealmEventsConfigRepresentation::default().events_enabled(true);
    events.update(&on).await.unwrap();
    let before = events.get().await.unwrap();
    let sparse = RealmEventsConfigRepresentation::default().admin_events_enabled(true);
    events.update(&sparse).await.unwrap();
    let after = events.get().await.unwrap();
    changed("events", &before, &after, &["adminEventsEnabled"]);

    let acme = OrganizationRepresentation::default()
        .name("Acme")
        .alias("acme")
        .description("Makes everything")
        .redirect_url("https://acme.example")
        .enabled(false)
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    let organizations = realm.organizations();
    if !older("26.0.8", organizations.create(&acme)).await {
        let id = organizations.create(&acme).await.unwrap();
        let acme = realm.organization(id);
        let before = acme.get().await.unwrap();
        let sparse = OrganizationRepresentation::default().description("Made");
        acme.update(&sparse).await.unwrap();
        changed(
            "organization",
            &before,
            &acme.get().await.unwrap(),
            &["description"],
        );
    }
    test.delete().await;
}

#[tokio::test]
async fn flows_stay_readable() {
    let test = TestRealm::new("surprise-flows").await;
    let authentication = test.realm.authentication();
    let open = AuthenticationFlowRepresentation::default()
        .alias("own")
        .provider_id("basic-flow")
        .description("Ours");
    let error = authentication.flows().create(&open).await.unwrap_err();
    assert!(error.to_string().contains("topLevel"), "{error}");
    let id = authentication
        .flows()
        .create(&open.top_level(true))
        .await
        .unwrap();
    let flow = authentication.flow(&id);
    let before = flow.get().await.unwrap();
    let renamed = AuthenticationFlowRepresentation::default().alias("other");
    flow.update(&renamed).await.unwrap();
    changed("flow", &before, &flow.get().await.unwrap(), &["alias"]);
    let listed = authentication.flows().find_by_alias("other").await.unwrap();
    assert!(listed.is_some(), "it is still a flow of its own");

    let executions = authentication.flow_by_alias("other").executions();
    let step = NewExecutionRepresentation::default().provider("auth-cookie");
    executions.create(&step).await.unwrap();
    executions.create(&step).await.unwrap();
    let inner = NewSubflowRepresentation::default()
        .alias("inner")
        .type_("basic-flow")
        .description("Below");
    let sub = executions.create_subflow(&inner).await.unwrap();
    let places = async || {
        let all = executions.list().await.unwrap();
        all.into_iter()
            .map(|one| one.id.unwrap())
            .collect::<Vec<String>>()
    };
    let before = places().await;
    for id in before.iter().rev() {
        let sparse = AuthenticationExecutionInfoRepresentation::default()
            .id(id)
            .requirement("REQUIRED");
        executions.update(&sparse).await.unwrap();
    }
    let priorities = async || {
        let mut all = Vec::new();
        for id in &before {
            all.push(authentication.execution(id).get().await.unwrap().priority);
        }
        all
    };
    assert_eq!(places().await, before, "{:?}", priorities().await);
    let kept = priorities().await;
    assert!(kept.is_sorted() && kept[0] != kept[2], "{kept:?}");

    let config = AuthenticatorConfigRepresentation::default()
        .alias("c")
        .config([("a", "1")]);
    let execution = authentication.execution(&before[0]);
    let config = execution.create_config(&config).await.unwrap();
    let config = authentication.authenticator_config(config);
    let before_config = config.get().await.unwrap();
    let sparse = AuthenticatorConfigRepresentation::default().config([("a", "1")]);
    config.update(&sparse).await.unwrap();
    changed(
        "configuration",
        &before_config,
        &config.get().await.unwrap(),
        &[],
    );

    let error = authentication.flow(&sub).delete().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(error.to_string().contains(&before[2]), "{error}");
    authentication.execution(&before[2]).delete().await.unwrap();
    assert_eq!(places().await.len(), 2);
    authentication.flows().list().await.unwrap();

    let web = ClientRepresentation::default()
        .client_id("web")
        .authentication_flow_binding_overrides([("browser", id.as_str())]);
    test.realm.clients().create(&web).await.unwrap();
    let error = flow.delete().await.unwrap_err();
    if version().await.has("26.0.8") {
        assert!(error.is_server(), "{error}");
    } else {
        assert!(
            error.is_conflict() && error.to_string().contains("web"),
            "{error}"
        );
    }
    let client = test.realm.client_by_client_id("web").await.unwrap();
    client.delete().await.unwrap();
    flow.delete().await.unwrap();
    test.delete().await;
}

#[tokio::test]
async fn clients_are_what_they_are_said_to_be() {
    let test = TestRealm::new("surprise-clients").await;
    let clients = test.realm.clients();
    let open = ClientRepresentation::default()
        .client_id("web")
        .protocol("openid-connect");
    let error = clients.create(&open).await.unwrap_err();
    assert!(error.to_string().contains("publicClient"), "{error}");
    let error = clients.ensure(&open).await.unwrap_err();
    assert!(error.to_string().contains("publicClient"), "{error}");
    let said = open
        .public_client(false)
        .direct_access_grants_enabled(false);
    clients.ensure(&said).await.unwrap();
    let web = test.realm.client_by_client_id("web").await.unwrap();
    let read = web.get().await.unwrap();
    assert_eq!(read.public_client, Some(false));
    assert_eq!(read.direct_access_grants_enabled, Some(false));
    let empty = ClientRepresentation::default().secret("");
    let error = web.update(&empty).await.unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
    let again = web.get().await.unwrap();
    assert_eq!(
        again.secret.unwrap().expose(),
        read.secret.unwrap().expose()
    );

    // A scope that is optional already is not made a default one, and the server says nothing.
    let scopes = test.realm.client_scopes();
    let address = scopes.find_by_name("address").await.unwrap().unwrap();
    let address = address.client_scope_id().unwrap();
    let error = web.default_client_scopes().add(&address).await.unwrap_err();
    assert!(error.to_string().contains("did not add"), "{error}");
    web.optional_client_scopes().remove(&address).await.unwrap();
    web.default_client_scopes().add(&address).await.unwrap();

    let key = ComponentRepresentation::default()
        .name("key")
        .provider_id("hmac-generated")
        .provider_type("org.keycloak.keys.KeyProvider")
        .config([("priority", ["100"])]);
    let key = test.realm.components().create(&key).await.unwrap();
    let key = test.realm.component(key);
    let other = ComponentRepresentation::default()
        .provider_type("org.keycloak.storage.UserStorageProvider");
    let error = key.update(&other).await.unwrap_err();
    assert!(error.to_string().contains("providerType"), "{error}");
    key.get().await.unwrap();
    test.delete().await;
}

/// Each write of a text writes the whole locale on the server.
#[tokio::test]
async fn writers_of_one_object_in_one_client_lose_nothing() {
    let test = TestRealm::new("surprise-writers").await;
    let locale = test.realm.localization().locale("de");
    let texts: Vec<String> = (0..48).map(|number| format!("key{number}")).collect();
    let done = keycloak_kit::admin::bulk(texts.clone(), |key| {
        let text = locale.text(key);
        async move { text.set("value").await }
    });
    for written in done.at_once(8).await {
        written.unwrap();
    }
    assert_eq!(locale.get().await.unwrap().len(), 48);

    let (_, user) = test.user("ada").await;
    let names = (0..16).map(|number| format!("Name{number}"));
    let done = keycloak_kit::admin::bulk(names, |name| {
        let user = user.clone();
        async move {
            let sparse = UserRepresentation::default();
            if name.ends_with('1') {
                user.modify(move |user| user.first_name = Some(name))
                    .await
                    .map(drop)
            } else {
                user.update(&sparse.last_name(name)).await.map(drop)
            }
        }
    });
    for written in done.at_once(8).await {
        written.unwrap();
    }
    let user = user.get().await.unwrap();
    assert!(user.first_name.unwrap().starts_with("Name"));
    assert!(user.last_name.unwrap().starts_with("Name"));
    test.delete().await;
}
