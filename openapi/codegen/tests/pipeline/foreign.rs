//! Another release's document: what stops the pinned build is reported, and the client is made.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::small::{NAMES, NO_OVERLAY, build_foreign, document, get, in_path};
use keycloak_kit_codegen::Output;

const TABLE: &str = r#"
[handles]
"realm" = "/admin/realms/{realm}"
"realm.user" = "/admin/realms/{realm}/users/{user-id}"
[operations]
"GET /admin/realms/{realm}" = "realm.get"
"GET /admin/realms/{realm}/users/{user-id}" = "realm.user.get"
"DELETE /admin/realms/{realm}/users/{user-id}" = "realm.user.delete"
[ids]
"realm" = "RealmName"
"user-id" = "UserId"
"#;

/// GETs at these paths, each parameter declared once.
fn gets(paths: &[&str]) -> Value {
    let mut items = json!({});
    for path in paths {
        let mut names = keycloak_kit_codegen::document::path_parameters(path);
        names.sort();
        names.dedup();
        let parameters: Vec<Value> = names.iter().map(|name| in_path(name)).collect();
        items[*path] = json!({ "get": get(&json!(parameters), &json!({ "type": "string" })) });
    }
    document(&items, &json!({}))
}

#[track_caller]
fn built(document: &Value, overlay: &str, names: &str) -> Output {
    build_foreign(document, overlay, names).unwrap_or_else(|problems| panic!("{problems}"))
}

fn calls(output: &Output) -> Vec<&str> {
    output
        .table
        .lines()
        .map(|line| line.split('(').next().unwrap())
        .collect()
}

#[test]
fn stale_actions_and_rows_are_reported_without_advice_for_the_pinned_files() {
    let overlay = json!({ "overlay": "1.0.0", "info": {}, "actions": [
        { "target": "$.gone", "description": "x", "remove": true },
    ] });
    let names = format!("{TABLE}[created]\n\"realm.user.delete\" = \"UserId\"\n");
    let document = gets(&[
        "/admin/realms/{realm}",
        "/admin/realms/{realm}/users/{user-id}",
    ]);
    let output = built(&document, &overlay.to_string(), &names);
    assert_eq!(calls(&output), ["realm.get", "realm.user.get"]);
    let stale: Vec<&str> = output
        .report
        .stale
        .iter()
        .map(|p| p.subject.as_str())
        .collect();
    assert_eq!(
        stale,
        [
            "$.gone",
            "DELETE /admin/realms/{realm}/users/{user-id}",
            "[created] realm.user.delete"
        ]
    );
    for problem in &output.report.stale {
        assert!(!problem.message.contains("delete the"), "{problem}");
    }
    assert_eq!(output.report.proposed, []);
}

#[test]
fn rows_match_whatever_a_path_parameter_is_called() {
    let document = gets(&["/admin/realms/{realm}", "/admin/realms/{realm}/users/{id}"]);
    let output = built(&document, NO_OVERLAY, TABLE);
    assert_eq!(calls(&output), ["realm.get", "realm.user.get"]);
    assert_eq!(output.report.proposed, []);
    assert!(output.facade.contains("UserId"));
}

/// 24.0 has a path with `{client-uuid}` twice.
#[test]
fn a_path_with_one_parameter_twice() {
    let names = NAMES.replace(
        "[ids]",
        "\"GET /admin/realms/{realm}/copy/{to}\" = \"realm.copy\"\n[ids]\n\"to\" = \"String\"",
    );
    let document = gets(&[
        "/admin/realms/{realm}",
        "/admin/realms/{realm}/copy/{realm}",
    ]);
    let output = built(&document, NO_OVERLAY, &names);
    assert!(
        output.table.contains("realm.copy(to: String)"),
        "{}",
        output.table
    );
}

#[test]
fn two_spellings_of_one_path_are_one() {
    let mut document = gets(&[
        "/admin/realms/{realm}",
        "/admin/realms/{realm}/users/{user-id}",
    ]);
    let mut other = gets(&["/admin/realms/{realm}/users/{id}"]);
    let item = other["paths"]["/admin/realms/{realm}/users/{id}"].take();
    document["paths"]["/admin/realms/{realm}/users/{id}"] = json!({ "delete": item["get"] });
    let output = built(&document, NO_OVERLAY, TABLE);
    assert_eq!(
        calls(&output),
        ["realm.get", "realm.user.delete", "realm.user.get"]
    );
}

#[test]
fn a_name_is_proposed_and_used() {
    let document = gets(&[
        "/admin/realms/{realm}",
        "/admin/realms/{realm}/users/{user-id}",
        "/admin/realms/{realm}/users/{user-id}/moods",
        "/admin/realms/{realm}/users/{user-id}/moods/{mood}",
    ]);
    let output = built(&document, NO_OVERLAY, TABLE);
    assert_eq!(
        calls(&output),
        [
            "realm.get",
            "realm.user.get",
            "realm.user.get_moods",
            "realm.user.list_moods"
        ]
    );
    let proposed: Vec<String> = output
        .report
        .proposed
        .iter()
        .map(ToString::to_string)
        .collect();
    let moods = "GET /admin/realms/{realm}/users/{user-id}/moods";
    assert!(
        proposed[0].contains(&format!("\"{moods}\" = \"realm.user.list_moods\"")),
        "{proposed:?}"
    );
    assert!(
        proposed
            .iter()
            .any(|line| line.contains("\"mood\" = \"String\"")),
        "{proposed:?}"
    );
    assert!(output.table.contains("realm.user.get_moods(mood: String)"));
}

#[test]
fn proposed_names_are_free_ones() {
    let document = gets(&[
        "/admin/realms/{realm}",
        "/admin/realms/{realm}/a/x",
        "/admin/realms/{realm}/a-x",
        "/admin/realms/{realm}/a_x",
    ]);
    let output = built(&document, NO_OVERLAY, NAMES);
    let calls = calls(&output);
    assert_eq!(calls.len(), 4, "{calls:?}");
    let distinct: std::collections::BTreeSet<_> = calls.iter().collect();
    assert_eq!(distinct.len(), 4, "{calls:?}");
}

#[test]
fn a_summary_that_is_missing_is_made_up() {
    let mut document = gets(&["/admin/realms/{realm}"]);
    let operation = &mut document["paths"]["/admin/realms/{realm}"]["get"];
    operation.as_object_mut().unwrap().remove("summary");
    assert_eq!(calls(&built(&document, NO_OVERLAY, NAMES)), ["realm.get"]);
}

#[test]
fn a_body_that_is_a_number() {
    let mut document = gets(&["/admin/realms/{realm}"]);
    document["paths"]["/admin/realms/{realm}"]["get"]["requestBody"] = json!({
        "content": { "application/json": { "schema": { "type": "integer", "format": "int64" } } },
    });
    let output = built(&document, NO_OVERLAY, NAMES);
    assert!(output.table.contains("realm.get(i64)"), "{}", output.table);
    assert!(output.facade.contains("body: i64"));
}
