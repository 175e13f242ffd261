//! Which values the server regards as equal, and how a wanted state is merged into the present one.

use serde_json::{Map, Value};

use crate::admin::client_scopes::OF_SERVICE_ACCOUNTS;
use crate::secret::MASK;

/// Members that the server stores in lower case, each with its parent member.
const LOWER_CASED: &[(&str, &str)] = &[
    ("", "email"),
    ("", "sslRequired"),
    ("", "username"),
    ("domains", "name"),
];

/// Text members in which the server collapses spaces.
const SQUEEZED: &[&str] = &["passwordPolicy"];

/// Lists that the server stores as sets, so duplicates count once.
const SETS: &[&str] = &[
    "defaultClientScopes",
    "domains",
    "enabledEventTypes",
    "eventsListeners",
    "optionalClientScopes",
    "redirectUris",
    "requiredActions",
    "supportedLocales",
    "webOrigins",
];

/// Lists whose order matters.
const ORDERED: &[&str] = &[
    "webAuthnPolicyAcceptableAaguids",
    "webAuthnPolicyExtraOrigins",
    "webAuthnPolicyPasswordlessAcceptableAaguids",
    "webAuthnPolicyPasswordlessExtraOrigins",
    "webAuthnPolicyPasswordlessSignatureAlgorithms",
    "webAuthnPolicySignatureAlgorithms",
];

/// The member with an object's attributes.
const ATTRIBUTES: &str = "attributes";

/// Members in which secrets are shown as a mask.
const MASKED: &[&str] = &[ATTRIBUTES, "config", "smtpServer"];

/// What to do with a secret that cannot be compared with the stored one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// Keep the stored one.
    Keep,
    /// Write the wanted one.
    Write,
}

/// Returns `now` with every member of `wanted` that has another value. Values that are equal to the
/// server stay as the server writes them.
pub(crate) fn merge(now: &Value, wanted: &Value, secrets: Secrets) -> Value {
    merge_in("", now, wanted, secrets)
}

fn merge_in(parent: &str, now: &Value, wanted: &Value, secrets: Secrets) -> Value {
    let (Value::Object(now), Value::Object(wanted)) = (now, wanted) else {
        return wanted.clone();
    };
    let mut merged = now.clone();
    for (key, wanted) in wanted {
        let value = match now.get(key) {
            Some(now) if same_in(parent, key, now, wanted) => {
                if secrets == Secrets::Keep || !hides(parent, key, now, wanted) {
                    continue;
                }
                match now {
                    Value::Object(_) => merge_in(key, now, wanted, secrets),
                    _ => wanted.clone(),
                }
            }
            None if is_absent(key, wanted) => continue,
            Some(now @ Value::Object(_)) => merge_in(key, now, wanted, secrets),
            Some(now) => with_added(key, now, wanted),
            None => wanted.clone(),
        };
        merged.insert(key.clone(), value);
    }
    Value::Object(merged)
}

/// Returns the wanted list, with the items that the server has added on its own.
fn with_added(member: &str, now: &Value, wanted: &Value) -> Value {
    let (Value::Array(now), Value::Array(wanted)) = (now, wanted) else {
        return wanted.clone();
    };
    let added = now.iter().filter(|now| is_added(member, now, wanted));
    Value::Array(wanted.iter().chain(added).cloned().collect())
}

/// The members of a wanted state that cannot be compared, because the server does not show them.
pub(crate) fn not_compared(now: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    masked(String::new(), ("", ""), now, wanted, &mut found);
    found.sort_unstable();
    found
}

fn masked(
    path: String,
    (parent, member): (&str, &str),
    now: &Value,
    wanted: &Value,
    found: &mut Vec<String>,
) {
    match (now, wanted) {
        (Value::Object(now), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                if let Some(now) = now.get(key) {
                    let dot = if path.is_empty() { "" } else { "." };
                    let place = (member, key.as_str());
                    masked(format!("{path}{dot}{key}"), place, now, wanted, found);
                }
            }
        }
        (now, wanted) if hides(parent, member, now, wanted) => found.push(path),
        _ => {}
    }
}

/// Whether the server masks this member as a secret. In other members ten asterisks are ordinary
/// text.
fn holds_secrets(parent: &str, member: &str) -> bool {
    member == "secret" || MASKED.contains(&parent)
}

/// Whether the server shows a mask where another value is wanted.
fn hides(parent: &str, member: &str, now: &Value, wanted: &Value) -> bool {
    match (now, wanted) {
        (Value::String(now), Value::String(wanted)) => {
            now == MASK && wanted != MASK && holds_secrets(parent, member)
        }
        // The attributes of users and groups are lists.
        (Value::Array(_), Value::Array(_)) if parent == ATTRIBUTES => false,
        (Value::Array(now), Value::Array(wanted)) => wanted.iter().any(|wanted| {
            let mut now_here = now.iter();
            !now.contains(wanted) && now_here.any(|now| hides(parent, member, now, wanted))
        }),
        (Value::Object(now), Value::Object(wanted)) => wanted.iter().any(|(key, wanted)| {
            now.get(key)
                .is_some_and(|now| hides(member, key, now, wanted))
        }),
        _ => false,
    }
}

/// Whether a value is empty, which equals absent to the server.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether the server omits a member with this value: an empty value, a disabled flag, or events
/// without expiration.
pub(super) fn is_absent(member: &str, value: &Value) -> bool {
    let no_end = member == "eventsExpiration" && value.as_i64() == Some(0);
    is_nothing(value) || no_end || *value == Value::Bool(false)
}

pub(crate) fn same(member: &str, found: &Value, wanted: &Value) -> bool {
    same_in("", member, found, wanted)
}

/// Whether the server regards two values of a member as equal; `parent` is the member that contains
/// it.
pub(super) fn same_in(parent: &str, member: &str, found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            found == wanted
                || (found == MASK && holds_secrets(parent, member))
                || (LOWER_CASED.contains(&(parent, member))
                    && found.to_lowercase() == wanted.to_lowercase())
                || (SQUEEZED.contains(&member)
                    && found.split_whitespace().eq(wanted.split_whitespace()))
        }
        (Value::Array(found), Value::Array(wanted)) if ORDERED.contains(&member) => found == wanted,
        // The server stores most lists as sets.
        (Value::Array(found), Value::Array(wanted)) => {
            let alike = |a: &Value, b: &Value| {
                let exact = parent == ATTRIBUTES;
                if exact {
                    a == b
                } else {
                    same_in(parent, member, a, b)
                }
            };
            let found: Vec<&Value> = found
                .iter()
                .filter(|found| !is_added(member, found, wanted))
                .collect();
            let once = wanted.iter().enumerate().filter(|(index, item)| {
                let mut earlier = wanted.iter().take(*index);
                !SETS.contains(&member) || !earlier.any(|earlier| alike(earlier, item))
            });
            let wanted: Vec<&Value> = once.map(|(_, item)| item).collect();
            pairs_up(&found, &wanted, alike)
        }
        (Value::Object(found), Value::Object(wanted)) => contains(member, found, wanted),
        (found, wanted) => found == wanted || (is_nothing(found) && is_nothing(wanted)),
    }
}

/// Whether each item of one list can be paired with one of the other.
fn pairs_up(found: &[&Value], wanted: &[&Value], alike: impl Fn(&Value, &Value) -> bool) -> bool {
    if found.len() != wanted.len() {
        return false;
    }
    // The partner of each item of `found`.
    let mut pairs: Vec<Option<usize>> = vec![None; found.len()];
    (0..wanted.len()).all(|start| {
        // A pair may be split if its other half finds another partner.
        let mut came_from: Vec<Option<usize>> = vec![None; found.len()];
        let mut waiting = vec![start];
        while let Some(at) = waiting.pop() {
            for place in 0..found.len() {
                let fits = came_from.get(place) == Some(&None)
                    && matches!((found.get(place), wanted.get(at)), (Some(f), Some(w)) if alike(f, w));
                if !fits {
                    continue;
                }
                if let Some(slot) = came_from.get_mut(place) {
                    *slot = Some(at);
                }
                match pairs.get(place).copied().flatten() {
                    Some(other) => waiting.push(other),
                    None => {
                        take_apart(&mut pairs, &came_from, place, start);
                        return true;
                    }
                }
            }
        }
        false
    })
}

/// Pairs the free `place` with the item that it was reached from, and so on back to `start`.
fn take_apart(
    pairs: &mut [Option<usize>],
    came_from: &[Option<usize>],
    mut place: usize,
    start: usize,
) {
    while let Some(at) = came_from.get(place).copied().flatten() {
        let before = pairs.iter().position(|paired| *paired == Some(at));
        if let Some(slot) = pairs.get_mut(place) {
            *slot = Some(at);
        }
        match before {
            Some(before) if at != start => place = before,
            _ => return,
        }
    }
}

/// Whether the server has added the item on its own.
fn is_added(member: &str, found: &Value, wanted: &[Value]) -> bool {
    member == "defaultClientScopes" && found == OF_SERVICE_ACCOUNTS && !wanted.contains(found)
}

fn contains(member: &str, found: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| {
        found.get(key).map_or_else(
            || is_absent(key, wanted),
            |found| same_in(member, key, found, wanted),
        )
    })
}
