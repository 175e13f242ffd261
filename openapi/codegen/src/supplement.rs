//! Step 2, supplement: operations the server has and its document lacks, with their schemas.
//!
//! `openapi/supplement.json` is an OpenAPI document of its own. Each operation says in `x-reason`
//! where it comes from. What the document has by now is reported: the release mended it, and the
//! supplement's copy must go.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{METHODS, normalised, operation_key, operations, schemas_mut};
use crate::problem::{MENDED, Problem, Problems};

/// Where an operation of the supplement was found.
const REASON: &str = "x-reason";
/// For scripts/update-openapi: `openapi/since.toml` is what counts.
const SINCE: &str = "x-since";

/// What came of a supplement.
#[derive(Debug, Default)]
pub struct Added {
    /// How many operations the document lacked.
    pub operations: usize,
    /// How many schemas it lacked.
    pub schemas: usize,
    /// What the document has by now.
    pub stale: Vec<Problem>,
}

/// Adds what the document lacks; what it has stays as it is and is listed.
pub fn add(document: &mut Value, supplement: &str) -> Result<Added, Problems> {
    let supplement: Value = serde_json::from_str(supplement)
        .map_err(|error| refuse("openapi/supplement.json", format!("is not JSON ({error})")))?;
    let mut added = Added::default();
    let usable = usable_schemas(document, &supplement);
    for (path, item) in members(&supplement, "/paths") {
        let shared = item.get("parameters");
        for (method, operation) in METHODS
            .iter()
            .filter_map(|method| Some((*method, item.get(method)?)))
        {
            let key = operation_key(method, path);
            let mut operation = operation.as_object().cloned().unwrap_or_default();
            if operation
                .remove(REASON)
                .and_then(|reason| reason.as_str().map(|text| text.trim().is_empty()))
                != Some(false)
            {
                return Err(refuse(
                    &key,
                    format!("has no {REASON}; say where the operation was found"),
                ));
            }
            operation.remove(SINCE);
            if let Some(shared) = shared.and_then(Value::as_array) {
                let own = operation
                    .entry("parameters")
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Some(own) = own.as_array_mut() {
                    own.extend(shared.iter().cloned());
                }
            }
            let unknown = references(&Value::Object(operation.clone()))
                .into_iter()
                .find(|name| !usable.contains(name));
            if let Some(unknown) = unknown {
                added.stale.push(lost(key, &unknown));
                continue;
            }
            if insert(document, path, method, operation) {
                added.operations += 1;
            } else {
                added.stale.push(Problem::new(
                    "supplement",
                    key,
                    format!("is in the document: {MENDED}; delete it from the supplement"),
                ));
            }
        }
    }
    for (name, schema) in members(&supplement, "/components/schemas") {
        let Some(schemas) = schemas_mut(document) else {
            continue;
        };
        if !usable.contains(name) {
            let unknown = references(schema)
                .into_iter()
                .find(|name| !usable.contains(name));
            let subject = format!("schema {name}");
            added
                .stale
                .push(lost(subject, &unknown.unwrap_or_default()));
        } else if schemas.contains_key(name) {
            added.stale.push(Problem::new(
                "supplement",
                format!("schema {name}"),
                format!("is in the document: {MENDED}; delete it from the supplement"),
            ));
        } else {
            let mut schema = schema.clone();
            let list = schema.get_mut("properties").and_then(Value::as_object_mut);
            for property in list.into_iter().flat_map(|list| list.values_mut()) {
                if let Some(property) = property.as_object_mut() {
                    property.remove(SINCE);
                }
            }
            schemas.insert(name.clone(), schema);
            added.schemas += 1;
        }
    }
    Ok(added)
}

fn lost(subject: String, schema: &str) -> Problem {
    let message = format!("refers to {schema}, which the release does not have; correct it");
    Problem::new("supplement", subject, message)
}

/// The schemas of document and supplement whose references all lead to one of them: what the
/// supplement has for one release may refer to what another does not have.
fn usable_schemas(document: &Value, supplement: &Value) -> BTreeSet<String> {
    let mut usable: BTreeSet<String> = members(document, "/components/schemas")
        .map(|(name, _)| name.clone())
        .collect();
    let mut own: Vec<(&String, BTreeSet<String>)> = members(supplement, "/components/schemas")
        .map(|(name, schema)| (name, references(schema)))
        .collect();
    loop {
        let names: BTreeSet<&String> = own.iter().map(|(name, _)| *name).collect();
        let before = own.len();
        own.retain(|(_, targets)| {
            targets
                .iter()
                .all(|target| usable.contains(target) || names.contains(target))
        });
        if own.len() == before {
            break;
        }
    }
    usable.extend(own.into_iter().map(|(name, _)| name.clone()));
    usable
}

/// The names of the schemas that a value refers to.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|target| target.strip_prefix("#/components/schemas/"));
            own.map(str::to_owned)
                .into_iter()
                .chain(map.values().flat_map(references))
                .collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

fn refuse(subject: &str, message: String) -> Problems {
    Problems::one(Problem::new("supplement", subject, message))
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Whether the document lacked the operation.
fn insert(
    document: &mut Value,
    path: &str,
    method: &str,
    mut operation: Map<String, Value>,
) -> bool {
    // Under whatever names of path parameters.
    let known = operations(document)
        .iter()
        .any(|(there, at)| there == method && normalised(at) == normalised(path));
    if known {
        return false;
    }
    let Some(item) = document
        .get_mut("paths")
        .and_then(Value::as_object_mut)
        .map(|paths| {
            paths
                .entry(path.to_owned())
                .or_insert_with(|| Value::Object(Map::new()))
        })
        .and_then(Value::as_object_mut)
    else {
        return false;
    };
    // What stands on the document's path item holds for this operation too.
    let shared = item.get("parameters").and_then(Value::as_array);
    if let (Some(shared), Some(own)) = (
        shared,
        operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut),
    ) {
        own.retain(|own| {
            !shared
                .iter()
                .any(|shared| shared["name"] == own["name"] && shared["in"] == own["in"])
        });
    }
    item.insert(method.to_owned(), Value::Object(operation));
    true
}
