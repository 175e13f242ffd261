//! Keys of every algorithm, published and replaced.

use crate::TokenFault;
use crate::jose::SignatureAlgorithm;
use crate::testing::TestProvider;

#[tokio::test]
async fn every_algorithm_is_published_and_verified() {
    let provider = TestProvider::builder()
        .algorithm(SignatureAlgorithm::Ps256)
        .start()
        .await
        .unwrap();
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let verifier = provider
            .oidc("api")
            .build()
            .unwrap()
            .access_token_verifier();
        let verifier = verifier.audience("api").build().unwrap();
        let token = provider.access_token().audience("api");
        let token = token.algorithm(algorithm).sign();
        verifier
            .verify(&token)
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
    }
    // A symmetric key is not published.
    provider
        .access_token()
        .algorithm(SignatureAlgorithm::Hs512)
        .sign();
    let published = provider.shared.state().keys.set();
    assert_eq!(
        published["keys"].as_array().unwrap().len(),
        10,
        "{published}"
    );
}

#[tokio::test]
async fn rotated_keys_are_found_and_removed_ones_refused() {
    let provider = super::provider().await;
    let verifier = || {
        let oidc = provider.oidc("api").build().unwrap();
        oidc.access_token_verifier()
            .audience("api")
            .build()
            .unwrap()
    };
    let old = provider.access_token().audience("api").sign();
    let known = verifier();
    known.verify(&old).await.unwrap();
    provider.rotate_keys();
    let new = provider.access_token().audience("api").sign();
    known.verify(&new).await.unwrap();
    verifier().verify(&old).await.unwrap();
    provider.remove_old_keys();
    let fresh = verifier();
    let error = fresh.verify(&old).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::UnknownKey), "{error}");
    fresh.verify(&new).await.unwrap();
}

#[tokio::test]
async fn what_was_asked_is_recorded() {
    let provider = super::provider().await;
    let oidc = provider.oidc("api").build().unwrap();
    let document = oidc.metadata().await.unwrap();
    assert_eq!(document.issuer, provider.issuer());
    assert!(document.extra.is_empty(), "{:?}", document.extra.keys());
    let requests = provider.requests();
    let shown = format!("{requests:?}");
    assert_eq!(shown, "[GET /realms/test/.well-known/openid-configuration]");
    assert!(
        requests[0]
            .header("user-agent")
            .unwrap()
            .starts_with("keycloak-kit/")
    );
    let missing = provider.keycloak().metadata("other").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
}
