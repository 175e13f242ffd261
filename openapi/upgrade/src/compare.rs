//! What two releases' documents say differently: a list of changes, in the documents' words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use keycloak_kit_codegen::document::{
    normalised, operation, operation_key, operations, parameters, path_parameters, schemas,
};

/// One operation or type that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `METHOD /path`, as the newer of the two that has it writes it, or the type's name.
    pub subject: String,
    /// How it differs.
    pub kind: Kind,
}

/// How it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Only the newer release has it.
    Added,
    /// Only the older release has it.
    Removed,
    /// One line for each difference.
    Changed(Vec<String>),
}

/// Operations that differ; the names of path parameters do not make another operation.
pub fn changed_operations(old: &Value, new: &Value) -> Vec<Change> {
    let (before, after) = (by_place(old), by_place(new));
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    places
        .into_iter()
        .filter_map(|place| {
            let (subject, kind) = match (before.get(place), after.get(place)) {
                (None, Some((method, path))) => (operation_key(method, path), Kind::Added),
                (Some((method, path)), None) => (operation_key(method, path), Kind::Removed),
                (Some((_, before)), Some((method, after))) => {
                    let lines = operation_lines((old, before), (new, after), method);
                    let kind = (!lines.is_empty()).then_some(Kind::Changed(lines))?;
                    (operation_key(method, after), kind)
                }
                (None, None) => return None,
            };
            Some(Change { subject, kind })
        })
        .collect()
}

/// Path without the names of its parameters, then the method: sorted as people read it.
fn by_place(document: &Value) -> BTreeMap<String, (String, String)> {
    operations(document)
        .into_iter()
        .map(|(method, path)| (format!("{} {method}", normalised(&path)), (method, path)))
        .collect()
}

fn operation_lines(old: (&Value, &str), new: (&Value, &str), method: &str) -> Vec<String> {
    let mut lines: Vec<String> = path_parameters(old.1)
        .into_iter()
        .zip(path_parameters(new.1))
        .filter(|(before, after)| before != after)
        .map(|(before, after)| format!("path parameter `{before}` renamed to `{after}`"))
        .collect();
    query_lines(&query(old, method), &query(new, method), &mut lines);
    let parts = |(document, path): (&Value, &str)| {
        let operation = operation(document, method, path)?;
        Some((
            content(operation.get("requestBody")),
            answers(operation),
            operation.get("deprecated") == Some(&Value::Bool(true)),
        ))
    };
    if let (Some(before), Some(after)) = (parts(old), parts(new)) {
        let mut line = |what: &str, before: String, after: String| {
            if before != after {
                lines.push(format!("{what}: `{before}` -> `{after}`"));
            }
        };
        line("body", before.0, after.0);
        line("answer", before.1, after.1);
        match (before.2, after.2) {
            (false, true) => lines.push("deprecated".into()),
            (true, false) => lines.push("no longer deprecated".into()),
            _ => {}
        }
    }
    lines
}

/// The query parameters by name, each with its type.
fn query((document, path): (&Value, &str), method: &str) -> BTreeMap<String, String> {
    parameters(document, method, path)
        .iter()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| {
            let mut text = type_text(&parameter["schema"]);
            if parameter["required"] == true {
                text.push_str(", required");
            }
            Some((parameter["name"].as_str()?.to_owned(), text))
        })
        .collect()
}

fn query_lines(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    lines: &mut Vec<String>,
) {
    let mut added: Vec<&String> = new.keys().filter(|name| !old.contains_key(*name)).collect();
    let gone: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
    // The only one that went and the only one that came of its type are one parameter.
    let only = |names: &[&String], all: &BTreeMap<String, String>, ty: &String| {
        names
            .iter()
            .filter(|name| all.get(**name) == Some(ty))
            .count()
            == 1
    };
    for name in &gone {
        let ty = &old[*name];
        let renamed = added
            .iter()
            .position(|other| &new[*other] == ty)
            .filter(|_| only(&gone, old, ty) && only(&added, new, ty));
        match renamed {
            Some(place) => {
                let other = added.remove(place);
                lines.push(format!("query parameter `{name}` renamed to `{other}`"));
            }
            None => lines.push(format!("query parameter `{name}` removed")),
        }
    }
    for name in added {
        lines.push(format!("query parameter `{name}` added: `{}`", new[name]));
    }
    for (name, before) in old {
        if let Some(after) = new.get(name).filter(|after| *after != before) {
            lines.push(format!("query parameter `{name}`: `{before}` -> `{after}`"));
        }
    }
}

/// Each status of success with what it sends.
fn answers(operation: &Value) -> String {
    let all: Vec<String> = members(operation.get("responses"))
        .into_iter()
        .filter(|(status, _)| status.starts_with('2'))
        .map(|(status, answer)| format!("{status} {}", content(Some(answer))))
        .collect();
    all.join(", ")
}

/// The media types with their schemas; JSON is not said.
fn content(holder: Option<&Value>) -> String {
    let all: Vec<String> = members(holder.and_then(|holder| holder.get("content")))
        .into_iter()
        .map(|(media_type, value)| {
            let schema = type_text(&value["schema"]);
            if media_type == "application/json" {
                schema
            } else {
                format!("{media_type} {schema}")
            }
        })
        .collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(" or ")
    }
}

/// Types that differ, members and values of enums one by one.
pub fn changed_types(old: &Value, new: &Value) -> Vec<Change> {
    let before: BTreeMap<&String, &Value> = schemas(old).into_iter().collect();
    let after: BTreeMap<&String, &Value> = schemas(new).into_iter().collect();
    let names: BTreeSet<&&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let kind = match (before.get(*name), after.get(*name)) {
                (None, _) => Kind::Added,
                (_, None) => Kind::Removed,
                (Some(before), Some(after)) => {
                    let lines = type_lines(before, after);
                    (!lines.is_empty()).then_some(Kind::Changed(lines))?
                }
            };
            Some(Change {
                subject: (*name).clone(),
                kind,
            })
        })
        .collect()
}

fn type_lines(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let (before, after) = (values(old), values(new));
    let listed = |names: Vec<&&str>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    for (verb, values) in [
        ("added", after.difference(&before).collect::<Vec<_>>()),
        ("removed", before.difference(&after).collect()),
    ] {
        if !values.is_empty() {
            lines.push(format!("values {verb}: {}", listed(values)));
        }
    }
    let (before, after) = (properties(old), properties(new));
    for (name, schema) in &after {
        match before.get(name) {
            None => lines.push(format!("`{name}` added: `{}`", type_text(schema))),
            Some(earlier) => {
                let (earlier, later) = (type_text(earlier), type_text(schema));
                if earlier != later {
                    lines.push(format!("`{name}`: `{earlier}` -> `{later}`"));
                }
            }
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        lines.push(format!("`{name}` removed"));
    }
    if before.is_empty() && after.is_empty() && lines.is_empty() {
        let (before, after) = (type_text(old), type_text(new));
        if before != after {
            lines.push(format!("`{before}` -> `{after}`"));
        }
    }
    lines
}

fn values(schema: &Value) -> BTreeSet<&str> {
    schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The members of a type.
pub fn properties(schema: &Value) -> BTreeMap<&String, &Value> {
    members(schema.get("properties")).into_iter().collect()
}

/// Sorted, whatever order the document is read in.
fn members(value: Option<&Value>) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = value
        .and_then(Value::as_object)
        .map(Map::iter)
        .into_iter()
        .flatten()
        .collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

/// A schema in a few words: `string`, `[UserRepresentation]`, `{string: integer (int64)}`.
fn type_text(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        return target.rsplit('/').next().unwrap_or(target).to_owned();
    }
    let text = match schema["type"].as_str() {
        Some("array") => format!("[{}]", type_text(&schema["items"])),
        Some("object") => {
            let properties = properties(schema);
            let additional = schema.get("additionalProperties");
            if !properties.is_empty() {
                let members: Vec<String> = properties
                    .iter()
                    .map(|(name, schema)| format!("{name}: {}", type_text(schema)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            } else if let Some(values) = additional.filter(|values| values.is_object()) {
                format!("{{string: {}}}", type_text(values))
            } else {
                "object".to_owned()
            }
        }
        Some(name) => match schema["format"].as_str() {
            Some(format) => format!("{name} ({format})"),
            None => name.to_owned(),
        },
        None if schema.as_object().is_none_or(Map::is_empty) => "any".to_owned(),
        None => schema.to_string(),
    };
    let values: Vec<&str> = values(schema).into_iter().collect();
    let mut text = if values.is_empty() {
        text
    } else {
        format!("{text} of {}", values.join("|"))
    };
    if schema["deprecated"] == true {
        text.push_str(", deprecated");
    }
    text
}
