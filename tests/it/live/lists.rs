//! Lists: page by page, and what an empty one means in a request.

use futures_util::TryStreamExt;
use keycloak_kit::representations::{
    ClientRepresentation, GroupRepresentation, PartialImportPolicy, PartialImportRepresentation,
    RoleRepresentation, RolesRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;

const MANY: usize = 250;

fn names(kind: &str) -> impl Iterator<Item = String> {
    (0..MANY).map(move |n| format!("{kind}-{n:03}"))
}

/// Imports numbered objects in one request.
async fn import(test: &TestRealm, objects: PartialImportRepresentation) {
    let import = objects.if_resource_exists(PartialImportPolicy::Fail);
    let result = test.realm.partial_import(&import).await.unwrap();
    assert_eq!(result.added, i32::try_from(MANY).ok());
}

#[tokio::test]
async fn two_hundred_and_fifty_users() {
    let test = TestRealm::new("many-users").await;
    let users = names("users").map(|name| UserRepresentation::default().username(name));
    import(&test, PartialImportRepresentation::default().users(users)).await;
    let users = test.realm.users();
    assert_eq!(users.list().await.unwrap().len(), 100, "one page, unasked");
    assert_eq!(users.count().await.unwrap(), 250);
    let expected: Vec<String> = names("users").collect();
    let names = |list: Vec<UserRepresentation>| -> Vec<String> {
        list.into_iter()
            .map(|user| user.username.unwrap())
            .collect()
    };
    for size in [1000, 250, 99, 100] {
        let all = users.list().max(size).all().await.unwrap();
        assert_eq!(names(all), expected, "pages of {size}");
    }
    assert_eq!(
        names(users.list().stream().collect().await.unwrap()),
        expected
    );
    let rest: Vec<_> = users
        .list()
        .first(245)
        .max(2)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names(rest), expected[245..]);
    let found = users.list().search("users-24").max(3).all().await.unwrap();
    assert_eq!(names(found), expected[240..]);
    test.delete().await;
}

#[tokio::test]
async fn two_hundred_and_fifty_roles() {
    let test = TestRealm::new("many-roles").await;
    let roles = names("roles").map(|name| RoleRepresentation::default().name(name));
    let roles = RolesRepresentation::default().realm(roles);
    import(&test, PartialImportRepresentation::default().roles(roles)).await;
    let roles = test.realm.roles();
    // Three are there from the start.
    assert_eq!(roles.list().await.unwrap().len(), MANY + 3, "all, unasked");
    for size in [1000, 100, 23] {
        let mut found: Vec<String> = roles
            .list()
            .search("roles-")
            .max(size)
            .all()
            .await
            .unwrap()
            .into_iter()
            .map(|role| role.name.unwrap())
            .filter(|name| name.starts_with("roles-"))
            .collect();
        found.sort();
        found.dedup();
        assert_eq!(found.len(), MANY, "pages of {size}");
    }
    test.delete().await;
}

#[tokio::test]
async fn twenty_five_children() {
    let test = TestRealm::new("many-children").await;
    let (_, parent) = test.group("parent").await;
    for number in 0..25 {
        let child = GroupRepresentation::default().name(format!("child-{number:02}"));
        parent.children().create(&child).await.unwrap();
    }
    let children = parent.children();
    assert_eq!(
        children.list().await.unwrap().len(),
        10,
        "one page, unasked"
    );
    for size in [100, 25, 10, 7] {
        let all = children.list().max(size).all().await.unwrap();
        let mut names: Vec<_> = all.into_iter().map(|g| g.name.unwrap()).collect();
        names.dedup();
        assert_eq!(names.len(), 25, "pages of {size}");
    }
    test.delete().await;
}

#[tokio::test]
async fn leave_clear_and_set() {
    let test = TestRealm::new("three-states").await;
    let client = ClientRepresentation::default()
        .client_id("app")
        .redirect_uris(["/a", "/b"]);
    let client = test.client(client).await;
    let uris = async || client.get().await.unwrap().redirect_uris.unwrap();
    assert_eq!(uris().await.len(), 2);
    let leave = ClientRepresentation::default().description("left alone");
    client.update(&leave).await.unwrap();
    assert_eq!(uris().await.len(), 2);
    let set = ClientRepresentation::default().redirect_uris(["/c"]);
    client.update(&set).await.unwrap();
    assert_eq!(uris().await, ["/c"]);
    let mut clear = ClientRepresentation::default();
    clear.redirect_uris = Some(vec![]);
    client.update(&clear).await.unwrap();
    assert!(uris().await.is_empty());

    let (_, user) = test.user("ada").await;
    let actions = async || user.get().await.unwrap().required_actions.unwrap();
    let set = UserRepresentation::default().required_actions(["UPDATE_PASSWORD"]);
    user.update(&set).await.unwrap();
    assert_eq!(actions().await, ["UPDATE_PASSWORD"]);
    let leave = UserRepresentation::default().last_name("King");
    user.update(&leave).await.unwrap();
    assert_eq!(actions().await, ["UPDATE_PASSWORD"]);
    let clear = UserRepresentation::default().required_actions([""; 0]);
    user.update(&clear).await.unwrap();
    assert!(actions().await.is_empty());
    test.delete().await;
}
