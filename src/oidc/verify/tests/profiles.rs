//! Recognizing access tokens.

use serde_json::{Value, json};

use super::super::{AccessTokenProfile, AccessTokenVerifier, Check};
use super::{access_claims, id_claims, refused, resource, signed, signed_as, with};
use crate::TokenFault;

/// Access tokens of most providers.
fn plain() -> Value {
    with(access_claims(), "typ", Value::Null)
}

fn of(profile: AccessTokenProfile) -> AccessTokenVerifier {
    let builder = resource().audience("api").profile(profile);
    builder.scope("notes").build().unwrap()
}

#[tokio::test]
async fn each_profile_takes_its_own_tokens() {
    use AccessTokenProfile::{Any, Keycloak, Rfc9068};
    let standard = with(plain(), "client_id", json!("web"));
    for (token, keycloak, rfc_9068, any) in [
        (signed(&access_claims()), true, false, true),
        (signed_as("at+jwt", &access_claims()), true, false, true),
        (signed_as("at+jwt", &standard), true, true, true),
        (signed_as("application/at+jwt", &standard), true, true, true),
        (signed(&standard), false, false, true),
        (signed(&plain()), false, false, true),
        (signed_as("logout+jwt", &plain()), false, false, false),
    ] {
        for (profile, good) in [(Keycloak, keycloak), (Rfc9068, rfc_9068), (Any, any)] {
            let result = of(profile).verify(&token).await;
            assert_eq!(result.is_ok(), good, "{profile:?}: {result:?}");
        }
    }
    for name in ["client_id", "jti", "iat"] {
        let token = signed_as("at+jwt", &with(standard.clone(), name, Value::Null));
        refused(of(Rfc9068).verify(&token).await, TokenFault::Claim);
    }
}

/// The hint names the profile that would accept the token.
#[tokio::test]
async fn refusals_name_the_profile_that_fits() {
    use AccessTokenProfile::{Keycloak, Rfc9068};
    for (profile, claims, hint) in [
        (Keycloak, plain(), Some("AccessTokenProfile::Any")),
        (Rfc9068, plain(), Some("AccessTokenProfile::Any")),
        (
            Rfc9068,
            access_claims(),
            Some("AccessTokenProfile::Keycloak"),
        ),
        // A token that is recognizably of another kind matches no profile.
        (Keycloak, with(plain(), "nonce", json!("n")), None),
        (Keycloak, with(plain(), "typ", json!("ID")), None),
    ] {
        let error = refused(of(profile).verify(&signed(&claims)).await, TokenFault::Type);
        match hint {
            Some(wanted) => assert!(error.hint().unwrap().contains(wanted), "{error}"),
            None => assert_eq!(error.hint(), None),
        }
    }
    let typed = signed_as("at+jwt", &with(plain(), "typ", json!("JWT")));
    let error = refused(of(Keycloak).verify(&typed).await, TokenFault::Type);
    assert_eq!(
        error.hint(),
        Some("AccessTokenProfile::Any accepts this token")
    );
}

#[tokio::test]
async fn any_refuses_what_says_that_it_is_of_another_kind() {
    let any = of(AccessTokenProfile::Any);
    any.verify(&signed(&plain())).await.unwrap();
    for name in ["nonce", "at_hash", "c_hash", "s_hash", "events"] {
        let token = signed(&with(plain(), name, json!("x")));
        refused(any.verify(&token).await, TokenFault::Type);
        let empty = signed(&with(
            with(plain(), name, json!({})),
            "typ",
            json!("Bearer"),
        ));
        refused(any.verify(&empty).await, TokenFault::Type);
    }
    for typ in [
        "ID",
        "Refresh",
        "Offline",
        "Logout",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "",
    ] {
        let token = signed(&with(plain(), "typ", json!(typ)));
        refused(any.verify(&token).await, TokenFault::Type);
        if !typ.is_empty() && typ.contains('+') {
            refused(
                any.verify(&signed_as(typ, &plain())).await,
                TokenFault::Type,
            );
        }
    }
    refused(
        any.verify(&signed(&with(plain(), "typ", json!(1)))).await,
        TokenFault::Type,
    );
    for typ in ["Bearer", "DPoP", "JWT", "at+jwt", "access_token"] {
        any.verify(&signed(&with(plain(), "typ", json!(typ))))
            .await
            .unwrap();
    }
}

/// An ID token of the code flow may have no type, so another requirement is needed.
#[tokio::test]
async fn any_builds_only_with_what_id_tokens_lack() {
    let any = || resource().profile(AccessTokenProfile::Any);
    let id_token = with(
        with(id_claims(), "typ", Value::Null),
        "aud",
        json!(["web", "https://api.example.org"]),
    );
    for good in [
        any().audience("web").scope("notes"),
        any().audience("web").require_claim("token_use", "access"),
        any()
            .without(Check::Audience)
            .require_claim("token_use", "access"),
    ] {
        let verifier = good.build().unwrap();
        refused(verifier.verify(&signed(&id_token)).await, TokenFault::Claim);
    }
    let resource_only = any().resource_audience("urn:api").build().unwrap();
    refused(
        resource_only.verify(&signed(&id_token)).await,
        TokenFault::Audience,
    );
    for bad in [
        any().audience("web"),
        any().audience("web").scope(""),
        any().audience("web").require_claim("sub", "ada"),
        any().audience("web").require_claim("email_verified", true),
        any().without(Check::Audience),
        // The plain audience would accept ID tokens for that audience.
        any().audience("web").resource_audience("urn:api"),
        any().resource_audience("urn:api").without(Check::Audience),
    ] {
        let error = bad.build().unwrap_err();
        assert!(
            error.is_config() && error.hint().unwrap().contains("require_claim"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn claims_that_are_required() {
    let verifier = resource()
        .audience("api")
        .require_claim("token_use", "access")
        .require_claim("tier", 2)
        .build()
        .unwrap();
    let claims = |usage: Value, tier: Value| {
        signed(&with(
            with(access_claims(), "token_use", usage),
            "tier",
            tier,
        ))
    };
    for good in [
        claims(json!("access"), json!(2)),
        claims(json!(["x", "access"]), json!([2])),
    ] {
        verifier.verify(&good).await.unwrap();
    }
    for bad in [
        claims(json!("id"), json!(2)),
        claims(json!("access"), json!("2")),
        claims(json!("access"), Value::Null),
        claims(json!({"access": 1}), json!(2)),
    ] {
        refused(verifier.verify(&bad).await, TokenFault::Claim);
    }
}

/// Scopes are a string or a list, in `scope` or in `scp`.
#[tokio::test]
async fn scopes_in_every_form() {
    let verifier = of(AccessTokenProfile::Keycloak);
    let bare = with(access_claims(), "scope", Value::Null);
    for (name, value) in [
        ("scope", json!(["openid", "notes"])),
        ("scp", json!("openid notes")),
        ("scp", json!(["openid", "notes"])),
    ] {
        let token = signed(&with(bare.clone(), name, value));
        let claims = verifier.verify(&token).await.unwrap();
        assert_eq!(claims.scopes(), ["openid", "notes"]);
    }
    for (name, value) in [
        ("scope", json!(["note"])),
        ("scope", json!({"notes": 1})),
        ("scp", json!(["openid notes"])),
        ("scp", json!([1])),
    ] {
        let token = signed(&with(bare.clone(), name, value));
        refused(verifier.verify(&token).await, TokenFault::Claim);
    }
    // An empty `scope` grants nothing, even with a `scp`.
    let both = with(with(bare, "scope", json!("")), "scp", json!("notes"));
    refused(verifier.verify(&signed(&both)).await, TokenFault::Claim);
}
