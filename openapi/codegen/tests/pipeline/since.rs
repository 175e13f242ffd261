//! What the table of releases is for.

use keycloak_kit_codegen::{Inputs, since};
use serde_json::{Value, json};

use crate::small::{NAMES, NO_OVERLAY, NO_SUPPLEMENT, realm};

fn query(name: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": "string" } })
}

#[test]
fn the_first_release_has_no_section() {
    let problems = since::parse("releases = [\"1\"]\n[new.\"1\"]\n").unwrap_err();
    assert!(
        problems.to_string().contains("after the first"),
        "{problems}"
    );
}

fn generated(since: &str) -> Result<String, String> {
    let document = realm(|operation| {
        operation["parameters"]
            .as_array_mut()
            .unwrap()
            .push(query("mood"));
    });
    keycloak_kit_codegen::generate(&Inputs {
        document: &document.to_string(),
        supplement: NO_SUPPLEMENT,
        overlay: NO_OVERLAY,
        names: NAMES,
        since,
        foreign: false,
    })
    .map(|output| output.facade)
    .map_err(|problems| problems.to_string())
}

#[test]
fn a_call_knows_the_release_it_needs() {
    const SINCE: &str =
        "releases = [\"1\", \"2\"]\n[new.\"2\"]\noperations = [\"GET /admin/realms/{realm}\"]\n";
    let facade = generated(SINCE).unwrap();
    assert!(facade.contains(".since(\"2\")"), "{facade}");
    assert!(
        facade.contains("the oldest that has it is **2**"),
        "{facade}"
    );
    let facade = generated(
        &SINCE
            .replace("operations", "parameters")
            .replace("}\"", "}?mood\""),
    )
    .unwrap();
    assert!(!facade.contains(".since("), "{facade}");
    assert!(
        facade.contains("Servers older than **2** ignore it"),
        "{facade}"
    );
}

#[test]
fn a_row_that_names_nothing_stops_the_build() {
    let problems =
        generated("releases = [\"1\", \"2\"]\n[new.\"2\"]\nmembers = [\"Gone.member\"]\n")
            .unwrap_err();
    assert!(
        problems.contains("Gone.member") && problems.contains("--since"),
        "{problems}"
    );
}
