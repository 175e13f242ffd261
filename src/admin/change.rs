//! What an edit changes, and whether the server took it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::bodies::of_update;
use super::client_scopes::OF_SERVICE_ACCOUNTS;
use crate::http::operation::Operation;
use crate::{Error, Result, error};

/// What the server shows in place of a stored secret.
pub(crate) const MASK: &str = "**********";

/// Members of a user or a credential that are written and never read back.
const WRITE_ONLY: &[&str] = &["credentials", "value", "secretData"];

/// Members the server stores in lower case.
const LOWER_CASED: &[&str] = &["username", "email"];

/// What the names of secret members and settings have in them, in lower case.
const SECRET_NAMES: &[&str] = &[
    "apikey",
    "api.key",
    "credential",
    "invitelink",
    "passphrase",
    "password",
    "private",
    "salt",
    "secret",
    "token",
];

/// Texts with such a name that are none.
const NO_SECRETS: &[&str] = &["passwordPolicy"];

/// The members that an edit changes, each with its value before and after.
///
/// `Display` writes one line a member, such as `enabled: true -> false`. Secrets are shown as
/// `***`, here, in `Debug` and in the values.
#[derive(Clone, Default)]
pub struct Changes {
    edited: Vec<MemberChange>,
}

/// One member that changes.
#[derive(Clone)]
pub struct MemberChange {
    path: Vec<String>,
    from: Option<Value>,
    /// `None`: the member is taken out.
    to: Option<Value>,
}

impl MemberChange {
    /// Where it is, such as `attributes.team`.
    #[must_use]
    pub fn member(&self) -> String {
        self.path.join(".")
    }

    /// The value before; `None` when it was not set.
    #[must_use]
    pub fn from(&self) -> Option<Value> {
        self.shown(self.from.as_ref())
    }

    /// The value after; `None` when it is taken out.
    #[must_use]
    pub fn to(&self) -> Option<Value> {
        self.shown(self.to.as_ref())
    }

    /// Whether the values are kept secret: what they are is not told then, only whether they are
    /// set.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.path.iter().any(|part| is_secret_name(part))
    }

    fn shown(&self, value: Option<&Value>) -> Option<Value> {
        value.map(|value| redacted(value, self.is_secret()))
    }
}

impl fmt::Display for MemberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.join("."))?;
        match self.from() {
            Some(from) => write!(f, "{from}")?,
            None => f.write_str("not set")?,
        }
        f.write_str(" -> ")?;
        match self.to() {
            Some(to) => write!(f, "{to}"),
            None => f.write_str("left out"),
        }
    }
}

impl fmt::Debug for MemberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.edited.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{change}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.edited).finish()
    }
}

impl<'a> IntoIterator for &'a Changes {
    type Item = &'a MemberChange;
    type IntoIter = std::slice::Iter<'a, MemberChange>;

    fn into_iter(self) -> Self::IntoIter {
        self.edited.iter()
    }
}

impl Changes {
    /// Compares two states of one object, member by member.
    pub(crate) fn between<T: Serialize>(op: &Operation, before: &T, after: &T) -> Result<Self> {
        let mut edited = Vec::new();
        compare(
            &mut Vec::new(),
            &value(op, before)?,
            &value(op, after)?,
            &mut edited,
        );
        edited.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { edited })
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edited.is_empty()
    }

    /// How many members change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edited.len()
    }

    /// The members that change, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, MemberChange> {
        self.edited.iter()
    }

    /// The change of one member, `None` when it stays.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&MemberChange> {
        self.edited.iter().find(|change| change.member() == member)
    }

    /// Refuses members that an update would leave alone, with what changes them.
    pub(crate) fn refuse_lost(&self, op: &Operation) -> Result<()> {
        let lost: Vec<String> = of_update(op.takes)
            .filter(|lost| lost.is_refused_by_modify())
            .filter(|lost| {
                let of_it = |edit: &&MemberChange| {
                    edit.path
                        .first()
                        .is_some_and(|member| member == lost.member)
                };
                self.edited.iter().any(|edit| of_it(&edit))
            })
            .map(|lost| format!("{} (use {})", lost.member, lost.instead))
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        Err(error::invalid_argument(
            op,
            format!(
                "the server ignores {} in an update: leave it as it was; nothing was written",
                lost.join(", ")
            ),
        ))
    }

    /// Checks that every edited member has the wanted value in `now`.
    pub(crate) fn confirm<T: Serialize>(&self, op: &Operation, now: &T) -> Result<()> {
        let now = value(op, now)?;
        let mut ignored = Vec::new();
        let mut kept = false;
        for edit in &self.edited {
            let last = edit.path.last().map(String::as_str).unwrap_or_default();
            let member = edit.path.first().map(String::as_str);
            if member.is_some_and(|member| WRITE_ONLY.contains(&member)) {
                continue;
            }
            let found = edit.path.iter().try_fold(&now, |node, part| node.get(part));
            let taken = match &edit.to {
                Some(wanted) => {
                    found.map_or_else(|| is_nothing(wanted), |found| same(last, found, wanted))
                }
                None => found.is_none_or(is_nothing),
            };
            if !taken {
                kept |= edit.to.is_none();
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

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !NO_SECRETS.contains(&name) && SECRET_NAMES.iter().any(|part| lower.contains(part))
}

/// Flags and numbers are no secrets; everything below a secret name else is.
fn redacted(value: &Value, secret: bool) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        _ if secret => Value::String("***".to_owned()),
        Value::String(_) => value.clone(),
        Value::Array(list) => list.iter().map(|value| redacted(value, false)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), redacted(value, is_secret_name(name))))
            .collect::<Map<_, _>>()
            .into(),
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

fn compare(path: &mut Vec<String>, before: &Value, after: &Value, edited: &mut Vec<MemberChange>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            edited.push(MemberChange {
                path: path.clone(),
                from: Some(before.clone()),
                to: Some(after.clone()),
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
    for (key, before) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        path.push(key.clone());
        edited.push(MemberChange {
            path: path.clone(),
            from: Some(before.clone()),
            to: None,
        });
        path.pop();
    }
}

/// A new object is compared by its members: the server may add its own beside them.
fn added(path: &mut Vec<String>, after: &Value, edited: &mut Vec<MemberChange>) {
    match after {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                path.push(key.clone());
                added(path, value, edited);
                path.pop();
            }
        }
        value => edited.push(MemberChange {
            path: path.clone(),
            from: None,
            to: Some(value.clone()),
        }),
    }
}

/// What becomes of a secret that cannot be compared with the stored one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// It stays as it is.
    Keep,
    /// It is written.
    Write,
}

/// `now` with every member that is set in `wanted` and has another value; what is the same to the
/// server stays as the server writes it.
pub(crate) fn merge(now: &Value, wanted: &Value, secrets: Secrets) -> Value {
    let (Value::Object(now), Value::Object(wanted)) = (now, wanted) else {
        return wanted.clone();
    };
    let mut merged = now.clone();
    for (key, wanted) in wanted {
        let value = match now.get(key) {
            Some(now) if same(key, now, wanted) => {
                if secrets == Secrets::Keep || !hides(now, wanted) {
                    continue;
                }
                match now {
                    Value::Object(_) => merge(now, wanted, secrets),
                    _ => wanted.clone(),
                }
            }
            None if is_nothing(wanted) => continue,
            Some(now @ Value::Object(_)) => merge(now, wanted, secrets),
            Some(_) | None => wanted.clone(),
        };
        merged.insert(key.clone(), value);
    }
    Value::Object(merged)
}

/// The members of a wanted state that cannot be compared with what the server shows.
pub(crate) fn not_compared(now: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    masked(String::new(), now, wanted, &mut found);
    found.sort_unstable();
    found
}

fn masked(path: String, now: &Value, wanted: &Value, found: &mut Vec<String>) {
    match (now, wanted) {
        (Value::Object(now), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                if let Some(now) = now.get(key) {
                    let dot = if path.is_empty() { "" } else { "." };
                    masked(format!("{path}{dot}{key}"), now, wanted, found);
                }
            }
        }
        (now, wanted) if hides(now, wanted) => found.push(path),
        _ => {}
    }
}

/// Whether the server shows a mask where another value is wanted.
fn hides(now: &Value, wanted: &Value) -> bool {
    match (now, wanted) {
        (Value::String(now), Value::String(wanted)) => now == MASK && wanted != MASK,
        (Value::Array(now), Value::Array(wanted)) => wanted
            .iter()
            .any(|wanted| !now.contains(wanted) && now.iter().any(|now| hides(now, wanted))),
        (Value::Object(now), Value::Object(wanted)) => wanted
            .iter()
            .any(|(key, wanted)| now.get(key).is_some_and(|now| hides(now, wanted))),
        _ => false,
    }
}

/// Empty and absent are one on the server.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(crate) fn same(member: &str, found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            found == wanted
                || found == MASK
                || (LOWER_CASED.contains(&member) && found.eq_ignore_ascii_case(wanted))
        }
        // The server keeps most lists as sets.
        (Value::Array(found), Value::Array(wanted)) => {
            let added = found.iter().filter(|found| is_added(member, found, wanted));
            found.len() - added.count() == wanted.len()
                && wanted
                    .iter()
                    .all(|wanted| found.iter().any(|found| same(member, found, wanted)))
        }
        (Value::Object(found), Value::Object(wanted)) => contains(found, wanted),
        (found, wanted) => found == wanted || (is_nothing(found) && is_nothing(wanted)),
    }
}

/// Whether the server has put it into the list of its own.
fn is_added(member: &str, found: &Value, wanted: &[Value]) -> bool {
    member == "defaultClientScopes" && found == OF_SERVICE_ACCOUNTS && !wanted.contains(found)
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
        let change = Changes::between(&OP, before, wanted).unwrap();
        change
            .confirm(&OP, now)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn no_edit_is_no_change() {
        let state = json!({ "a": [1], "b": { "c": null } });
        assert!(Changes::between(&OP, &state, &state).unwrap().is_empty());
    }

    fn changes(before: &Value, after: &Value) -> String {
        Changes::between(&OP, before, after).unwrap().to_string()
    }

    #[test]
    fn each_change_has_its_value_before_and_after() {
        assert_eq!(
            changes(
                &json!({ "enabled": true, "firstName": "Ada", "attributes": { "team": ["a"] } }),
                &json!({ "enabled": false, "attributes": { "team": ["b"], "x": ["1"] } }),
            ),
            "attributes.team: [\"a\"] -> [\"b\"]\n\
             attributes.x: not set -> [\"1\"]\n\
             enabled: true -> false\n\
             firstName: \"Ada\" -> left out"
        );
    }

    #[test]
    fn secrets_are_neither_shown_nor_given() {
        let before = json!({
            "secret": "hunter1", "config": { "bindCredential": ["hunter1"] },
            "attributes": { "saml.signing.private.key": "hunter1" }, "accessTokenLifespan": 60,
            "passwordPolicy": "length(8)", "idps": [{ "config": { "clientSecret": "hunter1" } }],
        });
        let after = json!({
            "secret": "hunter2", "config": { "bindCredential": ["hunter2"] },
            "attributes": {}, "accessTokenLifespan": 90, "passwordPolicy": "length(9)",
            "idps": [{ "config": { "clientSecret": "hunter2" } }],
            "credentials": [{ "type": "password", "value": "hunter2" }],
        });
        let changes = Changes::between(&OP, &before, &after).unwrap();
        let shown = format!("{changes}\n{changes:?}\n{changes:#?}");
        let given: Vec<_> = changes.iter().map(|c| (c.from(), c.to())).collect();
        for text in [shown.clone(), format!("{given:?}")] {
            assert!(!text.contains("hunter"), "{text}");
        }
        for line in [
            "secret: \"***\" -> \"***\"",
            "config.bindCredential: \"***\" -> \"***\"",
            "attributes.saml.signing.private.key: \"***\" -> left out",
            "accessTokenLifespan: 60 -> 90",
            "passwordPolicy: \"length(8)\" -> \"length(9)\"",
            "credentials: not set -> \"***\"",
        ] {
            assert!(shown.contains(line), "{line} in {shown}");
        }
    }

    #[test]
    fn only_what_is_wanted_and_differs_is_merged() {
        let now = json!({
            "username": "ada", "roles": ["a", "b"], "secret": MASK, "enabled": true,
            "attributes": { "a": ["1"], "b": ["2"] },
        });
        let same = json!({
            "username": "Ada", "roles": ["b", "a"], "secret": "s", "groups": [],
            "attributes": { "a": ["1"] },
        });
        assert_eq!(merge(&now, &same, Secrets::Keep), now);
        let other = json!({ "enabled": false, "attributes": { "a": ["3"] }, "roles": ["a"] });
        assert_eq!(
            merge(&now, &other, Secrets::Keep),
            json!({
                "username": "ada", "roles": ["a"], "secret": MASK, "enabled": false,
                "attributes": { "a": ["3"], "b": ["2"] },
            })
        );
    }

    #[test]
    fn a_masked_secret_is_not_compared_and_written_on_demand_only() {
        let now = json!({
            "smtpServer": { "host": "h", "password": MASK },
            "config": { "bindCredential": [MASK], "vendor": ["ad"] }, "secret": "clear",
        });
        let wanted = json!({
            "smtpServer": { "host": "h", "password": "new" },
            "config": { "bindCredential": ["new"], "vendor": ["ad"] }, "secret": "clear",
        });
        assert_eq!(merge(&now, &wanted, Secrets::Keep), now);
        assert_eq!(merge(&now, &wanted, Secrets::Write), wanted);
        assert_eq!(
            not_compared(&now, &wanted),
            ["config.bindCredential", "smtpServer.password"]
        );
        assert!(not_compared(&now, &now).is_empty());
    }

    #[test]
    fn a_scope_that_the_server_adds_is_no_difference() {
        let list = |names: &[&str]| json!(names);
        let found = list(&["service_account", "email"]);
        assert!(same("defaultClientScopes", &found, &list(&["email"])));
        assert!(same(
            "defaultClientScopes",
            &found,
            &list(&["email", "service_account"])
        ));
        assert!(!same("defaultClientScopes", &list(&["email"]), &found));
        assert!(!same("optionalClientScopes", &found, &list(&["email"])));
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
