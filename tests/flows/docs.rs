//! What a realm publishes is on a page.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::realm::Realm;

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
