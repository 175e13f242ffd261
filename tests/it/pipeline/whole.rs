//! The pinned document: what is generated from it is reviewed, and always the same.

use std::fs;

use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::codegen::{Inputs, Output, generate};

pub const DOCUMENT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/openapi/keycloak-26.7.4.json"
));
pub const SUPPLEMENT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/openapi/supplement.json"
));
const OVERLAY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/overlay.json"));
const NAMES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/names.toml"));
const SINCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/since.toml"));
const OPERATIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/operations.txt"));
const SNAPSHOT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/snapshots/operations.txt"
);

fn generated(document: &str) -> Output {
    generate(&Inputs {
        document,
        supplement: SUPPLEMENT,
        overlay: OVERLAY,
        names: NAMES,
        since: SINCE,
        foreign: false,
    })
    .unwrap_or_else(|problems| panic!("{problems}"))
}

/// The public calls, as a review sees them.
#[test]
fn the_operation_table_is_the_reviewed_one() {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(SNAPSHOT, OPERATIONS).unwrap();
    }
    let reviewed = fs::read_to_string(SNAPSHOT).unwrap();
    assert_eq!(
        reviewed, OPERATIONS,
        "the public calls have changed; UPDATE_SNAPSHOTS=1 takes them over for review"
    );
}

/// The build script and the tests may have other features of the same packages.
#[test]
fn the_build_script_generates_what_the_tests_do() {
    let files = [
        include_str!(concat!(env!("OUT_DIR"), "/representations.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/facade.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/newer.rs")),
        include_str!(concat!(env!("OUT_DIR"), "/calls.rs")),
        OPERATIONS,
    ];
    let output = generated(DOCUMENT);
    assert_eq!(output.report.stale, []);
    assert_eq!(output.report.proposed, []);
    for ((name, text), built) in output.files().into_iter().zip(files) {
        same(name, text, built);
    }
}

/// `serde_json` keeps a document's order or sorts it, as a feature that any package may switch on
/// has it.
#[test]
fn the_order_of_the_document_does_not_matter() {
    let usual = generated(DOCUMENT);
    let backwards = backwards(&serde_json::from_str(DOCUMENT).unwrap());
    assert_ne!(backwards, DOCUMENT);
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
