//! Issuers whose metadata has signature algorithms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{
    AccessTokenVerifier, Expected, KeySource, TokenOrigin, TokenVerifier, TrustedIssuer,
};
use super::{
    ISSUER, access_claims, id_claims, logout_claims, now, refused, response_claims, signed,
    user_info_claims, with,
};
use crate::discovery::ProviderMetadata;
use crate::jose::tests::{es256, sign};
use crate::{BoxFuture, Result, TokenFault};

struct Published(Value);

impl KeySource for Published {
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>> {
        let mut metadata = self.0.clone();
        metadata["issuer"] = json!(ISSUER);
        Box::pin(async { Ok(Arc::new(serde_json::from_value(metadata).unwrap())) })
    }

    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async { Ok(json!({ "keys": [es256("a")] }).to_string()) })
    }
}

fn verifier(metadata: Value) -> TokenVerifier {
    let issuer = TrustedIssuer::discovered(Arc::new(Published(metadata)));
    TokenVerifier::new(issuer, "web").clock(now)
}

/// An algorithm that the issuer does not publish for a kind of token is refused.
#[tokio::test]
async fn algorithms_are_those_published_for_the_kind() {
    let expected = Expected::new();
    let (id, info, response) = (
        signed(&id_claims()),
        signed(&user_info_claims()),
        signed(&response_claims()),
    );
    let silent = verifier(json!({}));
    silent.id_token(&id, &expected).await.unwrap();
    silent.user_info(&info, None).await.unwrap();
    let symmetric = json!(["RS256", "HS256", "none", "ML-DSA-44"]);
    let other = verifier(json!({ "id_token_signing_alg_values_supported": symmetric }));
    refused(other.id_token(&id, &expected).await, TokenFault::Algorithm);
    refused(
        other.logout_token(&signed(&logout_claims())).await,
        TokenFault::Algorithm,
    );
    // Access tokens, userinfo and responses have their own lists, or none.
    other.user_info(&info, None).await.unwrap();
    other.authorization_response(&response).await.unwrap();
    let api = other
        .access_token_verifier()
        .audience("api")
        .clock(now)
        .build()
        .unwrap();
    api.verify(&signed(&access_claims())).await.unwrap();
    let both = json!(["RS256", "ES256"]);
    let fitting = verifier(json!({ "id_token_signing_alg_values_supported": both }));
    fitting.id_token(&id, &expected).await.unwrap();
    let narrow = verifier(json!({
        "userinfo_signing_alg_values_supported": ["RS256"],
        "authorization_signing_alg_values_supported": ["RS256"],
    }));
    narrow.id_token(&id, &expected).await.unwrap();
    refused(narrow.user_info(&info, None).await, TokenFault::Algorithm);
    refused(
        narrow.authorization_response(&response).await,
        TokenFault::Algorithm,
    );
    // The configured list takes precedence.
    let own = narrow.algorithms([crate::jose::SignatureAlgorithm::Es256]);
    own.user_info(&info, None).await.unwrap();
}

struct Away;

impl KeySource for Away {
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>> {
        Box::pin(async { Err(crate::error::protocol("away")) })
    }

    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async { Err(crate::error::protocol("away")) })
    }
}

/// An unreachable issuer does not fail the tokens of the others.
#[tokio::test]
async fn issuers_do_not_depend_on_one_another() {
    let away = TrustedIssuer::discovered(Arc::new(Away));
    let good = TrustedIssuer::discovered(Arc::new(Published(json!({}))));
    let api = AccessTokenVerifier::builder(away)
        .also_issuer(good)
        .audience("api")
        .clock(now)
        .build()
        .unwrap();
    api.verify(&signed(&access_claims())).await.unwrap();
    // The token may belong to the unreachable issuer, so its error is returned.
    let other = with(access_claims(), "iss", json!("https://h/realms/other"));
    let error = api.verify(&signed(&other)).await.unwrap_err();
    assert!(error.to_string().contains("away"), "{error}");
}

struct Hanging;

impl KeySource for Hanging {
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>> {
        Box::pin(std::future::pending())
    }

    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(std::future::pending())
    }
}

/// A hanging issuer delays no tokens of the others, and its own only for the set time.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_hangs_holds_up_no_other() {
    let hanging = TrustedIssuer::discovered(Arc::new(Hanging));
    let hanging = hanging.renewal_wait(Duration::from_secs(2));
    let good = TrustedIssuer::discovered(Arc::new(Published(json!({}))));
    let api = AccessTokenVerifier::builder(hanging.clone())
        .also_issuer(good)
        .audience("api")
        .clock(now)
        .build()
        .unwrap();
    let start = Instant::now();
    api.verify(&signed(&access_claims())).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let own = TokenVerifier::new(hanging, "web").clock(now);
    let error = own.id_token(&signed(&id_claims()), &Expected::new()).await;
    let error = error.unwrap_err();
    assert!(
        error.is_unavailable() && error.retry_after().is_some(),
        "{error}"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

struct Counting(Arc<AtomicUsize>);

impl KeySource for Counting {
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>> {
        Box::pin(async { Published(json!({})).metadata().await })
    }

    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Published(json!({})).fetch_keys().await })
    }
}

/// A wrong signature with a known key causes no fetch.
#[tokio::test]
async fn a_wrong_signature_brings_no_fetch() {
    let fetched = Arc::new(AtomicUsize::new(0));
    let issuer = TrustedIssuer::discovered(Arc::new(Counting(fetched.clone())));
    let verifier = TokenVerifier::new(issuer, "web").clock(now);
    let good = signed(&id_claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    let another = signed(&user_info_claims());
    let (_, other) = another.rsplit_once('.').unwrap();
    let expected = Expected::new();
    verifier.id_token(&good, &expected).await.unwrap();
    for _ in 0..3 {
        let forged = verifier
            .id_token(&format!("{input}.{other}"), &expected)
            .await;
        refused(forged, TokenFault::Signature);
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
}

/// Tokens of each kind that an application passes to the verifier have the origin `Anybody`.
#[tokio::test]
async fn tokens_that_an_application_passes_do_not_use_the_issuers_allowance() {
    let kid = |kid: &str, claims: &Value| sign(&json!({"alg": "ES256", "kid": kid}), claims);
    for kind in 0..4 {
        let fetched = Arc::new(AtomicUsize::new(0));
        let issuer = TrustedIssuer::discovered(Arc::new(Counting(fetched.clone())));
        let verifier = TokenVerifier::new(issuer, "web").clock(now);
        let expected = Expected::new();
        verifier
            .id_token(&signed(&id_claims()), &expected)
            .await
            .unwrap();
        let passed = kid("made-up", &json!({}));
        match kind {
            0 => drop(verifier.id_token(&passed, &expected).await.unwrap_err()),
            1 => drop(verifier.user_info(&passed, None).await.unwrap_err()),
            2 => drop(verifier.introspection(&passed).await.unwrap_err()),
            _ => drop(verifier.logout_token(&passed).await.unwrap_err()),
        }
        assert_eq!(fetched.load(Ordering::SeqCst), 2);
        let answered = kid("new", &id_claims());
        let answer = verifier.id_token_from(&answered, &expected, TokenOrigin::Issuer);
        refused(answer.await, TokenFault::UnknownKey);
        assert_eq!(
            fetched.load(Ordering::SeqCst),
            3,
            "it was looked for: {kind}"
        );
    }
}
