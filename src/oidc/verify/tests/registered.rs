//! The registered algorithms: one for each kind of token.

use serde_json::{Value, json};

use super::super::{Expected, IdTokenSecret, TokenVerifier};
use super::{
    ISSUER, NOW, access_claims, id_claims, logout_claims, refused, response_claims, signed,
    signed_as, user_info_claims, verifier,
};
use crate::TokenFault;
use crate::jose::SignatureAlgorithm::{self, Es256, Hs256, Ps256, Rs256};
use crate::registration::ClientMetadata;

/// What a verifier accepts: ID token, logout token, userinfo, response, introspection.
async fn taken(verifier: &TokenVerifier) -> [bool; 5] {
    let introspection = json!({
        "iss": ISSUER, "aud": "web", "iat": NOW, "token_introspection": {"active": true},
    });
    let introspection = signed_as("token-introspection+jwt", &introspection);
    let expected = Expected::new();
    // Every refusal has the expected reason.
    fn is_good<T: std::fmt::Debug>(result: crate::Result<T>) -> bool {
        result.is_ok() || {
            refused(result, TokenFault::Algorithm);
            false
        }
    }
    // Each verifier accepts a logout token once.
    let fresh = verifier
        .clone()
        .replay_store(crate::oidc::ReplayMemory::new());
    [
        is_good(verifier.id_token(&signed(&id_claims()), &expected).await),
        is_good(fresh.logout_token(&signed(&logout_claims())).await),
        is_good(verifier.user_info(&signed(&user_info_claims()), None).await),
        is_good(
            verifier
                .authorization_response(&signed(&response_claims()))
                .await,
        ),
        is_good(verifier.introspection(&introspection).await),
    ]
}

/// The tokens are signed with ES256.
#[tokio::test]
async fn each_kind_of_token_has_the_algorithm_it_is_registered_for() {
    assert_eq!(taken(&verifier()).await, [true; 5]);
    let all = |alg: SignatureAlgorithm| {
        [
            verifier().id_token_signed_response_alg(alg),
            verifier().userinfo_signed_response_alg(alg),
            verifier().authorization_signed_response_alg(alg),
            verifier().introspection_signed_response_alg(alg),
        ]
    };
    for verifier in all(Es256) {
        assert_eq!(taken(&verifier).await, [true; 5]);
    }
    let others = [
        [false, false, true, true, true],
        [true, true, false, true, true],
        [true, true, true, false, true],
        [true, true, true, true, false],
    ];
    // With a symmetric algorithm no token is accepted.
    for alg in [Ps256, Hs256] {
        for (verifier, wanted) in all(alg).iter().zip(others) {
            assert_eq!(taken(verifier).await, wanted, "{verifier:?}");
        }
    }
    // A narrower list for all kinds still applies.
    let narrow = verifier()
        .algorithms([Ps256])
        .id_token_signed_response_alg(Es256);
    assert_eq!(taken(&narrow).await, [false; 5]);
    let fitting = verifier()
        .algorithms([Ps256, Es256])
        .id_token_signed_response_alg(Es256);
    assert_eq!(taken(&fitting).await, [true; 5]);
    // Keycloak responds to an introspection with the access token, which has its own algorithm.
    let answered = verifier().introspection_signed_response_alg(Ps256);
    answered
        .introspection(&signed(&access_claims()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_registration_names_the_algorithms() {
    let metadata = ClientMetadata::default();
    let silent = verifier().registered(&metadata).unwrap();
    assert_eq!(taken(&silent).await, [true; 5]);
    let named: ClientMetadata = serde_json::from_value(json!({
        "id_token_signed_response_alg": "PS256",
        "userinfo_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "RS256",
        "introspection_signed_response_alg": "RS256",
    }))
    .unwrap();
    let verifier = verifier().registered(&named).unwrap();
    assert_eq!(taken(&verifier).await, [false, false, true, false, false]);
}

#[test]
fn registrations_that_no_token_would_fit_are_refused() {
    let of = |name: &str, value: Value| -> ClientMetadata {
        serde_json::from_value(json!({ name: value })).unwrap()
    };
    for name in [
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
    ] {
        // Some servers register plain userinfo as `none`; an unsigned ID token is never accepted.
        let plain = verifier().registered(&of(name, json!("none")));
        assert_eq!(plain.is_err(), name == "id_token_signed_response_alg");
        for value in ["HS256", "XY1", ""] {
            let error = verifier().registered(&of(name, json!(value))).unwrap_err();
            assert!(
                error.is_config() && error.to_string().contains(name),
                "{error}"
            );
        }
        let narrow = verifier().algorithms([Ps256]);
        narrow
            .clone()
            .registered(&of(name, json!("PS256")))
            .unwrap();
        narrow.registered(&of(name, json!("ES256"))).unwrap_err();
    }
    let id_token = "id_token_signed_response_alg";
    let secret = IdTokenSecret::new(Hs256, "s".repeat(32)).unwrap();
    let symmetric = verifier().id_tokens_signed_with_client_secret(secret);
    symmetric
        .clone()
        .registered(&of(id_token, json!("HS256")))
        .unwrap();
    for other in [Rs256.name(), "HS384"] {
        let refused = symmetric.clone().registered(&of(id_token, json!(other)));
        assert!(refused.unwrap_err().is_config());
    }
}
