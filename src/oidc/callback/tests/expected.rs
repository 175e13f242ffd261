//! The ID token must satisfy the login's settings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::TokenFault;
use crate::oidc::tests::mock::{Defects, Mock, now};
use crate::test_support::Reply;

async fn with_claim(name: &'static str, value: Value) -> Mock {
    let claims = Box::new(move |claims: &mut Value| claims[name] = value.clone());
    Mock::with(Defects {
        claims,
        ..Defects::default()
    })
    .await
}

#[tokio::test]
async fn a_login_gets_the_authentication_level_it_asks_for() {
    for (level, passes) in [("gold", true), ("silver", false)] {
        let mock = with_claim("acr", json!(level)).await;
        let oidc = mock.oidc();
        let login = oidc.authorize().essential_acr(["gold", "platinum"]);
        let login = login.start().await.unwrap();
        mock.expect(&login);
        let answer = mock.answer(&login);
        match oidc.callback(login, answer).await {
            Ok(tokens) => assert!(passes, "{tokens:?}"),
            Err(error) => {
                assert_eq!(
                    error.token_fault(),
                    Some(TokenFault::AuthenticationLevel),
                    "{error}"
                );
                assert!(!passes);
            }
        }
    }
}

#[tokio::test]
async fn a_login_is_as_recent_as_it_asks_for() {
    for (age, passes) in [(10, true), (10_000, false)] {
        let mock = with_claim("auth_time", json!(now() - age)).await;
        let oidc = mock.oidc();
        let login = oidc.authorize().max_age(Duration::from_secs(600));
        let login = login.start().await.unwrap();
        mock.expect(&login);
        let answer = mock.answer(&login);
        let outcome = oidc.callback(login, answer).await;
        assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
    }
}

/// The error says that the code may have been used only if that is unknown.
#[tokio::test]
async fn a_refused_code_does_not_count_as_unclear() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let refusal = r#"{"error":"unsupported_grant_type"}"#;
            seen.is_token_request().then(|| Reply::json(400, refusal))
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unsupported_grant_type"));
    let hint = error.hint().unwrap_or_default();
    assert!(!hint.contains("may have been used"), "{error}");
}

/// The caller's parameters are sent with the code, and replace nothing.
#[tokio::test]
async fn extra_parameters_of_an_exchange() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = async || {
        let answer = oidc.authorization_response(login.clone(), mock.answer(&login));
        answer.await.unwrap()
    };
    let exchange = oidc.exchange_code(answer().await);
    exchange.param("resource", "https://api").await.unwrap();
    {
        let seen = mock.server.seen();
        let sent = seen.iter().find(|seen| seen.is_token_request()).unwrap();
        assert_eq!(sent.form("resource"), Some("https%3A%2F%2Fapi"));
    }
    let error = oidc
        .exchange_code(answer().await)
        .param("code", "other")
        .await;
    assert!(error.unwrap_err().is_config());
}
