//! Ten asterisks: what the server shows in place of a secret.

use serde_json::{Map, Value};

use super::Way;
use super::fields::{self, Field};
use crate::operation::Operation;
use crate::secret::MASK;
use crate::{Result, error};

/// Where a mask becomes the secret in every call.
const ALWAYS: &[(&str, &str)] = &[
    ("ClientRepresentation", "attributes"),
    ("ClientRepresentation", "secret"),
];

/// Where a mask keeps the stored secret, which a new object does not have.
const WHEN_NEW: &[(&str, &str)] = &[
    ("AuthenticatorConfigRepresentation", "config"),
    ("ComponentExportRepresentation", "config"),
    ("ComponentRepresentation", "config"),
    ("IdentityProviderRepresentation", "config"),
    ("RealmRepresentation", "smtpServer"),
];

/// Refuses masks, and nothing, that the server would store as secrets.
pub(super) fn refuse(op: &Operation, ty: &str, way: Way, body: &Map<String, Value>) -> Result<()> {
    let fields = fields::all(ty, body);
    refuse_empty(op, ty, way, &fields)?;
    let mut stored = Vec::new();
    for field in fields {
        let place = (field.ty, field.member);
        // What is below a realm is not written by its update.
        let always = ALWAYS.contains(&place) && (way != Way::Update || field.ty == ty);
        if always || way != Way::Update && WHEN_NEW.contains(&place) {
            masked(&field.path, field.value, &mut stored);
        }
    }
    if stored.is_empty() {
        return Ok(());
    }
    let keep = match way {
        Way::Update => "leave it out to keep the secret",
        Way::Create | Way::Import => {
            "nothing is there yet that it could keep: set the real secret, or leave it out"
        }
    };
    Err(error::masked_secrets(op, &stored, keep, "handle"))
}

/// An empty client secret is stored as it is.
fn refuse_empty(op: &Operation, ty: &str, way: Way, fields: &[Field<'_>]) -> Result<()> {
    let stored: Vec<String> = fields
        .iter()
        .filter(|field| (field.ty, field.member) == ("ClientRepresentation", "secret"))
        .filter(|field| way != Way::Update || field.ty == ty)
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
