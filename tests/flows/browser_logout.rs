//! Logouts by the browser: pages of Keycloak, and what they tell the applications.

use keycloak_kit::TokenFault;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::CALLBACK;
use crate::support::browser::{Browser, Page, attributes_of};
use crate::support::realm::Realm;

/// The server's logout page has a frame for each application that wants to hear of it.
#[tokio::test]
async fn front_channel_logouts_of_the_server() {
    let realm = Realm::new("front-channel").await;
    let front = |url: &str| {
        json!({
            "frontchannelLogout": true,
            "attributes": {
                "frontchannel.logout.url": url, "frontchannel.logout.session.required": "true",
            },
        })
    };
    let app = realm.app(front("https://app.example/logout?tab=1")).await;
    realm
        .client("other", front("https://other.example/bye"))
        .await;
    let other = realm.oidc("other").build().unwrap();

    let mut browser = Browser::new(CALLBACK);
    let login = app.authorize().start().await.unwrap();
    let back = browser.login_and_return(login.url()).await;
    let tokens = app.callback(login, back.url()).await.unwrap();
    let login = other.authorize().start().await.unwrap();
    let Page::Back(back) = browser.open(login.url()).await else {
        panic!("the server asks again");
    };
    other.callback(login, back.url()).await.unwrap();

    let url = app.logout_url(&tokens).build().unwrap();
    let Page::Html(_, page) = browser.open(url.as_str()).await else {
        panic!("no page");
    };
    let frames = attributes_of(&page, "iframe", "src");
    let frame = |start: &str| {
        frames
            .iter()
            .find(|frame| frame.starts_with(start))
            .unwrap()
    };
    let logout = app
        .verifier()
        .front_channel_logout(frame("https://app.example/logout?tab=1&"))
        .await
        .unwrap();
    assert_eq!(logout.issuer(), realm.issuer());
    assert!(logout.is_about(tokens.id_token().session_id()));
    // The same session, as the other application knows it.
    let frame = frame("https://other.example/bye?");
    let logout = other.verifier().front_channel_logout(frame).await.unwrap();
    assert!(logout.is_about(tokens.id_token().session_id()));

    // Of another realm.
    let elsewhere = Realm::new("elsewhere").await;
    let stranger = elsewhere.app(json!({})).await;
    let error = stranger
        .verifier()
        .front_channel_logout(frame)
        .await
        .unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Issuer), "{error}");
    elsewhere.delete().await;
    realm.delete().await;
}
