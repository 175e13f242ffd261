//! The pinned document of the folder above.

use std::fs;
use std::path::Path;

use keycloak_kit_codegen::{Inputs, Output, generate, source};
use pretty_assertions::assert_eq;
use serde_json::Value;

/// A file of `openapi/`.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pinned release's document.
pub fn document() -> String {
    let source = source::parse(&file("SOURCE.toml")).unwrap();
    file(source.pinned_file().unwrap())
}

pub fn supplement() -> String {
    file("supplement.json")
}

fn generated(document: &str) -> Output {
    generate(&Inputs {
        document,
        supplement: &supplement(),
        overlay: &file("overlay.json"),
        names: &file("names.toml"),
        since: &file("since.toml"),
        foreign: false,
    })
    .unwrap_or_else(|problems| panic!("{problems}"))
}

/// `serde_json` keeps a document's order or sorts it, as a feature that any package may switch on
/// has it.
#[test]
fn the_order_of_the_document_does_not_matter() {
    let document = document();
    let usual = generated(&document);
    assert_eq!(usual.report.stale, []);
    assert_eq!(usual.report.proposed, []);
    let backwards = backwards(&serde_json::from_str(&document).unwrap());
    assert_ne!(backwards, document);
    let output = generated(&backwards);
    for ((name, text), (_, usual)) in output.files().into_iter().zip(usual.files()) {
        same(name, text, usual);
    }
}

/// The first line that differs: a diff of a megabyte helps nobody.
#[track_caller]
fn same(name: &str, left: &str, right: &str) {
    let differs = left
        .lines()
        .zip(right.lines())
        .enumerate()
        .find(|(_, (left, right))| left != right);
    if let Some((line, (left, right))) = differs {
        panic!("{name} line {}:\n{left}\n{right}", line + 1);
    }
    assert_eq!(left.len(), right.len(), "{name}");
}

/// JSON text with the members of every object in falling order.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by(|(left, _), (right, _)| right.cmp(left));
            let members: Vec<String> = members
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), backwards(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(backwards).collect();
            format!("[{}]", list.join(","))
        }
        other => other.to_string(),
    }
}
