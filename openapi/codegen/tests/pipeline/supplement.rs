//! What the document lacks is added, and what it has by now is reported.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::small::{self, NAMES, document, get, in_path, realm};
use keycloak_kit_codegen::supplement::{Added, add};

const CLEAR: &str = "/admin/realms/{realm}/clear-cache";

/// A supplement of one operation, `POST` [`CLEAR`]; `change` gets its path item.
fn clear(change: impl FnOnce(&mut Value)) -> Value {
    let mut item = json!({
        "parameters": [in_path("realm")],
        "post": {
            "x-reason": "Undocumented: ClearCacheResource.",
            "summary": "Clear it",
            "parameters": [],
            "responses": { "204": { "description": "No Content" } },
        },
    });
    change(&mut item);
    document(&json!({ CLEAR: item }), &json!({}))
}

#[track_caller]
fn added(document: &Value, supplement: &Value) -> (Value, Added) {
    let mut document = document.clone();
    let added = add(&mut document, &supplement.to_string()).unwrap();
    (document, added)
}

fn names(parameters: &Value) -> Vec<&str> {
    let list = parameters.as_array().unwrap();
    list.iter().map(|p| p["name"].as_str().unwrap()).collect()
}

#[test]
fn operations_and_schemas_are_added() {
    let mut supplement = clear(|_| ());
    supplement["components"]["schemas"] = json!({ "Cache": { "type": "object" } });
    let before = realm(|_| ());
    let (after, added) = added(&before, &supplement);
    assert_eq!((added.operations, added.schemas), (1, 1));
    assert_eq!(added.stale, []);
    let post = &after["paths"][CLEAR]["post"];
    assert_eq!(post["summary"], "Clear it");
    assert!(post.get("x-reason").is_none(), "it is for the reader alone");
    assert_eq!(after["components"]["schemas"]["Cache"]["type"], "object");
    let old = "/admin/realms/{realm}";
    assert_eq!(after["paths"][old], before["paths"][old]);
}

/// A build has it, under the name of the table.
#[test]
fn an_added_operation_becomes_a_call() {
    let names = NAMES.replace(
        "[ids]",
        &format!("\"POST {CLEAR}\" = \"realm.clear_cache\"\n[ids]"),
    );
    let built = small::supplemented(&realm(|_| ()), &clear(|_| ()), &names, false);
    let output = built.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(
        output
            .table
            .contains(&format!("realm.clear_cache() -> ()  <- POST {CLEAR}\n")),
        "{}",
        output.table
    );
    assert!(
        output
            .report
            .applied
            .contains(&"supplement: 1 operations, 0 schemas".to_owned())
    );
}

#[test]
fn parameters_of_the_path_are_those_of_each_operation() {
    let (after, _) = added(&realm(|_| ()), &clear(|_| ()));
    assert_eq!(
        names(&after["paths"][CLEAR]["post"]["parameters"]),
        ["realm"]
    );
    // And of an operation that says nothing of parameters.
    let silent = clear(|item| {
        item["post"].as_object_mut().unwrap().remove("parameters");
    });
    let (after, _) = added(&realm(|_| ()), &silent);
    assert_eq!(
        names(&after["paths"][CLEAR]["post"]["parameters"]),
        ["realm"]
    );
}

#[test]
fn parameters_of_the_documents_own_path_are_not_doubled() {
    let answer = json!({ "type": "string" });
    let there = document(
        &json!({ CLEAR: { "parameters": [in_path("realm")], "get": get(&json!([]), &answer) } }),
        &json!({}),
    );
    let with_query = clear(|item| {
        let query = json!({ "name": "now", "in": "query", "schema": { "type": "boolean" } });
        item["post"]["parameters"] = json!([query]);
    });
    let (after, added) = added(&there, &with_query);
    assert_eq!(added.operations, 1);
    let item = &after["paths"][CLEAR];
    assert_eq!(names(&item["parameters"]), ["realm"]);
    assert_eq!(names(&item["post"]["parameters"]), ["now"]);
}

#[test]
fn what_the_document_has_stays_and_is_stale() {
    let mine = json!({ "summary": "The vendor's own" });
    for path in [CLEAR, "/admin/realms/{name}/clear-cache"] {
        let there = document(
            &json!({ path: { "post": mine } }),
            &json!({ "Cache": { "type": "string" } }),
        );
        let mut supplement = clear(|_| ());
        supplement["components"]["schemas"] = json!({ "Cache": { "type": "object" } });
        let (after, added) = added(&there, &supplement);
        assert_eq!(after, there);
        assert_eq!((added.operations, added.schemas), (0, 0));
        let stale: Vec<_> = added
            .stale
            .iter()
            .map(|p| (p.rule, p.subject.as_str()))
            .collect();
        let operation = format!("POST {CLEAR}");
        assert_eq!(
            stale,
            [
                ("supplement", operation.as_str()),
                ("supplement", "schema Cache")
            ]
        );
        for problem in &added.stale {
            assert!(
                problem.message.contains("the release mended it; delete it"),
                "{problem}"
            );
        }
    }
}

#[test]
fn a_stale_supplement_stops_a_build_from_the_pinned_document_only() {
    let there = "/admin/realms/{realm}";
    let mut supplement = clear(|_| ());
    let item = supplement["paths"][CLEAR].take();
    supplement["paths"] = json!({ there: { "get": item["post"] } });
    let refused = small::supplemented(&realm(|_| ()), &supplement, NAMES, false);
    let problems = refused.unwrap_err();
    let subjects: Vec<&str> = problems.0.iter().map(|p| p.subject.as_str()).collect();
    assert_eq!(subjects, [format!("GET {there}")]);

    let foreign = small::supplemented(&realm(|_| ()), &supplement, NAMES, true);
    let report = foreign
        .unwrap_or_else(|problems| panic!("{problems}"))
        .report;
    assert_eq!(report.stale.len(), 1);
    let message = &report.stale[0].message;
    assert!(
        message.contains("mended") && !message.contains("delete"),
        "{message}"
    );
}

#[test]
fn an_operation_must_say_where_it_was_found() {
    for reason in [None, Some(json!(" ")), Some(json!(1))] {
        let supplement = clear(|item| {
            let post = item["post"].as_object_mut().unwrap();
            match &reason {
                Some(reason) => post.insert("x-reason".into(), reason.clone()),
                None => post.remove("x-reason"),
            };
        });
        let mut document = realm(|_| ());
        let problems = add(&mut document, &supplement.to_string()).unwrap_err();
        assert_eq!(problems.0.len(), 1);
        let problem = &problems.0[0];
        assert_eq!(problem.subject, format!("POST {CLEAR}"));
        assert!(problem.message.contains("has no x-reason"), "{problem}");
    }
}

#[test]
fn a_supplement_that_is_none() {
    let problems = add(&mut realm(|_| ()), "{").unwrap_err();
    assert_eq!(problems.0[0].subject, "openapi/supplement.json");
    assert!(problems.0[0].message.contains("is not JSON"), "{problems}");
}

/// What is written for one release may refer to a type that another release's document lacks.
#[test]
fn what_refers_to_nothing_is_left_out_and_said() {
    let answer = json!({ "$ref": "#/components/schemas/Answer" });
    let mut supplement = clear(|item| {
        item["post"]["responses"]["200"] =
            json!({ "content": { "application/json": { "schema": answer } } });
    });
    let detail = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Detail" } });
    supplement["components"]["schemas"] =
        json!({ "Answer": { "type": "object", "properties": { "detail": detail } } });
    let (_, with_detail) = {
        let mut document = realm(|_| ());
        document["components"]["schemas"]["Detail"] = json!({ "type": "object" });
        added(&document, &supplement)
    };
    assert_eq!((with_detail.operations, with_detail.schemas), (1, 1));
    assert_eq!(with_detail.stale, []);

    let (document, without) = added(&realm(|_| ()), &supplement);
    assert_eq!(document, realm(|_| ()));
    let stale: Vec<String> = without.stale.iter().map(ToString::to_string).collect();
    assert_eq!(
        stale,
        [
            format!("POST {CLEAR}: refers to Answer, which the release does not have; correct it [supplement]"),
            "schema Answer: refers to Detail, which the release does not have; correct it [supplement]".to_owned(),
        ]
    );
}
