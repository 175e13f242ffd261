//! `ensure`: create, change, or leave alone.

use keycloak_kit::admin::Ensured;
use keycloak_kit::representations::{
    AuthenticationFlowRepresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, Composites, CredentialRepresentation, GroupRepresentation,
    IdentityProviderMapperRepresentation, IdentityProviderRepresentation,
    OrganizationDomainRepresentation, OrganizationRepresentation, ProtocolMapperRepresentation,
    RealmRepresentation, RoleRepresentation, UserRepresentation,
};
use keycloak_kit::{ErrorKind, Result};
use pretty_assertions::assert_eq;

use crate::support::accounts::person;
use crate::support::version::older;
use crate::support::{TestRealm, server};

/// Ensures `first` twice, then `second` twice; gives the members that `second` changed.
async fn cycle<T, I, F>(what: &str, first: &T, second: &T, ensure: impl Fn(T) -> F) -> Vec<String>
where
    T: Clone,
    I: PartialEq + std::fmt::Debug,
    F: Future<Output = Result<Ensured<I>>>,
{
    let created = ensure(first.clone()).await.unwrap();
    assert!(created.is_created(), "{what}: {created:?}");
    let again = ensure(first.clone()).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{what}: {again:?}");
    let changed = ensure(second.clone()).await.unwrap();
    let members = match &changed {
        Ensured::Changed(_, changes) => changes.iter().map(|change| change.member()).collect(),
        other => panic!("{what}: {other:?}"),
    };
    let again = ensure(second.clone()).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{what}: {again:?}");
    for other in [&again, &changed] {
        assert_eq!(other.id(), created.id(), "{what}");
    }
    members
}

#[tokio::test]
async fn every_kind_is_created_then_left_alone_then_changed() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("ensure", realm).await;
    let realm = &test.realm;

    let ada = person("Ada").required_actions(["UPDATE_PASSWORD", "VERIFY_EMAIL"]);
    let king = UserRepresentation::default()
        .username("ada")
        .last_name("King")
        .required_actions(["VERIFY_EMAIL", "UPDATE_PASSWORD"]);
    let changed = cycle("user", &ada, &king, async |user| {
        realm.users().ensure(&user).await
    });
    assert_eq!(changed.await, ["lastName"]);
    let by_mail = UserRepresentation::default().email("ada@example.org");
    let found = realm.users().ensure(&by_mail.enabled(true)).await.unwrap();
    assert!(matches!(found, Ensured::Unchanged(..)), "{found:?}");

    let staff = GroupRepresentation::default().name("staff");
    let floor = staff.clone().attribute("floor", ["1"]);
    let changed = cycle("group", &staff, &floor, async |group| {
        realm.groups().ensure(&group).await
    });
    assert_eq!(changed.await, ["attributes.floor"]);
    let it = GroupRepresentation::default().path("/staff/it");
    let other = it.clone().attribute("a", ["b"]);
    let changed = cycle("group below", &it, &other, async |group| {
        realm.groups().ensure(&group).await
    });
    assert_eq!(changed.await, ["attributes.a"]);
    let parent = realm.groups().find_by_path("/staff").await.unwrap();
    let parent = realm.group(parent.unwrap().group_id().unwrap());
    let child = GroupRepresentation::default().name("hr");
    let other = child.clone().attribute("a", ["b"]);
    let changed = cycle("child", &child, &other, async |group| {
        parent.children().ensure(&group).await
    });
    assert_eq!(changed.await, ["attributes.a"]);

    let role = RoleRepresentation::default().name("reader");
    let described = role.clone().description("Reads");
    let changed = cycle("role", &role, &described, async |role| {
        realm.roles().ensure(&role).await
    });
    assert_eq!(changed.await, ["description"]);

    let web = ClientRepresentation::default()
        .client_id("web")
        .redirect_uris(["/b", "/a"])
        .attribute("post.logout.redirect.uris", "+");
    let more = ClientRepresentation::default()
        .client_id("web")
        .redirect_uris(["/a", "/b", "/c"])
        .name("Web");
    let changed = cycle("client", &web, &more, async |client| {
        realm.clients().ensure(&client).await
    });
    assert_eq!(changed.await, ["name", "redirectUris"]);
    let client = realm.client_by_client_id("web").await.unwrap();
    let kept = client.get().await.unwrap().attributes.unwrap();
    assert_eq!(kept["post.logout.redirect.uris"], "+", "not wanted, kept");
    let changed = cycle("client role", &role, &described, async |role| {
        client.roles().ensure(&role).await
    });
    assert_eq!(changed.await, ["description"]);

    let scope = ClientScopeRepresentation::default()
        .name("scope")
        .protocol("openid-connect");
    let described = scope.clone().description("Scope");
    let changed = cycle("client scope", &scope, &described, async |scope| {
        realm.client_scopes().ensure(&scope).await
    });
    assert_eq!(changed.await, ["description"]);

    let mapper = ProtocolMapperRepresentation::default()
        .name("mapper")
        .protocol("openid-connect")
        .protocol_mapper("oidc-hardcoded-claim-mapper")
        .config([("claim.name", "team"), ("claim.value", "core")]);
    let other = mapper.clone().config([("claim.value", "edge")]);
    let scopes = realm.client_scopes();
    let id = scopes.find_by_name("scope").await.unwrap().unwrap().id;
    let scope = realm.client_scope(id.unwrap());
    let changed = cycle("mapper", &mapper, &other, async |mapper| {
        client.protocol_mappers().ensure(&mapper).await
    });
    assert_eq!(changed.await, ["config.claim.value"]);
    let changed = cycle("mapper of a scope", &mapper, &other, async |mapper| {
        scope.protocol_mappers().ensure(&mapper).await
    });
    assert_eq!(changed.await, ["config.claim.value"]);

    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .config([("clientId", "a"), ("clientSecret", "s")]);
    let other = IdentityProviderRepresentation::default()
        .alias("hub")
        .config([("clientId", "b"), ("clientSecret", "s")])
        .enabled(true);
    let changed = cycle("identity provider", &hub, &other, async |hub| {
        realm.identity_providers().ensure(&hub).await
    });
    assert_eq!(changed.await, ["config.clientId", "config.clientSecret"]);
    let mappers = realm.identity_provider("hub").mappers();
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("mapper")
        .identity_provider_alias("hub")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper")
        .config([("attribute", "a"), ("attribute.value", "1")]);
    let other = IdentityProviderMapperRepresentation::default()
        .name("mapper")
        .config([("attribute.value", "2")]);
    let changed = cycle("mapper of a provider", &mapper, &other, async |mapper| {
        mappers.ensure(&mapper).await
    });
    assert_eq!(changed.await, ["config.attribute.value"]);

    let acme = OrganizationRepresentation::default()
        .name("Acme")
        .alias("acme")
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    let other = OrganizationRepresentation::default()
        .name("Acme")
        .description("Makes everything")
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    if !older("26.0.8", realm.organizations().ensure(&acme)).await {
        let changed = cycle("organization", &acme, &other, async |acme| {
            realm.organizations().ensure(&acme).await
        });
        assert_eq!(changed.await, ["description"]);
    }

    let key = ComponentRepresentation::default()
        .name("key")
        .provider_id("hmac-generated")
        .provider_type("org.keycloak.keys.KeyProvider")
        .config([("priority", ["100"])]);
    let other = key.clone().config([("priority", ["110"])]);
    let changed = cycle("component", &key, &other, async |key| {
        realm.components().ensure(&key).await
    });
    assert_eq!(changed.await, ["config.priority"]);

    let flow = AuthenticationFlowRepresentation::default()
        .alias("own")
        .provider_id("basic-flow")
        .top_level(true)
        .built_in(false);
    let described = flow.clone().description("Ours");
    let changed = cycle("flow", &flow, &described, async |flow| {
        realm.authentication().flows().ensure(&flow).await
    });
    assert_eq!(changed.await, ["description"]);
    test.delete().await;
}

/// What the server writes in its own way is as wanted: nothing is written the second time.
#[tokio::test]
async fn capitals_and_spaces_that_the_server_takes_out_are_as_wanted() {
    let realm = RealmRepresentation::default()
        .password_policy("length(8)  and   digits(1)")
        .ssl_required("EXTERNAL");
    let test = TestRealm::with("ensure-own-way", realm.clone().organizations_enabled(true)).await;
    let as_wanted = |what: &str, ensured: Ensured<String>| {
        assert!(
            matches!(ensured, Ensured::Unchanged(..)),
            "{what}: {ensured}"
        );
    };
    let ensured = test.kc.realms().ensure(&realm.realm(&test.name)).await;
    as_wanted("realm", text(ensured.unwrap()));

    let ada = UserRepresentation::default()
        .username("\u{c4}DA")
        .email("Ada@Example.ORG")
        .first_name("Ada")
        .last_name("Byron");
    for _ in 0..2 {
        test.realm.users().ensure(&ada).await.unwrap();
    }
    as_wanted("user", text(test.realm.users().ensure(&ada).await.unwrap()));

    let domain = OrganizationDomainRepresentation::default();
    let acme = OrganizationRepresentation::default()
        .name("Acme")
        .alias("acme")
        .domains([domain.clone().name("ACME.Test")]);
    let organizations = test.realm.organizations();
    if !older("26.0.8", organizations.ensure(&acme)).await {
        organizations.ensure(&acme).await.unwrap();
        as_wanted(
            "organization",
            text(organizations.ensure(&acme).await.unwrap()),
        );
        let more = acme.domains([
            domain.clone().name("ACME.Test"),
            domain.name("Acme.EXAMPLE"),
        ]);
        let changed = organizations.ensure(&more).await.unwrap();
        assert!(matches!(changed, Ensured::Changed(..)), "{changed}");
        as_wanted("more", text(organizations.ensure(&more).await.unwrap()));
    }

    // Neither is shown where it is off.
    let forever = RealmRepresentation::default().realm(&test.name);
    let forever = forever.events_expiration(0);
    let ensured = test.kc.realms().ensure(&forever).await.unwrap();
    assert!(matches!(ensured, Ensured::Unchanged(..)), "{ensured}");
    let web = ClientRepresentation::default()
        .client_id("web")
        .authorization_services_enabled(false)
        .redirect_uris(["/a", "/a"]);
    test.realm.clients().ensure(&web).await.unwrap();
    let again = test.realm.clients().ensure(&web).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{again}");
    test.delete().await;
}

fn text<I: ToString>(ensured: Ensured<I>) -> Ensured<String> {
    match ensured {
        Ensured::Created(id) => Ensured::Created(id.to_string()),
        Ensured::Changed(id, changes) => Ensured::Changed(id.to_string(), changes),
        Ensured::Unchanged(id, members) => Ensured::Unchanged(id.to_string(), members),
        other => panic!("{}", other.id().to_string()),
    }
}

#[tokio::test]
async fn a_realm() {
    let kc = server::admin();
    let name = format!("test-ensure-realm-{}", std::process::id());
    let first = RealmRepresentation::default().realm(&name).enabled(true);
    let second = RealmRepresentation::default()
        .realm(&name)
        .access_token_lifespan(120)
        .display_name("Shop");
    let changed = cycle("realm", &first, &second, async |realm| {
        kc.realms().ensure(&realm).await
    });
    assert_eq!(changed.await, ["accessTokenLifespan", "displayName"]);
    let with_users = second.users([UserRepresentation::default().username("ada")]);
    let error = kc.realms().ensure(&with_users).await.unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(error.to_string().contains("import_users"), "{error}");
    kc.realm(&name).delete().await.unwrap();
}

#[tokio::test]
async fn a_path_of_groups() {
    let test = TestRealm::new("ensure-path").await;
    let groups = test.realm.groups();
    let created = groups.ensure_path("/a/b/c").await.unwrap();
    assert!(created.is_created());
    let again = groups.ensure_path("a/b/c").await.unwrap();
    assert!(matches!(&again, Ensured::Unchanged(id, _) if id == created.id()));
    groups.ensure_path("/a/b/d").await.unwrap();
    assert_eq!(groups.tree().all().await.unwrap().len(), 4);
    let orphan = GroupRepresentation::default().path("/x/y");
    let error = groups.ensure(&orphan).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains("ensure_path"), "{error}");
    groups.ensure_path("").await.unwrap_err();
    test.delete().await;
}

#[tokio::test]
async fn what_cannot_be_ensured_is_refused_before_anything_is_sent() {
    let test = TestRealm::new("ensure-refused").await;
    let users = test.realm.users();
    for (wanted, says) in [
        (UserRepresentation::default(), "username must be set"),
        (UserRepresentation::default().username(""), "username"),
        (
            UserRepresentation::default()
                .username("ada")
                .realm_roles(["x"]),
            "assign_roles",
        ),
    ] {
        let error = users.ensure(&wanted).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(users.list().await.unwrap().is_empty());
    // A password is for the new user only: the second is not written, and does not count.
    let ada = |password: &str| {
        UserRepresentation::default()
            .username("ada")
            .enabled(true)
            .credentials([CredentialRepresentation::password(password)])
    };
    users.ensure(&ada("one")).await.unwrap();
    let again = users.ensure(&ada("two")).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{again:?}");
    // What the server ignores is an error, not "changed".
    let error = users.ensure(&ada("x").attribute("shoe", ["1"])).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("attributes.shoe"), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn twenty_at_once_create_one() {
    let test = TestRealm::new("ensure-race").await;
    let role = RoleRepresentation::default().name("reader");
    let all = (0..20).map(|_| test.realm.roles());
    let done = keycloak_kit::admin::bulk(all, |roles| {
        let role = role.clone();
        async move { roles.ensure(&role).await }
    });
    let done = done.at_once(20).await;
    let created = done
        .iter()
        .filter(|result| result.as_ref().unwrap().is_created())
        .count();
    assert_eq!(created, 1);
    test.delete().await;
}

#[tokio::test]
async fn a_rotated_secret_is_written_with_another_change_or_on_demand() {
    let test = TestRealm::new("ensure-secrets").await;
    let providers = test.realm.identity_providers();
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .config([
            ("authorizationUrl", "https://idp.example/auth"),
            ("tokenUrl", "https://idp.example/token"),
            ("clientId", "kc"),
            ("clientSecret", "first"),
        ]);
    assert!(providers.ensure(&hub).await.unwrap().is_created());
    let rotated = hub.clone().config_entry("clientSecret", "second");
    let again = providers.ensure(&rotated).await.unwrap();
    assert_eq!(again.not_compared(), ["config.clientSecret"]);
    let written = providers.ensure(&rotated).with_secrets().await.unwrap();
    assert!(
        written
            .changes()
            .unwrap()
            .get("config.clientSecret")
            .is_some(),
        "{written}"
    );
    let named = providers
        .ensure(&rotated.clone().display_name("Hub"))
        .await
        .unwrap();
    let members: Vec<String> = named
        .changes()
        .unwrap()
        .iter()
        .map(|c| c.member())
        .collect();
    assert_eq!(
        members,
        ["config.clientSecret", "displayName"],
        "sent with the other change"
    );

    let name = &test.name;
    let mail = RealmRepresentation::default().realm(name).smtp_server([
        ("host", "h"),
        ("auth", "true"),
        ("user", "u"),
        ("from", "a@h.example"),
        ("password", "first"),
    ]);
    let realms = test.kc.realms();
    realms.ensure(&mail).await.unwrap();
    let again = realms.ensure(&mail).await.unwrap();
    let said = format!("{name}: as wanted; not compared: smtpServer.password");
    assert_eq!(again.to_string(), said);

    let ada = person("ada").credentials([CredentialRepresentation::password("hunter2")]);
    let users = test.realm.users();
    users.ensure(&ada).await.unwrap();
    let again = users.ensure(&ada).await.unwrap();
    assert_eq!(again.not_compared(), ["credentials"]);
    let written = users.ensure(&ada).with_secrets().await.unwrap();
    assert!(!format!("{written:?} {written}").contains("hunter2"));
    test.delete().await;
}

#[tokio::test]
async fn client_scopes_of_a_client_are_set_by_name() {
    let test = TestRealm::new("ensure-client-scopes").await;
    let clients = test.realm.clients();
    let web = ClientRepresentation::default()
        .client_id("web")
        .service_accounts_enabled(true)
        .default_client_scopes(["email", "profile"])
        .optional_client_scopes(["phone"]);
    clients.ensure(&web).await.unwrap();
    let again = clients.ensure(&web).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{again:?}");
    // One goes from the optional to the default ones.
    let moved = web
        .default_client_scopes(["email", "phone"])
        .optional_client_scopes(["profile", "address"]);
    let changed = clients.ensure(&moved).await.unwrap();
    assert!(changed.changes().is_some(), "{changed:?}");
    let again = clients.ensure(&moved).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{again:?}");

    let client = test.realm.client(again.id());
    let edited = client
        .modify(|client| client.optional_client_scopes = Some(vec!["address".to_owned()]))
        .await
        .unwrap();
    assert_eq!(edited.optional_client_scopes.unwrap(), ["address"]);
    let error = client
        .modify(|client| client.default_client_scopes = Some(vec!["nowhere".to_owned()]))
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("nowhere"),
        "{error}"
    );
    let mut read = client.get().await.unwrap();
    client.update(&read).await.unwrap();
    read.default_client_scopes = Some(vec!["email".to_owned()]);
    let error = client.update(&read).await.unwrap_err();
    assert!(error.to_string().contains("defaultClientScopes"), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn what_belongs_together_is_created_together() {
    let test = TestRealm::new("created-together").await;
    let realm = &test.realm;
    test.role("reader").await;
    let composites = Composites::default().realm(["reader"]);
    let writer = RoleRepresentation::default()
        .name("writer")
        .composites(composites.clone());
    realm.roles().create(&writer).await.unwrap();
    let mut boss = RoleRepresentation::default().name("boss");
    boss.composites = Some(composites);
    realm.roles().create(&boss).await.unwrap();
    for name in ["writer", "boss"] {
        let parts = realm.role(name).composites().list().await.unwrap();
        assert_eq!(parts.len(), 1, "{name}");
    }
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .config([
            ("authorizationUrl", "https://idp.example/auth"),
            ("tokenUrl", "https://idp.example/token"),
            ("clientId", "kc"),
            ("clientSecret", "s"),
        ]);
    realm.identity_providers().create(&hub).await.unwrap();
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("m")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper")
        .config([("attribute", "a"), ("attribute.value", "b")]);
    let mappers = realm.identity_provider("hub").mappers();
    assert!(mappers.ensure(&mapper).await.unwrap().is_created());
    let again = mappers.ensure(&mapper).await.unwrap();
    assert!(matches!(again, Ensured::Unchanged(..)), "{again:?}");

    let mut group = test.group("staff").await.1.get().await.unwrap();
    test.realm
        .group(group.group_id().unwrap())
        .update(&group)
        .await
        .unwrap();
    group.realm_roles = Some(vec!["reader".to_owned()]);
    let staff = test.realm.group(group.group_id().unwrap());
    let error = staff.update(&group).await.unwrap_err();
    assert!(error.to_string().contains("group.assign_roles"), "{error}");
    staff.assign_roles(["reader"]).await.unwrap();
    staff
        .update(&staff.get().await.unwrap())
        .await
        .expect("as it was read");
    test.delete().await;
}

#[tokio::test]
async fn groups_with_slashes_in_their_names() {
    let test = TestRealm::new("ensure-slashes").await;
    let groups = test.realm.groups();
    let named = groups.ensure_path(["My Group", "a/b"]).await.unwrap();
    assert!(named.is_created());
    for again in [
        groups.ensure_path(["My Group", "a/b"]).await.unwrap(),
        groups.ensure_path("/My Group/a/b").await.unwrap(),
    ] {
        assert!(
            matches!(&again, Ensured::Unchanged(id, _) if id == named.id()),
            "{again:?}"
        );
    }
    assert_eq!(
        groups.tree().all().await.unwrap().len(),
        2,
        "no second tree"
    );
    for found in [
        groups.find_by_path(["My Group", "a/b"]).await.unwrap(),
        groups.find_by_path("/My Group/a/b").await.unwrap(),
    ] {
        assert_eq!(found.unwrap().group_id().unwrap(), *named.id());
    }
    assert!(
        groups
            .find_by_path(["My Group", "a", "b"])
            .await
            .unwrap()
            .is_none()
    );
    let below = groups.ensure_path("/My Group/a/b/c").await.unwrap();
    let group = test.realm.group(below.id()).get().await.unwrap();
    assert_eq!(group.path.as_deref(), Some("/My Group/a/b/c"));
    assert_eq!(groups.tree().all().await.unwrap().len(), 3);

    // Another group has the path that this name looks like.
    let deep = groups.ensure_path("/x/y").await.unwrap();
    let top = groups.ensure_path(["x/y"]).await.unwrap();
    assert!(top.is_created() && top.id() != deep.id());
    let wanted = GroupRepresentation::default().name("x/y");
    assert_eq!(groups.ensure(&wanted).await.unwrap().id(), top.id());
    for path in ["/", "", "/a//b"] {
        assert!(
            groups.find_by_path(path).await.unwrap_err().is_config(),
            "{path}"
        );
        assert!(
            groups.ensure_path(path).await.unwrap_err().is_config(),
            "{path}"
        );
    }
    assert!(groups.ensure_path([""; 0]).await.unwrap_err().is_config());
    test.delete().await;
}
