//! The tests that docs/tokens.md, docs/flows.md and docs/uma.md name are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::realm::Realm;

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_check_has_its_test() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["src", "tests/flows"] {
        sources(&root.join(folder), &mut code);
    }
    for (page, least) in [
        ("docs/tokens.md", 80),
        ("docs/flows.md", 80),
        ("docs/uma.md", 20),
    ] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        assert!(check(&text, &code) > least, "{page}");
    }
}

/// What a realm offers to choose from is on one of the pages, value by value.
#[tokio::test]
async fn every_value_of_a_well_known_document_is_on_a_page() {
    // What a realm names itself, and the realm's own words.
    const ITS_OWN: [&str; 3] = [
        "acr_values_supported",
        "claims_supported",
        "scopes_supported",
    ];
    let realm = Realm::new("well-known").await;
    let known = format!("{}/.well-known/openid-configuration", realm.issuer());
    let document: Value = reqwest::get(known).await.unwrap().json().await.unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let pages: String = ["docs/flows.md", "docs/tokens.md", "docs/uma.md"]
        .map(|page| fs::read_to_string(root.join(page)).unwrap())
        .concat();
    let words: BTreeSet<&str> = pages
        .split(|letter: char| letter.is_whitespace() || "`,|()".contains(letter))
        .collect();
    let mut missing = Vec::new();
    for (member, values) in document.as_object().unwrap() {
        if !words.contains(member.as_str()) {
            missing.push(member.clone());
        }
        if ITS_OWN.contains(&member.as_str()) {
            continue;
        }
        for value in values.as_array().into_iter().flatten() {
            let value = value.as_str().unwrap();
            // `code id_token` is one of the response types.
            if value.split(' ').any(|part| !words.contains(part)) {
                missing.push(format!("{member}: {value}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    // And nothing of it is lost.
    let kept = realm.oidc("app").build().unwrap().metadata().await;
    assert_eq!(serde_json::to_value(&*kept.unwrap()).unwrap(), document);
    realm.delete().await;
}

/// Every row of a table ends in tests; gives how many there are.
fn check(text: &str, code: &str) -> usize {
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let last = row
            .trim_end_matches([' ', '|'])
            .rsplit(" | ")
            .next()
            .unwrap();
        if matches!(last, "Test") {
            continue;
        }
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(is_test(code, test), "no such test: {test}");
            named += 1;
        }
    }
    named
}

/// Whether a function of this name stands below `#[test]` or `#[tokio::test]`.
fn is_test(code: &str, name: &str) -> bool {
    code.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let above = &code[..code[..at].rfind('\n').unwrap_or(0)];
        above
            .lines()
            .rev()
            .map(str::trim)
            .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
            .any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
    })
}
