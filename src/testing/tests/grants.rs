//! The grants without a browser, and the authentication of clients.

use super::super::{TestClient, TestProvider};
use super::{provider, with_ada};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::{AssertionAudience, ClientAuth};

#[tokio::test]
async fn a_service_account_has_its_roles() {
    let provider = provider().await;
    let jobs = TestClient::confidential("jobs", "s3cret")
        .audience("api")
        .realm_role("sync");
    provider.clients().add(jobs);
    let oidc = provider.oidc("jobs").build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    assert!(tokens.refresh_token().is_none());
    let verifier = oidc
        .access_token_verifier()
        .audience("api")
        .build()
        .unwrap();
    let claims = verifier.verify(tokens.access_token()).await.unwrap();
    assert!(claims.has_realm_role("sync"));
    assert_eq!(claims.subject(), Some("service-account-jobs"));
    // The same by the client of the whole server.
    let kc = crate::Keycloak::builder(provider.base_url())
        .login_realm("test")
        .client_credentials("jobs", "s3cret")
        .options(crate::ClientOptions::new().no_proxy());
    kc.build().unwrap().login().await.unwrap();
}

#[tokio::test]
async fn a_password_is_compared() {
    let (provider, oidc) = with_ada().await;
    let tokens = oidc.password("ada", "correct horse").await.unwrap();
    assert_eq!(tokens.id_token().unwrap().subject(), "1234");
    for (name, password) in [("ada", "guessed"), ("eve", "correct horse")] {
        let error = oidc.password(name, password).await.unwrap_err();
        assert_eq!(error.oauth_code(), Some("invalid_grant"));
    }
    provider.users().remove("ada");
    assert!(oidc.userinfo(&tokens).await.is_err());
    assert!(oidc.refresh(&tokens).await.is_err());
}

async fn code_of(provider: &TestProvider, id: &str, auth: ClientAuth) -> Option<String> {
    let oidc = provider.oidc(id).client_auth(auth).build().unwrap();
    let error = oidc.client_credentials().await.err()?;
    Some(error.oauth_code().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn clients_authenticate_by_each_method() {
    let (provider, _) = with_ada().await;
    let secret = "s3cret %2B+ /é&=? and some more, for HS256";
    let key = SigningKey::generate(SignatureAlgorithm::Ps256).unwrap();
    let other = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let registered = key.public_jwk().unwrap();
    provider
        .clients()
        .add(TestClient::with_key("keyed", registered));
    let endpoint = AssertionAudience::Endpoint;
    for (id, auth, error) in [
        ("web", ClientAuth::client_secret_basic(secret), None),
        ("web", ClientAuth::client_secret_post(secret), None),
        ("web", ClientAuth::client_secret_jwt(secret), None),
        ("web", ClientAuth::none(), Some("unauthorized_client")),
        (
            "web",
            ClientAuth::client_secret_basic("x"),
            Some("unauthorized_client"),
        ),
        (
            "web",
            ClientAuth::client_secret_jwt("x".repeat(32)),
            Some("unauthorized_client"),
        ),
        ("keyed", ClientAuth::private_key_jwt(key.clone()), None),
        (
            "keyed",
            ClientAuth::private_key_jwt(key).assertion_audience(endpoint),
            None,
        ),
        (
            "keyed",
            ClientAuth::private_key_jwt(other),
            Some("unauthorized_client"),
        ),
        (
            "keyed",
            ClientAuth::client_secret_basic(secret),
            Some("unauthorized_client"),
        ),
    ] {
        let shown = format!("{id} {auth:?}");
        assert_eq!(
            code_of(&provider, id, auth).await.as_deref(),
            error,
            "{shown}"
        );
    }
    provider.clients().remove("web");
    let oidc = provider.keycloak().oidc("test", "web").build().unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_client"));
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let provider = provider().await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let registered = key.public_jwk().unwrap();
    provider
        .clients()
        .add(TestClient::with_key("keyed", registered));
    let claims = |aud: &str, exp: i64| serde_json::json!({ "iss": "keyed", "sub": "keyed", "aud": aud, "jti": "1", "exp": exp });
    let header = serde_json::json!({ "typ": "JWT" });
    let soon = super::super::state::now() + 60;
    let sign = |claims| key.sign(&header, &claims).unwrap();
    let fixed = |token: String| {
        ClientAuth::assertion(move |_| {
            let token = token.clone();
            async { Ok(token.into()) }
        })
    };
    let wrong = sign(claims("https://other.example", soon));
    let expired = sign(claims(&provider.issuer(), soon - 3600));
    for token in [wrong, expired, "no token".into()] {
        let code = code_of(&provider, "keyed", fixed(token)).await;
        assert!(code.is_some());
    }
    let good = sign(claims(&provider.issuer(), soon));
    assert_eq!(code_of(&provider, "keyed", fixed(good.clone())).await, None);
    let again = code_of(&provider, "keyed", fixed(good)).await;
    assert_eq!(again.as_deref(), Some("invalid_client"));
}

#[tokio::test]
async fn requests_that_the_token_endpoint_refuses() {
    let (provider, oidc) = with_ada().await;
    let error = oidc.grant("urn:example:none").await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unsupported_grant_type"));
    let error = oidc.grant("password").await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"));
    provider.clients().add(TestClient::public("spa"));
    let spa = provider.oidc("spa").build().unwrap();
    let error = spa.client_credentials().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unauthorized_client"));
    let endpoint = format!("{}/protocol/openid-connect/token", provider.issuer());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (body, status) in [
        ("", 400),
        ("grant_type=password&grant_type=password", 400),
        ("grant_type=password&client_id=unknown", 401),
        (&"x".repeat(2_000_000), 413),
    ] {
        let request = client.post(&endpoint).body(body.to_owned());
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    assert_eq!(client.get(&endpoint).send().await.unwrap().status(), 405);
}
