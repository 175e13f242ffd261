//! Which release is the oldest that has what: the table out of documents.

use keycloak_kit_codegen::since;
use keycloak_kit_upgrade::report::Release;
use keycloak_kit_upgrade::since::{counts, table};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::small::{NO_OVERLAY, document, get, in_path};

/// One operation.
const NAMES: &str = r#"
[handles]
"realm" = "/admin/realms/{realm}"
[operations]
"GET /admin/realms/{realm}" = "realm.get"
[ids]
"realm" = "RealmName"
"#;

fn query(name: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": "string" } })
}

fn release(paths: &Value, members: &[&str]) -> String {
    let members: serde_json::Map<String, Value> = members
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "type": "string" })))
        .collect();
    let schemas = json!({ "UserRepresentation": { "type": "object", "properties": members } });
    document(paths, &schemas).to_string()
}

/// What came, what went and came again, and what the supplement says; and that the names of path
/// parameters do not count.
#[test]
fn the_table_has_what_the_oldest_release_lacks() {
    let text = json!({ "type": "string" });
    let list = |parameters: Value| json!({ "get": get(&parameters, &text) });
    let first = release(
        &json!({ "/users/{id}": list(json!([in_path("id")])), "/gone": list(json!([])),
            "/again": list(json!([])) }),
        &["id", "again"],
    );
    let second = release(
        &json!({ "/users/{user-id}": list(json!([in_path("user-id"), query("brief")])),
            "/moods": list(json!([query("max")])) }),
        &["id", "mood"],
    );
    let third = release(
        &json!({ "/users/{user-id}": list(json!([in_path("user-id"), query("brief"), query("q")])),
            "/moods": list(json!([query("max")])), "/again": list(json!([])) }),
        &["id", "mood", "again"],
    );
    let supplement = json!({ "paths": {
        "/hidden": { "get": { "x-reason": "r", "x-since": "2.0", "responses": {} } },
        "/always": { "get": { "x-reason": "r", "responses": {} } },
        "/coming": { "get": { "x-reason": "r", "x-since": "10.0", "responses": {} } },
    }, "components": { "schemas": { "Mood": { "type": "object", "properties": {
        "name": { "type": "string" }, "color": { "type": "string", "x-since": "2.0" },
    } } } } });
    let releases = [("1.0", &first), ("2.0", &second), ("3.0", &third)]
        .map(|(version, document)| Release { version, document });
    let overlay = json!({ "overlay": "1.0.0", "info": { "title": "t", "version": "1" }, "actions": [{ "description": "r",
        "target": "$.components.schemas.UserRepresentation.properties",
        "update": { "later": { "type": "string", "x-since": "10.0" } },
    }] });
    let text = table(&releases, &supplement.to_string(), &overlay.to_string()).unwrap();
    let table = since::parse(&text).unwrap();
    assert_eq!(table.releases, ["1.0", "2.0", "3.0"]);
    // Added by hand, of a release that has no document here.
    assert_eq!(table.newer, ["10.0"]);
    let rows = |release: &str| {
        let new = &table.new[release];
        [&new.operations, &new.parameters, &new.types, &new.members]
            .map(|rows| rows.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(
        rows("2.0"),
        [
            vec!["GET /hidden", "GET /moods"],
            vec!["GET /users/{user-id}?brief"],
            vec![],
            vec!["Mood.color", "UserRepresentation.mood"]
        ]
    );
    assert_eq!(
        rows("3.0"),
        [
            vec!["GET /again"],
            vec!["GET /users/{user-id}?q"],
            vec![],
            vec!["UserRepresentation.again"]
        ]
    );
    assert_eq!(
        rows("10.0"),
        [
            vec!["GET /coming"],
            vec![],
            vec![],
            vec!["UserRepresentation.later"]
        ]
    );
    assert!(text.starts_with("# Which of these releases"), "{text}");
}

#[test]
fn a_release_that_is_none_of_them_is_refused() {
    let supplement = json!({ "paths": { "/x": { "get": { "x-reason": "r", "x-since": "0.9" } } } });
    let document = release(&json!({ "/y": { "get": {} } }), &[]);
    let releases = [Release {
        version: "1.0",
        document: &document,
    }];
    let problems = table(&releases, &supplement.to_string(), NO_OVERLAY).unwrap_err();
    assert!(problems.to_string().contains("x-since 0.9"), "{problems}");
}

#[test]
fn each_release_has_what_is_not_newer() {
    const SINCE: &str = "releases = [\"1\", \"2\", \"3\"]\n[new.\"3\"]\noperations = [\"GET /admin/realms/{realm}\", \"GET /left/out\"]\n";
    let counts = counts(NAMES, SINCE).unwrap();
    let counts: Vec<(&str, usize)> = counts
        .iter()
        .map(|(release, n)| (release.as_str(), *n))
        .collect();
    assert_eq!(counts, [("1", 0), ("2", 0), ("3", 1)]);
}
