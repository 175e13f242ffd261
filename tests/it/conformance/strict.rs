//! Whether an answer is what the corrected document says, and nothing else.

use serde_json::Value;

use crate::recorded::document::document;

/// Every place where `value` is not of `schema`: undocumented members, other types, unknown values.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let mut fault = |what: String| found.push(format!("{at}: {what}"));
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        if target.ends_with("/PolicyRepresentation") {
            return check(&policy(value), value, at, found);
        }
        return match document().pointer(pointer) {
            Some(schema) => check(schema, value, at, found),
            None => fault(format!("the document lacks {target}")),
        };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |schema: &Value| faults(schema, value).is_empty();
        return match choices.iter().filter(|schema| fits(schema)).count() {
            1 => {}
            count => fault(format!("{count} of the documented shapes fit")),
        };
    }
    let wrong = |kind: &str| format!("documented as {kind}, the server sends {value}");
    match schema["type"].as_str() {
        None => {}
        Some("string") => match value.as_str() {
            None => fault(wrong("text")),
            Some(text) => {
                if let Some(values) = schema["enum"].as_array()
                    && !values.iter().any(|known| known == text)
                {
                    fault(format!("{text:?} is not one of the documented values"));
                }
            }
        },
        Some("boolean") if !value.is_boolean() => fault(wrong("a flag")),
        Some("integer") => match value.as_i64() {
            None => fault(wrong("an integer")),
            Some(number) if schema["format"] == "int32" && i32::try_from(number).is_err() => {
                fault(wrong("an integer of 32 bits"));
            }
            Some(_) => {}
        },
        Some("number") if !value.is_number() => fault(wrong("a number")),
        Some("array") => match value.as_array() {
            None => fault(wrong("a list")),
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    check(&schema["items"], item, &format!("{at}[{index}]"), found);
                }
            }
        },
        Some("object") => match value.as_object() {
            None => fault(wrong("an object")),
            Some(members) => {
                for (name, member) in members {
                    let at = format!("{at}.{name}");
                    let known = schema["properties"].get(name);
                    let other = schema
                        .get("additionalProperties")
                        .filter(|any| any.is_object());
                    // An object without any member is open by nature.
                    let open = schema.get("properties").is_none();
                    match known.or(other) {
                        Some(schema) => check(schema, member, &at, found),
                        None if open => {}
                        None => found.push(format!("{at}: undocumented member, {member}")),
                    }
                }
                for required in schema["required"].as_array().into_iter().flatten() {
                    if !members.contains_key(required.as_str().unwrap()) {
                        found.push(format!("{at}: the required member {required} is missing"));
                    }
                }
            }
        },
        Some(_) => {}
    }
}

/// A policy has the members of its kind too, which `type` names.
fn policy(value: &Value) -> Value {
    const KINDS: &[(&str, &str)] = &[
        ("aggregate", "AggregatePolicyRepresentation"),
        ("client", "AuthzClientPolicyRepresentation"),
        ("client-scope", "ClientScopePolicyRepresentation"),
        ("group", "GroupPolicyRepresentation"),
        ("js", "JSPolicyRepresentation"),
        ("regex", "RegexPolicyRepresentation"),
        ("resource", "ResourcePermissionRepresentation"),
        ("role", "RolePolicyRepresentation"),
        ("scope", "ScopePermissionRepresentation"),
        ("time", "TimePolicyRepresentation"),
        ("uma", "UmaPermissionRepresentation"),
        ("user", "UserPolicyRepresentation"),
    ];
    let schemas = &document()["components"]["schemas"];
    let mut schema = schemas["PolicyRepresentation"].clone();
    let kind = KINDS.iter().find(|(kind, _)| value["type"] == *kind);
    if let Some((_, name)) = kind {
        let own = schemas[*name]["properties"].as_object().unwrap().clone();
        schema["properties"].as_object_mut().unwrap().extend(own);
    }
    schema
}
