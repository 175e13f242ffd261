//! Proofs of possession (RFC 9449 section 4.2).

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::jws::Jws;
use super::super::{DpopKey, Jwk, SignatureAlgorithm, SigningKey, decode_unverified, hash};

fn url() -> Url {
    Url::parse("https://sso.example.org/token?a=1#b").unwrap()
}

#[test]
fn a_proof_is_for_one_request() {
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = DpopKey::generate(algorithm).unwrap();
        let proof = key
            .proof(&Method::POST, &url(), Some("t"), Some("n"))
            .unwrap();
        let says = decode_unverified(&proof).unwrap();
        let (header, claims) = (says.header(), says.claims());
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(header["alg"], algorithm.name());
        assert_eq!(
            (
                &claims["htm"],
                &claims["htu"],
                &claims["nonce"],
                &claims["ath"]
            ),
            (
                &json!("POST"),
                &json!("https://sso.example.org/token"),
                &json!("n"),
                &json!(hash::sha256("t"))
            )
        );
        // The key in the header is the public one alone, and the one that has signed.
        let public = Jwk::from_json(&header["jwk"].to_string()).unwrap();
        assert_eq!(public.thumbprint(), key.thumbprint());
        assert_eq!(key.public_jwk().thumbprint(), key.thumbprint());
        assert!(!header["jwk"].as_object().unwrap().contains_key("d"));
        assert!(!header.contains_key("kid"));
        Jws::parse(&proof)
            .unwrap()
            .verify(algorithm, &public)
            .unwrap();
    }
}

#[test]
fn every_proof_is_a_new_one() {
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let claims = |key: &DpopKey| {
        let proof = key.proof(&Method::GET, &url(), None, None).unwrap();
        decode_unverified(&proof).unwrap().claims().clone()
    };
    let (one, other) = (claims(&key), claims(&key));
    assert_ne!(one["jti"], other["jti"]);
    assert_eq!(one["jti"].as_str().unwrap().len(), 22);
    assert!(!one.contains_key("ath") && !one.contains_key("nonce"));
    let late = claims(&key.with_clock_skew(-3600));
    let seconds = |claims: &serde_json::Map<String, Value>| claims["iat"].as_i64().unwrap();
    assert!((3600..3700).contains(&(seconds(&one) - seconds(&late))));
}

#[test]
fn a_secret_proves_nothing() {
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, "a".repeat(32)).unwrap();
    assert!(DpopKey::new(secret).unwrap_err().is_config());
    assert!(
        DpopKey::generate(SignatureAlgorithm::Hs256)
            .unwrap_err()
            .is_config()
    );
    // A key with an id keeps it to itself: the proof carries the key.
    let named = SigningKey::generate(SignatureAlgorithm::EdDsa)
        .unwrap()
        .with_kid("k");
    let key = DpopKey::new(named).unwrap();
    assert_eq!(key.public_jwk().kid(), None);
}
