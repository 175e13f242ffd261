//! Requests that the server fails without a reason: deletions of flows that are in use, and unknown
//! names of flows and groups.

use serde_json::{Map, Value};

use crate::Error;
use crate::error::clean;
use crate::operation::Operation;

/// Members that name a flow by its alias or id.
const FLOWS: &[&str] = &[
    "authenticationFlowBindingOverrides",
    "browserFlow",
    "clientAuthenticationFlow",
    "directGrantFlow",
    "dockerAuthenticationFlow",
    "firstBrokerLoginFlow",
    "firstBrokerLoginFlowAlias",
    "postBrokerLoginFlowAlias",
    "registrationFlow",
    "resetCredentialsFlow",
];

/// Members that name groups by path; a realm's groups are objects.
const GROUPS: &[&str] = &["defaultGroups", "groups"];

/// The flows that every realm has.
const BUILT_IN: &[&str] = &[
    "browser",
    "clients",
    "direct grant",
    "docker auth",
    "first broker login",
    "registration",
    "reset credentials",
];

/// How many names a hint lists at most.
const LISTED: usize = 5;

/// Adds what the server probably did not find, if it failed without a reason.
pub(super) fn explain(op: &Operation, sent: Option<&[u8]>, error: Error) -> Error {
    let silent = error.is_server()
        && error.hint().is_none()
        && (error.oauth_code() == Some("unknown_error")
            || error.server_message() == Some("Failed to update realm"));
    if !silent {
        return error;
    }
    if op.name == "realm.authentication.flow.delete" {
        return error.with_hint(
            "the flow is probably in use: unbind it first from the realm (browser_flow and the \
             like), from clients (authentication_flow_binding_overrides) and from identity providers",
        );
    }
    let named = sent.map(names).unwrap_or_default();
    if named.is_empty() {
        return error;
    }
    error.with_hint(format!(
        "the server gave no reason; it fails like this if it does not have one of: {}",
        named.join(", ")
    ))
}

/// The flows and groups that a body refers to but does not contain.
fn names(sent: &[u8]) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(sent) else {
        return Vec::new();
    };
    let mut known: Vec<&str> = BUILT_IN.to_vec();
    known.extend(texts_of(&body, "authenticationFlows", "alias"));
    let mut found = Vec::new();
    collect(&body, &known, &mut found);
    found.sort();
    found.dedup();
    found.truncate(LISTED);
    found
}

fn texts_of<'a>(body: &'a Value, list: &str, member: &'a str) -> impl Iterator<Item = &'a str> {
    let objects = body.get(list).and_then(Value::as_array);
    objects
        .into_iter()
        .flatten()
        .filter_map(move |object| object.get(member)?.as_str())
}

fn collect(value: &Value, known: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Object(members) => of_members(members, known, found),
        Value::Array(items) => items.iter().for_each(|item| collect(item, known, found)),
        _ => {}
    }
}

fn of_members(members: &Map<String, Value>, known: &[&str], found: &mut Vec<String>) {
    for (member, value) in members {
        let (is_flow, is_group) = (
            FLOWS.contains(&member.as_str()),
            GROUPS.contains(&member.as_str()),
        );
        let names: Vec<&str> = match value {
            Value::String(name) if is_flow => vec![name],
            Value::Object(names) if is_flow => names.values().filter_map(Value::as_str).collect(),
            Value::Array(names) if is_group => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for name in names {
            let expected = name.is_empty() || is_flow && known.contains(&name);
            if !expected {
                found.push(format!("{member} {:?}", clean(name)));
            }
        }
        collect(value, known, found);
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    fn found(body: &Value) -> Vec<String> {
        names(&serde_json::to_vec(body).unwrap())
    }

    #[test]
    fn flows_and_groups_that_a_body_names_are_found_at_every_depth() {
        let realm = json!({
            "browserFlow": "browser",
            "registrationFlow": "mine",
            "directGrantFlow": "nope",
            "authenticationFlows": [{ "alias": "mine" }],
            "groups": [{ "name": "staff", "path": "/staff" }],
            "users": [{ "username": "ada", "groups": ["/nope"] }],
            "clients": [{ "authenticationFlowBindingOverrides": { "browser": "4711" } }],
        });
        assert_eq!(
            found(&realm),
            [
                "authenticationFlowBindingOverrides \"4711\"",
                "directGrantFlow \"nope\"",
                "groups \"/nope\"",
            ]
        );
        assert_eq!(found(&json!({ "alias": "hub" })), Vec::<String>::new());
        assert_eq!(found(&json!([])), Vec::<String>::new());
        assert_eq!(names(b"no JSON"), Vec::<String>::new());
        let many: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
        assert_eq!(found(&json!({ "groups": many })).len(), LISTED);
    }

    #[test]
    fn a_failure_without_a_reason_says_what_is_probably_missing() {
        const DELETE: Operation = Operation::new("realm.authentication.flow.delete", "DELETE", "/");
        const UPDATE: Operation = Operation::new("realm.update", "PUT", "/admin/realms/{realm}");
        let hint = |op: &Operation, sent: &str, body: &str| {
            let status = http::StatusCode::INTERNAL_SERVER_ERROR;
            let headers = http::HeaderMap::new();
            let error = crate::call::response_error(op, status, &headers, body.as_bytes());
            let error = explain(op, Some(sent.as_bytes()), error);
            error.hint().unwrap_or_default().to_owned()
        };
        let unknown = r#"{"error":"unknown_error"}"#;
        let in_use = hint(&DELETE, "", unknown);
        assert!(
            in_use.starts_with("the flow is probably in use"),
            "{in_use}"
        );
        let named = r#"{"browserFlow":"nope"}"#;
        for said in [unknown, r#"{"errorMessage":"Failed to update realm"}"#] {
            let missing = hint(&UPDATE, named, said);
            assert!(
                missing.starts_with("the server gave no reason; ")
                    && missing.ends_with("one of: browserFlow \"nope\""),
                "{missing}"
            );
            assert_eq!(hint(&UPDATE, "{}", said), "");
        }
        let another = hint(&UPDATE, named, r#"{"error":"Another reason"}"#);
        assert_eq!(another, "");
    }
}
