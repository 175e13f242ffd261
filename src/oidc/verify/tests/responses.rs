//! Responses in a JWT: authorization (JARM), userinfo, introspection.

use serde_json::{Value, json};

use super::{
    ISSUER, NOW, access_claims, refused, response_claims, signed, signed_as, user_info_claims,
    verifier, with,
};
use crate::TokenFault;
use crate::jose::tests::sign_text;

const HEADER: &str = r#"{"alg":"ES256","kid":"a","typ":"JWT"}"#;

async fn response(claims: Value) -> crate::Result<Vec<(String, String)>> {
    verifier().authorization_response(&signed(&claims)).await
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

#[tokio::test]
async fn an_authorization_response_has_issuer_audience_and_end() {
    let all = response(response_claims()).await.unwrap();
    assert_eq!(
        all,
        owned(&[("iss", ISSUER), ("code", "c"), ("state", "st")])
    );
    let mut error = with(response_claims(), "code", Value::Null);
    error["error"] = json!("access_denied");
    error["expires_in"] = json!(60);
    let all = response(error).await.unwrap();
    assert!(all.contains(&("error".to_owned(), "access_denied".to_owned())));
    assert!(all.contains(&("expires_in".to_owned(), "60".to_owned())));
    for (name, value, fault) in [
        ("iss", json!("https://h/realms/other"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Issuer),
        ("aud", json!("api"), TokenFault::Audience),
        ("aud", Value::Null, TokenFault::Audience),
        ("exp", Value::Null, TokenFault::Expired),
        ("exp", json!(NOW - 100), TokenFault::Expired),
        ("typ", json!("ID"), TokenFault::Type),
        ("sub", json!("ada"), TokenFault::Type),
        ("events", json!({}), TokenFault::Type),
    ] {
        refused(response(with(response_claims(), name, value)).await, fault);
    }
    let empty = json!({"iss": ISSUER, "aud": "web", "exp": NOW + 60});
    refused(response(empty).await, TokenFault::Type);
    for algorithm in ["none", "HS256"] {
        let token = crate::jose::tests::sign(&json!({ "alg": algorithm }), &response_claims());
        refused(
            verifier().authorization_response(&token).await,
            TokenFault::Algorithm,
        );
    }
}

/// Keycloak sends the issuer twice.
#[tokio::test]
async fn the_issuer_of_an_authorization_response_may_be_there_twice_if_equal() {
    let twice = |other: &str| {
        let text = response_claims().to_string();
        sign_text(
            HEADER,
            &text.replacen('{', &format!(r#"{{"iss":"{other}","#), 1),
        )
    };
    let all = verifier()
        .authorization_response(&twice(ISSUER))
        .await
        .unwrap();
    assert_eq!(all.iter().filter(|(name, _)| name == "iss").count(), 1);
    for other in ["https://h/realms/other", ""] {
        refused(
            verifier().authorization_response(&twice(other)).await,
            TokenFault::Malformed,
        );
    }
    let code = response_claims()
        .to_string()
        .replacen('{', r#"{"code":"c","#, 1);
    refused(
        verifier()
            .authorization_response(&sign_text(HEADER, &code))
            .await,
        TokenFault::Malformed,
    );
    // Only in the outermost object.
    let inner = with(response_claims(), "x", json!(0)).to_string();
    let inner = inner.replace(r#""x":0"#, r#""x":{"iss":1,"iss":1}"#);
    refused(
        verifier()
            .authorization_response(&sign_text(HEADER, &inner))
            .await,
        TokenFault::Malformed,
    );
}

/// Signed userinfo should have issuer and audience (OpenID Connect Core 1.0 section 5.3.2).
#[tokio::test]
async fn userinfo_without_issuer_or_audience_is_taken_where_that_is_said() {
    for (name, other, fault) in [
        ("iss", "https://h/realms/other", TokenFault::Issuer),
        ("aud", "api", TokenFault::Audience),
    ] {
        let without = signed(&with(user_info_claims(), name, Value::Null));
        let error = verifier().user_info(&without, None).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault));
        assert!(!error.to_string().contains("another"), "{error}");
        assert!(
            error.hint().unwrap().contains("unaddressed_userinfo"),
            "{error}"
        );
        let lenient = verifier().unaddressed_userinfo();
        let claims = lenient.user_info(&without, Some("ada")).await.unwrap();
        assert_eq!(claims["email"], "ada@example.org");
        // If present they are checked, and the subject is always checked.
        for odd in [json!(other), json!(7)] {
            let other = signed(&with(user_info_claims(), name, odd));
            refused(lenient.user_info(&other, None).await, fault);
        }
        refused(
            lenient.user_info(&without, Some("eve")).await,
            TokenFault::Subject,
        );
        // An ID token is refused.
        let id = signed(&with(
            with(user_info_claims(), name, Value::Null),
            "nonce",
            json!("n"),
        ));
        refused(lenient.user_info(&id, None).await, TokenFault::Type);
    }
}

/// Keycloak sends neither a time nor a type in userinfo.
#[tokio::test]
async fn signed_userinfo_has_issuer_audience_and_subject() {
    let verify = async |claims: Value, subject: Option<&str>| {
        verifier().user_info(&signed(&claims), subject).await
    };
    let claims = verify(user_info_claims(), Some("ada")).await.unwrap();
    assert_eq!(claims["email"], "ada@example.org");
    verify(user_info_claims(), None).await.unwrap();
    refused(
        verify(user_info_claims(), Some("eve")).await,
        TokenFault::Subject,
    );
    for (name, value, fault) in [
        ("iss", json!("https://h/realms/other"), TokenFault::Issuer),
        ("iss", Value::Null, TokenFault::Issuer),
        ("aud", json!("api"), TokenFault::Audience),
        ("aud", Value::Null, TokenFault::Audience),
        ("sub", Value::Null, TokenFault::Subject),
        ("typ", json!("ID"), TokenFault::Type),
        ("nonce", json!("n"), TokenFault::Type),
        ("events", json!({}), TokenFault::Type),
        ("at_hash", json!("x"), TokenFault::Type),
        // Times are checked if present.
        ("exp", json!(NOW - 100), TokenFault::Expired),
        ("iat", json!(NOW + 100), TokenFault::NotYetValid),
        ("nbf", json!(NOW + 100), TokenFault::NotYetValid),
    ] {
        refused(
            verify(with(user_info_claims(), name, value), None).await,
            fault,
        );
    }
    verify(with(user_info_claims(), "exp", json!(NOW + 1)), None)
        .await
        .unwrap();
    refused(
        verifier()
            .user_info(&signed_as("at+jwt", &user_info_claims()), None)
            .await,
        TokenFault::Type,
    );
}

#[tokio::test]
async fn signed_introspection_is_read_in_both_forms() {
    // RFC 9701.
    let answer = json!({
        "iss": ISSUER, "aud": "web", "iat": NOW, "token_introspection": {"active": true, "x": 1},
    });
    let verify =
        async |typ: &str, claims: &Value| verifier().introspection(&signed_as(typ, claims)).await;
    let standard = "token-introspection+jwt";
    let claims = verify(standard, &answer).await.unwrap();
    assert_eq!((&claims["active"], &claims["x"]), (&json!(true), &json!(1)));
    for (name, value, fault) in [
        ("iss", Value::Null, TokenFault::Issuer),
        ("aud", json!("api"), TokenFault::Audience),
        ("iat", Value::Null, TokenFault::Claim),
        ("iat", json!(NOW + 100), TokenFault::NotYetValid),
        ("token_introspection", json!(true), TokenFault::Claim),
        ("token_introspection", Value::Null, TokenFault::Claim),
    ] {
        refused(
            verify(standard, &with(answer.clone(), name, value)).await,
            fault,
        );
    }
    // Keycloak's response: the token itself.
    let claims = verify("JWT", &access_claims()).await.unwrap();
    assert_eq!(claims["sub"], "ada");
    verify("JWT", &with(access_claims(), "typ", json!("DPoP")))
        .await
        .unwrap();
    for (name, value, fault) in [
        ("iss", Value::Null, TokenFault::Issuer),
        ("typ", json!("ID"), TokenFault::Type),
        ("typ", Value::Null, TokenFault::Type),
        ("exp", json!(NOW - 100), TokenFault::Expired),
    ] {
        refused(
            verify("JWT", &with(access_claims(), name, value)).await,
            fault,
        );
    }
    refused(verify("dpop+jwt", &answer).await, TokenFault::Type);
}
