//! The representation types as a program uses them.

use keycloak_kit::Secret;
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, DecisionStrategy, RealmRepresentation,
    ResourceServerRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::documents;

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/representations.rs"));

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn written(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn setters_take_what_people_write() {
    let user = UserRepresentation::default()
        .username("ada")
        .email(String::from("ada@example.org"))
        .enabled(true)
        .groups(["/staff", "/core"])
        .required_actions(vec![String::from("VERIFY_EMAIL")])
        .attributes([("team", vec!["core"])])
        .attribute("languages", ["en", "de"])
        .credentials([CredentialRepresentation::password("s3cret").temporary(true)])
        .extra_member("newMember", json!({ "x": 1 }));
    assert_eq!(
        written(&user),
        json!({
            "username": "ada",
            "email": "ada@example.org",
            "enabled": true,
            "groups": ["/staff", "/core"],
            "requiredActions": ["VERIFY_EMAIL"],
            "attributes": { "team": ["core"], "languages": ["en", "de"] },
            "credentials": [{ "type": "password", "value": "s3cret", "temporary": true }],
            "newMember": { "x": 1 },
        })
    );
}

#[test]
fn leave_clear_and_set_are_three_requests() {
    let mut client = ClientRepresentation::default();
    assert_eq!(written(&client), json!({}));
    client.redirect_uris = Some(vec![]);
    client.attributes = Some([].into());
    assert_eq!(
        written(&client),
        json!({ "redirectUris": [], "attributes": {} })
    );
    client.redirect_uris = Some(vec!["/cb".into()]);
    client.attributes = None;
    assert_eq!(written(&client), json!({ "redirectUris": ["/cb"] }));
}

#[test]
fn null_and_absent_are_nothing_and_empty_stays_empty() {
    for nothing in [
        json!({}),
        json!({ "redirectUris": null, "attributes": null, "secret": null }),
    ] {
        let client: ClientRepresentation = read(&nothing);
        assert!(client.redirect_uris.is_none() && client.attributes.is_none());
        assert!(client.secret.is_none());
        assert_eq!(written(&client), json!({}));
    }
    let empty = json!({ "redirectUris": [], "attributes": {} });
    assert_eq!(written(&read::<ClientRepresentation>(&empty)), empty);
}

#[test]
fn unknown_members_survive_at_every_depth() {
    let sent = json!({
        "realm": "demo",
        "new": [1, null],
        "users": [{ "username": "ada", "newInUser": true, "credentials": [{ "newInCredential": 1.5 }] }],
    });
    let mut realm: RealmRepresentation = read(&sent);
    assert_eq!(written(&realm), sent);
    assert_eq!(realm.extra["new"], json!([1, null]));
    realm.enabled = Some(true);
    assert_eq!(written(&realm)["users"], sent["users"]);
}

#[test]
fn enums_are_open() {
    let sent = json!({ "decisionStrategy": "OF_A_NEWER_SERVER" });
    let server: ResourceServerRepresentation = read(&sent);
    assert_eq!(
        server.decision_strategy,
        Some(DecisionStrategy::Other("OF_A_NEWER_SERVER".into()))
    );
    assert_eq!(written(&server), sent);
    let known: DecisionStrategy = read(&json!("UNANIMOUS"));
    assert_eq!(known, DecisionStrategy::Unanimous);
    assert_eq!(written(&known), json!("UNANIMOUS"));
    assert_eq!(DecisionStrategy::from("UNANIMOUS").as_str(), "UNANIMOUS");
}

#[test]
fn secrets_are_written_and_never_shown() {
    let client = ClientRepresentation::default()
        .client_id("web")
        .secret("hunter2")
        .attribute("key", "hunter2")
        .extra_member("newSecret", "hunter2");
    let realm = RealmRepresentation::default().smtp_server([("password", "hunter2")]);
    for (shown, keys) in [
        (
            format!("{client:?} {client:#?}"),
            vec!["web", "\"key\"", "newSecret"],
        ),
        (format!("{realm:?} {realm:#?}"), vec!["\"password\""]),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
        for key in keys {
            assert!(shown.contains(key), "{key}: {shown}");
        }
    }
    assert_eq!(written(&client)["secret"], "hunter2");
    assert_eq!(client.secret.as_ref().map(Secret::expose), Some("hunter2"));
    // What is not set is not shown either.
    assert_eq!(
        format!("{:?}", UserRepresentation::default()),
        "UserRepresentation"
    );
}

/// A member or variant that Keycloak adds is a minor release of this crate, and a list or map that
/// is no `Option` could not be left out.
#[test]
fn every_type_can_grow_and_every_member_can_be_left_out() {
    let file = syn::parse_file(GENERATED).unwrap();
    let mut structs = 0;
    for item in &file.items {
        let syn::Item::Struct(item) = item else {
            assert!(
                !matches!(item, syn::Item::Enum(_)),
                "an enum that is not open"
            );
            continue;
        };
        let name = &item.ident;
        structs += 1;
        assert!(
            item.attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("non_exhaustive")),
            "{name} is not #[non_exhaustive]"
        );
        for field in &item.fields {
            let member = field
                .ident
                .as_ref()
                .unwrap_or_else(|| panic!("{name} wraps a value"));
            let optional =
                keycloak_kit_codegen::signature::generic_argument(&field.ty, "Option").is_some();
            // A count is a number, and nothing else.
            let count = name == "CountRepresentation" && member == "count";
            assert!(optional || count || member == "extra", "{name}.{member}");
        }
        assert!(
            item.fields
                .iter()
                .any(|field| field.ident.as_ref().is_some_and(|name| name == "extra")),
            "{name} loses unknown members"
        );
    }
    assert!(structs > 80, "{structs}");
}

/// Keycloak's documentation and this crate's call a type the same, and so do Keycloak's classes
/// where its document names none. What Keycloak writes in place, without a name, has one of ours,
/// that of its call; and so has a type whose name is taken in the crate.
#[test]
fn names_are_keycloaks() {
    let document: Value = serde_json::from_str(&documents::pinned()).unwrap();
    let supplement: Value = serde_json::from_str(&documents::file("supplement.json")).unwrap();
    let known = |name: &str| {
        [&document, &supplement]
            .iter()
            .any(|document| document["components"]["schemas"].get(name).is_some())
    };
    let file = syn::parse_file(GENERATED).unwrap();
    let ours: Vec<String> = file
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .filter(|name| !known(name))
        .collect();
    assert_eq!(
        ours,
        [
            "AccessTokenRepresentation",
            "OrganizationMembersInviteExistingUserRequest",
            "OrganizationMembersInviteUserRequest"
        ]
    );
}
