//! Step 4, rules: what is wrong in whole families, or what the generator asks of every document.
//!
//! Each rule is one function that changes the document and says how often. Single facts belong in
//! `openapi/overlay.json`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::{operation_mut, operations, schemas_mut};
use crate::prose::without_javadoc;
use crate::spelling::snake;

/// The schema of error answers; `src/error` decodes the real bodies.
const ERROR_SCHEMA: &str = "ErrorRepresentation";
/// Where unknown members of a representation are kept.
pub const EXTRA: &str = "extra";

/// A rule: its name and what it does.
pub type Rule = (&'static str, fn(&mut Value) -> usize);

/// Every rule, in the order they are applied.
pub const RULES: &[Rule] = &[
    ("descriptions without the markup of Java", without_javadoc),
    ("uploads are types by hand", uploads),
    ("one request media type, JSON first", request_media_type),
    ("one success answer, any 2xx", success),
    ("error answers are left out", errors),
    ("no defaults on parameters", defaults),
    ("path parameters are free text", path_patterns),
    ("query parameters of an enum are text", query_enums),
    ("lists are lists", unique_items),
    ("members are spelled apart", spelled_apart),
    ("one or many is a type of its own", one_or_many),
    ("enums written in place are text", inline_enums),
    ("maps are written in place", inline_maps),
    ("optional collections are nullable", nullable),
    ("representations keep unknown members", extra_members),
];

fn each_operation(
    document: &mut Value,
    mut change: impl FnMut(&mut Map<String, Value>) -> bool,
) -> usize {
    operations(document)
        .into_iter()
        .filter(|(method, path)| operation_mut(document, method, path).is_some_and(&mut change))
        .count()
}

/// A call sends one media type; where there is a choice, JSON is it.
fn request_media_type(document: &mut Value) -> usize {
    each_operation(document, |operation| {
        let Some(body) = operation
            .get_mut("requestBody")
            .and_then(Value::as_object_mut)
        else {
            return false;
        };
        // A body is an argument of the call, so a document that leaves `required` out means it.
        body.insert("required".into(), Value::Bool(true));
        let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else {
            return false;
        };
        keep_one(content)
    })
}

/// The upload type of an operation's body, by the name of its schema.
pub const UPLOAD: &str = "x-upload";

/// The fields of a multipart form are a type of `src/admin/uploads.rs`.
fn uploads(document: &mut Value) -> usize {
    const FORM: &str = "multipart/form-data";
    let mut types = BTreeSet::new();
    let count = each_operation(document, |operation| {
        let Some(content) = operation
            .get_mut("requestBody")
            .and_then(|body| body.get_mut("content"))
            .and_then(Value::as_object_mut)
        else {
            return false;
        };
        let Some(name) = content
            .get(FORM)
            .and_then(|form| form["schema"]["$ref"].as_str()?.rsplit('/').next())
            .map(str::to_owned)
        else {
            return false;
        };
        content.remove(FORM);
        types.insert(name.clone());
        // Beside JSON it is a call of `src/admin/variants.rs`.
        let only = content.is_empty();
        if only {
            content.insert(
                "application/octet-stream".into(),
                json!({ "schema": { "type": "string", "format": "binary" } }),
            );
            operation.insert(UPLOAD.into(), Value::String(name));
        }
        only
    });
    if let Some(schemas) = schemas_mut(document) {
        schemas.retain(|name, _| !types.contains(name));
    }
    count
}

/// Keeps `application/json` (or `*/*` read as JSON), else the first media type by name.
fn keep_one(content: &mut Map<String, Value>) -> bool {
    if !content.contains_key("application/json")
        && let Some(any) = content.remove("*/*")
    {
        content.insert("application/json".into(), any);
    }
    let Some(keep) = content
        .contains_key("application/json")
        .then(|| "application/json".to_owned())
        .or_else(|| content.keys().min().cloned())
    else {
        return false;
    };
    let before = content.len();
    content.retain(|media_type, _| *media_type == keep);
    before > 1
}

/// A call has one success answer. The lowest 2xx with a body is the one; whether a status that stands
/// beside it has none is kept in `x-empty`.
fn success(document: &mut Value) -> usize {
    each_operation(document, |operation| {
        let Some(responses) = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut)
        else {
            operation.insert(
                "responses".into(),
                json!({ "2XX": { "description": "Success" } }),
            );
            return true;
        };
        let mut codes: Vec<String> = responses
            .keys()
            .filter(|code| code.starts_with('2'))
            .cloned()
            .collect();
        codes.sort();
        let has_body = |code: &String| {
            responses[code]
                .get("content")
                .and_then(Value::as_object)
                .is_some_and(|content| !content.is_empty())
        };
        let with_body = codes.iter().find(|code| has_body(code)).cloned();
        let empty = with_body.is_some() && codes.iter().any(|code| !has_body(code));
        let Some(chosen) = with_body.or_else(|| codes.first().cloned()) else {
            responses.insert("2XX".into(), json!({ "description": "Success" }));
            return true;
        };
        let mut answer = responses.get(&chosen).cloned().unwrap_or_default();
        if let Some(content) = answer.get_mut("content").and_then(Value::as_object_mut) {
            let several = content.len() > 1;
            keep_one(content);
            if several && !content.contains_key("application/json") {
                // Which of them it is, the answer says.
                *content = Map::from_iter([(
                    "application/octet-stream".to_owned(),
                    json!({ "schema": { "type": "string", "format": "binary" } }),
                )]);
            }
        }
        let changed = codes.len() > 1;
        for code in codes {
            responses.remove(&code);
        }
        responses.insert("2XX".into(), answer);
        if empty {
            operation.insert("x-empty".into(), Value::Bool(true));
        }
        changed
    })
}

/// Keycloak documents one error body in 396: `src/error` reads all that there are.
fn errors(document: &mut Value) -> usize {
    if let Some(schemas) = schemas_mut(document) {
        schemas.remove(ERROR_SCHEMA);
    }
    each_operation(document, |operation| {
        let Some(responses) = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut)
        else {
            return false;
        };
        let before = responses.len();
        responses.retain(|code, _| code.starts_with('2'));
        responses.len() < before
    })
}

/// A default is the server's business, is never sent, and half of Keycloak's have the wrong type.
fn defaults(document: &mut Value) -> usize {
    let mut count = 0;
    each_parameter(document, &mut |parameter| {
        let schema = parameter.get_mut("schema").and_then(Value::as_object_mut);
        if let Some(default) = schema.and_then(|schema| schema.remove("default")) {
            // Kept for the documentation of the setter.
            parameter.insert("x-default".into(), default);
            count += 1;
        }
    });
    count
}

/// Every segment is text that is checked and encoded, whatever pattern or type the document has.
fn path_patterns(document: &mut Value) -> usize {
    let text = json!({ "type": "string" });
    let mut count = 0;
    each_parameter(document, &mut |parameter| {
        if parameter.get("in").and_then(Value::as_str) == Some("path")
            && parameter.get("schema") != Some(&text)
        {
            parameter.insert("schema".into(), text.clone());
            count += 1;
        }
    });
    count
}

/// A setter takes the enum, and any text that a newer server knows.
fn query_enums(document: &mut Value) -> usize {
    let enums: BTreeSet<String> = crate::document::schemas(document)
        .into_iter()
        .filter(|(_, schema)| schema.get("enum").is_some())
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    let mut count = 0;
    each_parameter(document, &mut |parameter| {
        let target = parameter
            .get("schema")
            .and_then(|schema| schema["$ref"].as_str());
        if target.is_some_and(|target| enums.contains(target)) {
            parameter.insert("schema".into(), json!({ "type": "string" }));
            count += 1;
        }
    });
    count
}

/// Calls `visit` for every parameter of every path item and operation.
fn each_parameter(document: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        for (key, value) in item.iter_mut() {
            let list = if key == "parameters" {
                Some(value)
            } else {
                value.get_mut("parameters")
            };
            list.and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
                .for_each(&mut *visit);
        }
    }
}

/// Calls `visit` for every schema object below `value`, deepest last.
fn each_schema(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            visit(map);
            for child in map.values_mut() {
                each_schema(child, visit);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|child| each_schema(child, visit)),
        _ => {}
    }
}

/// Java's sets are JSON arrays; a list keeps the order that the server chose.
fn unique_items(document: &mut Value) -> usize {
    let mut count = 0;
    each_schema(document, &mut |schema| {
        if schema.get("type").and_then(Value::as_str) == Some("array") {
            count += usize::from(schema.remove("uniqueItems").is_some());
        }
    });
    count
}

/// The format that stands for a string or a list of strings.
pub const ONE_OR_MANY: &str = "one-or-many";

/// Some members are a string when they have one value, and a list otherwise.
fn one_or_many(document: &mut Value) -> usize {
    let text = json!({ "type": "string" });
    let either = json!([text.clone(), { "type": "array", "items": text }]);
    let mut count = 0;
    each_schema(document, &mut |schema| {
        if schema.get("oneOf") == Some(&either) {
            schema.remove("oneOf");
            schema.insert("type".into(), "string".into());
            schema.insert("format".into(), ONE_OR_MANY.into());
            count += 1;
        }
    });
    count
}

/// Only a named enum becomes an open one; a closed one fails on a newer server's value.
fn inline_enums(document: &mut Value) -> usize {
    let mut count = 0;
    let mut open = |schema: &mut Map<String, Value>| {
        if schema.get("type").and_then(Value::as_str) == Some("string")
            && schema.get("enum").is_some_and(Value::is_array)
        {
            schema.remove("enum");
            count += 1;
        }
    };
    if let Some(paths) = document.get_mut("paths") {
        each_schema(paths, &mut open);
    }
    for named in schemas_mut(document)
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
    {
        for part in named.values_mut() {
            each_schema(part, &mut open);
        }
    }
    count
}

/// Rust spells `authTime` and `auth_time` alike. One stays a member, the one that needs no other
/// spelling; the other is an unknown member like any that the document leaves out.
fn spelled_apart(document: &mut Value) -> usize {
    let mut count = 0;
    each_schema(document, &mut |schema| {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            return;
        };
        let mut names: Vec<String> = properties.keys().cloned().collect();
        names.sort_by_key(|name| (snake(name) != *name, name.clone()));
        let mut spelled = BTreeSet::new();
        for name in names {
            if !spelled.insert(snake(&name)) {
                properties.remove(&name);
                count += 1;
            }
        }
    });
    count
}

fn is_map(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
        && schema.get("properties").is_none()
        && schema.get("additionalProperties").is_some()
}

/// `MultivaluedHashMap...` are maps with a name: a wrapper type around them helps nobody.
fn inline_maps(document: &mut Value) -> usize {
    let named: Vec<(String, Value)> = crate::document::schemas(document)
        .into_iter()
        .filter(|(_, schema)| is_map(schema))
        .map(|(name, schema)| (format!("#/components/schemas/{name}"), schema.clone()))
        .collect();
    let mut count = 0;
    each_schema(document, &mut |schema| {
        let target = schema.get("$ref").and_then(Value::as_str);
        if let Some((_, map)) = named.iter().find(|(name, _)| Some(name.as_str()) == target) {
            schema.remove("$ref");
            for (key, value) in map.as_object().into_iter().flatten() {
                schema.entry(key.clone()).or_insert_with(|| value.clone());
            }
            count += 1;
        }
    });
    if let Some(schemas) = schemas_mut(document) {
        for (name, _) in &named {
            schemas.remove(name.trim_start_matches("#/components/schemas/"));
        }
    }
    count
}

/// Leave, clear and set are three requests: only `Option<Vec<_>>` can say all three.
fn nullable(document: &mut Value) -> usize {
    let mut count = 0;
    each_schema(document, &mut |schema| {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            return;
        };
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            let collection = match property.get("type").and_then(Value::as_str) {
                Some("array") => true,
                Some("object") => !property.contains_key("properties"),
                _ => false,
            };
            if collection {
                property.insert("nullable".into(), Value::Bool(true));
                count += 1;
            }
        }
    });
    count
}

/// A member that this crate does not know must survive reading and writing.
fn extra_members(document: &mut Value) -> usize {
    let mut count = 0;
    each_schema(document, &mut |schema| {
        // A property may be called "properties": a schema with properties has a type beside them.
        if schema.get("type").and_then(Value::as_str) == Some("object")
            && schema.get("properties").is_some_and(Value::is_object)
            && !schema.contains_key("additionalProperties")
        {
            schema.insert("additionalProperties".into(), json!({}));
            count += 1;
        }
    });
    count
}
