//! Overlay actions: what each does, and which are refused or stale.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::small::{self, NAMES};
use keycloak_kit_codegen::overlay::{Applied, apply};

fn overlay(actions: &Value) -> String {
    json!({ "overlay": "1.0.0", "info": {}, "actions": actions }).to_string()
}

fn update(target: &str, value: impl Into<Value>) -> String {
    let value: Value = value.into();
    overlay(&json!([{ "target": target, "description": "because", "update": value }]))
}

fn remove(target: &str) -> String {
    overlay(&json!([{ "target": target, "description": "because", "remove": true }]))
}

#[track_caller]
fn applied(document: &Value, overlay: &str) -> (Value, Applied) {
    let mut document = document.clone();
    let applied = apply(&mut document, overlay).unwrap();
    (document, applied)
}

#[track_caller]
fn becomes(document: &Value, overlay: &str, expected: &Value) {
    let (changed, applied) = applied(document, overlay);
    assert_eq!(changed, *expected);
    assert_eq!((applied.changed, applied.stale), (1, vec![]));
}

#[test]
fn an_update_merges_objects_and_replaces_values() {
    becomes(
        &json!({ "a": { "keep": 1, "deep": { "x": 1, "y": 2 } } }),
        &update("$.a", json!({ "new": true, "deep": { "x": 9 } })),
        &json!({ "a": { "keep": 1, "new": true, "deep": { "x": 9, "y": 2 } } }),
    );
    becomes(
        &json!({ "a": "old" }),
        &update("$.a", json!("new")),
        &json!({ "a": "new" }),
    );
}

#[test]
fn an_update_appends_to_lists() {
    becomes(
        &json!({ "a": [1] }),
        &update("$.a", json!([2, 3])),
        &json!({ "a": [1, 2, 3] }),
    );
    becomes(
        &json!({ "a": [1] }),
        &update("$.a", json!({ "x": 2 })),
        &json!({ "a": [1, { "x": 2 }] }),
    );
    becomes(
        &json!({ "a": { "list": [1] } }),
        &update("$.a", json!({ "list": [2] })),
        &json!({ "a": { "list": [1, 2] } }),
    );
}

#[test]
fn targets_reach_paths_with_slashes_and_members_by_value() {
    becomes(
        &json!({ "paths": { "/a/{b}": { "get": {} }, "/a/b": { "get": {} } } }),
        &update("$.paths['/a/{b}'].get", json!({ "x": 1 })),
        &json!({ "paths": { "/a/{b}": { "get": { "x": 1 } }, "/a/b": { "get": {} } } }),
    );
    becomes(
        &json!({ "p": [{ "name": "a" }, { "name": "b" }] }),
        &update("$.p[?@.name=='b']", json!({ "required": true })),
        &json!({ "p": [{ "name": "a" }, { "name": "b", "required": true }] }),
    );
}

#[test]
fn a_removal_takes_out_members_elements_and_values() {
    becomes(
        &json!({ "a": { "b": 1, "c/d": 2 } }),
        &remove("$.a['c/d']"),
        &json!({ "a": { "b": 1 } }),
    );
    // Taking one element out moves those behind it.
    let list: Vec<Value> = (0..12)
        .map(|n| json!({ "n": n, "in": if n % 3 == 0 { "path" } else { "query" } }))
        .collect();
    let rest: Vec<Value> = list.iter().filter(|n| n["in"] == "path").cloned().collect();
    becomes(
        &json!({ "p": list }),
        &remove("$.p[?@.in=='query']"),
        &json!({ "p": rest }),
    );
    becomes(
        &json!({ "p": [1, 2, 3] }),
        &remove("$.p[1]"),
        &json!({ "p": [1, 3] }),
    );
}

#[test]
fn an_action_that_matches_nothing_is_stale() {
    for action in [remove("$.gone"), update("$.gone.too", json!({ "x": 1 }))] {
        let (document, applied) = applied(&json!({ "a": 1 }), &action);
        assert_eq!(document, json!({ "a": 1 }));
        assert_eq!(applied.changed, 0);
        assert_eq!(applied.stale.len(), 1);
        let says = &applied.stale[0].message;
        assert!(
            says.contains("matches nothing") || says.contains("is not there"),
            "{says}"
        );
    }
}

/// A removal always changes something, so only both together tell that nothing is wrong any more.
#[test]
fn a_removal_and_what_comes_in_its_place_are_stale_together() {
    let correction = overlay(&json!([
        { "target": "$.a.schema", "description": "x", "remove": true },
        { "target": "$.a", "description": "x", "update": { "schema": { "$ref": "#/T" } } },
    ]));
    let right = json!({ "a": { "schema": { "$ref": "#/T" } } });
    let (document, corrected) = applied(
        &json!({ "a": { "schema": { "type": "string" } } }),
        &correction,
    );
    assert_eq!(document, right);
    assert_eq!((corrected.changed, corrected.stale), (2, vec![]));

    let (document, corrected) = applied(&right, &correction);
    assert_eq!(document, right);
    assert_eq!(corrected.changed, 0);
    let subjects: Vec<&str> = corrected.stale.iter().map(|p| p.subject.as_str()).collect();
    assert_eq!(subjects, ["$.a.schema", "$.a"]);
    assert!(
        corrected.stale[0].message.contains("mended"),
        "{:?}",
        corrected.stale
    );
}

#[test]
fn an_action_that_adds_what_is_there_is_stale() {
    let there = json!({ "a": { "x": 1, "l": [1, 2], "more": {} } });
    for value in [
        json!({ "x": 1 }),
        json!({ "l": [2] }),
        json!({}),
        there["a"].clone(),
    ] {
        let (document, applied) = applied(&there, &update("$.a", value.clone()));
        assert_eq!(document, there, "{value}");
        assert_eq!(applied.stale.len(), 1, "{value}");
        let stale = &applied.stale[0];
        assert_eq!((stale.subject.as_str(), stale.rule), ("$.a", "overlay"));
        assert!(stale.message.contains("already there"), "{stale}");
    }
    // One of two places still needs it.
    let (_, applied) = applied(
        &json!([{ "x": 1 }, { "x": 2 }]),
        &update("$[*]", json!({ "x": 1 })),
    );
    assert_eq!((applied.changed, applied.stale), (1, vec![]));
}

#[test]
fn malformed_overlays_are_refused_and_say_where() {
    let action = |action: Value| overlay(&json!([action]));
    for (overlay, subject, says) in [
        ("{".to_owned(), "openapi/overlay.json", "is not an overlay"),
        ("{}".to_owned(), "openapi/overlay.json", "is not an overlay"),
        (
            json!({ "overlay": "2.0.0", "info": {}, "actions": [] }).to_string(),
            "openapi/overlay.json",
            "version 2.0.0",
        ),
        (
            action(json!({ "target": "$.a", "descripton": "typing error", "remove": true })),
            "openapi/overlay.json",
            "descripton",
        ),
        (
            action(json!({ "target": "$.a", "remove": true })),
            "$.a",
            "no description",
        ),
        (
            action(json!({ "target": "$.a", "description": " ", "remove": true })),
            "$.a",
            "no description",
        ),
        (
            action(json!({ "target": "$.a", "description": "x" })),
            "$.a",
            "either remove or update",
        ),
        (
            action(json!({ "target": "$.a", "description": "x", "remove": true, "update": {} })),
            "$.a",
            "either remove or update",
        ),
        (
            action(json!({ "target": "a..[", "description": "x", "remove": true })),
            "a..[",
            "is not a JSONPath",
        ),
    ] {
        let problems = apply(&mut json!({ "a": {} }), &overlay).unwrap_err();
        assert_eq!(problems.0.len(), 1);
        assert_eq!(problems.0[0].subject, subject, "{overlay}");
        assert!(problems.0[0].message.contains(says), "{problems}");
    }
}

/// All stale actions at once: mending one by one would cost a build each.
#[test]
fn stale_actions_stop_a_build_from_the_pinned_document() {
    let stale = overlay(&json!([
        { "target": "$.gone", "description": "x", "remove": true },
        { "target": "$.openapi", "description": "x", "update": "3.0.3" },
    ]));
    let result = small::run(&small::realm(|_| ()), &stale, NAMES, false);
    let problems = result.unwrap_err();
    let subjects: Vec<&str> = problems.0.iter().map(|p| p.subject.as_str()).collect();
    assert_eq!(subjects, ["$.gone", "$.openapi"]);
}
