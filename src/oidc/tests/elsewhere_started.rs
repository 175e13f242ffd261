//! Logins that another program started, and grants without a method of their own.

use serde_json::json;

use super::flows::on;
use super::mock::Mock;
use crate::TokenFault;
use crate::test_support::Reply;

#[tokio::test]
async fn a_code_from_elsewhere_is_exchanged_with_what_is_known_of_its_login() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    // Sets the nonce of the next ID tokens.
    let login = mock.login(&oidc).await;
    let code = || oidc.code("c0de", "https://app.example/other");
    let known = code().verifier("v".repeat(43)).nonce(login.nonce());
    let tokens = known.await.unwrap();
    assert!(tokens.id_token().is_some());
    let wanted = format!(
        "grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fapp.example%2Fother&\
         code_verifier={}",
        "v".repeat(43)
    );
    assert_eq!(mock.last_body("/token"), wanted);
    code().param("resource", "x").await.unwrap();
    assert!(
        !mock.last_body("/token").contains("code_verifier")
            && mock.last_body("/token").ends_with("resource=x")
    );
    let error = code().nonce("another").await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Nonce), "{error}");
    let error = code().param("grant_type", "x").await.unwrap_err();
    assert!(error.is_config(), "{error}");
}

#[tokio::test]
async fn a_code_from_elsewhere_is_sent_once() {
    let mock = Mock::with(on("/token", |_| Reply::Drop)).await;
    let error = mock.oidc().code("c0de", "https://app/cb").await;
    assert!(
        error
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("exchanged only once")
    );
    assert_eq!(mock.posts("/token"), 1);
}

#[tokio::test]
async fn any_grant_can_be_asked_for_by_its_name() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let grant = oidc.grant("urn:example:badge");
    let tokens = grant.param("badge", "4711").scope("openid").await.unwrap();
    assert_eq!(tokens.id_token().unwrap().claim("aud"), Some(&json!("app")));
    let wanted = "grant_type=urn%3Aexample%3Abadge&scope=openid&badge=4711";
    assert_eq!(mock.last_body("/token"), wanted);
    let twice = oidc.grant("urn:example:badge").param("grant_type", "x");
    assert!(twice.await.unwrap_err().is_config());
}
