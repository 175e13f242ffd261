//! Step 6, check: shapes that no call is made of, refused with the operation's name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{enum_values, operation, parameters, path_parameters, schemas};
use crate::names::Named;
use crate::problem::{Problem, Problems};
use crate::spelling::{is_ident, snake, variant};

/// Looks at every operation.
pub fn check(document: &Value, named: &[Named]) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for one in named {
        let mut refuse = |rule: &'static str, message: String| {
            problems.push(Problem::new(rule, one.key(), message));
        };
        let Some(operation) = operation(document, &one.method, &one.path) else {
            continue;
        };
        check_parameters(document, one, &mut refuse);
        check_request(operation, &mut refuse);
        check_success(operation, &mut refuse);
    }
    check_enums(document, &mut problems);
    Problems(problems).or(())
}

/// Each value is a variant of an open enum, and so is `Other`.
fn check_enums(document: &Value, problems: &mut Vec<Problem>) {
    for (name, schema) in schemas(document) {
        let mut variants = BTreeMap::from([("Other".to_owned(), "Other")]);
        let mut values = enum_values(schema);
        values.sort_unstable();
        for value in values {
            let variant = variant(value);
            let wrong = if !is_ident(&variant) {
                Some(format!(
                    "has the value {value:?}, which Rust takes for no name"
                ))
            } else {
                variants.insert(variant, value).map(|other| {
                    format!("has the values {other:?} and {value:?}, which Rust spells alike")
                })
            };
            if let Some(wrong) = wrong {
                problems.push(Problem::new(
                    "open enums",
                    format!("schema {name}"),
                    format!("{wrong}; take its enum out by an overlay action"),
                ));
            }
        }
    }
}

fn check_parameters(document: &Value, one: &Named, refuse: &mut impl FnMut(&'static str, String)) {
    let declared = parameters(document, &one.method, &one.path);
    let field = |parameter: &Value, field: &str| {
        parameter
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut in_path = BTreeSet::new();
    let mut idents = BTreeSet::new();
    for parameter in &declared {
        let name = field(parameter, "name");
        let place = field(parameter, "in");
        if parameter.get("$ref").is_some() {
            refuse(
                "parameters",
                "has a parameter by reference; write it in place by an overlay action".into(),
            );
            continue;
        }
        if !idents.insert(snake(&name)) {
            refuse(
                "parameters",
                format!(
                    "has two parameters called {name} (path and query, or path item and operation); remove or rename one by an overlay action"
                ),
            );
        }
        match place.as_str() {
            "path" => {
                if parameter.get("required") != Some(&Value::Bool(true)) {
                    refuse(
                        "path parameters",
                        format!(
                            "has the optional path parameter {name}; set required by an overlay action"
                        ),
                    );
                }
                in_path.insert(name);
            }
            "query" | "header" => {
                if parameter.get("schema").is_none() {
                    refuse(
                        "parameters",
                        format!("has the parameter {name} without a schema"),
                    );
                }
            }
            other => refuse(
                "parameters",
                format!("has the {other} parameter {name}; only path, query and header work"),
            ),
        }
    }
    for name in path_parameters(&one.path) {
        if name.contains(':') {
            refuse(
                "path parameters",
                format!("has a pattern in the path parameter {name}"),
            );
        } else if !in_path.contains(&name) {
            refuse(
                "path parameters",
                format!("does not declare its path parameter {name}; add it by an overlay action"),
            );
        }
    }
}

fn check_request(operation: &Value, refuse: &mut impl FnMut(&'static str, String)) {
    let Some(body) = operation.get("requestBody") else {
        return;
    };
    let Some(content) = body.get("content").and_then(Value::as_object) else {
        refuse(
            "request media types",
            "has a request body without content; correct it by an overlay action".into(),
        );
        return;
    };
    for (media_type, value) in content {
        let schema = value.get("schema");
        let text = schema
            .and_then(|schema| schema.get("type"))
            .and_then(Value::as_str)
            == Some("string");
        let binary = schema
            .and_then(|schema| schema.get("format"))
            .and_then(Value::as_str)
            == Some("binary");
        match media_type.as_str() {
            "application/json" if schema.is_none() => {
                refuse("request media types", "has a JSON request without a schema; give it one by an overlay action".into());
            }
            "application/json" if binary => refuse(
                "request media types",
                "has a JSON request that is documented as binary; say what it is by an overlay action".into(),
            ),
            "application/json" | "application/x-www-form-urlencoded" => {}
            "text/plain" if text => {}
            "application/octet-stream" if text && binary => {}
            other => refuse("request media types", format!("takes only {other}, which the generator cannot send")),
        }
    }
}

fn check_success(operation: &Value, refuse: &mut impl FnMut(&'static str, String)) {
    let success: Vec<&Value> = operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(code, _)| code.starts_with('2'))
        .map(|(_, answer)| answer)
        .collect();
    if success.len() != 1 {
        refuse(
            "one success answer",
            format!("has {} success answers", success.len()),
        );
    }
    for answer in success {
        let content = answer.get("content").and_then(Value::as_object);
        for (media_type, value) in content.into_iter().flatten() {
            if media_type == "application/json" && value.get("schema").is_none() {
                refuse(
                    "one success answer",
                    "answers JSON without a schema; give it one by an overlay action".into(),
                );
            }
        }
    }
}
