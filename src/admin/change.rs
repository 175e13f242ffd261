//! What an edit changes, and whether the server accepted it.

mod same;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::bodies::{is_attribute_of_a_member, of_update, refuse_attributes};
use crate::error::clean;
use crate::operation::Operation;
use crate::{Result, error};

pub(crate) use same::{Secrets, is_nothing, merge, not_compared, same};
use same::{is_absent, same_in};

/// Members of users and credentials that can be written but not read.
const WRITE_ONLY: &[&str] = &["credentials", "value", "secretData"];

/// Parts of the names of secret members and settings, in lower case.
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

/// Members with such a name that are not secret.
const NO_SECRETS: &[&str] = &["passwordPolicy"];

/// The members that an edit changes, each with its value before and after.
///
/// `Display` writes one line per member, such as `enabled: true -> false`. Secrets are shown as
/// `***`, here, in `Debug` and in the values.
#[derive(Clone, Default)]
pub struct Changes {
    edited: Vec<MemberChange>,
}

/// A member that changes.
#[derive(Clone)]
pub struct MemberChange {
    path: Vec<String>,
    from: Option<Value>,
    /// `None` if the member is removed.
    to: Option<Value>,
}

impl MemberChange {
    /// The member's path, such as `attributes.team`.
    #[must_use]
    pub fn member(&self) -> String {
        self.path.join(".")
    }

    /// The value before, or `None` if it was not set.
    #[must_use]
    pub fn from(&self) -> Option<Value> {
        self.shown(self.from.as_ref())
    }

    /// The value after, or `None` if it is removed.
    #[must_use]
    pub fn to(&self) -> Option<Value> {
        self.shown(self.to.as_ref())
    }

    /// Whether the values are secret. Secret values show only whether they are set.
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
        // A name may contain line breaks.
        write!(f, "{}: ", clean(&self.path.join(".")))?;
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
    /// Compares two states of an object, member by member.
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

    /// The number of members that change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edited.len()
    }

    /// The members that change, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, MemberChange> {
        self.edited.iter()
    }

    /// The change of a member, or `None` if it does not change.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&MemberChange> {
        self.edited.iter().find(|change| change.member() == member)
    }

    /// Refuses members that an update ignores, and names the call that changes them.
    pub(crate) fn refuse_ignored(&self, op: &Operation) -> Result<()> {
        let ignored: Vec<String> = of_update(op.takes)
            .filter(|ignored| ignored.is_refused_by_modify())
            .filter(|ignored| {
                let of_it = |edit: &&MemberChange| {
                    edit.path
                        .first()
                        .is_some_and(|member| member == ignored.member)
                };
                self.edited.iter().any(|edit| of_it(&edit))
            })
            .map(|ignored| format!("{} (use {})", ignored.member, ignored.instead))
            .collect();
        if ignored.is_empty() {
            return self.refuse_attributes_of_members(op);
        }
        Err(error::invalid_argument(
            op,
            format!(
                "the server ignores {} in an update: leave it unchanged; nothing was written",
                ignored.join(", ")
            ),
        ))
    }

    fn refuse_attributes_of_members(&self, op: &Operation) -> Result<()> {
        let of_members = self.edited.iter().filter_map(|edit| {
            let mut path = edit.path.iter().map(String::as_str);
            let (first, name) = (path.next()?, path.next()?);
            let ty = op.takes.filter(|_| first == "attributes")?;
            (edit.to.is_some() && is_attribute_of_a_member(ty, name)).then_some(name)
        });
        refuse_attributes(op, &of_members.collect::<Vec<_>>())
    }

    /// Checks that every edited member has the wanted value in `now`.
    pub(crate) fn confirm<T: Serialize>(&self, op: &Operation, now: &T) -> Result<()> {
        let now = value(op, now)?;
        let mut unconfirmed = Unconfirmed::default();
        for edit in &self.edited {
            let member = edit.path.first().map(String::as_str);
            if member.is_some_and(|member| WRITE_ONLY.contains(&member)) {
                continue;
            }
            let found = edit.path.iter().try_fold(&now, |node, part| node.get(part));
            if !edit.is_as(edit.to.as_ref(), found) {
                unconfirmed.add(edit, found);
            }
        }
        unconfirmed.or_ok(op)
    }
}

impl MemberChange {
    /// Whether the server regards the member as having the wanted value.
    fn is_as(&self, wanted: Option<&Value>, found: Option<&Value>) -> bool {
        let mut path = self.path.iter().rev().map(String::as_str);
        let last = path.next().unwrap_or_default();
        match (wanted, found) {
            (Some(wanted), Some(found)) => {
                same_in(path.next().unwrap_or_default(), last, found, wanted)
            }
            (Some(nothing), None) => is_absent(last, nothing),
            (None, Some(nothing)) => is_nothing(nothing),
            (None, None) => true,
        }
    }
}

/// Edits that the server did not make although the update succeeded.
#[derive(Default)]
struct Unconfirmed {
    /// Members with the same value as before.
    unchanged: Vec<String>,
    /// Members with a value that is neither the old nor the wanted one.
    different: Vec<String>,
    /// Whether a member was to be removed but kept its value.
    kept: bool,
}

impl Unconfirmed {
    fn add(&mut self, edit: &MemberChange, found: Option<&Value>) {
        let member = edit.member();
        if edit.is_as(edit.from.as_ref(), found) {
            self.kept |= edit.to.is_none();
            self.unchanged.push(member);
            return;
        }
        self.different.push(match edit.shown(found) {
            None | Some(Value::Null) => format!("{member} (now not set)"),
            Some(_) if edit.is_secret() => format!("{member} (to a value that is not shown)"),
            Some(found) => format!("{member} (to {})", shortened(&found.to_string())),
        });
    }

    fn or_ok(self, op: &Operation) -> Result<()> {
        let mut said = Vec::new();
        if !self.unchanged.is_empty() {
            said.push(format!("did not change {}", self.unchanged.join(", ")));
        }
        if !self.different.is_empty() {
            said.push(format!(
                "changed to something else: {}",
                self.different.join(", ")
            ));
        }
        if said.is_empty() {
            return Ok(());
        }
        let advice = if self.kept {
            "an omitted member stays unchanged: set an empty value to clear it"
        } else if self.unchanged.is_empty() {
            "the server normalizes some values or derives them from other members: set the value \
             that it stores, or leave the member unchanged"
        } else {
            "the server ignores members that this call does not change, and user attributes that \
             the realm's user profile does not declare"
        };
        Err(error::protocol(format!(
            "the server accepted the update but {}",
            said.join(", and ")
        ))
        .with_operation(op)
        .with_hint(advice))
    }
}

/// Shortens a value for an error message.
fn shortened(value: &str) -> String {
    const LONGEST: usize = 120;
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !NO_SECRETS.contains(&name) && SECRET_NAMES.iter().any(|part| lower.contains(part))
}

/// Flags and numbers are not secrets; any other value below a secret name is.
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

/// A new object is compared member by member, because the server may add members of its own.
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
