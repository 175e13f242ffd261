//! The members of a body, with their types.

use serde_json::{Map, Value};

use crate::newer::TYPES;

/// A member of an object somewhere in a body.
pub(super) struct Field<'a> {
    /// The path, such as `clients[0].type`.
    pub(super) path: String,
    /// The type of the object.
    pub(super) ty: &'static str,
    pub(super) member: &'a str,
    pub(super) value: &'a Value,
    /// Whether this crate's type has the member.
    pub(super) known: bool,
}

fn members(ty: &str) -> Option<(&'static str, &'static [(&'static str, &'static str)])> {
    let index = TYPES.binary_search_by(|(name, _)| (*name).cmp(ty)).ok()?;
    TYPES.get(index).copied()
}

/// Whether a type's members are known.
pub(super) fn is_known(ty: &str) -> bool {
    members(ty).is_some()
}

/// Whether a type has this member.
pub(super) fn has(ty: &str, member: &str) -> bool {
    members(ty).is_some_and(|(_, members)| members.iter().any(|(name, _)| *name == member))
}

/// Returns every member of a body, at every depth.
pub(super) fn all<'a>(ty: &str, body: &'a Map<String, Value>) -> Vec<Field<'a>> {
    let mut all = Vec::new();
    object(ty, "", body, &mut all);
    all
}

fn object<'a>(ty: &str, above: &str, object: &'a Map<String, Value>, all: &mut Vec<Field<'a>>) {
    let Some((ty, members)) = members(ty) else {
        return;
    };
    for (member, value) in object {
        let path = if above.is_empty() {
            member.clone()
        } else {
            format!("{above}.{member}")
        };
        let known = members.iter().find(|(name, _)| name == member);
        let inside = known.map(|(_, inside)| *inside).filter(|ty| !ty.is_empty());
        let above = inside.map(|ty| (ty, path.clone()));
        all.push(Field {
            path,
            ty,
            member,
            value,
            known: known.is_some(),
        });
        if let Some((inside, above)) = above {
            inner(inside, &above, value, all);
        }
    }
}

/// Adds the contents of a member. A type with an asterisk in front is that of a map's values.
fn inner<'a>(ty: &str, path: &str, value: &'a Value, all: &mut Vec<Field<'a>>) {
    match (value, ty.strip_prefix('*')) {
        (Value::Object(map), Some(ty)) => {
            for (key, value) in map {
                inner(ty, &format!("{path}.{key}"), value, all);
            }
        }
        (Value::Object(members), None) => object(ty, path, members, all),
        (Value::Array(list), _) => {
            for (index, value) in list.iter().enumerate() {
                inner(ty, &format!("{path}[{index}]"), value, all);
            }
        }
        _ => {}
    }
}
