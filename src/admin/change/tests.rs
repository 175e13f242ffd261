//! What an edit changes, what the server made of it, and which values are equal to the server.

use serde_json::{Value, json};

use super::*;
use crate::secret::MASK;

const OP: Operation = Operation::new(
    "realm.user.update",
    "PUT",
    "/admin/realms/{realm}/users/{user-id}",
);

fn confirm(before: &Value, wanted: &Value, now: &Value) -> Option<String> {
    let change = Changes::between(&OP, before, wanted).unwrap();
    change
        .confirm(&OP, now)
        .err()
        .map(|error| error.to_string())
}

#[test]
fn no_edit_is_no_change() {
    let state = json!({ "a": [1], "b": { "c": null } });
    assert!(Changes::between(&OP, &state, &state).unwrap().is_empty());
}

fn changes(before: &Value, after: &Value) -> String {
    Changes::between(&OP, before, after).unwrap().to_string()
}

#[test]
fn each_change_has_its_value_before_and_after() {
    assert_eq!(
        changes(
            &json!({ "enabled": true, "firstName": "Ada", "attributes": { "team": ["a"] } }),
            &json!({ "enabled": false, "attributes": { "team": ["b"], "x": ["1"] } }),
        ),
        "attributes.team: [\"a\"] -> [\"b\"]\n\
         attributes.x: not set -> [\"1\"]\n\
         enabled: true -> false\n\
         firstName: \"Ada\" -> left out"
    );
}

#[test]
fn secrets_are_neither_shown_nor_given() {
    let before = json!({
        "secret": "hunter1", "config": { "bindCredential": ["hunter1"] },
        "attributes": { "saml.signing.private.key": "hunter1" }, "accessTokenLifespan": 60,
        "passwordPolicy": "length(8)", "idps": [{ "config": { "clientSecret": "hunter1" } }],
    });
    let after = json!({
        "secret": "hunter2", "config": { "bindCredential": ["hunter2"] },
        "attributes": {}, "accessTokenLifespan": 90, "passwordPolicy": "length(9)",
        "idps": [{ "config": { "clientSecret": "hunter2" } }],
        "credentials": [{ "type": "password", "value": "hunter2" }],
    });
    let changes = Changes::between(&OP, &before, &after).unwrap();
    let shown = format!("{changes}\n{changes:?}\n{changes:#?}");
    let given: Vec<_> = changes.iter().map(|c| (c.from(), c.to())).collect();
    for text in [shown.clone(), format!("{given:?}")] {
        assert!(!text.contains("hunter"), "{text}");
    }
    for line in [
        "secret: \"***\" -> \"***\"",
        "config.bindCredential: \"***\" -> \"***\"",
        "attributes.saml.signing.private.key: \"***\" -> left out",
        "accessTokenLifespan: 60 -> 90",
        "passwordPolicy: \"length(8)\" -> \"length(9)\"",
        "credentials: not set -> \"***\"",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
}

#[test]
fn only_what_is_wanted_and_differs_is_merged() {
    let now = json!({
        "username": "ada", "roles": ["a", "b"], "secret": MASK, "enabled": true,
        "attributes": { "a": ["1"], "b": ["2"] },
    });
    let same = json!({
        "username": "Ada", "roles": ["b", "a"], "secret": "s", "groups": [],
        "attributes": { "a": ["1"] },
    });
    assert_eq!(merge(&now, &same, Secrets::Keep), now);
    let other = json!({ "enabled": false, "attributes": { "a": ["3"] }, "roles": ["a"] });
    assert_eq!(
        merge(&now, &other, Secrets::Keep),
        json!({
            "username": "ada", "roles": ["a"], "secret": MASK, "enabled": false,
            "attributes": { "a": ["3"], "b": ["2"] },
        })
    );
}

#[test]
fn a_masked_secret_is_not_compared_and_written_on_demand_only() {
    let now = json!({
        "smtpServer": { "host": "h", "password": MASK },
        "config": { "bindCredential": [MASK], "vendor": ["ad"] }, "secret": "clear",
    });
    let wanted = json!({
        "smtpServer": { "host": "h", "password": "new" },
        "config": { "bindCredential": ["new"], "vendor": ["ad"] }, "secret": "clear",
    });
    assert_eq!(merge(&now, &wanted, Secrets::Keep), now);
    assert_eq!(merge(&now, &wanted, Secrets::Write), wanted);
    assert_eq!(
        not_compared(&now, &wanted),
        ["config.bindCredential", "smtpServer.password"]
    );
    assert!(not_compared(&now, &now).is_empty());
}

#[test]
fn a_scope_that_the_server_adds_is_no_difference() {
    let list = |names: &[&str]| json!(names);
    let found = list(&["service_account", "email"]);
    assert!(same("defaultClientScopes", &found, &list(&["email"])));
    assert!(same(
        "defaultClientScopes",
        &found,
        &list(&["email", "service_account"])
    ));
    assert!(!same("defaultClientScopes", &list(&["email"]), &found));
    assert!(!same("optionalClientScopes", &found, &list(&["email"])));
}

#[test]
fn a_member_the_server_ignores_is_named_without_its_value() {
    let said = confirm(
        &json!({ "attributes": { "team": ["a"] } }),
        &json!({ "attributes": { "team": ["a"], "shoe": ["hunter2"] }, "enabled": false }),
        &json!({ "attributes": { "team": ["a"] }, "enabled": false }),
    )
    .unwrap();
    assert!(
        said.contains("attributes.shoe") && !said.contains("hunter2"),
        "{said}"
    );
    assert!(!said.contains("enabled"), "{said}");
}

#[test]
fn what_the_server_makes_of_a_member_is_told_unless_it_is_secret() {
    let before = json!({ "emailTheme": "a", "secret": "hunter1", "registrationAllowed": false });
    let wanted = json!({ "emailTheme": "b", "secret": "hunter2", "registrationAllowed": true });
    let now = json!({ "emailTheme": "c", "secret": "hunter3", "registrationAllowed": false });
    let said = confirm(&before, &wanted, &now).unwrap();
    assert!(
        said.contains(
            "did not change registrationAllowed, and changed to something else: \
             emailTheme (to \"c\"), secret (to a value that is not shown)"
        ),
        "{said}"
    );
    assert!(!said.contains("hunter"), "{said}");
    let alone = confirm(&json!({ "n": 1 }), &json!({ "n": 2 }), &json!({ "n": 3 })).unwrap();
    assert!(
        alone.contains("changed to something else: n (to 3)"),
        "{alone}"
    );
    assert!(!alone.contains("did not change"), "{alone}");
    let gone = confirm(&json!({ "n": 1 }), &json!({ "n": 2 }), &json!({})).unwrap();
    assert!(gone.contains("n (now not set)"), "{gone}");
}

#[test]
fn a_long_value_is_shortened() {
    let said = confirm(
        &json!({ "a": "" }),
        &json!({ "a": "b" }),
        &json!({ "a": "\u{e4}".repeat(4_000) }),
    );
    assert!(said.unwrap().len() < 800);
}

#[test]
fn what_the_server_writes_in_its_own_way_is_the_same() {
    for (wanted, now) in [
        (
            json!({ "username": "\u{c4}DA" }),
            json!({ "username": "\u{e4}da" }),
        ),
        (
            json!({ "sslRequired": "EXTERNAL" }),
            json!({ "sslRequired": "external" }),
        ),
        (
            json!({ "domains": [{ "name": "Example.ORG", "verified": true }] }),
            json!({ "domains": [{ "name": "example.org", "verified": true }] }),
        ),
        (
            json!({ "passwordPolicy": " length(8)  and   digits(1)" }),
            json!({ "passwordPolicy": "length(8) and digits(1)" }),
        ),
        (
            json!({ "redirectUris": ["/a", "/a", "/b"] }),
            json!({ "redirectUris": ["/b", "/a"] }),
        ),
    ] {
        assert_eq!(confirm(&json!({}), &wanted, &now), None, "{wanted}");
        assert_eq!(merge(&now, &wanted, Secrets::Keep), now, "{wanted}");
    }
    for (wanted, now) in [
        (json!({ "name": "Web" }), json!({ "name": "web" })),
        (
            json!({ "attributes": { "email": "A" } }),
            json!({ "attributes": { "email": "a" } }),
        ),
        (
            json!({ "webAuthnPolicySignatureAlgorithms": ["a", "b"] }),
            json!({ "webAuthnPolicySignatureAlgorithms": ["b", "a"] }),
        ),
    ] {
        assert!(confirm(&json!({}), &wanted, &now).is_some(), "{wanted}");
        assert_eq!(merge(&now, &wanted, Secrets::Keep), wanted, "{wanted}");
    }
}

#[test]
fn taking_a_member_out_that_stays_says_how_to_clear_it() {
    let said = confirm(
        &json!({ "firstName": "Ada" }),
        &json!({}),
        &json!({ "firstName": "Ada" }),
    )
    .unwrap();
    assert!(
        said.contains("firstName") && said.contains("empty value"),
        "{said}"
    );
    assert_eq!(
        confirm(
            &json!({ "firstName": "Ada" }),
            &json!({ "firstName": "" }),
            &json!({})
        ),
        None
    );
}

#[test]
fn what_the_server_is_free_to_do_is_not_a_refusal() {
    for (wanted, now) in [
        (
            json!({ "redirectUris": ["/a", "/b"] }),
            json!({ "redirectUris": ["/b", "/a"] }),
        ),
        (json!({ "username": "Ada" }), json!({ "username": "ada" })),
        (json!({ "secret": "new" }), json!({ "secret": MASK })),
        (json!({ "credentials": [{ "value": "x" }] }), json!({})),
        (
            json!({ "attributes": { "a": "1" } }),
            json!({ "attributes": { "a": "1", "own": "2" } }),
        ),
        (json!({ "groups": [] }), json!({})),
        (json!({ "authorizationServicesEnabled": false }), json!({})),
        (json!({ "eventsExpiration": 0 }), json!({})),
    ] {
        assert_eq!(confirm(&json!({}), &wanted, &now), None, "{wanted}");
    }
    assert!(
        confirm(
            &json!({}),
            &json!({ "description": "Ada" }),
            &json!({ "description": "ada" })
        )
        .is_some()
    );
    assert!(
        confirm(
            &json!({}),
            &json!({ "l": ["a", "a"] }),
            &json!({ "l": ["a"] })
        )
        .is_some()
    );
}

/// Ten asterisks are a mask in secret members, and ordinary text elsewhere.
#[test]
fn a_name_of_asterisks_is_no_mask() {
    let now = json!({ "firstName": MASK, "attributes": { "clearance": [MASK] } });
    let wanted = json!({ "firstName": "Ada", "attributes": { "clearance": ["none"] } });
    assert_eq!(merge(&now, &wanted, Secrets::Keep), wanted);
    assert!(not_compared(&now, &wanted).is_empty());
    // A client's attributes are texts.
    let now = json!({ "attributes": { "client.secret.rotated": MASK } });
    let wanted = json!({ "attributes": { "client.secret.rotated": "s" } });
    assert_eq!(merge(&now, &wanted, Secrets::Keep), now);
}

/// Each item of one list is paired with one of the other.
#[test]
fn lists_are_compared_one_to_one() {
    let same = |found: Value, wanted: Value| same("mappers", &found, &wanted);
    assert!(!same(json!(["a", "a", "b"]), json!(["a", "b", "b"])));
    assert!(same(json!(["b", "a", "a"]), json!(["a", "b", "a"])));
    let found = json!([{ "n": "a", "x": 1 }, { "n": "b", "x": 9 }]);
    assert!(!same(
        found.clone(),
        json!([{ "n": "a" }, { "n": "a", "x": 1 }])
    ));
    assert!(same(found, json!([{ "x": 9 }, { "n": "a" }])));
    // The first item matches both, the second only one of them.
    let found = json!([{ "n": "a", "x": 1 }, { "n": "a" }]);
    assert!(same(
        found.clone(),
        json!([{ "n": "a" }, { "n": "a", "x": 1 }])
    ));
    assert!(same(found, json!([{ "n": "a", "x": 1 }, { "n": "a" }])));
}

/// Items that the server has added stay when the rest of the list changes.
#[test]
fn a_scope_that_the_server_adds_is_not_taken_away() {
    let now = json!({ "defaultClientScopes": ["service_account", "x"] });
    let wanted = json!({ "defaultClientScopes": ["x", "y"] });
    let merged = merge(&now, &wanted, Secrets::Keep);
    assert_eq!(
        merged["defaultClientScopes"],
        json!(["x", "y", "service_account"])
    );
}
