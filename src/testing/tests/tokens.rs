//! What becomes of tokens: refresh, introspection, revocation.

use super::super::{TestClient, TestProvider};
use super::{log_in, provider, with_ada};
use crate::oidc::Oidc;

#[tokio::test]
async fn refresh_tokens_rotate_and_a_used_one_ends_the_login() {
    let (provider, oidc) = with_ada().await;
    let login = log_in(&provider, &oidc).await;
    let second = oidc.refresh(&login).await.unwrap();
    let id = second.id_token().unwrap();
    assert_eq!(id.session_id(), login.id_token().session_id());
    assert!(id.claim("nonce").is_none());
    let third = oidc.refresh(&second).await.unwrap();
    oidc.userinfo(&third).await.unwrap();
    for tokens in [&second, &third] {
        let error = oidc.refresh(tokens).await.unwrap_err();
        assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    }
    assert!(oidc.userinfo(&third).await.is_err());
    // A later login of the same session does not bring them back.
    let again = log_in(&provider, &oidc).await;
    assert_eq!(again.id_token().session_id(), login.id_token().session_id());
    oidc.refresh(&third).await.unwrap_err();
}

#[tokio::test]
async fn a_session_of_the_client_refreshes_ahead() {
    let provider = TestProvider::builder()
        .access_token_lifespan(std::time::Duration::ZERO)
        .start()
        .await
        .unwrap();
    provider.log_in_as("ada");
    let oidc = provider.oidc("web").build().unwrap();
    let tokens = oidc.password("ada", "any").without_openid().await.unwrap();
    let first = tokens.access_token().expose().to_owned();
    let session = oidc.session(tokens);
    assert_ne!(session.access_token().await.unwrap().expose(), first);
}

#[tokio::test]
async fn a_refresh_belongs_to_its_client_and_scope() {
    let (provider, oidc) = with_ada().await;
    let tokens = log_in(&provider, &oidc).await;
    let other = provider.oidc("other").build().unwrap();
    let error = other.refresh(&*tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"));
    let error = oidc
        .refresh(&*tokens)
        .scope("openid admin")
        .await
        .unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_scope"));
    let fewer = oidc.refresh(&*tokens).scope("openid").await.unwrap();
    assert!(fewer.id_token().unwrap().email().is_none());
}

#[tokio::test]
async fn offline_tokens_outlive_the_session() {
    let (provider, oidc) = with_ada().await;
    let login = oidc
        .authorize()
        .scope("offline_access")
        .start()
        .await
        .unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    let tokens = oidc.callback(login, back).await.unwrap();
    provider.end_sessions_of("ada").await.unwrap();
    let refreshed = oidc.refresh(&*tokens).await.unwrap();
    assert_eq!(refreshed.id_token().unwrap().subject(), "1234");
}

async fn is_active(oidc: &Oidc, token: &str) -> bool {
    oidc.introspect(token)
        .await
        .unwrap()
        .is_access_token_active()
}

#[tokio::test]
async fn introspection_is_for_the_audience() {
    let provider = provider().await;
    let (api, other) = (
        provider.oidc("api").build().unwrap(),
        provider.oidc("other").build().unwrap(),
    );
    let token = || provider.access_token().subject("ada").audience("api");
    let good = token().sign();
    assert!(is_active(&api, &good).await);
    assert!(!is_active(&other, &good).await);
    assert!(!is_active(&api, &token().expired().sign()).await);
    assert!(!is_active(&api, "made-up").await);
    let says = api.introspect(&good).await.unwrap();
    assert_eq!(says.subject(), Some("ada"));
    provider.clients().add(TestClient::public("spa"));
    let spa = provider.oidc("spa").build().unwrap();
    assert_eq!(
        spa.introspect(&good).await.unwrap_err().status().unwrap(),
        403
    );
}

#[tokio::test]
async fn a_lightweight_token_is_completed_by_introspection() {
    let provider = provider().await;
    let api = provider.oidc("api").build().unwrap();
    let verifier = || api.access_token_verifier().audience("api");
    let token = provider
        .access_token()
        .subject("ada")
        .realm_role("editor")
        .audience("api");
    let token = token.lightweight().sign();
    verifier()
        .build()
        .unwrap()
        .verify(&token)
        .await
        .unwrap_err();
    let complete = verifier().introspection(api.clone()).build().unwrap();
    let claims = complete.verify(&token).await.unwrap();
    assert_eq!(claims.subject(), Some("ada"));
    assert!(claims.has_realm_role("editor"));
    // The same for the tokens of a client.
    let light = TestClient::confidential("light", "s3cret").audience("api");
    provider.clients().add(light.lightweight_access_tokens());
    let tokens = provider
        .oidc("light")
        .build()
        .unwrap()
        .client_credentials()
        .await;
    let token = tokens.unwrap();
    let claims = complete.verify(token.access_token()).await.unwrap();
    assert_eq!(claims.subject(), Some("service-account-light"));
}

#[tokio::test]
async fn revoked_tokens_are_worth_nothing() {
    let (provider, oidc) = with_ada().await;
    let api = provider.oidc("api").build().unwrap();
    let tokens = log_in(&provider, &oidc).await;
    let access_token = tokens.access_token().expose().to_owned();
    assert!(is_active(&api, &access_token).await);
    // Another client cannot, and an ID token is not revoked.
    let error = api.revoke(tokens.access_token()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"));
    let error = oidc.revoke(tokens.id_token().expose()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unsupported_token_type"));
    oidc.revoke("made-up").await.unwrap();

    oidc.revoke(tokens.access_token()).await.unwrap();
    assert!(!is_active(&api, &access_token).await);
    let refreshed = oidc.refresh(&*tokens).await.unwrap();
    oidc.revoke(&refreshed).await.unwrap();
    assert!(oidc.refresh(&refreshed).await.is_err());
    assert!(!is_active(&api, refreshed.access_token().expose()).await);
}

#[tokio::test]
async fn userinfo_is_for_tokens_with_openid() {
    let (provider, oidc) = with_ada().await;
    let plain = oidc
        .password("ada", "correct horse")
        .without_openid()
        .await
        .unwrap();
    let error = oidc.userinfo(&plain).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 403, "{error}");
    let endpoint = format!("{}/protocol/openid-connect/userinfo", provider.issuer());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.get(&endpoint).send().await.unwrap();
    assert_eq!(sent.status(), 401);
    assert_eq!(sent.headers()["www-authenticate"], "Bearer realm=\"test\"");
    let token = provider.access_token().subject("eve").sign();
    let form = [("access_token", &token)];
    let says = client.post(&endpoint).form(&form).send().await.unwrap();
    assert!(says.text().await.unwrap().contains("\"eve\""));
    assert_eq!(client.delete(&endpoint).send().await.unwrap().status(), 405);
}
