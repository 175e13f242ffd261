//! Every operation of the document, called through the facade with everything it takes.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::document::{Operation, names, operations};
use super::given::Given;
use super::sample::Sampler;
use super::{CALLS, Call, own};
use crate::support::recorder::{Recorder, Reply, Seen, TOKEN};

#[test]
fn every_operation_has_a_call_but_those_left_out_on_purpose() {
    let called: BTreeSet<&str> = CALLS.iter().map(|call| call.operation).collect();
    assert_eq!(called.len(), CALLS.len(), "an operation has two calls");
    let left_out = names().left_out;
    let expected: BTreeSet<&str> = operations()
        .keys()
        .map(String::as_str)
        .filter(|operation| !left_out.contains_key(*operation))
        .collect();
    assert_eq!(called, expected);
    let (templates, kinds): (Vec<&String>, Vec<&String>) = left_out
        .keys()
        .partition(|operation| operation.contains("/client-templates"));
    assert_eq!((templates.len(), kinds.len()), (23, 12));
    for operation in kinds {
        // The same with the kind and the id is called.
        let full = operation.replacen("/{type}", "/{type}/{policy-id}", 1);
        assert!(called.contains(full.as_str()), "{operation}");
    }
}

#[tokio::test]
async fn method_path_query_and_body_are_the_documents() {
    let recorder = Recorder::start().await;
    let kc = recorder.client();
    for call in CALLS {
        let operation = &operations()[call.operation];
        let given = Given::for_operation(operation);
        let (reply, expected) = answer(call, operation);
        recorder.reply(reply);
        let value = (call.run)(&kc, &given)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", call.name));
        let seen = own(operation, recorder.take());
        assert_eq!(seen.len(), 1, "{}", call.name);
        check_line(call, operation, &given, &seen[0]);
        check_headers(call, operation, &seen[0]);
        check_body(call, operation, &given, &seen[0]);
        assert_eq!(value, expected, "the answer of {}", call.name);
    }
}

/// A 204 that is documented beside an answer is no error.
#[tokio::test]
async fn an_empty_answer_is_nothing_where_one_is_documented() {
    let recorder = Recorder::start().await;
    let kc = recorder.client();
    let mut met = 0;
    for call in CALLS {
        let operation = &operations()[call.operation];
        let is_list = operation
            .answer
            .as_ref()
            .is_some_and(|answer| answer.schema["type"] == "array");
        let created = names().created.contains_key(call.name);
        if !operation.may_be_empty || is_list || created {
            continue;
        }
        let value = (call.run)(&kc, &Given::for_operation(operation))
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", call.name));
        assert_eq!(value, Value::Null, "{}", call.name);
        met += 1;
    }
    assert!(met > 0, "the document has none such, so this test is void");
}

const FORM: &str = "multipart/form-data";

/// The answer of an operation, and what the call must make of it.
fn answer(call: &Call, operation: &Operation) -> (Reply, Value) {
    // Another server's, longer path: only the last segment counts.
    let reply = Reply::status(operation.status)
        .with("Location", "https://elsewhere/x/y/the%20new%2Fid?z=/q");
    // Of what is created the id counts, whether or not the object comes too.
    if names().created.contains_key(call.name) {
        return (reply, json!("the new/id"));
    }
    let Some(content) = &operation.answer else {
        return (reply, Value::Null);
    };
    match content.media_type.as_str() {
        "application/json" => {
            let mut sampler = Sampler::new();
            sampler.known_enum_values = false;
            let value = sampler.sample(&content.schema);
            (reply.body("application/json", value.to_string()), value)
        }
        text @ ("text/plain" | "application/xml") => (reply.body(text, "täxt"), json!("täxt")),
        "application/octet-stream" => {
            let bytes = [0, 13, 10, 255];
            (reply.body("application/octet-stream", bytes), json!(bytes))
        }
        other => panic!("{} answers {other}", call.name),
    }
}

fn check_line(call: &Call, operation: &Operation, given: &Given, seen: &Seen) {
    let path: Vec<String> = operation
        .path
        .split('/')
        .map(
            |segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                // A path of several segments.
                Some("path") => {
                    let parts: Vec<String> = given.path("path").split('/').map(encoded).collect();
                    parts.join("/")
                }
                Some(name) => encoded(given.path(name)),
                None => segment.to_owned(),
            },
        )
        .collect();
    let name = call.name;
    assert_eq!(seen.method, operation.method, "{name}");
    assert_eq!(seen.path, format!("/auth{}", path.join("/")), "{name}");
    assert_eq!(seen.query_pairs(), given.query_pairs(), "query of {name}");
    assert_eq!(seen.query.is_none(), operation.query.is_empty(), "{name}");
}

fn check_headers(call: &Call, operation: &Operation, seen: &Seen) {
    let name = call.name;
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(
        seen.header("authorization"),
        Some(bearer.as_str()),
        "{name}"
    );
    assert_eq!(seen.header("api-version"), None, "{name}");
    // Where JSON is one of several, the server sends it only when asked.
    let accept = match &operation.answer {
        Some(content) if content.media_type != "application/json" => "*/*",
        _ => "application/json",
    };
    assert_eq!(seen.header("accept"), Some(accept), "{name}");
    let content_type = operation.body.as_ref().map(|body| body.media_type.as_str());
    if content_type == Some(FORM) {
        let sent = seen.header("content-type").unwrap();
        assert!(sent.starts_with("multipart/form-data; boundary="), "{name}");
        return;
    }
    assert_eq!(seen.header("content-type"), content_type, "{name}");
}

fn check_body(call: &Call, operation: &Operation, given: &Given, seen: &Seen) {
    let name = call.name;
    let Some(body) = &operation.body else {
        assert!(seen.body.is_empty(), "{name} sends a body");
        return;
    };
    match body.media_type.as_str() {
        "application/json" => {
            let mut sent: Value = serde_json::from_slice(&seen.body)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            if name.starts_with("realm.identity_provider.mapper") {
                let alias = sent
                    .as_object_mut()
                    .unwrap()
                    .remove("identityProviderAlias");
                assert_eq!(
                    alias,
                    Some(given.path("alias").into()),
                    "that of the handle"
                );
            }
            assert_eq!(sent, *given.body_json(), "body of {name}");
        }
        "text/plain" => {
            let sent = String::from_utf8(seen.body.clone()).unwrap();
            assert_eq!(Some(sent.as_str()), given.body_json().as_str(), "{name}");
        }
        "application/x-www-form-urlencoded" => {
            let members = given.body_json().as_object().unwrap();
            let mut expected: Vec<(String, String)> = members
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            expected.sort();
            assert_eq!(seen.form_pairs(), expected, "form of {name}");
        }
        FORM => {
            let mut sent = seen.multipart();
            sent.sort();
            let members = given.body_json().as_object().unwrap();
            let mut expected: Vec<(String, String)> = members
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            expected.sort();
            assert_eq!(sent, expected, "form of {name}");
        }
        other => panic!("{name} takes {other}"),
    }
}

/// RFC 3986: everything but unreserved characters, written here once more.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
