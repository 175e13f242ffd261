//! Groups: trees, members and paths.

use keycloak_kit::representations::GroupRepresentation;
use pretty_assertions::assert_eq;

use crate::support::version::version;
use crate::support::{TestRealm, sorted};

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("group-crud").await;
    let mut staff = GroupRepresentation::default()
        .name("staff")
        .attribute("floor", ["1", "2"]);
    if version().await.has("26.4.7") {
        staff = staff.description("Those who work here");
    }
    let id = test.realm.groups().create(&staff).await.unwrap();
    let group = test.realm.group(&id);
    let read = group.get().await.unwrap();
    assert_eq!(read.group_id().unwrap(), id);
    assert_eq!(read.path.as_deref(), Some("/staff"));
    assert_eq!(read.description, staff.description);
    assert_eq!(read.attributes.unwrap()["floor"], ["1", "2"]);

    let renamed = group
        .modify(|group| {
            group.name = Some("people".to_owned());
            group.attributes = Some([("floor".to_owned(), vec!["3".to_owned()])].into());
        })
        .await
        .unwrap();
    assert_eq!(renamed.path.as_deref(), Some("/people"));

    let again = GroupRepresentation::default().name("people");
    let conflict = test.realm.groups().create(&again).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    group.delete().await.unwrap();
    assert!(group.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn a_tree_and_a_group_that_moves() {
    let test = TestRealm::new("group-tree").await;
    let (_, staff) = test.group("staff").await;
    let (_, guests) = test.group("guests").await;
    let child = |name: &str| GroupRepresentation::default().name(name);
    let admins = staff.children().create(&child("admins")).await.unwrap();
    let root = test.realm.group(&admins);
    root.children().create(&child("root")).await.unwrap();

    let deep = test
        .realm
        .groups()
        .by_path("staff/admins/root")
        .await
        .unwrap();
    assert_eq!(deep.path.as_deref(), Some("/staff/admins/root"));
    let same = test
        .realm
        .groups()
        .by_path("/staff/admins/root")
        .await
        .unwrap();
    assert_eq!(same.id, deep.id);
    let missing = test.realm.groups().by_path("/staff/nobody").await;
    assert!(missing.unwrap_err().is_not_found());

    // Created below another parent while it has an id: the group moves, nothing is created.
    let moving = child("admins").id(admins.as_str());
    let moved = guests.children().create(&moving).await.unwrap();
    assert_eq!(moved, admins);
    let deep = test
        .realm
        .groups()
        .by_path("/guests/admins/root")
        .await
        .unwrap();
    assert_eq!(deep.path.as_deref(), Some("/guests/admins/root"));
    assert!(staff.children().list().await.unwrap().is_empty());
    // Created at the top while it has an id: it moves to the top.
    let moved = test.realm.groups().create(&moving).await.unwrap();
    assert_eq!(moved, admins);
    assert_eq!(
        root.get().await.unwrap().path.as_deref(),
        Some("/admins"),
        "at the top"
    );
    test.delete().await;
}

#[tokio::test]
async fn names_with_a_slash_in_paths() {
    let test = TestRealm::new("group-path").await;
    for name in ["a b", "50%", "x;y", "back\\slash", "é", "q?x=1#f"] {
        // 24 undoes the escapes twice.
        if name.contains(['%', ';']) && !version().await.has("25.0.6") {
            continue;
        }
        let (id, _) = test.group(name).await;
        let found = test.realm.groups().by_path(format!("/{name}")).await;
        assert_eq!(found.expect(name).group_id().unwrap(), id, "{name}");
    }
    let (_, slash) = test.group("a/b").await;
    let path = slash.get().await.unwrap().path.unwrap();
    let found = test.realm.groups().by_path(path).await.unwrap();
    assert_eq!(found.name.as_deref(), Some("a/b"));
    test.delete().await;
}

#[tokio::test]
async fn lists_counts_and_members() {
    let test = TestRealm::new("group-lists").await;
    let (staff_id, staff) = test.group("staff").await;
    test.group("guests").await;
    for name in ["admins", "authors"] {
        let child = GroupRepresentation::default().name(name);
        staff.children().create(&child).await.unwrap();
    }
    let groups = test.realm.groups();
    assert_eq!(groups.count().await.unwrap().count, 4);
    assert_eq!(groups.count().top(true).await.unwrap().count, 2);
    assert_eq!(groups.count().search("adm").await.unwrap().count, 1);
    let top = groups.list().await.unwrap();
    assert_eq!(sorted(&top, |g| &g.name), ["guests", "staff"]);
    let found = groups.list().search("adm").await.unwrap();
    let below = found[0].sub_groups.as_deref().unwrap();
    assert_eq!(
        sorted(below, |g| &g.path),
        ["/staff/admins"],
        "under its parent"
    );
    if version().await.has("25.0.6") {
        let children = staff.children().list().search("aut").await.unwrap();
        assert_eq!(sorted(&children, |g| &g.name), ["authors"]);
    }
    let read = staff.get().await.unwrap();
    assert_eq!(read.sub_group_count, Some(2));

    for name in ["ada", "bob"] {
        let (_, user) = test.user(name).await;
        user.groups().add(&staff_id).await.unwrap();
    }
    let members = staff.members().await.unwrap();
    assert_eq!(sorted(&members, |user| &user.username), ["ada", "bob"]);
    assert_eq!(staff.members().first(1).max(1).await.unwrap().len(), 1);
    test.delete().await;
}

#[tokio::test]
async fn default_groups() {
    let test = TestRealm::new("group-default").await;
    let (id, _) = test.group("everyone").await;
    let defaults = test.realm.default_groups();
    defaults.add(&id).await.unwrap();
    assert_eq!(
        sorted(&defaults.list().await.unwrap(), |g| &g.name),
        ["everyone"]
    );
    let (_, user) = test.user("ada").await;
    let joined = user.groups().list().await.unwrap();
    assert_eq!(sorted(&joined, |g| &g.name), ["everyone"]);
    defaults.remove(&id).await.unwrap();
    assert!(defaults.list().await.unwrap().is_empty());
    test.delete().await;
}
