//! `modify`: read, edit, write, read again.

use keycloak_kit::representations::{
    ClientRepresentation, RoleRepresentation, UnmanagedAttributePolicy, UserRepresentation,
};
use keycloak_kit::{ErrorKind, Keycloak};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::accounts::person;
use crate::support::{TestRealm, renaming, server, sorted};

async fn any_attribute(test: &TestRealm) {
    test.realm
        .user_profile()
        .modify(|p| p.unmanaged_attribute_policy = Some(UnmanagedAttributePolicy::Enabled))
        .await
        .unwrap();
}

#[tokio::test]
async fn twenty_edits_at_once_of_one_user_all_survive() {
    let test = TestRealm::new("modify-parallel").await;
    any_attribute(&test).await;
    let (id, user) = test.user("ada").await;
    let edits: Vec<_> = (0..20)
        .map(|number| {
            // Handles made apart, of one client and its clone.
            let user = test.kc.clone().realm(&test.name).user(&id);
            tokio::spawn(async move {
                user.modify(move |user| {
                    *user = user.clone().attribute(format!("a{number}"), ["1"]);
                })
                .await
            })
        })
        .collect();
    for edit in edits {
        edit.await.unwrap().unwrap();
    }
    let attributes = user.get().await.unwrap().attributes.unwrap();
    assert_eq!(attributes.len(), 20, "{attributes:?}");
    test.delete().await;
}

/// The user profile is written as a whole: what a client drops is gone.
#[tokio::test]
async fn members_of_a_newer_server_survive() {
    let test = TestRealm::new("modify-unknown").await;
    let url = renaming::proxy("displayName", "nameOfTomorrow").await;
    let server = server::server();
    let kc = Keycloak::builder(url)
        .password(&server.username, server.password.as_str())
        .build()
        .unwrap();
    let changed = kc
        .realm(&test.name)
        .user_profile()
        .modify(|profile| {
            profile.unmanaged_attribute_policy = Some(UnmanagedAttributePolicy::AdminView);
            let attributes = profile.attributes.as_mut().unwrap();
            attributes[0].extra["nameOfTomorrow"] = json!("Login");
        })
        .await
        .unwrap();
    let attributes = changed.attributes.unwrap();
    assert!(attributes.iter().all(|a| a.display_name.is_none()));
    let real = test.realm.user_profile().get().await.unwrap();
    assert_eq!(
        real.unmanaged_attribute_policy,
        Some(UnmanagedAttributePolicy::AdminView)
    );
    assert_eq!(
        sorted(&real.attributes.unwrap(), |a| &a.display_name),
        ["${email}", "${firstName}", "${lastName}", "Login"]
    );
    test.delete().await;
}

#[tokio::test]
async fn a_member_that_the_server_ignores_is_an_error_that_names_it() {
    let test = TestRealm::new("modify-ignored").await;
    let (_, user) = test.user("ada").await;
    let ignored = user
        .modify(|user| {
            user.last_name = Some("King".to_owned());
            *user = user.clone().attribute("shoeSize", ["hunter2"]);
        })
        .await
        .unwrap_err();
    assert_eq!(ignored.kind(), ErrorKind::Protocol);
    let text = ignored.to_string();
    assert!(text.contains("attributes.shoeSize"), "{text}");
    assert!(
        !text.contains("lastName") && !text.contains("hunter2"),
        "{text}"
    );
    let read = user.get().await.unwrap();
    assert_eq!(
        read.last_name.as_deref(),
        Some("King"),
        "the rest was taken"
    );

    let made_up = user
        .modify(|user| *user = user.clone().extra_member("shoeSize", 42))
        .await
        .unwrap_err();
    assert!(made_up.is_validation(), "{made_up}");
    assert!(made_up.server_message().unwrap().contains("shoeSize"));
    test.delete().await;
}

#[tokio::test]
async fn leaving_a_name_out_and_clearing_it_are_two_things() {
    let test = TestRealm::new("modify-clear").await;
    let (_, user) = test.user("ada").await;
    let kept = user.modify(|user| user.first_name = None).await;
    let kept = kept.unwrap_err().to_string();
    assert!(
        kept.contains("firstName") && kept.contains("empty value"),
        "{kept}"
    );
    assert_eq!(user.get().await.unwrap().first_name.as_deref(), Some("Ada"));
    let cleared = user
        .modify(|user| user.first_name = Some(String::new()))
        .await
        .unwrap();
    assert_eq!(cleared.first_name, None);
    test.delete().await;
}

#[tokio::test]
async fn an_edit_that_changes_nothing_writes_nothing() {
    let test = TestRealm::new("modify-nothing").await;
    test.realm
        .events()
        .config()
        .modify(|config| config.admin_events_enabled = Some(true))
        .await
        .unwrap();
    let (_, user) = test.user("ada").await;
    user.modify(|user| user.enabled = Some(true)).await.unwrap();
    let updates = test.realm.admin_events().list().operation_types(["UPDATE"]);
    let updates = updates.resource_types(["USER"]);
    assert!(updates.clone().await.unwrap().is_empty());
    user.modify(|user| user.enabled = Some(false))
        .await
        .unwrap();
    assert_eq!(updates.await.unwrap().len(), 1);
    test.delete().await;
}

#[tokio::test]
async fn a_new_name_moves_roles_and_realms() {
    let test = TestRealm::new("modify-rename").await;
    test.role("reader").await;
    let role = test.realm.role("reader");
    let moved = role
        .modify(|role| role.name = Some("writer;/é".to_owned()))
        .await
        .unwrap();
    assert_eq!(moved.name.as_deref(), Some("writer;/é"));
    assert!(role.find().await.unwrap().is_none());
    test.realm.role("writer;/é").get().await.unwrap();

    let client = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    let tester = RoleRepresentation::default().name("tester");
    client.roles().create(&tester).await.unwrap();
    let moved = client
        .role("tester")
        .modify(|role| role.name = Some("checker".to_owned()))
        .await
        .unwrap();
    assert_eq!(moved.name.as_deref(), Some("checker"));
    let names = sorted(&client.roles().list().await.unwrap(), |r| &r.name);
    assert_eq!(names, ["checker"]);

    let name = format!("{}-moved", test.name);
    let moved = test
        .realm
        .modify(|realm| realm.realm = Some(name.clone()))
        .await
        .unwrap();
    assert_eq!(moved.realm.as_deref(), Some(name.as_str()));
    assert!(test.realm.find().await.unwrap().is_none());
    test.kc.realm(&name).delete().await.unwrap();
}

#[tokio::test]
async fn a_missing_object_is_not_found() {
    let test = TestRealm::new("modify-missing").await;
    let mut called = false;
    let error = test
        .realm
        .user("nobody")
        .modify(|_| called = true)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(!called);
    test.delete().await;
}

/// What the server keeps of lists and secrets is not mistaken for an ignored edit.
#[tokio::test]
async fn sets_masks_and_lower_case() {
    let test = TestRealm::new("modify-same").await;
    let client = ClientRepresentation::default()
        .client_id("app")
        .secret("one");
    let client = test.client(client).await;
    client
        .modify(|client| {
            client.secret = Some("two".into());
            client.redirect_uris = Some(["/z", "/a", "/m"].map(str::to_owned).to_vec());
        })
        .await
        .unwrap();
    let secret = client.secret().get().await.unwrap().value.unwrap();
    assert_eq!(secret.expose(), "two");

    let allow = |realm: &mut keycloak_kit::representations::RealmRepresentation| {
        realm.edit_username_allowed = Some(true);
    };
    test.realm.modify(allow).await.unwrap();
    let id = test.realm.users().create(&person("ada")).await.unwrap();
    let changed = test
        .realm
        .user(&id)
        .modify(|user| {
            user.username = Some("AdaKing".to_owned());
            user.email = Some("Ada@Example.ORG".to_owned());
            user.required_actions = Some(vec!["UPDATE_PASSWORD".to_owned()]);
        })
        .await
        .unwrap();
    assert_eq!(changed.username.as_deref(), Some("adaking"));
    test.delete().await;
}

/// The server takes names of roles with a new user without a word, and drops them.
#[tokio::test]
async fn realm_roles_of_a_new_user_are_refused() {
    let test = TestRealm::new("create-roles").await;
    let reader = test.role("reader").await;
    let ada: UserRepresentation = person("ada").realm_roles(["reader"]);
    let error = test.realm.users().create(&ada).await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("user.assign_roles"),
        "{error}"
    );
    let id = test.realm.users().create(&person("ada")).await.unwrap();
    let user = test.realm.user(&id);
    user.assign_roles(["reader"]).await.unwrap();
    let roles = user.role_mappings().realm().list().await.unwrap();
    assert!(
        roles.iter().any(|role| role.name == reader.name),
        "{roles:?}"
    );
    let error = user
        .modify(|user| user.groups = Some(vec!["/staff".to_owned()]))
        .await;
    assert!(error.unwrap_err().to_string().contains("user.groups().add"));
    test.delete().await;
}
