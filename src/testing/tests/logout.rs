//! The end of sessions, and who hears of it.

use super::super::TestClient;
use super::{log_in, with_ada};
use crate::test_support::{Reply, Server};

#[tokio::test]
async fn a_logout_in_the_browser() {
    let (provider, oidc) = with_ada().await;
    let web = TestClient::confidential("web", "s3cret")
        .redirect_uri("https://app.example/callback")
        .post_logout_redirect_uri("https://app.example/bye");
    provider.clients().add(web);
    let oidc = {
        drop(oidc);
        provider.oidc("web").build().unwrap()
    };
    let tokens = log_in(&provider, &oidc).await;
    let url = || oidc.logout_url(&tokens).state("s");
    let evil = url()
        .post_logout_redirect_uri("https://evil.example")
        .build()
        .unwrap();
    provider.authorize(&evil).await.unwrap_err();
    let unknown = oidc
        .logout_url_without_hint()
        .id_token_hint("made-up")
        .build()
        .unwrap();
    provider.authorize(&unknown).await.unwrap_err();
    oidc.userinfo(&tokens).await.unwrap();

    let good = url()
        .post_logout_redirect_uri("https://app.example/bye")
        .build()
        .unwrap();
    let back = provider.authorize(&good).await.unwrap();
    assert_eq!(back, "https://app.example/bye?state=s");
    let error = oidc.refresh(&*tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"));
    // Once more is no error.
    assert_eq!(provider.authorize(&good).await.unwrap(), back);

    // Without an ID token, the user is asked.
    let tokens = log_in(&provider, &oidc).await;
    let asks = oidc.logout_url_without_hint().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client
        .get(asks.clone())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("Do you want to log out?"), "{page}");
    oidc.userinfo(&tokens).await.unwrap();
    client
        .post(asks)
        .form(&[("confirmed", "Logout")])
        .send()
        .await
        .unwrap();
    oidc.userinfo(&tokens).await.unwrap_err();
}

#[tokio::test]
async fn a_logout_with_a_refresh_token() {
    let (provider, oidc) = with_ada().await;
    let tokens = log_in(&provider, &oidc).await;
    let other = provider.oidc("other").build().unwrap();
    let error = other.logout(&*tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"));
    oidc.logout(&*tokens).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap_err();
    oidc.logout(&*tokens).await.unwrap();
}

#[tokio::test]
async fn clients_hear_of_the_end_of_a_session() {
    let (provider, oidc) = with_ada().await;
    let application =
        Server::start(|_, number| Reply::status(if number < 2 { 200 } else { 400 })).await;
    let web = TestClient::confidential("web", "s3cret").backchannel_logout_uri(&application.url);
    provider.clients().add(web);
    let oidc = {
        drop(oidc);
        provider.oidc("web").build().unwrap()
    };
    let tokens = log_in(&provider, &oidc).await;
    let sid = tokens.id_token().session_id().unwrap();
    provider.end_session(sid).await.unwrap();
    let posted = application.seen()[0]
        .form("logout_token")
        .unwrap()
        .to_owned();
    let told = oidc.verifier().logout_token(&posted).await.unwrap();
    assert_eq!(
        (told.session_id(), told.subject()),
        (Some(sid), Some("1234"))
    );
    oidc.userinfo(&tokens).await.unwrap_err();
    provider.end_session(sid).await.unwrap();
    assert_eq!(application.seen().len(), 1, "it has ended before");

    // A logout of the client itself is told too.
    let tokens = log_in(&provider, &oidc).await;
    oidc.logout(&*tokens).await.unwrap();
    assert_eq!(application.seen().len(), 2);
    // A client that refuses the token is named.
    log_in(&provider, &oidc).await;
    let error = provider.end_sessions_of("ada").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("\"web\" responds to its logout token with 400"),
        "{error}"
    );
}

#[tokio::test]
async fn logout_tokens_as_a_test_wants_them() {
    let (provider, oidc) = with_ada().await;
    let verifier = oidc.verifier();
    let token = || provider.logout_token("web").subject("1234");
    let good = token().session_id("s").sign();
    let told = verifier.logout_token(&good).await.unwrap();
    assert_eq!(
        (told.subject(), told.session_id()),
        (Some("1234"), Some("s"))
    );
    for wrong in [
        token().expired(),
        token().without("events"),
        token().without("jti"),
        token().without("sub"),
        token().claim("nonce", "n"),
        token().claim("aud", "other"),
        provider.logout_token("other").subject("1234"),
    ] {
        let shown = format!("{wrong:?}");
        assert!(
            verifier.logout_token(&wrong.sign()).await.is_err(),
            "{shown}"
        );
    }
}
