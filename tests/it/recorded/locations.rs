//! Ids of created objects, out of `Location` as the server writes it.

use keycloak_kit::ErrorKind;
use keycloak_kit::representations::{
    ClientRepresentation, GroupRepresentation, RoleRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::recorder::{Recorder, Reply};

#[tokio::test]
async fn the_id_is_the_last_segment_of_the_raw_text() {
    let recorder = Recorder::start().await;
    let users = recorder.client().realm("demo").users();
    for (location, id) in [
        ("http://h/admin/realms/demo/users/4f-1", "4f-1"),
        (
            "https://elsewhere:8443/auth/admin/realms/demo/users/4f-1",
            "4f-1",
        ),
        ("/admin/realms/demo/users/4f-1", "4f-1"),
        ("users/4f-1", "4f-1"),
        ("4f-1", "4f-1"),
        ("http://h/users/4f-1?x=/y#/z", "4f-1"),
        ("http://h/users/4f-1#/z?", "4f-1"),
        ("http://h/users/a%2Fb%20c", "a/b c"),
        ("http://h/users/%C3%A4", "ä"),
        ("http://h/users/%252e%252e", "%2e%2e"),
        ("http://h/users/a+b", "a+b"),
        ("http://h/users/4f-1;", "4f-1;"),
        ("http://h/users/a;v=1", "a;v=1"),
        ("http://h/users/a\\b", "a\\b"),
        ("http://h/a/../users/...", "..."),
    ] {
        recorder.reply(Reply::status(201).with("Location", location));
        let made = users.create(&UserRepresentation::default()).await;
        assert_eq!(made.unwrap().as_str(), id, "{location}");
    }
}

/// Such an id could be passed on to a call that then reaches another object.
#[tokio::test]
async fn a_location_no_path_can_address_is_an_error() {
    let recorder = Recorder::start().await;
    let roles = recorder.client().realm("demo").roles();
    for location in [
        "http://h/admin/realms/demo/roles/..",
        "http://h/admin/realms/demo/roles/.",
        "http://h/admin/realms/demo/roles/%2e%2E",
        "http://h/admin/realms/demo/roles/",
        "http://h/admin/realms/demo/roles/?x",
        "http://h/roles/a%0Ab",
        "http://h/roles/.%09.",
        "http://h/roles/a%00",
        "http://h/roles/%FF",
        "http://h/roles/%zz",
        "http://h/roles/%4",
        "",
    ] {
        recorder.reply(Reply::status(201).with("Location", location));
        let error = roles
            .create(&RoleRepresentation::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{location}: {error}");
        assert_eq!(error.operation(), Some("realm.roles.create"));
        assert!(error.to_string().contains("created, but"), "{error}");
    }
}

#[tokio::test]
async fn without_a_location_the_error_says_that_the_object_exists() {
    let recorder = Recorder::start().await;
    recorder.reply(Reply::status(201));
    let clients = recorder.client().realm("demo").clients();
    let error = clients
        .create(&ClientRepresentation::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(201));
    assert!(error.to_string().contains("created the object"), "{error}");
}

/// Moving an existing group below another answers 204 and no `Location`.
#[tokio::test]
async fn a_group_that_is_moved_keeps_its_id() {
    let recorder = Recorder::start().await;
    let children = recorder.client().realm("demo").group("parent").children();
    recorder.reply(Reply::status(204));
    let moved = GroupRepresentation::default().id("4f-1").name("core");
    assert_eq!(children.create(&moved).await.unwrap().as_str(), "4f-1");
    let nameless = children.create(&GroupRepresentation::default()).await;
    assert_eq!(nameless.unwrap_err().kind(), ErrorKind::Protocol);
    // A 201 is a new group, whose id the body does not know.
    recorder.reply(Reply::status(201));
    let made = children.create(&moved).await;
    assert_eq!(made.unwrap_err().kind(), ErrorKind::Protocol);
}
