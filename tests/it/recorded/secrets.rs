//! What is marked secret is never shown by `Debug`, and what is written is what was read.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::document::{document, operations};
use super::given::Given;
use super::sample::{SECRET, Sampler};
use super::{CALLS, REPRESENTATIONS};
use crate::support::recorder::Recorder;

#[test]
fn representations_lose_nothing_and_show_no_secret() {
    let mut with_secrets = 0;
    for representation in REPRESENTATIONS {
        let name = representation.name;
        let schema = &document()["components"]["schemas"][name];
        // One that the document writes in place, inside an operation.
        if schema.is_null() {
            continue;
        }
        let mut sampler = Sampler::new();
        let sample = sampler.sample(&json!({ "$ref": format!("#/components/schemas/{name}") }));
        let (written, shown) =
            (representation.read)(sample.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written, sample, "{name}");
        assert!(!shown.contains(SECRET), "{name} shows a secret: {shown}");
        with_secrets += usize::from(sample.to_string().contains(SECRET));
    }
    assert!(with_secrets > 30, "only {with_secrets} types have secrets");
}

#[test]
fn a_default_representation_is_an_empty_object() {
    assert!(REPRESENTATIONS.len() > 80, "{}", REPRESENTATIONS.len());
    for representation in REPRESENTATIONS {
        let expected = match representation.name {
            "CountRepresentation" => json!({ "count": 0 }),
            _ => json!({}),
        };
        assert_eq!(
            (representation.empty)(),
            expected,
            "{}",
            representation.name
        );
    }
}

#[tokio::test]
async fn handles_and_requests_show_neither_a_bodys_secrets_nor_the_token() {
    let recorder = Recorder::start().await;
    let kc = recorder.client();
    let mut bodies = 0;
    for call in CALLS {
        let operation = &operations()[call.operation];
        let given = Given::for_operation(operation);
        let _ = (call.run)(&kc, &given).await;
        let shown = given.take_shown();
        assert!(!shown.is_empty(), "{}", call.name);
        for shown in &shown {
            for hidden in [SECRET, crate::support::recorder::TOKEN] {
                assert!(
                    !shown.contains(hidden),
                    "{} shows {hidden}: {shown}",
                    call.name
                );
            }
        }
        bodies += usize::from(shown.len() > 1 && operation.body.is_some());
    }
    assert!(bodies > 0, "no request with setters has a body");
}
