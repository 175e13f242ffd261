//! Step 3, overlay: single facts the document gets wrong, as OpenAPI Overlay 1.0 actions.
//!
//! An action that matches nothing, or changes nothing, is reported: the release mended what it
//! corrected, and the action must go. A removal and the update that follows it, which puts
//! something else in its place, are one correction.

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::problem::{MENDED, Problem, Problems};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    overlay: String,
    #[allow(dead_code, reason = "the format demands it; nothing reads it")]
    info: Value,
    #[allow(dead_code, reason = "names the document for people")]
    extends: Option<String>,
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    description: Option<String>,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

/// What came of an overlay.
#[derive(Debug, Default)]
pub struct Applied {
    /// How many actions changed the document.
    pub changed: usize,
    /// Actions that no longer say anything the document does not.
    pub stale: Vec<Problem>,
}

/// Applies every action in order; malformed ones are errors, stale ones are listed.
pub fn apply(document: &mut Value, overlay: &str) -> Result<Applied, Problems> {
    let overlay: Overlay = serde_json::from_str(overlay).map_err(|error| {
        refuse(
            "openapi/overlay.json",
            format!("is not an overlay: {error}"),
        )
    })?;
    if overlay.overlay != "1.0.0" {
        return Err(refuse(
            "openapi/overlay.json",
            format!("is overlay version {}, expected 1.0.0", overlay.overlay),
        ));
    }
    for action in &overlay.actions {
        if action
            .description
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
        {
            return Err(refuse(
                &action.target,
                "has no description; say why it is needed".into(),
            ));
        }
        if action.remove == action.update.is_some() {
            return Err(refuse(
                &action.target,
                "must either remove or update".into(),
            ));
        }
    }
    let mut applied = Applied::default();
    let mut actions = overlay.actions.iter().peekable();
    while let Some(action) = actions.next() {
        let put_back = actions.next_if(|next| {
            action.remove && next.update.is_some() && action.target.starts_with(&next.target)
        });
        match put_back {
            None => applied.note(action, one(document, action)?),
            Some(next) => replace(document, action, next, &mut applied)?,
        }
    }
    Ok(applied)
}

impl Applied {
    fn note(&mut self, action: &Action, stale: Option<String>) {
        match stale {
            None => self.changed += 1,
            Some(message) => {
                self.stale
                    .push(Problem::new("overlay", &action.target, message));
            }
        }
    }
}

/// A removal and what comes in its place. Both are stale where the document is as it was.
fn replace(
    document: &mut Value,
    removal: &Action,
    update: &Action,
    applied: &mut Applied,
) -> Result<(), Problems> {
    let before = values(document, &update.target)?;
    let (removed, updated) = (one(document, removal)?, one(document, update)?);
    let changes = removed.is_none() && updated.is_none();
    if changes && before == values(document, &update.target)? {
        for action in [removal, update] {
            let message = format!("says what is already there: {MENDED}; delete the action");
            applied.note(action, Some(message));
        }
    } else {
        applied.note(removal, removed);
        applied.note(update, updated);
    }
    Ok(())
}

/// What stands at a target.
fn values(document: &Value, target: &str) -> Result<Vec<Value>, Problems> {
    Ok(parse(target)?
        .query(document)
        .all()
        .into_iter()
        .cloned()
        .collect())
}

fn parse(target: &str) -> Result<JsonPath, Problems> {
    JsonPath::parse(target).map_err(|error| refuse(target, format!("is not a JSONPath: {error}")))
}

fn refuse(subject: &str, message: String) -> Problems {
    Problems::one(Problem::new("overlay", subject, message))
}

/// Applies one action; `Some` says why it is stale.
fn one(document: &mut Value, action: &Action) -> Result<Option<String>, Problems> {
    let mut places: Vec<String> = parse(&action.target)?
        .query_located(document)
        .iter()
        .map(|node| node.location().to_json_pointer())
        .collect();
    if places.is_empty() {
        return Ok(Some(if action.remove {
            format!("removes what is not there: {MENDED}; delete the action")
        } else {
            "matches nothing: the release no longer has it; delete the action".into()
        }));
    }
    let mut unchanged = 0;
    if let Some(update) = &action.update {
        for place in &places {
            let Some(node) = document.pointer_mut(place) else {
                continue;
            };
            if covers(node, update) {
                unchanged += 1;
            } else {
                merge(node, update);
            }
        }
    } else {
        // Later elements first, so that removing one does not move the next.
        places.sort_by_key(|place| std::cmp::Reverse(index_key(place)));
        for place in &places {
            remove(document, place);
        }
    }
    Ok((unchanged == places.len())
        .then(|| format!("adds what is already there: {MENDED}; delete the action")))
}

/// Whether `node` already says all that `update` says.
fn covers(node: &Value, update: &Value) -> bool {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => update
            .iter()
            .all(|(key, value)| node.get(key).is_some_and(|node| covers(node, value))),
        (Value::Array(node), Value::Array(update)) => {
            update.iter().all(|value| node.contains(value))
        }
        (node, update) => node == update,
    }
}

/// Objects merge, arrays grow, anything else is replaced: the specification's words.
fn merge(node: &mut Value, update: &Value) {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => {
            for (key, value) in update {
                match node.get_mut(key) {
                    Some(present) if present.is_object() || present.is_array() => {
                        merge(present, value);
                    }
                    _ => {
                        node.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(node), Value::Array(update)) => node.extend(update.iter().cloned()),
        (Value::Array(node), update) => node.push(update.clone()),
        (node, update) => *node = update.clone(),
    }
}

/// A sort key that puts element 10 of a list after element 9.
fn index_key(pointer: &str) -> Vec<(usize, String)> {
    pointer
        .split('/')
        .map(|part| (part.parse().unwrap_or(0), part.to_owned()))
        .collect()
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    let last = last.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&last);
        }
        Some(Value::Array(list)) => {
            if let Some(index) = last
                .parse::<usize>()
                .ok()
                .filter(|index| *index < list.len())
            {
                list.remove(index);
            }
        }
        _ => {}
    }
}
