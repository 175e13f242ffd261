//! Roles of realms and clients, by name and by id.

use keycloak_kit::representations::{ClientRepresentation, RoleRepresentation};
use keycloak_kit::{ErrorKind, Method};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

/// What a path segment has to carry as it is.
const NAMES: &[&str] = &[
    "plain",
    "with space",
    "a/b",
    "a;b",
    "50%",
    "%2e%2e",
    "back\\slash",
    "é漢",
    "a?b#c",
    "...",
    "+&=",
    "\"quoted\"",
];

#[tokio::test]
async fn every_name_survives_its_way_through_paths_and_location() {
    let test = TestRealm::new("role-names").await;
    let client = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    for name in NAMES {
        let role = RoleRepresentation::default().name(*name);
        let id = test.realm.roles().create(&role).await.unwrap();
        assert_eq!(id.as_str(), *name);
        let read = test.realm.role(&id).get().await.unwrap();
        assert_eq!(read.name.as_deref(), Some(*name));
        test.realm.role(&id).delete().await.unwrap();
        assert!(test.realm.role(&id).find().await.unwrap().is_none());

        let id = client.roles().create(&role).await.unwrap();
        assert_eq!(id.as_str(), *name);
        let read = client.role(&id).get().await.unwrap();
        assert_eq!(read.name.as_deref(), Some(*name));
        assert_eq!(read.client_role, Some(true));
        client.role(&id).delete().await.unwrap();
        assert!(client.role(&id).find().await.unwrap().is_none());
    }
    test.delete().await;
}

/// The server writes a character above U+FFFF as two question marks into `Location`, so the id out
/// of it is of no use; the name itself is.
#[tokio::test]
async fn a_name_that_the_server_cannot_write_into_location() {
    let test = TestRealm::new("role-emoji").await;
    let party = RoleRepresentation::default().name("party 🎉");
    test.realm.roles().create(&party).await.unwrap();
    let role = test.realm.role("party 🎉");
    assert_eq!(role.get().await.unwrap().name.as_deref(), Some("party 🎉"));
    role.delete().await.unwrap();
    assert!(role.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn a_role_called_dot_dot_is_refused_and_nothing_is_deleted() {
    let test = TestRealm::new("role-dots").await;
    let kept = test.role("kept").await;
    let dots = RoleRepresentation::default().name("..");
    let error = test.realm.roles().create(&dots).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("\"..\""), "{error}");

    let role = test.realm.role("..");
    for error in [
        role.get().await.unwrap_err(),
        role.delete().await.unwrap_err(),
        role.find().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("role-name is \"..\""), "{error}");
    }
    // The server did create it. Its id is an address that works.
    let all = test.realm.roles().list().await.unwrap();
    let made = all.iter().find(|role| role.name.as_deref() == Some(".."));
    let by_id = test.realm.role_by_id(made.unwrap().role_id().unwrap());
    by_id.delete().await.unwrap();
    assert!(by_id.find().await.unwrap().is_none());
    test.realm
        .role(kept.role_name().unwrap())
        .get()
        .await
        .unwrap();
    test.delete().await;
}

#[tokio::test]
async fn deleting_the_user_dot_dot_leaves_the_realm_alone() {
    let test = TestRealm::new("user-dots").await;
    for hostile in ["..", ".", "", ".\t.", "a\nb"] {
        let error = test.realm.user(hostile).delete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let error = test.realm.group(hostile).delete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let path = ["admin", "realms", &test.name, "users", hostile];
        let error = test.kc.request::<()>(Method::DELETE, path).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    }
    test.realm
        .get()
        .await
        .expect("users/.. is the realm itself");
    test.delete().await;
}

#[tokio::test]
async fn change_by_name_and_by_id() {
    let test = TestRealm::new("role-change").await;
    let role = test.role("reader").await;
    let by_id = test.realm.role_by_id(role.role_id().unwrap());
    let edit = RoleRepresentation::default()
        .name("reader")
        .description("reads");
    test.realm.role("reader").update(&edit).await.unwrap();
    assert_eq!(
        by_id.get().await.unwrap().description.as_deref(),
        Some("reads")
    );
    let changed = by_id
        .modify(|role| *role = role.clone().name("writer").attribute("rank", ["2"]))
        .await
        .unwrap();
    assert_eq!(changed.attributes.unwrap()["rank"], ["2"]);
    assert!(test.realm.role("reader").find().await.unwrap().is_none());

    let listed = test.realm.roles().list().search("writ");
    let listed = listed.brief_representation(false).await.unwrap();
    assert_eq!(sorted(&listed, |r| &r.name), ["writer"]);
    assert_eq!(
        listed[0].attributes.as_ref().unwrap()["rank"],
        ["2"],
        "not brief"
    );
    test.delete().await;
}

#[tokio::test]
async fn composites_of_realm_and_client_roles() {
    let test = TestRealm::new("role-composites").await;
    let client = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    let reader = test.role("reader").await;
    let made = RoleRepresentation::default().name("tester");
    let made = client.roles().create(&made).await.unwrap();
    let tester = client.role(&made).get().await.unwrap();
    let boss = test.role("boss").await;
    let both = [reader.clone(), tester.clone()];

    let role = test.realm.role("boss");
    role.composites().add(&both).await.unwrap();
    assert_eq!(role.get().await.unwrap().composite, Some(true));
    let composites = role.composites();
    let names = |list: Vec<RoleRepresentation>| sorted(&list, |role| &role.name);
    assert_eq!(
        names(composites.list().await.unwrap()),
        ["reader", "tester"]
    );
    assert_eq!(names(composites.realm_roles().await.unwrap()), ["reader"]);
    assert_eq!(
        names(composites.client_roles(&uuid).await.unwrap()),
        ["tester"]
    );
    composites.remove(&both).await.unwrap();
    assert!(composites.list().await.unwrap().is_empty());

    let composites = test.realm.role_by_id(boss.role_id().unwrap()).composites();
    composites.add(&both).await.unwrap();
    let found = composites.list().search("read").await.unwrap();
    assert_eq!(names(found), ["reader"]);
    assert_eq!(names(composites.realm_roles().await.unwrap()), ["reader"]);
    assert_eq!(
        names(composites.client_roles(&uuid).await.unwrap()),
        ["tester"]
    );
    composites
        .remove(std::slice::from_ref(&tester))
        .await
        .unwrap();
    assert_eq!(names(composites.list().await.unwrap()), ["reader"]);

    let composites = client.role("tester").composites();
    composites.add(&[reader]).await.unwrap();
    assert_eq!(names(composites.list().await.unwrap()), ["reader"]);
    assert_eq!(names(composites.realm_roles().await.unwrap()), ["reader"]);
    assert!(composites.client_roles(&uuid).await.unwrap().is_empty());
    composites
        .remove(&composites.list().await.unwrap())
        .await
        .unwrap();
    test.delete().await;
}

#[tokio::test]
async fn who_has_a_role() {
    let test = TestRealm::new("role-holders").await;
    let client = test
        .client(ClientRepresentation::default().client_id("app"))
        .await;
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    let role = test.role("reader").await;
    let made = RoleRepresentation::default().name("tester");
    let made = client.roles().create(&made).await.unwrap();
    let tester = client.role(&made).get().await.unwrap();
    let (_, ada) = test.user("ada").await;
    let (_, staff) = test.group("staff").await;
    let roles = std::slice::from_ref(&role);
    ada.role_mappings().realm().add(roles).await.unwrap();
    staff.role_mappings().realm().add(roles).await.unwrap();
    let testers = [tester];
    ada.role_mappings()
        .client(&uuid)
        .add(&testers)
        .await
        .unwrap();
    staff
        .role_mappings()
        .client(&uuid)
        .add(&testers)
        .await
        .unwrap();

    let by_name = test.realm.role("reader");
    assert_eq!(
        sorted(&by_name.users().await.unwrap(), |u| &u.username),
        ["ada"]
    );
    assert_eq!(
        sorted(&by_name.groups().await.unwrap(), |g| &g.name),
        ["staff"]
    );
    let of_client = client.role("tester");
    assert_eq!(
        sorted(&of_client.users().await.unwrap(), |u| &u.username),
        ["ada"]
    );
    assert_eq!(
        sorted(&of_client.groups().await.unwrap(), |g| &g.name),
        ["staff"]
    );
    test.delete().await;
}
