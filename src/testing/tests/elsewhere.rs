//! Logins that are pushed, bound to a key, or approved on another device.

use super::super::TestClient;
use super::{log_in, provider, with_ada};
use crate::jose::{DpopKey, SignatureAlgorithm};
use crate::test_support::{Reply, Server};

fn key() -> DpopKey {
    DpopKey::generate(SignatureAlgorithm::Es256).unwrap()
}

#[tokio::test]
async fn a_pushed_request_is_good_for_one_login() {
    let (provider, _) = with_ada().await;
    let client = TestClient::confidential("web", "s3cret")
        .redirect_uri("https://app.example/callback")
        .require_pushed_requests();
    provider.clients().add(client);
    let plain = provider.oidc("web").build().unwrap();
    let login = plain.authorize().start().await.unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    let error = plain.callback(login, back).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"), "{error}");

    let oidc = provider.oidc("web").pushed_requests().build().unwrap();
    let login = oidc.authorize().start().await.unwrap();
    assert!(!login.url().contains("nonce"), "{}", login.url());
    // It belongs to the client that pushed it.
    provider.oidc("other").build().unwrap();
    let stolen = login.url().replace("client_id=web", "client_id=other");
    provider.authorize(stolen).await.unwrap_err();
    let back = provider.authorize(login.url()).await.unwrap();
    let url = login.url().to_owned();
    oidc.callback(login, back).await.unwrap();
    provider.authorize(url).await.unwrap_err();

    let elsewhere = oidc.authorize().redirect_uri("https://evil.example/");
    let error = elsewhere.start().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"));
    let wrong = provider.oidc("web").client_secret("x").pushed_requests();
    let error = wrong
        .build()
        .unwrap()
        .authorize()
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
}

#[tokio::test]
async fn tokens_are_bound_to_the_key_that_was_proved() {
    let (provider, _) = with_ada().await;
    let client = TestClient::confidential("web", "s3cret").require_dpop();
    provider.clients().add(client);
    let unbound = provider.oidc("web").build().unwrap();
    let error = unbound.client_credentials().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"));
    let key = key();
    let oidc = provider.oidc("web").dpop(key.clone()).build().unwrap();
    let tokens = log_in(&provider, &oidc).await;
    let claims = crate::jose::decode_unverified(tokens.access_token().expose()).unwrap();
    assert_eq!(claims.claims()["cnf"]["jkt"], key.thumbprint());
    oidc.userinfo(&tokens).await.unwrap();
    oidc.refresh(&*tokens).await.unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    // A stolen token is worth nothing without the key.
    let endpoint = format!("{}/protocol/openid-connect/userinfo", provider.issuer());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for scheme in ["Bearer", "DPoP"] {
        let header = format!("{scheme} {}", tokens.access_token().expose());
        let request = client.get(&endpoint).header("authorization", header);
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    // A proof belongs to one token.
    let login = log_in(&provider, &oidc).await;
    let url = url::Url::parse(&endpoint).unwrap();
    let token = login.access_token().expose();
    for (proved, status) in [("another token", 401), (token, 200)] {
        let proof = key
            .proof(&http::Method::GET, &url, Some(proved), None)
            .unwrap();
        let request = client.get(&endpoint).header("dpop", proof);
        let request = request.header("authorization", format!("DPoP {token}"));
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_too() {
    let (provider, _) = with_ada().await;
    provider.clients().add(TestClient::public("spa"));
    let spa = provider.oidc("spa").dpop(key()).build().unwrap();
    let tokens = log_in(&provider, &spa).await;
    let thief = provider.oidc("spa").dpop(key()).build().unwrap();
    let error = thief.refresh(&*tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    spa.refresh(&*tokens).await.unwrap();
}

#[tokio::test]
async fn a_code_is_redeemed_with_the_key_of_its_login() {
    let (provider, _) = with_ada().await;
    let oidc = provider.oidc("app").dpop(key()).build().unwrap();
    let thief = provider.oidc("app").dpop(key()).build().unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    let error = thief.callback(login, back).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
}

#[tokio::test]
async fn proofs_that_are_refused() {
    let provider = provider().await;
    provider
        .clients()
        .add(TestClient::confidential("jobs", "s3cret"));
    let key = key();
    let endpoint = format!("{}/protocol/openid-connect/token", provider.issuer());
    let url = url::Url::parse(&endpoint).unwrap();
    let other = url::Url::parse("https://other.example/token").unwrap();
    let post = http::Method::POST;
    let proof = |key: &DpopKey| key.proof(&post, &url, None, None).unwrap();
    let good = proof(&key);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |proof: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "jobs"),
            ("client_secret", "s3cret"),
        ];
        let request = client.post(&endpoint).header("dpop", proof).form(&form);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&good).await, 200);
    for wrong in [
        good.as_str(),
        "no proof",
        &proof(&key.clone().with_clock_skew(-60)),
        &proof(&key.clone().with_clock_skew(60)),
        &key.proof(&http::Method::GET, &url, None, None).unwrap(),
        &key.proof(&post, &other, None, None).unwrap(),
        &format!("{}AAAA", &proof(&key)[..200]),
    ] {
        assert_eq!(status(wrong).await, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_device_waits_for_its_user() {
    let (provider, _) = with_ada().await;
    provider.clients().add(TestClient::public("tv"));
    let oidc = provider.oidc("tv").build().unwrap();
    let login = oidc.device().await.unwrap();
    assert!(login.poll().await.unwrap().is_none());
    assert!(provider.approve_device("made-up", "ada").is_err());
    // Another client has nothing of it.
    let code = provider.shared.state().pending.keys().next().cloned();
    let other = provider.oidc("other").build().unwrap();
    let grant = other.grant("urn:ietf:params:oauth:grant-type:device_code");
    let error = grant.param("device_code", code.unwrap()).await.unwrap_err();
    assert_eq!(error.server_message(), Some("unauthorized client"));
    provider.approve_device(login.user_code(), "ada").unwrap();
    let tokens = login.poll().await.unwrap().unwrap();
    assert_eq!(tokens.id_token().unwrap().subject(), "1234");
    let error = login.poll().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"));

    let login = oidc.device().await.unwrap();
    provider.deny_device(login.user_code()).unwrap();
    let error = login.poll().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"));
    assert!(provider.deny_device(login.user_code()).is_err());

    // The page does the same.
    let login = oidc.device().await.unwrap();
    let url = login.verification_uri_complete().unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(login.user_code()), "{page}");
    let form = |password| {
        [
            ("username", "ada"),
            ("password", password),
            ("user_code", login.user_code()),
        ]
    };
    let sent = client
        .post(&url)
        .form(&form("guessed"))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 400);
    let sent = client
        .post(&url)
        .form(&form("correct horse"))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    assert!(login.tokens().await.is_ok());
}

#[tokio::test]
async fn a_backchannel_login_waits_for_its_user() {
    let (provider, oidc) = with_ada().await;
    let login = async || oidc.backchannel_login().login_hint("ada").await.unwrap();
    let waiting = login().await;
    assert!(waiting.poll().await.unwrap().is_none());
    provider.approve_backchannel_login("ada").await.unwrap();
    let tokens = waiting.poll().await.unwrap().unwrap();
    let id_token = tokens.id_token().unwrap();
    assert_eq!(id_token.subject(), "1234");
    assert!(provider.approve_backchannel_login("ada").await.is_err());
    // Another client cannot have the tokens.
    let by_hint = oidc.backchannel_login().id_token_hint(id_token.expose());
    let waiting = by_hint.await.unwrap();
    provider.deny_backchannel_login("ada").await.unwrap();
    let error = waiting.poll().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"));

    let unknown = oidc
        .backchannel_login()
        .login_hint("eve")
        .await
        .unwrap_err();
    assert_eq!(unknown.oauth_code(), Some("invalid_request"));
    let nobody = oidc.backchannel_login().await;
    assert!(nobody.is_err());
    let message = oidc
        .backchannel_login()
        .login_hint("ada")
        .binding_message("$");
    let error = message.await.unwrap_err();
    assert!(
        error.oauth_code() == Some("invalid_binding_message") || error.is_config(),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_is_pinged_when_the_user_has_decided() {
    let (provider, _) = with_ada().await;
    let application = Server::start(|_, _| Reply::status(204)).await;
    let web = TestClient::confidential("web", "s3cret");
    provider
        .clients()
        .add(web.backchannel_notification_uri(&application.url));
    let oidc = provider.oidc("web").build().unwrap();
    let request = || oidc.backchannel_login().login_hint("ada");
    let error = request().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"), "{error}");
    let waiting = request()
        .client_notification_token("t0ken-of-this-login")
        .await
        .unwrap();
    assert!(application.seen().is_empty());
    provider.approve_backchannel_login("ada").await.unwrap();
    let ping = application.seen()[0].clone();
    let authorization = ping.header("authorization").unwrap();
    waiting
        .check_ping(authorization, ping.body.as_bytes())
        .unwrap();
    assert!(waiting.poll().await.unwrap().is_some());
}
