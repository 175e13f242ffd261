//! Claims of other JSON types than the standard's.

use serde::Deserialize;
use serde_json::{Value, json};

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::ErrorKind;
use crate::oidc::TokenSet;
use crate::test_support::Reply;

async fn answering(answer: &Value) -> (Mock, TokenSet) {
    let body = answer.to_string();
    let mock = Mock::with(on("/userinfo", move |_| Reply::json(200, body.clone()))).await;
    let tokens = mock.oidc().client_credentials().await.unwrap();
    (mock, tokens)
}

/// Claims of other types, beside correct ones.
fn odd() -> Value {
    json!({
        "sub": "1", "preferred_username": null, "name": 7, "given_name": ["Ada"],
        "family_name": { "de": "L" }, "email": ["a@example.org", "b@example.org"],
        "email_verified": true, "phone_number": 4711, "phone_number_verified": "true",
        "address": "no object", "groups": "one", "updated_at": "yesterday",
    })
}

#[tokio::test]
async fn userinfo_of_other_types_loses_nothing() {
    let (mock, tokens) = answering(&odd()).await;
    let me = mock.oidc().userinfo(&tokens).await.unwrap();
    assert_eq!(me.subject(), "1");
    for text in [
        me.preferred_username(),
        me.name(),
        me.given_name(),
        me.family_name(),
        me.email(),
        me.phone_number(),
    ] {
        assert_eq!(text, None);
    }
    // A claim that is not a single address is not a verified one.
    assert!(!me.is_email_verified() && !me.is_phone_number_verified());
    assert_eq!(Value::Object(me.claims().clone()), odd());
    assert_eq!(me.claim("email").unwrap()[1], "b@example.org");

    let (mock, tokens) = answering(&json!({
        "sub": "1", "preferred_username": "ada", "name": "Ada L", "given_name": "Ada",
        "family_name": "L", "email": "a@example.org", "email_verified": "true",
        "phone_number": "+44", "phone_number_verified": true,
    }))
    .await;
    let me = mock.oidc().userinfo(&tokens).await.unwrap();
    let texts = [
        me.preferred_username(),
        me.name(),
        me.given_name(),
        me.family_name(),
        me.email(),
        me.phone_number(),
    ];
    assert_eq!(
        texts.map(Option::unwrap),
        ["ada", "Ada L", "Ada", "L", "a@example.org", "+44"]
    );
    assert!(me.is_email_verified() && me.is_phone_number_verified());
    assert!(!format!("{me:?}").contains("example.org"));
}

#[tokio::test]
async fn only_true_is_a_verified_address() {
    for (value, verified) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("True"), false),
        (json!(" true"), false),
        (json!("yes"), false),
        (json!(1), false),
        (json!("1"), false),
        (json!([true]), false),
        (json!(null), false),
    ] {
        let claims = json!({ "sub": "1", "email": "a@example.org", "email_verified": value });
        let (mock, tokens) = answering(&claims).await;
        let me = mock.oidc().userinfo(&tokens).await.unwrap();
        assert_eq!(me.is_email_verified(), verified, "{value}");
        // The same claims in ID tokens.
        let mock = Mock::with(Defects {
            claims: Box::new(move |claims| {
                claims["email"] = json!("a@example.org");
                claims["email_verified"] = value.clone();
            }),
            ..Defects::default()
        })
        .await;
        let tokens = mock.oidc().client_credentials().await.unwrap();
        let id_token = tokens.id_token().unwrap();
        assert_eq!(id_token.email(), Some("a@example.org"));
        assert_eq!(id_token.is_email_verified(), verified);
    }
}

#[tokio::test]
async fn an_id_token_with_claims_of_other_types_is_one() {
    let mock = Mock::with(Defects {
        claims: Box::new(|claims| {
            for (name, value) in odd().as_object().unwrap() {
                claims[name] = value.clone();
            }
            claims["auth_time"] = json!("1700000000");
            claims["acr"] = json!(1);
            claims["amr"] = json!("pwd");
            claims["sid"] = json!(7);
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let login = oidc.callback(login, answer).await.unwrap();
    let id_token = login.id_token();
    assert_eq!((id_token.name(), id_token.email()), (None, None));
    assert_eq!((id_token.acr(), id_token.session_id()), (None, None));
    assert_eq!((id_token.amr(), id_token.auth_time()), (vec!["pwd"], None));
    assert_eq!(id_token.claim("name"), Some(&json!(7)));
}

#[derive(Debug, Deserialize)]
struct Mine {
    sub: String,
    email: Vec<String>,
    name: u32,
}

#[tokio::test]
async fn userinfo_and_introspection_as_a_type_of_the_callers() {
    let (mock, tokens) = answering(&odd()).await;
    let oidc = mock.oidc();
    let mine: Mine = oidc.userinfo_as(&tokens).await.unwrap();
    assert_eq!(
        (mine.sub.as_str(), mine.name, mine.email.len()),
        ("1", 7, 2)
    );
    let error = oidc.userinfo_as::<Vec<String>>(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(!error.to_string().contains("example.org"), "{error}");

    let answer = r#"{"active":true,"scope":["a"],"sub":"1","email":["x"],"name":9,"exp":"soon"}"#;
    let mock = Mock::with(on("/introspect", move |_| Reply::json(200, answer))).await;
    let answer = mock.oidc().introspect("x").await.unwrap();
    assert!(answer.is_active());
    assert_eq!(answer.subject(), Some("1"));
    let mine: Mine = answer.members_as().unwrap();
    assert_eq!(
        (mine.sub.as_str(), mine.name, mine.email.len()),
        ("1", 9, 1)
    );
    let error = answer.members_as::<u8>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

/// `sub` identifies the user of the response.
#[tokio::test]
async fn userinfo_without_a_subject_is_about_nobody() {
    for answer in [
        json!({}),
        json!({ "sub": 1 }),
        json!({ "sub": "" }),
        json!({ "sub": ["1"] }),
        json!([]),
    ] {
        let (mock, tokens) = answering(&answer).await;
        let error = mock
            .oidc()
            .userinfo_of(tokens.access_token())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{answer}: {error}");
        assert_eq!(error.operation(), Some("oidc.userinfo"));
    }
    let (mock, tokens) = answering(&json!({ "sub": "2" })).await;
    let error = mock.oidc().userinfo(&tokens).await.unwrap_err();
    assert!(error.to_string().contains("another user"), "{error}");
    let twice = Mock::with(on("/userinfo", |_| {
        Reply::json(200, r#"{"sub":"2","sub":"1"}"#)
    }))
    .await;
    let tokens = twice.oidc().client_credentials().await.unwrap();
    let error = twice.oidc().userinfo(&tokens).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}
