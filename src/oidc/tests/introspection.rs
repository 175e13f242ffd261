//! Introspection responses, and how they are evaluated.

use serde_json::{Value, json};

use super::flows::on;
use super::mock::{Defects, Mock, now};
use crate::jose::tests::sign;
use crate::oidc::Introspection;
use crate::test_support::Reply;
use crate::{ErrorKind, TokenFault};

async fn answering(answer: &Value) -> Mock {
    let body = answer.to_string();
    Mock::with(on("/introspect", move |_| Reply::json(200, body.clone()))).await
}

async fn ask(answer: &Value, token: &str) -> Introspection {
    let mock = answering(answer).await;
    mock.oidc().introspect(token).await.unwrap()
}

#[tokio::test]
async fn only_active_access_tokens_let_a_caller_in() {
    for (answer, active, lets_in) in [
        (json!({ "active": true, "typ": "Bearer" }), true, true),
        (json!({ "active": true, "typ": "DPoP" }), true, true),
        (json!({ "active": true, "typ": "ID" }), true, false),
        (
            json!({ "active": true, "typ": "Refresh", "token_type": "Bearer" }),
            true,
            false,
        ),
        (
            json!({ "active": true, "token_type": "bearer" }),
            true,
            true,
        ),
        (json!({ "active": true, "token_type": "dpop" }), true, true),
        (json!({ "active": true, "token_type": "mac" }), true, false),
        (json!({ "active": true }), true, false),
        (json!({ "active": false, "typ": "Bearer" }), false, false),
        (json!({ "active": "true", "typ": "Bearer" }), false, false),
        (json!({ "typ": "Bearer" }), false, false),
    ] {
        let said = ask(&answer, "t").await;
        assert_eq!(said.is_active(), active, "{answer}");
        assert_eq!(said.is_access_token_active(), lets_in, "{answer}");
        assert_eq!(said.require_active().is_ok(), lets_in, "{answer}");
    }
}

#[tokio::test]
async fn an_inactive_token_itself_often_shows_why() {
    let token = |claims: Value| sign(&json!({ "alg": "ES256" }), &claims);
    let inactive = json!({ "active": false });
    let end = now() + 60;
    for (asked, why) in [
        (
            token(json!({ "exp": now() - 1, "aud": "app" })),
            Some("expired"),
        ),
        (
            token(json!({ "typ": "Refresh", "exp": end })),
            Some("token_type_hint"),
        ),
        (token(json!({ "typ": "Offline" })), Some("token_type_hint")),
        (token(json!({ "aud": "app", "exp": end })), Some("revoked")),
        (token(json!({ "aud": ["x", "app"] })), Some("revoked")),
        (
            token(json!({ "aud": ["x"], "azp": "app" })),
            Some("\"app\" is not in the audience"),
        ),
        (token(json!({ "aud": "x" })), Some("not in the audience")),
        (token(json!({})), Some("not in the audience")),
        ("opaque".to_owned(), None),
    ] {
        let error = ask(&inactive, &asked).await.require_active().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        match why {
            Some(why) => assert!(error.hint().unwrap().contains(why), "{why}: {error}"),
            None => assert_eq!(error.hint(), None),
        }
    }
    let other = json!({ "active": true, "typ": "ID" });
    let error = ask(&other, "opaque").await.require_active().unwrap_err();
    assert!(
        error.hint().unwrap().contains("not an access token"),
        "{error}"
    );
}

/// `token_type` is optional (RFC 7662 section 2.2): a token without a type is not of another type,
/// and an access token only if the caller says so.
/// and an access token only where the caller says so.
#[tokio::test]
async fn a_missing_type_is_not_another_type() {
    let silent = json!({ "active": true, "sub": "1" });
    let error = ask(&silent, "opaque").await.require_active().unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("untyped_as_access_token"), "{error}");
    assert!(!hint.contains("not an access token"), "{error}");
    let said = ask(&silent, "opaque").await.untyped_as_access_token();
    assert!(said.is_access_token_active());
    said.require_active().unwrap();
    for other in [
        json!({ "active": false }),
        json!({ "active": true, "typ": "Refresh" }),
        json!({ "active": true, "token_type": "refresh_token" }),
        json!({ "active": true, "token_type": 1 }),
        json!({ "active": true, "nonce": "n" }),
        json!({ "active": true, "at_hash": "h" }),
    ] {
        let said = ask(&other, "opaque").await.untyped_as_access_token();
        said.require_active().unwrap_err();
    }
}

#[tokio::test]
async fn audience_and_scope_of_an_answer_can_be_required() {
    let answer = json!({
        "active": true, "typ": "Bearer", "aud": ["api", "web"], "scope": "notes openid",
    });
    let said = ask(&answer, "t").await;
    let said = said.require_audience("api").unwrap();
    let said = said.require_scope("notes").unwrap();
    assert_eq!(said.audience(), ["api", "web"]);
    for error in [
        said.clone().require_audience("ap").unwrap_err(),
        said.require_scope("note").unwrap_err(),
        ask(&json!({ "active": true, "typ": "Bearer" }), "t")
            .await
            .require_audience("api")
            .unwrap_err(),
        // Neither accepts a token that is not an active access token.
        ask(&json!({ "active": false, "aud": "api" }), "t")
            .await
            .require_audience("api")
            .unwrap_err(),
        ask(&json!({ "active": true, "scope": "notes" }), "t")
            .await
            .require_scope("notes")
            .unwrap_err(),
    ] {
        assert!(error.is_unauthorized(), "{error}");
    }
}

#[tokio::test]
async fn the_members_of_an_answer() {
    let answer = json!({ "active": true, "scope": "a b", "sub": "1", "username": "ada" });
    let said = ask(&answer, "t").await;
    assert_eq!((said.scopes(), said.subject()), (vec!["a", "b"], Some("1")));
    assert!(said.has_scope("b") && !said.has_scope("a b"));
    assert_eq!(said.member("username"), Some(&json!("ada")));
    assert_eq!(said.member("other"), None);
    assert_eq!(Value::Object(said.members().clone()), answer);
    let silent = ask(&json!({ "active": true }), "t").await;
    assert!(silent.scopes().is_empty() && silent.audience().is_empty());
    assert_eq!(silent.subject(), None);
    for scopes in [
        json!({ "scope": ["a", "b"] }),
        json!({ "scp": "a b" }),
        json!({ "scp": ["a", "b"] }),
        json!({ "scope": null, "scp": "a b" }),
        json!({ "scope": "a b", "scp": "c" }),
    ] {
        assert_eq!(ask(&scopes, "t").await.scopes(), ["a", "b"], "{scopes}");
    }
}

/// The media type of the requested response: Keycloak compares the whole header.
#[tokio::test]
async fn signed_introspection_is_asked_for_by_media_type() {
    let accepted = async |mock: &Mock, signed: bool| {
        let request = mock.oidc().introspect("t");
        let _ = match signed {
            true => request.as_jwt().await,
            false => request.await,
        };
        let seen = mock.server.seen();
        let asked = seen
            .iter()
            .rfind(|seen| seen.target == "/introspect")
            .unwrap();
        asked.header("accept").unwrap().to_owned()
    };
    let keycloak = answering(&json!({ "active": false })).await;
    assert_eq!(accepted(&keycloak, false).await, "application/json");
    assert_eq!(accepted(&keycloak, true).await, "application/jwt");
    let other = Mock::with(Defects {
        document: Box::new(|document| {
            document["introspection_signing_alg_values_supported"] = json!(["ES256"]);
        }),
        ..on("/introspect", |_| Reply::json(200, r#"{"active":false}"#))
    })
    .await;
    assert_eq!(
        accepted(&other, true).await,
        "application/token-introspection+jwt"
    );
    assert_eq!(accepted(&other, false).await, "application/json");
}

#[tokio::test]
async fn unsigned_introspection_is_refused_where_a_signed_one_was_asked_for() {
    let plain = answering(&json!({ "active": true, "typ": "Bearer" })).await;
    plain.oidc().introspect("t").await.unwrap();
    let error = plain.oidc().introspect("t").as_jwt().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.hint().unwrap().contains("switch on"), "{error}");
    // An inactive token has no claims to sign.
    let inactive = answering(&json!({ "active": false })).await;
    let said = inactive.oidc().introspect("t").as_jwt().await.unwrap();
    assert!(!said.is_active());
    let forged = answering(&json!({ "active": true, "jwt": "a.b.c" })).await;
    let error = forged.oidc().introspect("t").as_jwt().await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Malformed), "{error}");
}

/// The whole response is a signed token (RFC 9701 section 5).
#[tokio::test]
async fn an_introspection_response_that_is_a_jwt_is_verified() {
    for (change, good) in [
        (json!({}), true),
        (json!({ "iss": "https://other" }), false),
        (json!({ "aud": "other" }), false),
    ] {
        let mock = Mock::with(on("/introspect", move |seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            let mut claims = json!({
                "iss": base, "aud": "app", "iat": now(),
                "token_introspection": { "active": true, "token_type": "Bearer", "sub": "1" },
            });
            for (name, value) in change.as_object().unwrap() {
                claims[name] = value.clone();
            }
            let header = json!({ "alg": "ES256", "kid": "a", "typ": "token-introspection+jwt" });
            let jwt = vec![(
                "Content-Type",
                "application/token-introspection+jwt".to_owned(),
            )];
            Reply::Answer(200, jwt, sign(&header, &claims))
        }))
        .await;
        match mock.oidc().introspect("t").as_jwt().await {
            Ok(said) => {
                assert!(good && said.is_access_token_active());
                assert_eq!(said.subject(), Some("1"));
            }
            Err(error) => assert!(!good && error.is_invalid_token(), "{error}"),
        }
    }
}

#[tokio::test]
async fn introspection_that_is_refused() {
    let mock = Mock::with(on("/introspect", |_| {
        Reply::json(401, r#"{"error":"invalid_client"}"#)
    }))
    .await;
    let error = mock.oidc().introspect("t").await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let request = mock.oidc().introspect("t").token_type_hint("refresh_token");
    request.param("resource", "r").await.unwrap_err();
    let seen = mock.server.seen();
    let asked = seen
        .iter()
        .rfind(|seen| seen.target == "/introspect")
        .unwrap();
    assert_eq!(
        asked.body,
        "token=t&token_type_hint=refresh_token&resource=r"
    );
}

/// A response that fails a check says nothing about the token.
#[tokio::test]
async fn an_answer_for_another_client_is_no_refusal_of_the_token() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            let header = json!({ "alg": "ES256", "kid": "a", "typ": "token-introspection+jwt" });
            let claims = json!({
                "iss": base, "aud": "another", "iat": 1, "token_introspection": { "active": true },
            });
            let media_type = "application/token-introspection+jwt".to_owned();
            let answer = vec![("Content-Type", media_type)];
            (seen.target == "/introspect")
                .then(|| Reply::Answer(200, answer, sign(&header, &claims)))
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let verifier = oidc.access_token_verifier().audience("api");
    let verifier = verifier
        .introspection(oidc.clone())
        .introspect_opaque_tokens();
    let error = verifier
        .build()
        .unwrap()
        .verify("opaque")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(
        error.token_fault().is_none() && error.hint().is_some(),
        "{error}"
    );
}
