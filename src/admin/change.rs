//! What an edit changes, and whether the server took it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::operation::Operation;
use crate::{Error, Result, error};

/// What the server shows in place of a stored secret.
const MASK: &str = "**********";

/// Members that are written and never read back.
const WRITE_ONLY: &[&str] = &["credentials", "value", "secretData"];

/// Members the server stores in lower case.
const LOWER_CASED: &[&str] = &["username", "email"];

/// The members that an edit changed, each with the value it should have afterwards.
#[derive(Debug)]
pub(crate) struct Change {
    edited: Vec<Edit>,
}

struct Edit {
    path: Vec<String>,
    /// `None`: the member was taken out.
    wanted: Option<Value>,
}

impl std::fmt::Debug for Edit {
    // Values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path.join("."))
    }
}

impl Change {
    /// Compares two states of one object, member by member.
    pub(crate) fn between<T: Serialize>(op: &Operation, before: &T, after: &T) -> Result<Self> {
        let mut edited = Vec::new();
        compare(
            &mut Vec::new(),
            &value(op, before)?,
            &value(op, after)?,
            &mut edited,
        );
        Ok(Self { edited })
    }

    /// Whether nothing was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.edited.is_empty()
    }

    /// Checks that every edited member has the wanted value in `now`.
    pub(crate) fn confirm<T: Serialize>(&self, op: &Operation, now: &T) -> Result<()> {
        let now = value(op, now)?;
        let mut ignored = Vec::new();
        let mut kept = false;
        for edit in &self.edited {
            let last = edit.path.last().map(String::as_str).unwrap_or_default();
            if edit
                .path
                .iter()
                .any(|part| WRITE_ONLY.contains(&part.as_str()))
            {
                continue;
            }
            let found = edit.path.iter().try_fold(&now, |node, part| node.get(part));
            let taken = match &edit.wanted {
                Some(wanted) => {
                    found.map_or_else(|| is_nothing(wanted), |found| same(last, found, wanted))
                }
                None => found.is_none_or(is_nothing),
            };
            if !taken {
                kept |= edit.wanted.is_none();
                ignored.push(edit.path.join("."));
            }
        }
        if ignored.is_empty() {
            Ok(())
        } else {
            Err(refusal(op, &ignored, kept))
        }
    }
}

fn refusal(op: &Operation, ignored: &[String], kept: bool) -> Error {
    let advice = if kept {
        "a member that is left out stays as it is: set an empty value to clear it"
    } else {
        "the server ignores members that it does not change here, and user attributes that the \
         realm's user profile does not declare"
    };
    error::protocol(format!(
        "the server took the update but did not change {}",
        ignored.join(", ")
    ))
    .with_operation(op)
    .with_hint(advice)
}

fn value<T: Serialize>(op: &Operation, state: &T) -> Result<Value> {
    serde_json::to_value(state).map_err(|failed| {
        error::invalid_argument(
            op,
            format!("the object cannot be written as JSON: {failed}"),
        )
    })
}

fn compare(path: &mut Vec<String>, before: &Value, after: &Value, edited: &mut Vec<Edit>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            edited.push(Edit {
                path: path.clone(),
                wanted: Some(after.clone()),
            });
        }
        return;
    };
    for (key, after) in new {
        path.push(key.clone());
        match old.get(key) {
            Some(before) => compare(path, before, after, edited),
            None => added(path, after, edited),
        }
        path.pop();
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        path.push(key.clone());
        edited.push(Edit {
            path: path.clone(),
            wanted: None,
        });
        path.pop();
    }
}

/// A new object is compared by its members: the server may add its own beside them.
fn added(path: &mut Vec<String>, after: &Value, edited: &mut Vec<Edit>) {
    match after {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                path.push(key.clone());
                added(path, value, edited);
                path.pop();
            }
        }
        value => edited.push(Edit {
            path: path.clone(),
            wanted: Some(value.clone()),
        }),
    }
}

/// Empty and absent are one on the server.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn same(member: &str, found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            found == wanted
                || found == MASK
                || (LOWER_CASED.contains(&member) && found.eq_ignore_ascii_case(wanted))
        }
        // The server keeps most lists as sets.
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|wanted| found.iter().any(|found| same(member, found, wanted)))
        }
        (Value::Object(found), Value::Object(wanted)) => contains(found, wanted),
        (found, wanted) => found == wanted || (is_nothing(found) && is_nothing(wanted)),
    }
}

fn contains(found: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| {
        found
            .get(key)
            .map_or_else(|| is_nothing(wanted), |found| same(key, found, wanted))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OP: Operation = Operation::new(
        "realm.user.update",
        "PUT",
        "/admin/realms/{realm}/users/{user-id}",
    );

    fn confirm(before: &Value, wanted: &Value, now: &Value) -> Option<String> {
        let change = Change::between(&OP, before, wanted).unwrap();
        change
            .confirm(&OP, now)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn no_edit_is_no_change() {
        let state = json!({ "a": [1], "b": { "c": null } });
        assert!(Change::between(&OP, &state, &state).unwrap().is_empty());
    }

    #[test]
    fn a_member_the_server_ignores_is_named_without_its_value() {
        let said = confirm(
            &json!({ "attributes": { "team": ["a"] } }),
            &json!({ "attributes": { "team": ["a"], "shoe": ["hunter2"] }, "enabled": false }),
            &json!({ "attributes": { "team": ["a"] }, "enabled": false }),
        )
        .unwrap();
        assert!(
            said.contains("attributes.shoe") && !said.contains("hunter2"),
            "{said}"
        );
        assert!(!said.contains("enabled"), "{said}");
    }

    #[test]
    fn taking_a_member_out_that_stays_says_how_to_clear_it() {
        let said = confirm(
            &json!({ "firstName": "Ada" }),
            &json!({}),
            &json!({ "firstName": "Ada" }),
        )
        .unwrap();
        assert!(
            said.contains("firstName") && said.contains("empty value"),
            "{said}"
        );
        assert_eq!(
            confirm(
                &json!({ "firstName": "Ada" }),
                &json!({ "firstName": "" }),
                &json!({})
            ),
            None
        );
    }

    #[test]
    fn what_the_server_is_free_to_do_is_not_a_refusal() {
        for (wanted, now) in [
            (
                json!({ "redirectUris": ["/a", "/b"] }),
                json!({ "redirectUris": ["/b", "/a"] }),
            ),
            (json!({ "username": "Ada" }), json!({ "username": "ada" })),
            (json!({ "secret": "new" }), json!({ "secret": MASK })),
            (json!({ "credentials": [{ "value": "x" }] }), json!({})),
            (
                json!({ "attributes": { "a": "1" } }),
                json!({ "attributes": { "a": "1", "own": "2" } }),
            ),
            (json!({ "groups": [] }), json!({})),
        ] {
            assert_eq!(confirm(&json!({}), &wanted, &now), None, "{wanted}");
        }
        assert!(
            confirm(
                &json!({}),
                &json!({ "description": "Ada" }),
                &json!({ "description": "ada" })
            )
            .is_some()
        );
        assert!(
            confirm(
                &json!({}),
                &json!({ "l": ["a", "a"] }),
                &json!({ "l": ["a"] })
            )
            .is_some()
        );
    }
}
