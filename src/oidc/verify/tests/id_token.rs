//! ID tokens, step by step (OpenID Connect Core 1.0 section 3.1.3.7).

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Expected, IdToken, Presented};
use super::{ISSUER, NOW, id_claims, refused, signed, verifier, with};
use crate::TokenFault;
use crate::error::Result;
use crate::jose::tests::{sign, sign_text};
use crate::jose::{SignatureAlgorithm, SigningKey, hash};

async fn verify(claims: Value) -> Result<IdToken> {
    verifier()
        .id_token(&signed(&claims), &Expected::new())
        .await
}

async fn change(name: &str, value: Value) -> Result<IdToken> {
    verify(with(id_claims(), name, value)).await
}

async fn expecting(expected: Expected<'_>, claims: Value) -> Result<IdToken> {
    verifier().id_token(&signed(&claims), &expected).await
}

#[tokio::test]
async fn a_good_one() {
    let claims = with(id_claims(), "amr", json!(["pwd", "otp"]));
    let token = verify(claims).await.unwrap();
    assert_eq!((token.subject(), token.issuer()), ("ada", ISSUER));
    assert_eq!(
        (token.audience(), token.session_id()),
        (vec!["web"], Some("s"))
    );
    assert_eq!(token.claims().get("sid"), Some(&json!("s")));
    assert_eq!((token.acr(), token.amr()), (Some("1"), vec!["pwd", "otp"]));
    let age = |time: Option<std::time::SystemTime>| {
        time.unwrap()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    assert_eq!(age(token.issued_at()), NOW - 10);
    assert_eq!(age(token.expires_at()), NOW + 290);
    assert_eq!(age(token.auth_time()), NOW - 100);
    assert_eq!(token.algorithm(), SignatureAlgorithm::Es256);
    assert!(token.expose().starts_with("eyJ"));
    assert_eq!(token.claim("azp"), Some(&json!("web")));

    #[derive(Debug, serde::Deserialize)]
    struct Own {
        sid: String,
    }
    assert_eq!(token.claims_as::<Own>().unwrap().sid, "s");
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Other {
        sid: u64,
    }
    refused(token.claims_as::<Other>(), TokenFault::Claim);
    let shown = format!("{token:?}");
    assert!(
        shown.contains("auth_time") && !shown.contains("ada"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_refused() {
    for value in [
        json!(format!("{ISSUER}/")),
        json!("HTTPS://h/realms/demo"),
        json!("https://h:443/realms/demo"),
        json!("https://h/realms/other"),
        json!([ISSUER]),
        Value::Null,
    ] {
        refused(change("iss", value).await, TokenFault::Issuer);
    }
}

#[tokio::test]
async fn an_id_token_for_others_is_refused() {
    change("aud", json!(["web"])).await.unwrap();
    for value in [
        json!("api"),
        json!([]),
        json!(""),
        json!({"web": 1}),
        json!(["we", "b"]),
        Value::Null,
    ] {
        refused(change("aud", value).await, TokenFault::Audience);
    }
    let several = with(id_claims(), "aud", json!(["web", "api"]));
    let error = refused(verify(several.clone()).await, TokenFault::Audience);
    assert!(error.hint().unwrap().contains("trusted_audience"));
    let trusting = verifier().trusted_audience("api");
    trusting
        .id_token(&signed(&several), &Expected::new())
        .await
        .unwrap();
    // With a trusted audience, the client itself is still required.
    let only = with(id_claims(), "aud", json!("api"));
    refused(
        trusting.id_token(&signed(&only), &Expected::new()).await,
        TokenFault::Audience,
    );
    let third = with(id_claims(), "aud", json!(["web", "api", "third"]));
    refused(
        trusting.id_token(&signed(&third), &Expected::new()).await,
        TokenFault::Audience,
    );
    // Step 4.
    let unnamed = with(several, "azp", Value::Null);
    refused(
        trusting.id_token(&signed(&unnamed), &Expected::new()).await,
        TokenFault::AuthorizedParty,
    );
}

#[tokio::test]
async fn an_id_token_of_another_authorized_party_is_refused() {
    change("azp", Value::Null).await.unwrap();
    for value in [json!("api"), json!(["web"]), json!("")] {
        refused(change("azp", value).await, TokenFault::AuthorizedParty);
    }
}

#[tokio::test]
async fn an_id_token_needs_a_signature_by_a_key_of_the_issuer() {
    let token = signed(&id_claims());
    let cut = token.rsplit_once('.').unwrap().0;
    refused(
        verifier()
            .id_token(&format!("{cut}."), &Expected::new())
            .await,
        TokenFault::Signature,
    );
    let stranger = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("a");
    let token = stranger.sign(&json!({}), &id_claims()).unwrap();
    refused(
        verifier().id_token(&token, &Expected::new()).await,
        TokenFault::Signature,
    );
    let token = sign(&json!({"alg": "ES256", "kid": "b"}), &id_claims());
    refused(
        verifier().id_token(&token, &Expected::new()).await,
        TokenFault::UnknownKey,
    );
}

#[tokio::test]
async fn an_id_token_has_an_accepted_algorithm() {
    for name in ["none", "HS256", "RS256"] {
        let token = sign(&json!({"alg": name, "kid": "a"}), &id_claims());
        let fault = match name {
            "RS256" => TokenFault::UnknownKey,
            _ => TokenFault::Algorithm,
        };
        refused(verifier().id_token(&token, &Expected::new()).await, fault);
    }
    let token = signed(&id_claims());
    let narrow = verifier().algorithms([SignatureAlgorithm::Rs256]);
    refused(
        narrow.id_token(&token, &Expected::new()).await,
        TokenFault::Algorithm,
    );
    let fitting = verifier().algorithms([SignatureAlgorithm::Es256]);
    fitting.id_token(&token, &Expected::new()).await.unwrap();
}

/// Step 8: a symmetric algorithm is refused even if configured.
#[tokio::test]
async fn symmetric_algorithms_are_refused_even_where_they_are_named() {
    let secret = "a".repeat(64);
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, secret).unwrap();
    let token = key.sign(&json!({}), &id_claims()).unwrap();
    let asking = verifier().algorithms([SignatureAlgorithm::Hs256, SignatureAlgorithm::Es256]);
    let error = refused(
        asking.id_token(&token, &Expected::new()).await,
        TokenFault::Algorithm,
    );
    assert!(error.to_string().contains("symmetric"), "{error}");
}

#[tokio::test]
async fn an_id_token_needs_an_end_that_has_not_passed() {
    for value in [
        json!(NOW + 1),
        json!(1_000_290.5),
        json!(1e300),
        json!(i64::MAX),
        json!(u64::MAX),
    ] {
        change("exp", value).await.unwrap();
    }
    for value in [
        json!(NOW - 31),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(-1e300),
        Value::Null,
    ] {
        refused(change("exp", value).await, TokenFault::Expired);
    }
    for value in [json!("1000290"), json!([1]), json!(true)] {
        refused(change("exp", value).await, TokenFault::Malformed);
    }
    let infinite = r#"{"exp":1e999}"#;
    let token = sign_text(r#"{"alg":"ES256","kid":"a"}"#, infinite);
    refused(
        verifier().id_token(&token, &Expected::new()).await,
        TokenFault::Malformed,
    );
}

/// The leeway is 30 s by default, and at most half of the token's lifetime.
#[tokio::test]
async fn clocks_may_differ_by_at_most_half_of_the_life() {
    let at = |issued: u64, expires: u64| {
        with(
            with(id_claims(), "iat", json!(issued)),
            "exp",
            json!(expires),
        )
    };
    verify(at(NOW - 300, NOW - 29)).await.unwrap();
    refused(verify(at(NOW - 300, NOW - 30)).await, TokenFault::Expired);
    verify(at(NOW - 14, NOW - 4)).await.unwrap();
    refused(verify(at(NOW - 15, NOW - 5)).await, TokenFault::Expired);
    // A token that expires before it is issued has no leeway.
    refused(verify(at(NOW + 10, NOW)).await, TokenFault::Expired);
    let strict = verifier().leeway(Duration::ZERO);
    let token = signed(&at(NOW - 300, NOW));
    refused(
        strict.id_token(&token, &Expected::new()).await,
        TokenFault::Expired,
    );
}

#[tokio::test]
async fn an_id_token_from_the_future_or_too_old_is_refused() {
    for name in ["iat", "nbf"] {
        change(name, json!(NOW + 30)).await.unwrap();
        refused(change(name, json!(NOW + 31)).await, TokenFault::NotYetValid);
        refused(change(name, json!(1e300)).await, TokenFault::NotYetValid);
        refused(change(name, json!("now")).await, TokenFault::Malformed);
    }
    refused(change("iat", Value::Null).await, TokenFault::Claim);
    // An old token is valid unless the login limits the age.
    let old = with(id_claims(), "iat", json!(NOW - 604_800));
    verify(old.clone()).await.unwrap();
    let fresh = || Expected::new().max_issue_age(Duration::from_secs(60));
    refused(expecting(fresh(), old).await, TokenFault::TooOld);
    let edge = |age: u64| with(id_claims(), "iat", json!(NOW - age));
    expecting(fresh(), edge(90)).await.unwrap();
    refused(expecting(fresh(), edge(91)).await, TokenFault::TooOld);
}

#[tokio::test]
async fn the_nonce_is_that_of_the_login() {
    let expected = || Expected::new().nonce("n1");
    expecting(expected(), with(id_claims(), "nonce", json!("n1")))
        .await
        .unwrap();
    for value in [json!("n2"), json!(""), json!(["n1"]), Value::Null] {
        let claims = with(id_claims(), "nonce", value);
        refused(expecting(expected(), claims).await, TokenFault::Nonce);
    }
    // A login without a nonce expects none.
    let error = change("nonce", json!("n1")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("any_nonce"), "{error}");
    refused(Err::<(), _>(error), TokenFault::Nonce);
    let unknown = || Expected::new().any_nonce();
    for claims in [id_claims(), with(id_claims(), "nonce", json!("n1"))] {
        expecting(unknown(), claims).await.unwrap();
    }
}

#[tokio::test]
async fn the_authentication_level_is_one_that_was_asked_for() {
    let expected = || Expected::new().acr(["1", "gold"]);
    expecting(expected(), id_claims()).await.unwrap();
    expecting(expected(), with(id_claims(), "acr", json!("gold")))
        .await
        .unwrap();
    for value in [json!("0"), json!(1), Value::Null] {
        let claims = with(id_claims(), "acr", value);
        refused(
            expecting(expected(), claims).await,
            TokenFault::AuthenticationLevel,
        );
    }
    change("acr", Value::Null).await.unwrap();
}

#[tokio::test]
async fn the_time_of_the_login_is_recent_where_that_is_asked_for() {
    let within = |seconds| Expected::new().max_age(Duration::from_secs(seconds));
    expecting(within(100), id_claims()).await.unwrap();
    expecting(within(70), id_claims()).await.unwrap();
    refused(
        expecting(within(69), id_claims()).await,
        TokenFault::AuthTime,
    );
    let without = with(id_claims(), "auth_time", Value::Null);
    refused(
        expecting(within(100), without.clone()).await,
        TokenFault::AuthTime,
    );
    refused(
        expecting(Expected::new().auth_time(), without.clone()).await,
        TokenFault::AuthTime,
    );
    expecting(Expected::new().auth_time(), id_claims())
        .await
        .unwrap();
    verify(without).await.unwrap();
    // A malformed value is an error if it is required, and ignored otherwise.
    let odd = with(id_claims(), "auth_time", json!("yesterday"));
    refused(
        expecting(within(100), odd.clone()).await,
        TokenFault::Malformed,
    );
    refused(
        expecting(Expected::new().auth_time(), odd.clone()).await,
        TokenFault::Malformed,
    );
    assert_eq!(verify(odd).await.unwrap().auth_time(), None);
}

#[tokio::test]
async fn a_subject_is_bounded_text_without_control_characters() {
    let strict = verifier().strict_subjects();
    let expected = Expected::new();
    // The flag says whether the strict rule accepts the subject: ids of user storages, mapped
    // names.
    let long = |length| "a".repeat(length);
    for (subject, strictly) in [
        (long(255), true),
        ("f:9b2d:ada lovelace".to_owned(), true),
        (long(256), false),
        (long(4096), false),
        ("Ünlü Žofia 小林".to_owned(), false),
        ("e\u{301}".to_owned(), false),
        ("\u{200d}".to_owned(), false),
    ] {
        let claims = with(id_claims(), "sub", json!(subject));
        let token = change("sub", json!(subject)).await.unwrap();
        assert_eq!(token.subject(), subject, "as it is written");
        let strictly_taken = strict.id_token(&signed(&claims), &expected).await;
        assert_eq!(strictly_taken.is_ok(), strictly, "{subject}");
    }
    for value in [
        json!(""),
        json!(long(4097)),
        json!("ada\u{0}"),
        json!("a\nda"),
        json!("\u{7f}"),
        json!("\u{85}"),
        json!(1),
        json!(["ada"]),
        Value::Null,
    ] {
        refused(change("sub", value).await, TokenFault::Subject);
    }
}

/// Two encodings of the same letter are two subjects.
#[tokio::test]
async fn subjects_are_compared_as_they_are_written() {
    let composed = change("sub", json!("\u{e9}")).await.unwrap();
    let refreshed = |sub: &str| {
        let expected = Expected::new().refreshed_from(&composed);
        let claims = with(id_claims(), "sub", json!(sub));
        async move { expecting(expected, claims).await }
    };
    refreshed("\u{e9}").await.unwrap();
    for other in ["e\u{301}", "\u{c9}", " \u{e9}"] {
        refused(refreshed(other).await, TokenFault::Subject);
    }
}

/// A malformed entry counts as an untrusted audience.
#[tokio::test]
async fn an_audience_with_an_entry_that_is_no_text_is_refused() {
    for value in [
        json!(["web", {"x": 1}]),
        json!(["web", null]),
        json!(["web", 1]),
        json!([["web"]]),
        json!({"web": "web"}),
    ] {
        let error = refused(change("aud", value).await, TokenFault::Audience);
        assert!(error.to_string().contains("list of strings"), "{error}");
    }
    change("aud", json!(["web"])).await.unwrap();
}

#[tokio::test]
async fn hashes_bind_what_came_with_it() {
    let half = |value| json!(hash::half(SignatureAlgorithm::Es256, value));
    for (name, expected) in [
        ("at_hash", Expected::new().access_token("x")),
        ("c_hash", Expected::new().code("x")),
        ("s_hash", Expected::new().state("x")),
    ] {
        let good = with(id_claims(), name, half("x"));
        expecting(expected.clone(), good.clone()).await.unwrap();
        expecting(expected.clone().from_front_channel(), good)
            .await
            .unwrap();
        for value in [half("y"), json!(""), json!(1)] {
            let claims = with(id_claims(), name, value);
            refused(expecting(expected.clone(), claims).await, TokenFault::Hash);
        }
        // From the token endpoint all may be missing; through the browser only s_hash may.
        expecting(expected.clone(), id_claims()).await.unwrap();
        let front = expecting(expected.from_front_channel(), id_claims()).await;
        if name == "s_hash" {
            front.unwrap();
        } else {
            refused(front, TokenFault::Hash);
        }
    }
    // The hash of another algorithm is refused.
    let other = json!(hash::half(SignatureAlgorithm::Es384, "x"));
    let claims = with(id_claims(), "at_hash", other);
    refused(
        expecting(Expected::new().access_token("x"), claims).await,
        TokenFault::Hash,
    );
}

#[tokio::test]
async fn an_id_token_with_a_repeated_claim_is_refused() {
    let text = id_claims().to_string().replacen('{', r#"{"sub":"eve","#, 1);
    let token = sign_text(r#"{"alg":"ES256","kid":"a"}"#, &text);
    refused(
        verifier().id_token(&token, &Expected::new()).await,
        TokenFault::Malformed,
    );
}

/// OpenID Connect Core 1.0 section 12.2.
#[tokio::test]
async fn a_refreshed_id_token_is_of_the_same_login() {
    let first = with(id_claims(), "nonce", json!("n1"));
    let before = expecting(Expected::new().nonce("n1"), first.clone())
        .await
        .unwrap();
    let refreshed = |claims: Value| {
        let before = before.clone();
        async move { expecting(Expected::new().refreshed_from(&before), claims).await }
    };
    // Keycloak drops the nonce.
    refreshed(id_claims()).await.unwrap();
    refreshed(first.clone()).await.unwrap();
    refreshed(with(id_claims(), "auth_time", Value::Null))
        .await
        .unwrap();
    refreshed(with(id_claims(), "auth_time", json!(NOW - 5)))
        .await
        .unwrap();
    for (name, value, fault) in [
        ("nonce", json!("n2"), TokenFault::Nonce),
        ("sub", json!("eve"), TokenFault::Subject),
        ("azp", Value::Null, TokenFault::AuthorizedParty),
        ("auth_time", json!(NOW - 101), TokenFault::AuthTime),
    ] {
        refused(refreshed(with(id_claims(), name, value)).await, fault);
    }
    // Another issuer with the same key.
    let other = super::TrustedIssuer::new("https://h/realms/other", super::keys());
    let other = super::TokenVerifier::new(other, "web").clock(super::now);
    let token = signed(&with(id_claims(), "iss", json!("https://h/realms/other")));
    refused(
        other
            .id_token(&token, &Expected::new().refreshed_from(&before))
            .await,
        TokenFault::Issuer,
    );
}

/// A token is verified with the keys of the expected issuer.
#[tokio::test]
async fn keys_belong_to_their_issuer() {
    let other = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("a");
    let token = other.sign(&json!({}), &id_claims()).unwrap();
    refused(
        verifier().id_token(&token, &Expected::new()).await,
        TokenFault::Signature,
    );
}

/// `Debug` of `Expected` shows no secret values.
#[test]
fn expectations_are_not_shown() {
    let expected = Expected::new()
        .nonce("hunter2")
        .access_token("hunter2")
        .code("hunter2");
    let shown = format!("{expected:?} {:?}", verifier());
    assert!(
        !shown.contains("hunter2") && shown.contains("web"),
        "{shown}"
    );
    assert!(shown.contains("nonce: true"), "what is expected: {shown}");
    let presented = Presented::new("hunter2").certificate(b"c");
    let shown = format!("{presented:?} {:?}", super::api());
    assert!(!shown.contains("hunter2"), "{shown}");
    for said in ["Presented", "AccessTokenVerifier", ISSUER, "api"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}
