//! What the admin console asks for, typed.

use keycloak_kit::representations::{
    ClientRepresentation, RoleRepresentation, UIRealmRepresentation, UiRoleDeleteRequest,
    UiUsedByType,
};
use pretty_assertions::assert_eq;

use crate::support::version::{older, version};
use crate::support::{TestRealm, sorted};

#[track_caller]
fn none<T: std::fmt::Debug>(roles: &[T]) {
    assert!(roles.is_empty(), "{roles:?}");
}

#[tokio::test]
async fn roles_of_whatever_has_roles() {
    let test = TestRealm::new("ui-roles").await;
    let ui = test.realm.admin_ui();
    let (ada, user) = test.user("ada").await;
    let (staff, _) = test.group("staff").await;
    let reader = test.role("reader").await;
    let role = reader.role_id().unwrap();
    let client = test.login_client("app").await;
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    let made = RoleRepresentation::default().name("tester");
    let made = client.roles().create(&made).await.unwrap();
    let tester = client.role(&made).get().await.unwrap();
    let scopes = test.realm.client_scopes().list().await.unwrap();
    let scope = scopes[0].id.as_deref().unwrap();

    let other = ClientRepresentation::default()
        .client_id("other")
        .full_scope_allowed(false);
    let other = test.realm.clients().create(&other).await.unwrap();

    let free = ui.available_roles();
    for (place, list) in [
        free.for_user(&ada).search("tester").await.unwrap(),
        free.for_group(&staff).search("tester").await.unwrap(),
        free.for_role(&role).search("tester").await.unwrap(),
        free.for_client(&other).search("tester").await.unwrap(),
        free.for_client_scope(scope).search("tester").await.unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(sorted(&list, |role| &role.role), ["tester"], "{place}");
        assert_eq!(list[0].client.as_deref(), Some("app"));
        assert_eq!(
            list[0].client_id.as_deref(),
            Some(uuid.as_str()),
            "it is the UUID"
        );
    }
    let all = free.for_user(&ada).max(2).all().await.unwrap();
    let mut ids: Vec<_> = all.iter().map(|role| role.id.clone()).collect();
    ids.dedup();
    assert!(ids.len() > 10 && ids.len() == all.len(), "{}", all.len());

    user.role_mappings().realm().add(&[reader]).await.unwrap();
    user.role_mappings()
        .client(&uuid)
        .add(std::slice::from_ref(&tester))
        .await
        .unwrap();
    let of_clients = ui.effective_roles().for_user(&ada).await.unwrap();
    assert!(sorted(&of_clients, |role| &role.role).contains(&"tester".to_owned()));
    if older("26.7.4", ui.all_effective_roles().for_user(&ada)).await {
        return test.delete().await;
    }
    let both = ui.all_effective_roles().for_user(&ada).await.unwrap();
    let names = sorted(&both, |role| &role.name);
    for name in ["reader", "tester"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    none(&ui.effective_roles().for_group(&staff).await.unwrap());
    none(&ui.effective_roles().for_client(&uuid).await.unwrap());
    none(&ui.effective_roles().for_client_scope(scope).await.unwrap());
    // The server counts the default roles of the realm among those of any role.
    let of_role = ui.effective_roles().for_role(&role).await.unwrap();
    let names = sorted(&of_role, |role| &role.role);
    assert_eq!(
        names,
        ["manage-account", "manage-account-links", "view-profile"]
    );
    none(&ui.all_effective_roles().for_group(&staff).await.unwrap());

    let gone = [
        UiRoleDeleteRequest::default().role_id(role.as_str()),
        UiRoleDeleteRequest::default()
            .role_id(tester.id.unwrap())
            .role_name("tester")
            .client_id(uuid.as_str()),
    ];
    ui.role_mappings()
        .remove_from_user(&ada, &gone)
        .await
        .unwrap();
    let names = sorted(
        &ui.all_effective_roles().for_user(&ada).await.unwrap(),
        |r| &r.name,
    );
    for name in ["reader", "tester"] {
        assert!(!names.contains(&name.to_owned()), "{names:?}");
    }
    let default = format!("default-roles-{}", test.name);
    let default = test
        .realm
        .role(default)
        .get()
        .await
        .unwrap()
        .role_id()
        .unwrap();
    let parts = ui.role_mappings().for_role(default).await.unwrap();
    assert!(parts.client_mappings.unwrap().contains_key("account"));
    let parts = sorted(&parts.realm_mappings.unwrap(), |role| &role.name);
    assert_eq!(parts, ["offline_access", "uma_authorization"]);
    test.delete().await;
}

#[tokio::test]
async fn flows_and_who_uses_them() {
    let test = TestRealm::new("ui-flows").await;
    let ui = test.realm.admin_ui();
    let flows = ui.flows().await.unwrap();
    let browser = flows
        .iter()
        .find(|flow| flow.alias.as_deref() == Some("browser"));
    let browser = browser.unwrap();
    let used = browser.used_by.as_ref().unwrap();
    assert_eq!(used.type_, Some(UiUsedByType::Default));
    let id = browser.id.clone().unwrap();
    assert!(ui.flow_used_by("clients", &id).await.unwrap().is_empty());
    test.login_client("app")
        .await
        .modify(|client| {
            *client = client
                .clone()
                .authentication_flow_binding_override("browser", id.as_str());
        })
        .await
        .unwrap();
    assert_eq!(ui.flow_used_by("clients", &id).await.unwrap(), ["app"]);
    if older("25.0.6", ui.required_actions()).await {
        return test.delete().await;
    }
    let actions = ui.required_actions().await.unwrap();
    let terms = actions
        .iter()
        .find(|a| a.alias.as_deref() == Some("UPDATE_PASSWORD"));
    assert_eq!(terms.unwrap().configurable, Some(true));
    test.delete().await;
}

#[tokio::test]
async fn people_sessions_and_the_realm() {
    let test = TestRealm::new("ui-rest").await;
    let ui = test.realm.admin_ui();
    let client = test.login_client("app").await;
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    test.user("ada").await;
    test.user("bob").await;
    let users = ui.users().username("ada").exact(true).await.unwrap();
    assert_eq!(sorted(&users, |user| &user.username), ["ada"]);
    let status = users[0].brute_force_status.as_ref().unwrap();
    assert_eq!(
        (status.num_failures, status.disabled),
        (Some(0), Some(false))
    );
    assert_eq!(ui.users().max(1).all().await.unwrap().len(), 2);

    test.login("app", "ada").await;
    let mut lists = vec![ui.sessions().await.unwrap()];
    let of_client = || ui.client_sessions().client_id(uuid.as_str());
    if !older("26.4.7", of_client()).await {
        lists.push(of_client().await.unwrap());
    }
    for sessions in lists {
        assert_eq!(sorted(&sessions, |session| &session.username), ["ada"]);
        assert!(
            sessions[0]
                .clients
                .as_ref()
                .unwrap()
                .values()
                .any(|id| id == "app")
        );
    }
    if !older("26.4.7", ui.available_event_listeners()).await {
        let listeners = ui.available_event_listeners().await.unwrap();
        assert!(sorted(&listeners, |l| &l.id).contains(&"jboss-logging".to_owned()));
    }
    let names = ui.realm_names().search(&test.name).await.unwrap();
    let names = sorted(&names, |realm| &realm.name);
    assert!(names.contains(&test.name), "{names:?}");
    // An older server does not search.
    if version().await.has("26.0.8") {
        assert_eq!(names.len(), 1, "{names:?}");
    }
    if !older("26.0.8", ui.info()).await {
        let info = ui.info().await.unwrap();
        assert!(info.user_profile_providers_enabled.is_some());
    }

    let change = UIRealmRepresentation::default()
        .realm(&test.name)
        .display_name("The demo");
    ui.update_realm(&change).await.unwrap();
    let read = test.realm.get().await.unwrap();
    assert_eq!(read.display_name.as_deref(), Some("The demo"));
    assert_eq!(read.enabled, Some(true), "what was not said stays");
    test.delete().await;
}
