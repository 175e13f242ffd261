//! Logins on another device.

use keycloak_kit::ErrorKind;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::PASSWORD;
use crate::support::browser::{Browser, Page};
use crate::support::realm::Realm;

fn attributes() -> serde_json::Value {
    json!({ "attributes": {
        "oauth2.device.authorization.grant.enabled": "true",
        "oauth2.device.polling.interval": "1",
        "pkce.code.challenge.method": "S256",
    }})
}

/// The user opens the address with the code, logs in and decides.
async fn decide(url: &str, answer: (&str, &str)) {
    let mut browser = Browser::new("https://nowhere.example");
    let page = browser.login(url, "ada", PASSWORD).await;
    let page = browser.submit(&page, &[answer]).await;
    assert!(matches!(page, Page::Html(..)));
}

#[tokio::test]
async fn a_device_waits_until_the_user_agrees() {
    let realm = Realm::new("device").await;
    let app = realm.app(attributes()).await;
    let login = app.device().scope("openid email").await.unwrap();
    let shown = format!("{login:?}");
    assert!(!shown.contains(login.user_code()), "{shown}");
    assert_eq!(login.interval().as_secs(), 1);
    assert!(login.expires_in().unwrap().as_secs() > 60);
    assert!(login.poll().await.unwrap().is_none(), "nobody has decided");
    // Started with one request of a web application, polled with the next.
    let kept = serde_json::to_string(&login.saved()).unwrap();
    let login = app.resume_device(serde_json::from_str(&kept).unwrap());
    let url = login.verification_uri_complete().unwrap().to_owned();
    let waiting = tokio::spawn({
        let login = login.clone();
        async move { login.tokens().await }
    });
    decide(&url, ("accept", "Yes")).await;
    let tokens = waiting.await.unwrap().unwrap();
    assert_eq!(
        tokens.id_token().unwrap().claim("email").unwrap(),
        "ada@example.org"
    );
    let again = login.poll().await.unwrap_err();
    assert_eq!(again.oauth_code(), Some("invalid_grant"), "{again}");
    realm.delete().await;
}

#[tokio::test]
async fn a_user_can_refuse_a_device() {
    let realm = Realm::new("device-no").await;
    let app = realm.app(attributes()).await;
    let login = app.device().await.unwrap();
    decide(login.verification_uri_complete().unwrap(), ("cancel", "No")).await;
    let error = login.tokens().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    realm.delete().await;
}

#[tokio::test]
async fn a_client_without_the_grant_is_told() {
    let realm = Realm::new("device-off").await;
    let app = realm.app(json!({})).await;
    let error = app.device().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unauthorized_client"), "{error}");
    realm.delete().await;
}
