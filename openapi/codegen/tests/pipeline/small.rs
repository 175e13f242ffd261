//! Documents of a few operations.

use serde_json::{Value, json};

use keycloak_kit_codegen::problem::Problems;
use keycloak_kit_codegen::{Inputs, Output, generate};

pub const NO_OVERLAY: &str = r#"{ "overlay": "1.0.0", "info": {}, "actions": [] }"#;
pub const NO_SUPPLEMENT: &str = "{}";
const ONE_RELEASE: &str = r#"releases = ["1"]"#;

/// `GET /admin/realms/{realm}` is [`REALM`] in this table.
pub const NAMES: &str = r#"
[handles]
"realm" = "/admin/realms/{realm}"
[operations]
"GET /admin/realms/{realm}" = "realm.get"
[ids]
"realm" = "RealmName"
"#;

pub const REALM: &str = "GET /admin/realms/{realm}";

/// A document of these paths and schemas.
pub fn document(paths: &Value, schemas: &Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "small", "version": "1" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// The operation object of a GET that answers `answer`.
pub fn get(parameters: &Value, answer: &Value) -> Value {
    json!({
        "summary": "Get it",
        "parameters": parameters,
        "responses": { "200": {
            "description": "OK",
            "content": { "application/json": { "schema": answer } },
        } },
    })
}

/// A parameter of the path.
pub fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

/// One operation, [`REALM`]; `change` gets its operation object.
pub fn realm(change: impl FnOnce(&mut Value)) -> Value {
    let mut operation = get(&json!([in_path("realm")]), &json!({ "type": "string" }));
    change(&mut operation);
    document(
        &json!({ "/admin/realms/{realm}": { "get": operation } }),
        &json!({}),
    )
}

/// Runs the pipeline over the pinned release's document.
pub fn build(document: &Value, names: &str) -> Result<Output, Problems> {
    run(document, NO_OVERLAY, names, false)
}

/// Runs the pipeline over another release's document.
pub fn build_foreign(document: &Value, overlay: &str, names: &str) -> Result<Output, Problems> {
    run(document, overlay, names, true)
}

pub fn run(
    document: &Value,
    overlay: &str,
    names: &str,
    foreign: bool,
) -> Result<Output, Problems> {
    generate(&Inputs {
        document: &document.to_string(),
        supplement: NO_SUPPLEMENT,
        overlay,
        names,
        since: ONE_RELEASE,
        foreign,
    })
}

/// Runs the pipeline with a supplement.
pub fn supplemented(
    document: &Value,
    supplement: &Value,
    names: &str,
    foreign: bool,
) -> Result<Output, Problems> {
    generate(&Inputs {
        document: &document.to_string(),
        supplement: &supplement.to_string(),
        overlay: NO_OVERLAY,
        names,
        since: ONE_RELEASE,
        foreign,
    })
}

/// The one problem of a refused build: operation, rule and message are all in it.
#[track_caller]
pub fn refusal(result: Result<Output, Problems>, subject: &str, rule: &str) -> String {
    let problems = match result {
        Ok(output) => panic!("{subject} was not refused:\n{}", output.table),
        Err(problems) => problems,
    };
    let text = problems.to_string();
    let found: Vec<_> = problems
        .0
        .iter()
        .filter(|problem| problem.subject == subject && problem.rule == rule)
        .map(|problem| problem.message.clone())
        .collect();
    assert_eq!(found.len(), 1, "no problem of {subject} [{rule}]: {text}");
    assert!(text.contains(subject) && text.contains(rule), "{text}");
    found.into_iter().next().unwrap()
}
