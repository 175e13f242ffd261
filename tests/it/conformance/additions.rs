//! Makes a newer server of a real one: every object of an answer has a member that no release has.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::recorded::document::document;
use crate::support::relay::Changes;

/// The member; its value is an object, in which one more is found.
const MEMBER: &str = "x-newer-server";

/// What is added to answers.
#[derive(Clone, Default)]
pub struct Additions(Arc<Mutex<Option<Value>>>);

impl Additions {
    /// From now on answers are of this schema, and get members; `None` leaves them as they are.
    pub fn to(&self, schema: Option<&Value>) {
        *self.0.lock().unwrap() = schema.cloned();
    }
}

impl Changes for Additions {
    fn answer(&self, media_type: Option<&str>, body: Vec<u8>) -> Vec<u8> {
        let schema = self.0.lock().unwrap();
        match (&*schema, media_type, serde_json::from_slice(&body)) {
            (Some(schema), Some("application/json"), Ok(mut value)) => {
                add(schema, &mut value);
                value.to_string().into_bytes()
            }
            _ => body,
        }
    }
}

/// The keys of a map are data: what is added to one is an entry like the others.
fn add(schema: &Value, value: &mut Value) {
    if let Some(target) = schema["$ref"].as_str() {
        let named = document().pointer(target.trim_start_matches('#'));
        return add(named.unwrap(), value);
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| add(&schema["items"], item)),
        Value::Object(members) => {
            let other = &schema["additionalProperties"];
            for (name, member) in members.iter_mut() {
                add(schema["properties"].get(name).unwrap_or(other), member);
            }
            let added = match schema.get("properties") {
                Some(_) => Some(json!({ "list": [1, null], "text": "é" })),
                None => members.values().next().cloned(),
            };
            members.extend(added.map(|added| (MEMBER.to_owned(), added)));
        }
        _ => {}
    }
}
