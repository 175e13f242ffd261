//! Access tokens through the verifier and the guard of a service.

use std::time::Duration;

use serde_json::json;

use super::super::TestProvider;
use super::provider;
use crate::TokenFault;
use crate::jose::{DpopKey, SignatureAlgorithm};
use crate::oidc::{AccessTokenVerifier, Presented};

fn verifier(provider: &TestProvider) -> AccessTokenVerifier {
    let oidc = provider.oidc("api").build().unwrap();
    oidc.access_token_verifier()
        .audience("api")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_token_has_the_claims_that_a_test_wants() {
    let provider = provider().await;
    let token = provider
        .access_token()
        .subject("ada")
        .client_id("web")
        .audience("api")
        .audience("other")
        .realm_role("auditor")
        .realm_role("editor")
        .client_role("api", "writer")
        .group("/staff")
        .organization("acme")
        .scope("openid notes")
        .acr("gold")
        .logged_in_ago(Duration::from_secs(600))
        .claim("department", "sales")
        .at_jwt()
        .sign();
    let claims = verifier(&provider).verify(&token).await.unwrap();
    assert_eq!(claims.subject(), Some("ada"));
    assert!(claims.has_realm_role("auditor") && claims.has_realm_role("editor"));
    assert!(claims.has_scope("notes") && !claims.has_scope("email"));
    let all = claims.claims();
    for (name, value) in [
        ("azp", json!("web")),
        ("aud", json!(["api", "other"])),
        ("preferred_username", json!("ada")),
        ("resource_access", json!({ "api": { "roles": ["writer"] } })),
        ("groups", json!(["/staff"])),
        ("organization", json!(["acme"])),
        ("acr", json!("gold")),
        ("department", json!("sales")),
    ] {
        assert_eq!(all[name], value, "{name}");
    }
    assert_eq!(
        all["iat"].as_i64().unwrap() - all["auth_time"].as_i64().unwrap(),
        600
    );
}

#[tokio::test]
async fn tokens_that_a_service_refuses() {
    let provider = provider().await;
    let verifier = verifier(&provider);
    let token = || provider.access_token().audience("api");
    for (token, fault) in [
        (token().expired(), TokenFault::Expired),
        (token().not_yet_valid(), TokenFault::NotYetValid),
        (
            token().without("aud").audience("other"),
            TokenFault::Audience,
        ),
        (token().without("exp"), TokenFault::Expired),
        (token().without("sub"), TokenFault::Subject),
        (
            token().claim("iss", "https://evil.example"),
            TokenFault::Issuer,
        ),
        (token().claim("typ", "ID"), TokenFault::Type),
        (
            token().algorithm(SignatureAlgorithm::Hs256),
            TokenFault::Algorithm,
        ),
        (token().bound_to_certificate("der"), TokenFault::Binding),
    ] {
        let shown = format!("{token:?}");
        let error = verifier.verify(&token.sign()).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{shown}: {error}");
    }
    verifier.verify(&token().sign()).await.unwrap();
    verifier
        .verify(&token().expires_in(Duration::from_secs(5)).sign())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bound_token_needs_its_key() {
    let provider = provider().await;
    let verifier = verifier(&provider);
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let token = provider
        .access_token()
        .audience("api")
        .bound_to(&key)
        .sign();
    let url = url::Url::parse("https://api.example/notes").unwrap();
    let proof = key
        .proof(&http::Method::GET, &url, Some(&token), None)
        .unwrap();
    let shown = Presented::new(&token).dpop(&proof, &http::Method::GET, &url);
    verifier.verify(shown).await.unwrap();
    let error = verifier.verify(&token).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Binding));
}

#[tokio::test]
async fn a_provider_that_is_dropped_is_gone() {
    let provider = provider().await;
    let verifier = verifier(&provider);
    let token = provider.access_token().audience("api").sign();
    let kc = crate::Keycloak::builder(provider.base_url())
        .anonymous()
        .options(crate::ClientOptions::new().no_proxy().max_retries(0))
        .build()
        .unwrap();
    drop(provider);
    // The listener is closed when the aborted task has been dropped.
    tokio::task::yield_now().await;
    kc.metadata("test").await.unwrap_err();
    drop((verifier, token));
}
