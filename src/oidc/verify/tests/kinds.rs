//! Of eight kinds of signed tokens, each verifier accepts only its own.

use serde_json::{Value, json};

use super::super::{Check, Expected, OfflineToken, RefreshToken};
use super::{
    ISSUER, NOW, access_claims, api, id_claims, logout_claims, refused, resource, response_claims,
    signed, signed_as, user_info_claims, verifier, with,
};
use crate::TokenFault;
use crate::jose::{SignatureAlgorithm, SigningKey};

const VERIFIERS: [&str; 6] = [
    "id token",
    "access token",
    "logout token",
    "response",
    "userinfo",
    "introspection",
];

/// Every kind of token, with an audience that all verifiers accept.
fn tokens() -> Vec<(&'static str, String)> {
    let both = |claims| with(claims, "aud", json!(["web", "api"]));
    let introspection = json!({
        "iss": ISSUER, "aud": ["web", "api"], "iat": NOW, "token_introspection": {"active": true},
    });
    let refresh = with(id_claims(), "typ", json!("Refresh"));
    let proof = json!({"htm": "GET", "htu": "https://h", "iat": NOW, "jti": "p"});
    vec![
        ("id token", signed(&id_claims())),
        ("access token", signed(&both(access_claims()))),
        ("access token", signed_as("at+jwt", &both(access_claims()))),
        (
            "logout token",
            signed_as("logout+jwt", &both(logout_claims())),
        ),
        // Older servers, which send no specific type in the header.
        (
            "logout token",
            signed(&both(with(logout_claims(), "typ", Value::Null))),
        ),
        ("response", signed(&both(response_claims()))),
        ("userinfo", signed(&both(user_info_claims()))),
        (
            "introspection",
            signed_as("token-introspection+jwt", &introspection),
        ),
        ("none", signed(&both(refresh))),
        ("none", signed_as("dpop+jwt", &proof)),
    ]
}

/// Returns whether the verifier of a kind accepts a token.
async fn takes(kind: &str, token: &str) -> bool {
    let verifier = verifier().trusted_audience("api");
    match kind {
        "id token" => verifier.id_token(token, &Expected::new()).await.is_ok(),
        "access token" => api().verify(token).await.is_ok(),
        "logout token" => verifier.logout_token(token).await.is_ok(),
        "response" => verifier.authorization_response(token).await.is_ok(),
        "userinfo" => verifier.user_info(token, None).await.is_ok(),
        _ => verifier.introspection(token).await.is_ok(),
    }
}

#[tokio::test]
async fn each_verifier_takes_only_its_own_kind_of_token() {
    for (kind, token) in tokens() {
        for verifier in VERIFIERS {
            // Keycloak responds to an introspection with the access token itself.
            let own = verifier == kind || (verifier, kind) == ("introspection", "access token");
            assert_eq!(takes(verifier, &token).await, own, "{kind} as {verifier}");
        }
    }
}

#[tokio::test]
async fn the_typ_claim_says_what_kind_a_token_is() {
    for typ in [
        json!("Bearer"),
        json!("Refresh"),
        json!("Offline"),
        json!("Logout"),
        json!(1),
    ] {
        let token = signed(&with(id_claims(), "typ", typ));
        refused(
            verifier().id_token(&token, &Expected::new()).await,
            TokenFault::Type,
        );
    }
    // Other providers send no type.
    let token = signed(&with(id_claims(), "typ", Value::Null));
    verifier().id_token(&token, &Expected::new()).await.unwrap();
    for typ in [
        json!("ID"),
        json!("Refresh"),
        json!("Offline"),
        json!("Logout"),
        Value::Null,
    ] {
        let token = signed(&with(access_claims(), "typ", typ));
        refused(api().verify(&token).await, TokenFault::Type);
        let unchecked = resource()
            .audience("api")
            .without(Check::Type)
            .build()
            .unwrap();
        unchecked.verify(&token).await.unwrap();
    }
    for typ in ["Bearer", "DPoP"] {
        api()
            .verify(&signed(&with(access_claims(), "typ", json!(typ))))
            .await
            .unwrap();
    }
    // RFC 9068 has the type in the header.
    let standard = with(access_claims(), "typ", Value::Null);
    api().verify(&signed_as("at+jwt", &standard)).await.unwrap();
    api()
        .verify(&signed_as("application/AT+JWT", &standard))
        .await
        .unwrap();
}

/// The type in the header is checked first.
#[tokio::test]
async fn the_typ_header_may_not_name_another_kind() {
    for typ in [
        "at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "token-introspection+jwt",
        "x",
    ] {
        let token = signed_as(typ, &id_claims());
        refused(
            verifier().id_token(&token, &Expected::new()).await,
            TokenFault::Type,
        );
    }
    for typ in ["logout+jwt", "dpop+jwt", "secevent+jwt"] {
        let token = signed_as(typ, &access_claims());
        refused(api().verify(&token).await, TokenFault::Type);
    }
    for typ in ["jwt", "JWT", "application/jwt"] {
        let token = signed_as(typ, &id_claims());
        verifier().id_token(&token, &Expected::new()).await.unwrap();
    }
}

#[test]
fn offline_tokens_have_a_type_of_their_own() {
    let server = SigningKey::from_secret(SignatureAlgorithm::Hs512, "a".repeat(64)).unwrap();
    let made = |typ: &str| server.sign(&json!({}), &json!({ "typ": typ })).unwrap();
    let (refresh, offline) = (made("Refresh"), made("Offline"));
    assert_eq!(
        RefreshToken::new(refresh.as_str()).unwrap().expose(),
        refresh
    );
    assert_eq!(
        OfflineToken::new(offline.as_str()).unwrap().expose(),
        offline
    );
    refused(RefreshToken::new(offline.as_str()), TokenFault::Type);
    refused(OfflineToken::new(refresh.as_str()), TokenFault::Type);
    for typ in ["Bearer", "ID", "Logout"] {
        refused(RefreshToken::new(made(typ)), TokenFault::Type);
        refused(OfflineToken::new(made(typ)), TokenFault::Type);
    }
    // A token that is not Keycloak's is left to the server.
    RefreshToken::new("opaque").unwrap();
    OfflineToken::new("a.b.c").unwrap();
    RefreshToken::new(server.sign(&json!({}), &json!({})).unwrap()).unwrap();
    refused(RefreshToken::new(""), TokenFault::Malformed);
    refused(OfflineToken::new(""), TokenFault::Malformed);
    let shown = format!(
        "{:?} {:?}",
        RefreshToken::new("hunter2").unwrap(),
        OfflineToken::new("hunter2").unwrap()
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
