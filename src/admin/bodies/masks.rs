//! Ten asterisks: the mask that the server shows in place of a secret.

use serde_json::{Map, Value};

use super::Purpose;
use super::fields::{self, Field};
use crate::operation::Operation;
use crate::secret::MASK;
use crate::{Result, error};

/// Members in which every call stores the mask as the secret.
const ALWAYS: &[(&str, &str)] = &[
    ("ClientRepresentation", "attributes"),
    ("ClientRepresentation", "secret"),
];

/// Members in which a mask keeps the stored secret, which a new object does not have.
const WHEN_NEW: &[(&str, &str)] = &[
    ("AuthenticatorConfigRepresentation", "config"),
    ("ComponentExportRepresentation", "config"),
    ("ComponentRepresentation", "config"),
    ("IdentityProviderRepresentation", "config"),
    ("RealmRepresentation", "smtpServer"),
];

/// Refuses masks and empty values that the server would store as secrets.
pub(super) fn refuse(
    op: &Operation,
    ty: &str,
    purpose: Purpose,
    body: &Map<String, Value>,
) -> Result<()> {
    let fields = fields::all(ty, body);
    refuse_empty(op, ty, purpose, &fields)?;
    let mut stored = Vec::new();
    for field in fields {
        let place = (field.ty, field.member);
        // An update of a realm does not write the objects in it.
        let always = ALWAYS.contains(&place) && (purpose != Purpose::Update || field.ty == ty);
        if always || purpose != Purpose::Update && WHEN_NEW.contains(&place) {
            masked(&field.path, field.value, &mut stored);
        }
    }
    if stored.is_empty() {
        return Ok(());
    }
    let keep = match purpose {
        Purpose::Update => "leave it out to keep the secret",
        Purpose::Create | Purpose::Import => {
            "there is no stored secret to keep: set the real secret, or leave it out"
        }
    };
    Err(error::masked_secrets(op, &stored, keep, "handle"))
}

/// The server stores an empty client secret.
fn refuse_empty(op: &Operation, ty: &str, purpose: Purpose, fields: &[Field<'_>]) -> Result<()> {
    let stored: Vec<String> = fields
        .iter()
        .filter(|field| (field.ty, field.member) == ("ClientRepresentation", "secret"))
        .filter(|field| purpose != Purpose::Update || field.ty == ty)
        .filter(|field| field.value.as_str() == Some(""))
        .map(|field| field.path.clone())
        .collect();
    if stored.is_empty() {
        return Ok(());
    }
    let instead = "leave it out to keep the secret, or to have one made";
    Err(error::empty_secrets(op, &stored, instead, "handle"))
}

fn masked(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text == MASK => found.push(path.to_owned()),
        Value::Array(list) => list.iter().for_each(|value| masked(path, value, found)),
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| masked(&format!("{path}.{key}"), value, found)),
        _ => {}
    }
}
