//! Tokens with a DPoP proof (RFC 9449 sections 7 and 9).

use std::time::Duration;

use serde_json::json;

use super::{bearer, builder, challenges, claims, now, refused, request, signed, with};
use crate::jose::{SignatureAlgorithm, SigningKey, hash};
use crate::web::{PublicAddress, RejectionKind};

fn proof(key: &SigningKey, token: &str, url: &str) -> String {
    proof_with(key, token, url, None)
}

fn proof_with(key: &SigningKey, token: &str, url: &str, nonce: Option<&str>) -> String {
    let mut jwk = key.public_jwk().unwrap().to_json();
    for name in ["use", "alg"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    let id = hash::random::<8>().unwrap();
    let mut claims = json!({
        "jti": id, "htm": "GET", "htu": url, "iat": now(), "ath": hash::sha256(token),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    key.sign(&json!({ "typ": "dpop+jwt", "jwk": jwk }), &claims)
        .unwrap()
}

#[tokio::test]
async fn dpop_proofs_are_for_the_public_address() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let thumbprint = key.public_jwk().unwrap().thumbprint();
    let token = signed(&with(claims(), "cnf", json!({ "jkt": thumbprint })));
    let guard = |address| builder().public_address(address).build().unwrap();
    let public = || PublicAddress::fixed("https://api.example/v1/").unwrap();
    let good = "https://api.example/v1/notes";
    let send = |proof: &str, more: &[(&str, &str)]| {
        let authorization = format!("DPoP {token}");
        let mut headers = vec![("authorization", authorization.as_str()), ("dpop", proof)];
        headers.extend(more);
        request(&headers)
    };
    let first = proof(&key, &token, good);
    assert!(guard(public()).caller(&send(&first, &[])).await.is_ok());
    let fixed = guard(public());
    assert!(fixed.caller(&send(&first, &[])).await.is_ok());
    // Used twice at one guard, for another URL, by another key.
    let other = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    for bad in [
        first.clone(),
        proof(&key, &token, "http://internal:8080/notes"),
        proof(&other, &token, good),
        "abc".to_owned(),
    ] {
        let rejection = refused(
            fixed.caller(&send(&bad, &[])).await,
            401,
            "error=\"invalid_dpop_proof\"",
        );
        let challenges = challenges(&rejection);
        assert!(
            challenges
                .iter()
                .any(|one| one.starts_with("DPoP ") && one.contains("algs=\""))
        );
        // Of the two schemes the one that failed has the error.
        assert!(challenges.iter().any(|one| one == "Bearer realm=\"demo\""));
    }
    // Headers are read only where they are named.
    let forwarded = proof(&key, &token, "https://sent.example/notes");
    let headers = [("forwarded", "for=1.2.3.4;proto=https;host=\"sent.example\"")];
    assert!(
        guard(public())
            .caller(&send(&forwarded, &headers))
            .await
            .is_err()
    );
    assert!(
        guard(PublicAddress::forwarded())
            .caller(&send(&forwarded, &headers))
            .await
            .is_ok()
    );
    let headers = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "sent.example"),
    ];
    let again = proof(&key, &token, "https://sent.example/notes");
    assert!(
        guard(PublicAddress::x_forwarded())
            .caller(&send(&again, &headers))
            .await
            .is_ok()
    );
    let missing = guard(PublicAddress::x_forwarded())
        .caller(&send(&again, &[]))
        .await;
    refused(missing, 400, "invalid_request");
    // A bound token as a bearer, with and without its proof.
    let downgraded = request(&[
        ("authorization", &format!("Bearer {token}")),
        ("dpop", &again),
    ]);
    refused(fixed.caller(&downgraded).await, 401, "invalid_token");
    // A bearer token where proofs are asked for.
    let strict = builder()
        .public_address(public())
        .require_dpop()
        .build()
        .unwrap();
    let rejection = refused(strict.caller(&bearer(&claims())).await, 401, "DPoP ");
    assert_eq!(challenges(&rejection).len(), 1);
    assert!(builder().require_dpop().build().is_err());
    // Without an address a proof cannot be checked.
    refused(
        super::guard().caller(&send(&again, &[])).await,
        401,
        "invalid_token",
    );
}

/// RFC 9449 section 9.
#[tokio::test]
async fn a_nonce_is_asked_for_and_given() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let thumbprint = key.public_jwk().unwrap().thumbprint();
    let token = signed(&with(claims(), "cnf", json!({ "jkt": thumbprint })));
    let address = PublicAddress::fixed("https://api.example").unwrap();
    let guard = builder()
        .public_address(address)
        .dpop_nonces(Duration::from_secs(60))
        .build()
        .unwrap();
    let url = "https://api.example/notes";
    let send = |nonce: Option<&str>| {
        let proof = proof_with(&key, &token, url, nonce);
        request(&[
            ("authorization", &format!("DPoP {token}")),
            ("dpop", &proof),
        ])
    };
    let rejection = refused(
        guard.caller(&send(None)).await,
        401,
        "error=\"use_dpop_nonce\"",
    );
    assert_eq!(rejection.kind(), RejectionKind::UseNonce);
    let response = rejection.to_response();
    let nonce = response.headers()["dpop-nonce"].to_str().unwrap();
    assert!(guard.caller(&send(Some(nonce))).await.is_ok());
    refused(
        guard.caller(&send(Some("AAAA"))).await,
        401,
        "use_dpop_nonce",
    );
    // A bearer token needs none.
    assert!(guard.caller(&bearer(&claims())).await.is_ok());
}
