//! Failures as a real server gives them.

use std::collections::BTreeMap;
use std::time::Duration;

use keycloak_kit::representations::{
    ClientRepresentation, FlowCopyRepresentation, OrganizationDomainRepresentation,
    OrganizationRepresentation, PartialImportRepresentation, RealmRepresentation,
    RoleRepresentation, UserRepresentation,
};
use keycloak_kit::{ErrorKind, Method};
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::accounts::{SECRET, person};
use crate::support::version::version;
use crate::support::{TestRealm, server};

#[tokio::test]
async fn conflict() {
    let test = TestRealm::new("error-conflict").await;
    test.user("ada").await;
    let again = person("ada").email("other@example.org");
    let error = test.realm.users().create(&again).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.status().map(|s| s.as_u16()), Some(409));
    assert_eq!(error.operation(), Some("realm.users.create"));
    assert_eq!(
        error.server_message(),
        Some("User exists with same username")
    );
    assert_eq!(
        error.to_string(),
        "realm.users.create: conflict (409): User exists with same username"
    );
    let other = person("bob").email("ada@example.org");
    let error = test.realm.users().create(&other).await.unwrap_err();
    assert_eq!(error.server_message(), Some("User exists with same email"));
    test.delete().await;
}

#[tokio::test]
async fn validation_names_every_field() {
    let test = TestRealm::new("error-fields").await;
    let bad = UserRepresentation::default().username("x").email("hunter2");
    let error = test.realm.users().create(&bad).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    let mut fields: Vec<(&str, &str)> = error
        .field_errors()
        .iter()
        .map(|e| (e.field.as_deref().unwrap(), e.message.as_str()))
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            ("email", "error-invalid-email"),
            ("username", "error-invalid-length")
        ]
    );
    let text = format!("{error} {error:?}");
    assert!(text.contains("username: error-invalid-length"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    // One violation comes in the flat form.
    let bad = UserRepresentation::default().username("x");
    let error = test.realm.users().create(&bad).await.unwrap_err();
    assert_eq!(error.field_errors().len(), 1, "{error:?}");
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("username"));
    assert!(!error.field_errors()[0].params.is_empty());
    test.delete().await;
}

#[tokio::test]
async fn forbidden_names_the_role_that_is_missing() {
    let test = TestRealm::new("error-forbidden").await;
    test.automation("viewer", &["view-users"]).await;
    let kc = test.as_automation("viewer").build().unwrap();
    let realm = kc.realm(&test.name);
    realm.users().list().await.unwrap();
    let (ada, _) = test.user("ada").await;
    for (error, role) in [
        (
            realm.users().create(&person("bob")).await.map(drop),
            "manage-users",
        ),
        (realm.user(&ada).delete().await, "manage-users"),
        (realm.clients().list().await.map(drop), "view-clients"),
        (realm.events().list().await.map(drop), "view-events"),
        (realm.delete().await, "manage-realm"),
        (
            realm.user(&ada).impersonate().await.map(drop),
            "impersonation",
        ),
    ] {
        if role == "view-clients" && !version().await.has("26.4.7") {
            // Before, who may see no client saw an empty list.
            error.unwrap();
            continue;
        }
        let error = error.expect_err(role);
        assert!(error.is_forbidden(), "{error}");
        let hint = error.hint().unwrap();
        let of = format!(
            "role {role} of the client realm-management in the realm {}",
            test.name
        );
        assert!(hint.ends_with(&of), "{error}");
    }
    test.delete().await;
}

/// With the roles that are named the call is let through, and with the first of two it is not.
#[tokio::test]
async fn forbidden_calls_name_each_role_that_they_need() {
    if !version().await.has("26.7.4") {
        return;
    }
    let settings = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("error-roles", settings).await;
    let (ada, _) = test.user("ada").await;
    test.group("staff").await;
    test.role("boss").await;
    let app = test.automation("app", &[]).await;
    let app = app.get().await.unwrap().client_uuid().unwrap();
    let role = RoleRepresentation::default().name("editor");
    test.realm.client(&app).roles().create(&role).await.unwrap();
    let acme = OrganizationRepresentation::default()
        .name("Acme")
        .domains([OrganizationDomainRepresentation::default().name("acme.example")]);
    let acme = test.realm.organizations().create(&acme).await.unwrap();
    let example = format!("clients/{app}/evaluate-scopes/generate-example-userinfo");
    let calls: &[(String, &[&str])] = &[
        ("group-by-path/staff".into(), &["view-users"]),
        (
            "client-registration-policy/providers".into(),
            &["view-realm"],
        ),
        ("workflows".into(), &["realm-admin"]),
        ("roles/boss/users".into(), &["view-realm", "query-users"]),
        ("roles/boss/groups".into(), &["view-realm", "query-groups"]),
        (
            format!("clients/{app}/roles/editor/users"),
            &["view-clients", "query-users"],
        ),
        (
            format!("clients/{app}/roles/editor/groups"),
            &["view-clients", "query-groups"],
        ),
        (
            format!("users/{ada}/role-mappings/clients/{app}"),
            &["view-users", "view-clients"],
        ),
        (example, &["view-clients", "view-users"]),
        ("organizations".into(), &["view-organizations"]),
        (
            format!("organizations/{acme}/invitations"),
            &["manage-organizations"],
        ),
        (
            format!("organizations/{acme}/members"),
            &["view-organizations", "view-users"],
        ),
        (
            format!("organizations/{acme}/members/count"),
            &["view-organizations", "view-users"],
        ),
        (
            format!("organizations/members/{ada}/organizations"),
            &["view-organizations", "view-users"],
        ),
        (
            format!("organizations/{acme}/identity-providers"),
            &["view-organizations", "view-identity-providers"],
        ),
    ];
    let mut clients = BTreeMap::new();
    for (path, roles) in calls {
        for given in 0..=roles.len() {
            let name = format!("with-{}", roles[..given].join("-"));
            if !clients.contains_key(&name) {
                test.automation(&name, &roles[..given]).await;
                let kc = test.as_automation(&name).build().unwrap();
                clients.insert(name.clone(), kc);
            }
            let path = format!("admin/realms/{}/{path}", test.name);
            let call = clients[&name].request::<Value>(Method::GET, path.split('/'));
            let called = call.query(&[("userId", ada.as_str())]).await;
            if given == roles.len() {
                called.unwrap_or_else(|error| panic!("{path} {roles:?}: {error}"));
                continue;
            }
            let error = called.expect_err(&path);
            assert!(error.is_forbidden(), "{path} {name}: {error}");
            let hint = error.hint().unwrap();
            for role in *roles {
                assert!(hint.contains(role), "{path}: {hint}");
            }
        }
    }
    test.delete().await;
}

/// An administrator of master has roles of the client `NAME-realm` there.
#[tokio::test]
async fn an_administrator_of_master_is_told_the_client_of_its_roles() {
    let test = TestRealm::new("error-forbidden-master").await;
    let master = test.kc.realm("master");
    let client_id = format!("viewer-of-{}", test.name);
    let viewer = ClientRepresentation::default()
        .client_id(&client_id)
        .secret(SECRET)
        .service_accounts_enabled(true);
    let viewer = master.client(master.clients().create(&viewer).await.unwrap());
    let client = format!("{}-realm", test.name);
    viewer
        .assign_service_account_roles([""; 0])
        .of_client(&client, ["view-users"])
        .await
        .unwrap();
    let kc = server::anonymous().client_credentials(&client_id, SECRET);
    let realm = kc.build().unwrap().realm(&test.name);
    realm.users().list().await.unwrap();
    let error = realm.users().create(&person("bob")).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    let told = format!("role manage-users of the client {client} in the realm master");
    assert!(error.hint().unwrap().contains(&told), "{error}");
    viewer.delete().await.unwrap();
    test.delete().await;
}

/// The server answers these with 500 and no reason.
#[tokio::test]
async fn what_the_server_does_not_find_is_named() {
    let test = TestRealm::new("error-references").await;
    let realm = &test.realm;
    let hint = |error: keycloak_kit::Error| {
        assert_eq!(error.kind(), ErrorKind::Server, "{error}");
        assert_eq!(error.needs_keycloak(), None, "{error}");
        error.hint().unwrap_or_default().to_owned()
    };
    let unknown = realm.modify(|realm| realm.browser_flow = Some("nope".to_owned()));
    let said = hint(unknown.await.unwrap_err());
    assert!(said.ends_with("browserFlow \"nope\""), "{said}");

    let flows = realm.authentication();
    let copy = FlowCopyRepresentation::default().new_name("mine");
    let mine = flows.flow_by_alias("browser").copy(&copy).await.unwrap();
    realm
        .modify(|realm| realm.browser_flow = Some("mine".to_owned()))
        .await
        .unwrap();
    let bound = flows.flow(&mine).delete().await.unwrap_err();
    let said = hint(bound);
    assert!(said.contains("the flow is probably in use"), "{said}");

    let users = [person("ada").groups(["/nope"])];
    let import = PartialImportRepresentation::default()
        .if_resource_exists("SKIP")
        .users(users);
    let said = hint(realm.partial_import(&import).await.unwrap_err());
    if version().await.has("26.0.8") {
        assert!(said.ends_with("groups \"/nope\""), "{said}");
    }
    test.delete().await;
}

#[tokio::test]
async fn wrong_credentials_say_what_to_check() {
    let test = TestRealm::new("error-login").await;
    test.automation("app", &[]).await;
    test.user("ada").await;
    let login = || server::anonymous().login_realm(&test.name);
    let cases = [
        (
            login().client_credentials("app", "wrong"),
            "unauthorized_client",
        ),
        (
            login().client_credentials("nobody", SECRET),
            "invalid_client",
        ),
        (login().password("ada", "wrong"), "invalid_grant"),
        (login().refresh_token("eyJ.no.token"), "invalid_grant"),
    ];
    for (builder, code) in cases {
        let error = builder.build().unwrap().login().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error:?}");
        assert_eq!(error.oauth_code(), Some(code), "{error}");
        assert!(error.hint().is_some(), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
    let fixed = server::anonymous()
        .access_token("eyJ.no.token")
        .build()
        .unwrap();
    let error = fixed.realm(&test.name).get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.status().map(|s| s.as_u16()), Some(401));
    test.delete().await;
}

#[tokio::test]
async fn unknown_realms() {
    let kc = server::admin();
    let error = kc.realm("no-such-realm").users().list().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.server_message(), Some("Realm not found."));
    let error = kc.metadata("no-such-realm").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains("\"no-such-realm\""), "{error}");
    let lost = server::anonymous()
        .login_realm("no-such-realm")
        .client_credentials("app", SECRET)
        .build()
        .unwrap();
    let error = lost.realm("master").get().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(
        error.to_string().contains("check that the realm"),
        "{error}"
    );
}

#[tokio::test]
async fn time_limits_of_one_call() {
    let kc = server::admin();
    kc.login().await.unwrap();
    let hasty = kc.realm("master").timeout(Duration::from_nanos(1));
    assert!(hasty.get().await.unwrap_err().is_timeout());
    let hasty = kc.realms().list().timeout(Duration::from_nanos(1));
    assert!(hasty.await.unwrap_err().is_timeout());
    kc.realm("master").get().await.unwrap();
}
