//! Types that go by another name than the document's, because that name is taken in the crate.

use serde_json::Value;

use crate::names::Table;
use crate::problem::{Problem, Problems};

const REFERENCE: &str = "#/components/schemas/";

/// Gives the schemas of the table their names, and everything that refers to them.
pub fn rename(document: &mut Value, table: &Table, foreign: bool) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for (from, to) in &table.types {
        let Some(schemas) = document
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut)
        else {
            continue;
        };
        let refuse = |why: &str| {
            let subject = format!("[types] {from}");
            Problem::new("names", subject, format!("{why}; delete the row"))
        };
        if schemas.contains_key(to) {
            problems.push(refuse("takes the name of a type that the document has"));
            continue;
        }
        match schemas.remove(from) {
            Some(schema) => {
                schemas.insert(to.clone(), schema);
                refer(
                    document,
                    &format!("{REFERENCE}{from}"),
                    &format!("{REFERENCE}{to}"),
                );
            }
            None if foreign => {}
            None => problems.push(refuse("names no type of the document")),
        }
    }
    Problems(problems).or(())
}

fn refer(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                match value {
                    Value::String(target) if member == "$ref" && target == from => {
                        to.clone_into(target);
                    }
                    value => refer(value, from, to),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| refer(value, from, to)),
        _ => {}
    }
}
