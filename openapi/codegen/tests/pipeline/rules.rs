//! Each rule on a document small enough to see what it does.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::small::{NAMES, build, document, realm};
use keycloak_kit_codegen::rules::RULES;

/// Applies the rule of this name; gives what it counted.
#[track_caller]
fn apply(name: &str, document: &mut Value) -> usize {
    let (_, rule) = RULES
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("no rule {name}"));
    rule(document)
}

fn operation(document: &Value) -> &Value {
    &document["paths"]["/admin/realms/{realm}"]["get"]
}

#[test]
fn json_is_the_request_media_type_where_there_is_a_choice() {
    const RULE: &str = "one request media type, JSON first";
    for (offered, kept, counted) in [
        (
            vec!["application/yaml", "application/json", "a/b"],
            "application/json",
            1,
        ),
        (vec!["*/*", "application/xml"], "application/json", 1),
        (vec!["text/plain", "application/xml"], "application/xml", 1),
        (vec!["text/plain"], "text/plain", 0),
    ] {
        let content: Value = offered
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({ "schema": {} })))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut document = realm(|get| get["requestBody"] = json!({ "content": content }));
        assert_eq!(apply(RULE, &mut document), counted, "{offered:?}");
        let body = &operation(&document)["requestBody"];
        assert_eq!(
            *body,
            json!({ "required": true, "content": { kept: { "schema": {} } } })
        );
    }
}

#[test]
fn the_lowest_success_with_a_body_is_the_answer() {
    const RULE: &str = "one success answer, any 2xx";
    let body =
        |name: &str| json!({ "content": { "application/json": { "schema": { "title": name } } } });
    for (responses, answer, empty) in [
        (json!({ "200": body("a"), "404": {} }), body("a"), false),
        (json!({ "204": {}, "200": body("a") }), body("a"), true),
        (
            json!({ "200": {}, "201": body("b"), "202": body("c") }),
            body("b"),
            true,
        ),
        (
            json!({ "204": { "description": "x" } }),
            json!({ "description": "x" }),
            false,
        ),
        (
            json!({ "404": {} }),
            json!({ "description": "Success" }),
            false,
        ),
    ] {
        let mut document = realm(|get| get["responses"] = responses.clone());
        apply(RULE, &mut document);
        let operation = operation(&document);
        let success: Vec<_> = operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(code, _)| code.starts_with('2'))
            .collect();
        assert_eq!(success, [(&"2XX".to_owned(), &answer)], "{responses}");
        assert_eq!(operation.get("x-empty").is_some(), empty, "{responses}");
    }
}

#[test]
fn json_is_the_answers_media_type_where_there_is_a_choice() {
    let mut document = realm(|get| {
        get["responses"] = json!({ "200": { "content": {
            "application/yaml": { "schema": {} }, "application/json": { "schema": { "title": "a" } },
        } } });
    });
    apply("one success answer, any 2xx", &mut document);
    let content = &operation(&document)["responses"]["2XX"]["content"];
    assert_eq!(
        *content,
        json!({ "application/json": { "schema": { "title": "a" } } })
    );
}

#[test]
fn an_answer_of_several_other_media_types_is_bytes() {
    let text = json!({ "schema": { "type": "string" } });
    for (offered, kept) in [
        (
            vec!["application/xml", "application/zip"],
            "application/octet-stream",
        ),
        // Nothing to choose: it is what it is.
        (vec!["application/xml"], "application/xml"),
    ] {
        let content: Value = offered
            .iter()
            .map(|media_type| ((*media_type).to_owned(), text.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut document = realm(|get| {
            get["responses"] = json!({ "200": { "description": "OK", "content": content } });
        });
        apply("one success answer, any 2xx", &mut document);
        let content = &operation(&document)["responses"]["2XX"]["content"];
        let media_types: Vec<_> = content.as_object().unwrap().keys().collect();
        assert_eq!(media_types, [kept]);
        let output = build(&document, NAMES).unwrap_or_else(|problems| panic!("{problems}"));
        let given = if offered.len() > 1 { "Content" } else { "text" };
        assert!(
            output
                .table
                .starts_with(&format!("realm.get() -> {given} ")),
            "{}",
            output.table
        );
    }
}

#[test]
fn a_form_with_a_file_is_an_upload() {
    const RULE: &str = "uploads are types by hand";
    let form = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "required": true, "content": { "multipart/form-data": { "schema": schema } } })
    };
    let mut document = realm(|get| get["requestBody"] = form("FileUpload"));
    let fields = json!({ "type": "object", "properties": { "file": { "type": "string" } } });
    document["components"]["schemas"] = json!({ "FileUpload": fields, "Other": fields });
    assert_eq!(apply(RULE, &mut document), 1);
    assert_eq!(operation(&document)["x-upload"], "FileUpload");
    let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
    assert_eq!(
        operation(&document)["requestBody"]["content"],
        json!({ "application/octet-stream": bytes })
    );
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let schemas: Vec<_> = schemas.keys().collect();
    assert_eq!(schemas, ["Other"], "the type is written by hand");
    let output = build(&document, NAMES).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(
        output.table.starts_with("realm.get(FileUpload) -> String "),
        "{}",
        output.table
    );
    assert!(output.facade.contains("crate::admin::uploads::FileUpload"));

    let json = json!({ "content": { "application/json": { "schema": {} } } });
    let mut document = realm(|get| get["requestBody"] = json);
    assert_eq!(apply(RULE, &mut document), 0);
    assert!(operation(&document).get("x-upload").is_none());
}

#[test]
fn error_answers_and_their_schema_are_left_out() {
    let mut document = realm(|get| {
        get["responses"] = json!({
            "200": {}, "204": {}, "400": { "content": {} }, "404": {}, "default": {},
        });
    });
    let error = json!({ "type": "object", "properties": { "error": { "type": "string" } } });
    document["components"]["schemas"] = json!({ "ErrorRepresentation": error, "Other": {} });
    assert_eq!(apply("error answers are left out", &mut document), 1);
    let responses = operation(&document)["responses"].as_object().unwrap();
    let mut codes: Vec<&String> = responses.keys().collect();
    codes.sort();
    assert_eq!(codes, ["200", "204"]);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Other"]);
}

#[test]
fn a_default_is_documentation() {
    let mut document = realm(|get| {
        get["parameters"] = json!([
            { "name": "max", "in": "query", "schema": { "type": "integer", "default": "100" } },
        ]);
    });
    assert_eq!(apply("no defaults on parameters", &mut document), 1);
    let max = &operation(&document)["parameters"][0];
    assert_eq!(max["schema"], json!({ "type": "integer" }));
    assert_eq!(max["x-default"], "100");
}

#[test]
fn path_parameters_are_text_whatever_the_document_says() {
    let parameter =
        |place: &str, schema: Value| json!({ "name": "x", "in": place, "schema": schema });
    let mut document = realm(|get| {
        get["parameters"] = json!([
            parameter("path", json!({ "type": "string", "pattern": "[a-z]+" })),
            parameter("path", json!({ "type": "array", "items": {} })),
            parameter(
                "path",
                json!({ "$ref": "#/components/schemas/ResourceType" })
            ),
            parameter("path", json!({ "type": "string" })),
            parameter("query", json!({ "type": "integer" })),
        ]);
    });
    assert_eq!(apply("path parameters are free text", &mut document), 3);
    let schemas: Vec<&Value> = operation(&document)["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| &parameter["schema"])
        .collect();
    let text = json!({ "type": "string" });
    assert_eq!(
        schemas,
        [&text, &text, &text, &text, &json!({ "type": "integer" })]
    );
}

#[test]
fn an_enum_in_a_query_is_text() {
    let named = json!({ "type": "string", "enum": ["A", "B"] });
    let kind = json!({ "$ref": "#/components/schemas/Kind" });
    let map = json!({ "$ref": "#/components/schemas/Map" });
    let mut document = realm(|get| {
        get["parameters"] = json!([
            { "name": "kind", "in": "query", "schema": kind },
            { "name": "map", "in": "query", "schema": map },
            { "name": "all", "in": "query", "schema": { "type": "boolean" } },
        ]);
    });
    document["components"]["schemas"] = json!({ "Kind": named, "Map": { "type": "object" } });
    let counted = apply("query parameters of an enum are text", &mut document);
    assert_eq!(counted, 1);
    let parameters = operation(&document)["parameters"].as_array().unwrap();
    let schemas: Vec<&Value> = parameters.iter().map(|p| &p["schema"]).collect();
    let text = json!({ "type": "string" });
    assert_eq!(schemas, [&text, &map, &json!({ "type": "boolean" })]);
    assert_eq!(document["components"]["schemas"]["Kind"], named);
}

/// The schemas after a rule, and what it counted.
#[track_caller]
fn schemas_after(rule: &str, schemas: &Value) -> (Value, usize) {
    let mut document = document(&json!({}), schemas);
    let counted = apply(rule, &mut document);
    (document["components"]["schemas"].take(), counted)
}

#[test]
fn sets_are_lists() {
    let (schemas, counted) = schemas_after(
        "lists are lists",
        &json!({ "A": { "properties": { "uniqueItems": { "type": "string" },
            "roles": { "type": "array", "uniqueItems": true, "items": {} } } } }),
    );
    assert_eq!(counted, 1);
    assert_eq!(
        schemas["A"]["properties"]["roles"],
        json!({ "type": "array", "items": {} })
    );
    assert!(schemas["A"]["properties"]["uniqueItems"].is_object());
}

#[test]
fn text_or_a_list_of_texts_is_one_type() {
    let text = json!({ "type": "string" });
    let list = json!({ "type": "array", "items": text });
    let (schemas, counted) = schemas_after(
        "one or many is a type of its own",
        &json!({ "A": { "properties": {
            "aud": { "description": "who", "oneOf": [text, list] },
            "other": { "oneOf": [text, { "type": "boolean" }] },
        } } }),
    );
    assert_eq!(counted, 1);
    assert_eq!(
        schemas["A"]["properties"]["aud"],
        json!({ "description": "who", "type": "string", "format": "one-or-many" })
    );
    assert!(schemas["A"]["properties"]["other"]["oneOf"].is_array());
}

#[test]
fn of_members_that_rust_spells_alike_one_stays() {
    let text = json!({ "type": "string" });
    let (schemas, counted) = schemas_after(
        "members are spelled apart",
        &json!({ "A": { "properties": { "authTime": text, "auth_time": text, "other": text } } }),
    );
    assert_eq!(counted, 1);
    assert_eq!(
        schemas["A"]["properties"],
        json!({ "auth_time": text, "other": text })
    );
}

#[test]
fn a_named_map_is_written_where_it_is_used() {
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let (schemas, counted) = schemas_after(
        "maps are written in place",
        &json!({
            "Map": map,
            "A": { "type": "object", "properties": {
                "m": { "$ref": "#/components/schemas/Map", "description": "mine" } } },
            "B": { "type": "object", "properties": { "a": { "$ref": "#/components/schemas/A" } } },
        }),
    );
    assert_eq!(counted, 1);
    assert!(schemas.get("Map").is_none());
    assert_eq!(
        schemas["A"]["properties"]["m"],
        json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": "mine" })
    );
    assert_eq!(
        schemas["B"]["properties"]["a"]["$ref"],
        "#/components/schemas/A"
    );
}

#[test]
fn collections_are_nullable_and_nothing_else() {
    let (schemas, counted) = schemas_after(
        "optional collections are nullable",
        &json!({ "A": { "type": "object", "properties": {
            "list": { "type": "array", "items": { "type": "array", "items": {} } },
            "map": { "type": "object", "additionalProperties": {} },
            "free": { "type": "object" },
            "inline": { "type": "object", "properties": { "inner": { "type": "array", "items": {} } } },
            "text": { "type": "string" },
        } } }),
    );
    let properties = &schemas["A"]["properties"];
    for name in ["list", "map", "free"] {
        assert_eq!(properties[name]["nullable"], true, "{name}");
    }
    for name in ["inline", "text"] {
        assert!(properties[name].get("nullable").is_none(), "{name}");
    }
    assert!(properties["list"]["items"].get("nullable").is_none());
    assert_eq!(
        properties["inline"]["properties"]["inner"]["nullable"],
        true
    );
    assert_eq!(counted, 4);
}

#[test]
fn objects_with_members_keep_unknown_ones() {
    let (schemas, counted) = schemas_after(
        "representations keep unknown members",
        &json!({
            "A": { "type": "object", "properties": { "a": { "type": "string" } } },
            "Typed": { "type": "object", "properties": {}, "additionalProperties": { "type": "string" } },
            "Free": { "type": "object" },
            // A member may be called as the keyword is.
            "Odd": { "properties": { "properties": { "type": "string" }, "type": { "type": "string" } } },
        }),
    );
    assert_eq!(counted, 1);
    assert_eq!(schemas["A"]["additionalProperties"], json!({}));
    assert_eq!(
        schemas["Typed"]["additionalProperties"],
        json!({ "type": "string" })
    );
    assert!(schemas["Free"].get("additionalProperties").is_none());
    assert!(schemas["Odd"].get("additionalProperties").is_none());
}

#[test]
fn only_named_enums_are_enums() {
    const RULE: &str = "enums written in place are text";
    let named = json!({ "type": "string", "enum": ["A", "B"] });
    let member = json!({ "enum": { "type": "string" }, "kind": named });
    let (schemas, counted) = schemas_after(
        RULE,
        &json!({ "Kind": named, "A": { "type": "object", "properties": member } }),
    );
    assert_eq!(counted, 1);
    assert_eq!(schemas["Kind"], named);
    assert_eq!(
        schemas["A"]["properties"],
        json!({ "enum": { "type": "string" }, "kind": { "type": "string" } })
    );
    let mut document = realm(|get| {
        get["parameters"] = json!([{ "name": "q", "in": "query", "schema": named }]);
    });
    assert_eq!(apply(RULE, &mut document), 1);
    assert_eq!(
        operation(&document)["parameters"][0]["schema"],
        json!({ "type": "string" })
    );
}
