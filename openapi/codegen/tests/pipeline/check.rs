//! What the generator cannot take is refused with operation and rule, and never by a panic.

use serde_json::{Value, json};

use super::small::{NAMES, REALM, build, document, get, in_path, realm, refusal};

/// Refuses the small document after `change`; gives the message.
#[track_caller]
fn refused(rule: &str, change: impl FnOnce(&mut Value)) -> String {
    refusal(build(&realm(change), NAMES), REALM, rule)
}

#[track_caller]
fn refused_parameters(rule: &str, more: &[Value]) -> String {
    refused(rule, |get| {
        get["parameters"]
            .as_array_mut()
            .unwrap()
            .extend_from_slice(more);
    })
}

#[test]
fn the_small_document_itself_is_taken() {
    let output = build(&realm(|_| ()), NAMES).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(output.table, format!("realm.get() -> String  <- {REALM}\n"));
}

#[test]
fn a_document_that_is_none() {
    for (text, says) in [
        ("{", "is not JSON"),
        (
            r#"{ "openapi": "3.1.0", "paths": { "/": {} } }"#,
            "is OpenAPI 3.1.0",
        ),
        (r#"{ "paths": { "/": {} } }"#, "is OpenAPI none"),
        (r#"{ "openapi": "3.0.3" }"#, "has no paths"),
        (r#"{ "openapi": "3.0.3", "paths": {} }"#, "has no paths"),
    ] {
        let problems = keycloak_kit_codegen::document::load(text)
            .unwrap_err()
            .to_string();
        assert!(
            problems.contains(says) && problems.contains("[load]"),
            "{problems}"
        );
    }
}

#[test]
fn path_parameters_must_be_declared_and_required() {
    let says = refused("path parameters", |get| get["parameters"] = json!([]));
    assert!(
        says.contains("does not declare") && says.contains("realm"),
        "{says}"
    );
    let says = refused("path parameters", |get| {
        get["parameters"][0]["required"] = json!(false)
    });
    assert!(says.contains("optional path parameter realm"), "{says}");
}

#[test]
fn a_pattern_in_a_path_is_refused() {
    const PATTERN: &str = "/admin/realms/{realm: [a-z]+}";
    let operation = get(&json!([in_path("realm")]), &json!({ "type": "string" }));
    let document = document(&json!({ PATTERN: { "get": operation } }), &json!({}));
    let names = format!(
        "[handles]\n\"realm\" = \"{PATTERN}\"\n[operations]\n\"GET {PATTERN}\" = \"realm.get\"\n\
         [ids]\n\"realm: [a-z]+\" = \"RealmName\"\n"
    );
    let says = refusal(
        build(&document, &names),
        &format!("GET {PATTERN}"),
        "path parameters",
    );
    assert!(says.contains("has a pattern"), "{says}");
}

#[test]
fn other_parameters_than_path_query_and_header() {
    let cookie = json!({ "name": "c", "in": "cookie", "schema": { "type": "string" } });
    let says = refused_parameters("parameters", &[cookie]);
    assert!(says.contains("cookie parameter c"), "{says}");
    let bare = json!({ "name": "q", "in": "query" });
    let says = refused_parameters("parameters", &[bare]);
    assert!(says.contains("parameter q without a schema"), "{says}");
    let content = json!({ "name": "q", "in": "query", "content": { "application/json": {} } });
    refused_parameters("parameters", &[content]);
    let reference = json!({ "$ref": "#/components/parameters/q" });
    let says = refused_parameters("parameters", &[reference]);
    assert!(says.contains("by reference"), "{says}");
}

#[test]
fn two_parameters_of_one_name() {
    let query = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    // Both would be one argument or one setter.
    let says = refused_parameters("parameters", &[query("realm")]);
    assert!(says.contains("two parameters called realm"), "{says}");
    refused_parameters("parameters", &[query("isOffline"), query("is_offline")]);
}

#[test]
fn parameters_that_the_facade_cannot_send() {
    let header = json!({ "name": "h", "in": "header", "schema": { "type": "string" } });
    let says = refused_parameters("facade", &[header]);
    assert!(
        says.contains("neither of the path nor of the query"),
        "{says}"
    );
    for schema in [
        json!({ "type": "number" }),
        json!({ "type": "object" }),
        json!({ "type": "array", "items": { "type": "integer" } }),
        json!({ "not": { "type": "string" } }),
        json!({ "$ref": "elsewhere.json#/X" }),
        json!({}),
    ] {
        let query = json!({ "name": "n", "in": "query", "schema": schema });
        let says = refused_parameters("facade", &[query]);
        assert!(
            says.contains("parameter n of a type without a setter"),
            "{says}"
        );
    }
}

#[test]
fn bodies_that_cannot_be_sent() {
    const RULE: &str = "request media types";
    for media_type in ["multipart/form-data", "application/xml", "application/yaml"] {
        let says = refused(RULE, |get| {
            get["requestBody"] =
                json!({ "content": { media_type: { "schema": { "type": "object" } } } });
        });
        assert!(says.contains(&format!("takes only {media_type}")), "{says}");
    }
    for (body, wrong) in [
        (json!({}), "without content"),
        (
            json!({ "content": { "application/json": {} } }),
            "without a schema",
        ),
        (
            json!({ "content": { "application/json": {
                "schema": { "type": "string", "format": "binary" } } } }),
            "documented as binary",
        ),
        (
            json!({ "content": { "text/plain": { "schema": { "type": "object" } } } }),
            "takes only text/plain",
        ),
    ] {
        let says = refused(RULE, |get| get["requestBody"] = body);
        assert!(says.contains(wrong), "{says}");
    }
}

#[test]
fn an_answer_without_a_schema() {
    let says = refused("one success answer", |get| {
        get["responses"] = json!({ "200": { "content": { "application/json": {} } } });
    });
    assert!(says.contains("answers JSON without a schema"), "{says}");
}

#[test]
fn several_answers_and_errors_are_no_panic() {
    let none = json!({ "description": "x" });
    let body = |ty: &str| {
        json!({
            "description": "x",
            "content": { "application/json": { "schema": { "type": ty } } },
        })
    };
    for responses in [
        json!({ "200": body("string"), "201": body("boolean") }),
        json!({ "200": body("string"), "204": none }),
        json!({ "200": body("string"), "default": body("boolean") }),
        json!({ "200": body("string"), "400": body("boolean"), "404": none }),
        json!({ "204": none, "400": body("boolean"), "500": body("string") }),
        json!({}),
    ] {
        let document = realm(|get| get["responses"] = responses.clone());
        if let Err(problems) = build(&document, NAMES) {
            panic!("{responses}: {problems}");
        }
    }
}

#[test]
fn a_reference_to_nothing_names_the_operation() {
    let missing = json!({ "$ref": "#/components/schemas/Missing" });
    let document = document(
        &json!({ "/admin/realms/{realm}": { "get": get(&json!([in_path("realm")]), &missing) } }),
        &json!({}),
    );
    let says = refusal(build(&document, NAMES), REALM, "facade");
    assert!(
        says.contains("#/components/schemas/Missing, which is not in the document"),
        "{says}"
    );
}

/// One operation that cannot be taken must not hide behind one that can.
#[test]
fn only_the_operation_at_fault_is_named() {
    let good = get(&json!([in_path("realm")]), &json!({ "type": "string" }));
    let missing = json!({ "$ref": "#/components/schemas/Missing" });
    let bad = get(&json!([in_path("realm")]), &missing);
    let document = document(
        &json!({ "/admin/realms/{realm}": { "get": good, "delete": bad } }),
        &json!({}),
    );
    let names = NAMES.replace(
        "[ids]",
        "\"DELETE /admin/realms/{realm}\" = \"realm.delete\"\n[ids]",
    );
    let problems = build(&document, &names).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert_eq!(problems.0[0].subject, "DELETE /admin/realms/{realm}");
}

#[test]
fn a_call_without_a_summary() {
    let says = refused("facade", |get| {
        get.as_object_mut().unwrap().remove("summary");
    });
    assert!(
        says.contains("[summaries]") && says.contains("\"realm.get\""),
        "{says}"
    );
}

#[test]
fn bodies_and_answers_that_no_type_is_made_of_name_the_operation() {
    for schema in [
        json!({ "not": { "type": "string" } }),
        json!({ "allOf": [] }),
        json!({ "$ref": "elsewhere.json#/X" }),
        json!({ "type": "array", "items": { "oneOf": [] } }),
    ] {
        for place in ["answer", "body"] {
            let says = refused("facade", |get| {
                let content = json!({ "application/json": { "schema": schema } });
                match place {
                    "answer" => get["responses"]["200"]["content"] = content,
                    _ => get["requestBody"] = json!({ "content": content }),
                }
            });
            assert!(says.contains("overlay action"), "{place} {schema}: {says}");
        }
    }
}

/// Each of these is an assertion inside progenitor or the type generator under it.
#[test]
fn schemas_that_stop_progenitor_are_named() {
    for schema in [
        json!({ "type": "object", "properties": { "a": { "type": "string", "default": 5 } } }),
        json!({ "type": "object", "properties": { "a": { "not": { "type": "string" } } } }),
        json!({ "type": "object", "properties": { "a": { "allOf": [] } } }),
        json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "(" } } }),
    ] {
        let named = json!({ "$ref": "#/components/schemas/Bad" });
        let operation = get(&json!([in_path("realm")]), &named);
        let good = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        let document = document(
            &json!({ "/admin/realms/{realm}": { "get": operation } }),
            &json!({ "Bad": schema, "Good": good }),
        );
        let says = refusal(build(&document, NAMES), "schema Bad", "progenitor");
        assert!(says.contains("overlay action"), "{schema}: {says}");
        // Written in place it has the name of its call.
        let document = realm(|get| {
            get["responses"]["200"]["content"]["application/json"]["schema"] = schema.clone();
        });
        let problems = build(&document, NAMES).unwrap_err();
        assert_eq!(problems.0[0].subject, "schema GetResponse", "{problems}");
    }
}

#[test]
fn an_object_without_a_name_takes_none_that_is_there() {
    let object = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let operation = get(&json!([in_path("realm")]), &object);
    let document = document(
        &json!({ "/admin/realms/{realm}": { "get": operation } }),
        &json!({ "GetResponse": object }),
    );
    let says = refusal(build(&document, NAMES), REALM, "types");
    assert!(says.contains("GetResponse, is a schema's"), "{says}");
}

/// An open enum has a variant for each value, and `Other`.
#[test]
fn enum_values_that_rust_cannot_tell_apart() {
    for (values, says) in [
        (json!(["a", "A"]), "\"A\" and \"a\""),
        (json!(["LEFT_OUT", "left-out"]), "\"LEFT_OUT\""),
        (json!(["MINE", "OTHER"]), "\"OTHER\""),
        (json!(["1ST"]), "\"1ST\""),
        (json!([""]), "\"\""),
    ] {
        let operation = get(&json!([in_path("realm")]), &json!({ "type": "string" }));
        let document = document(
            &json!({ "/admin/realms/{realm}": { "get": operation } }),
            &json!({ "Kind": { "type": "string", "enum": values } }),
        );
        let message = refusal(build(&document, NAMES), "schema Kind", "open enums");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn parameters_whose_names_rust_does_not_take() {
    for name in ["1st", "", "é"] {
        let query = json!({ "name": name, "in": "query", "schema": { "type": "string" } });
        let document = realm(|get| get["parameters"].as_array_mut().unwrap().push(query));
        if let Err(problems) = build(&document, NAMES) {
            assert_eq!(problems.0[0].subject, REALM, "{problems}");
        }
    }
}
