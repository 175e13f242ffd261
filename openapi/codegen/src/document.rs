//! Step 1, load: the vendor's document as JSON, and the walk over its operations.

use serde_json::{Map, Value};

use crate::problem::{Problem, Problems};

/// HTTP methods of a path item, in the order the tables list them.
pub const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// Parses a document and checks that it is one the pipeline can read.
pub fn load(text: &str) -> Result<Value, Problems> {
    let refuse = |message: String| Problems::one(Problem::new("load", "document", message));
    let document: Value = serde_json::from_str(text).map_err(|error| {
        refuse(format!(
            "is not JSON ({error}); rebuild it with scripts/update-openapi"
        ))
    })?;
    let version = document
        .get("openapi")
        .and_then(Value::as_str)
        .unwrap_or("none");
    if !version.starts_with("3.0.") {
        return Err(refuse(format!(
            "is OpenAPI {version}, and the generator reads 3.0.x; rebuild it with scripts/update-openapi"
        )));
    }
    if document
        .get("paths")
        .and_then(Value::as_object)
        .is_none_or(Map::is_empty)
    {
        return Err(refuse("has no paths".into()));
    }
    Ok(document)
}

/// The same document with the members of every object in order.
///
/// The order of a JSON map depends on a feature of `serde_json` that another package may switch
/// on, and progenitor writes what it generates in the order it finds.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(String, Value)> = map.into_iter().collect();
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            members
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect()
        }
        Value::Array(list) => list.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// `METHOD /path` as the tables and messages write it.
pub fn operation_key(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_ascii_uppercase())
}

/// Every operation as (method, path), sorted by path, then in the order of [`METHODS`].
pub fn operations(document: &Value) -> Vec<(String, String)> {
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut names: Vec<&String> = paths.keys().collect();
    names.sort();
    names
        .into_iter()
        .flat_map(|path| {
            METHODS
                .iter()
                .filter(|method| paths[path].get(**method).is_some())
                .map(|method| ((*method).to_owned(), path.clone()))
        })
        .collect()
}

/// The operation object at a method and path.
pub fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    document.get("paths")?.get(path)?.get(method)
}

/// The operation object at a method and path, to change it.
pub fn operation_mut<'a>(
    document: &'a mut Value,
    method: &str,
    path: &str,
) -> Option<&'a mut Map<String, Value>> {
    document
        .get_mut("paths")?
        .get_mut(path)?
        .get_mut(method)?
        .as_object_mut()
}

/// The named schemas of a document.
pub fn schemas_mut(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document
        .get_mut("components")?
        .get_mut("schemas")?
        .as_object_mut()
}

/// The named schemas of a document, sorted by name.
pub fn schemas(document: &Value) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = document
        .get("components")
        .and_then(|components| components.get("schemas"))
        .and_then(Value::as_object)
        .map(|schemas| schemas.iter().collect())
        .unwrap_or_default();
    all.sort_by_key(|(name, _)| (*name).clone());
    all
}

/// The values of a schema that is an enum of texts.
pub fn enum_values(schema: &Value) -> Vec<&str> {
    schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Parameters of an operation, those of its path item first.
pub fn parameters(document: &Value, method: &str, path: &str) -> Vec<Value> {
    let list = |value: Option<&Value>| {
        value
            .and_then(|value| value.get("parameters"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let item = document.get("paths").and_then(|paths| paths.get(path));
    let mut all = list(item);
    all.extend(list(item.and_then(|item| item.get(method))));
    all
}

/// The names in braces of a path template, in order.
pub fn path_parameters(path: &str) -> Vec<String> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
        .collect()
}

/// A path template with the names of its parameters taken out, to match rows across releases.
pub fn normalised(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for character in path.chars() {
        match character {
            '{' => {
                inside = true;
                out.push('{');
            }
            '}' => {
                inside = false;
                out.push('}');
            }
            _ if inside => {}
            _ => out.push(character),
        }
    }
    out
}
