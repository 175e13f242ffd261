//! The same flows at a provider that is not Keycloak.

use keycloak_kit::ClientOptions;
use keycloak_kit::jose::{DecryptionKey, DpopKey, KeyEncryption, SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{Discovered, Oidc, OidcBuilder, ResponseMode};
use keycloak_kit::registration::ClientMetadata;
use keycloak_kit::{AccessToken, AssertionAudience, ClientAuth, ProviderMetadata};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::CALLBACK;
use crate::support::browser::{Browser, Page};
use crate::support::endpoint::Endpoint;
use crate::support::other_provider::OtherProvider;

/// This provider takes ASCII only.
const SECRET: &str = "battery: staple %2B+ /&=? and some more";

const INITIAL: &str = "lets-clients-register";

struct Setup {
    provider: OtherProvider,
    key: SigningKey,
    sealed: DecryptionKey,
    logout: Endpoint,
}

impl Setup {
    async fn new() -> Self {
        let key = SigningKey::generate(SignatureAlgorithm::Es256)
            .unwrap()
            .with_kid("one");
        let sealed = DecryptionKey::generate(KeyEncryption::RsaOaep256).unwrap();
        let logout = Endpoint::start(|_| (200, "text/plain", String::new())).await;
        let jwks = json!({ "keys": [
            key.public_jwk().unwrap().to_json(), sealed.public_jwk().to_json(),
        ]});
        let provider = OtherProvider::start(&json!({
            "secret": SECRET, "jwks": jwks, "initial": INITIAL, "logout": format!("{}/logout", logout.url),
        }));
        Self {
            provider,
            key,
            sealed,
            logout,
        }
    }

    fn client(&self, client_id: &str) -> OidcBuilder<Discovered> {
        Oidc::discover(&self.provider.issuer)
            .client_id(client_id)
            .client_secret(SECRET)
            .redirect_uri(CALLBACK)
            .options(ClientOptions::new().no_proxy())
    }
}

/// Logs in and agrees.
async fn agree(browser: &mut Browser, url: &str) -> String {
    let page = browser.open(url).await;
    let page = browser
        .submit(&page, &[("login", "ada"), ("password", "any")])
        .await;
    match browser.submit(&page, &[]).await {
        Page::Back(back) => back.url().to_owned(),
        Page::Html(url, html) => panic!("still at {url}:\n{html}"),
    }
}

#[tokio::test]
async fn login_refresh_userinfo_logout() {
    let setup = Setup::new().await;
    let oidc = setup.client("app").build().unwrap();
    let mut browser = Browser::new(CALLBACK);
    let login = oidc.authorize().scope("email").start().await.unwrap();
    let back = agree(&mut browser, login.url()).await;
    let tokens = oidc.callback(login, back.as_str()).await.unwrap();
    assert_eq!(tokens.id_token().subject(), "ada");
    let me = oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(me.email(), Some("ada@example.org"));
    let answer = oidc
        .introspect(tokens.access_token().expose())
        .await
        .unwrap();
    assert!(answer.require_active().is_ok());

    let refreshed = oidc.refresh(&tokens).await.unwrap();
    assert_ne!(
        refreshed.refresh_token().unwrap().expose(),
        tokens.refresh_token().unwrap().expose()
    );
    let session = oidc.session(refreshed);
    let token = session.access_token().await.unwrap();
    let token = session.refresh_refused(&token).await.unwrap();
    oidc.userinfo_of(&token).await.unwrap();

    let bye = "https://app.example/bye";
    let tokens = session.tokens().await.unwrap();
    let url = oidc
        .logout_url(&tokens)
        .post_logout_redirect_uri(bye)
        .build()
        .unwrap();
    let page = browser.open(url.as_str()).await;
    let mut leaving = browser.heading_for(bye);
    let Page::Back(back) = leaving.submit(&page, &[("logout", "yes")]).await else {
        panic!("it does not let go");
    };
    assert!(back.url().starts_with(bye));
    oidc.revoke(&tokens).await.unwrap();
    assert!(oidc.refresh(&tokens).await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn a_login_that_is_pushed_bound_and_signed() {
    let setup = Setup::new().await;
    // Pushed, with a signed answer.
    let oidc = setup.client("pushing").build().unwrap();
    let request = oidc.authorize().pushed().response_mode(ResponseMode::Jwt);
    let login = request.start().await.unwrap();
    let back = agree(&mut Browser::new(CALLBACK), login.url()).await;
    oidc.callback(login, back.as_str()).await.unwrap();

    // Bound to a key; this provider wants nonces.
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = setup.client("bound").dpop(key).build().unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let back = agree(&mut Browser::new(CALLBACK), login.url()).await;
    let tokens = oidc.callback(login, back.as_str()).await.unwrap();
    assert_eq!(tokens.access_token().scheme(), "DPoP");
    oidc.userinfo(&tokens).await.unwrap();
    let tokens = oidc.refresh(&tokens).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    let stolen = AccessToken::new(tokens.access_token().expose());
    assert!(
        oidc.userinfo_of(&stolen)
            .await
            .unwrap_err()
            .is_unauthorized()
    );

    // A client that signs its assertions, with encrypted ID tokens.
    let sealed = setup.sealed.clone();
    let oidc = setup
        .client("signing")
        .client_auth(ClientAuth::private_key_jwt(setup.key.clone()))
        .verification(|verifier| verifier.id_token_decryption_key(sealed))
        .build()
        .unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let back = agree(&mut Browser::new(CALLBACK), login.url()).await;
    let tokens = oidc.callback(login, back.as_str()).await.unwrap();
    assert_eq!(tokens.id_token().algorithm(), SignatureAlgorithm::Es256);
}

#[tokio::test]
async fn signed_introspection_as_rfc_9701_has_it() {
    let setup = Setup::new().await;
    let app = setup.client("app").build().unwrap();
    let tokens = app.client_credentials().await.unwrap();
    let asking = setup.client("asking").build().unwrap();
    let answer = asking
        .introspect(tokens.access_token().expose())
        .as_jwt()
        .await
        .unwrap();
    assert!(answer.is_access_token_active(), "{answer:?}");
    assert_eq!(answer.member("client_id").unwrap(), "app");
}

#[tokio::test]
async fn a_device_and_a_logout_token() {
    let setup = Setup::new().await;
    let app = setup.client("app").build().unwrap();
    let device = app.device().await.unwrap();
    assert!(device.poll().await.unwrap().is_none());
    let mut browser = Browser::new("https://nowhere.example");
    let page = browser
        .open(device.verification_uri_complete().unwrap())
        .await;
    let page = browser.submit(&page, &[]).await; // the code
    let page = browser.submit(&page, &[]).await; // it is this device
    let page = browser
        .submit(&page, &[("login", "ada"), ("password", "any")])
        .await;
    browser.submit(&page, &[]).await;
    let tokens = device.poll().await.unwrap().expect("the user has agreed");
    assert_eq!(tokens.id_token().unwrap().subject(), "ada");

    let notified = setup.client("notified").build().unwrap();
    let mut browser = Browser::new(CALLBACK);
    let login = notified.authorize().start().await.unwrap();
    let back = agree(&mut browser, login.url()).await;
    let tokens = notified.callback(login, back.as_str()).await.unwrap();
    let sid = tokens.id_token().session_id().map(str::to_owned);
    let url = notified.logout_url(&tokens).build().unwrap();
    let page = browser.open(url.as_str()).await;
    browser.submit(&page, &[("logout", "yes")]).await;
    let call = setup.logout.next(|call| call.path == "/logout").await;
    let logout_token = call.form("logout_token").unwrap();
    let verified = notified
        .verifier()
        .logout_token(&logout_token)
        .await
        .unwrap();
    assert_eq!(verified.session_id().map(str::to_owned), sid);
}

#[tokio::test]
async fn a_login_that_is_confirmed_elsewhere() {
    let setup = Setup::new().await;
    let oidc = setup.client("calling").build().unwrap();
    let login = oidc.backchannel_login().login_hint("ada");
    let login = login.binding_message("W4SCT").await.unwrap();
    assert!(login.expires_in().is_some());
    let tokens = login.poll().await.unwrap().expect("she has agreed");
    assert_eq!(tokens.id_token().unwrap().subject(), "ada");
    // Once.
    let error = login.poll().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");

    let login = oidc.backchannel_login().login_hint("eve").await.unwrap();
    let error = login.poll().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"), "{error}");
}

#[tokio::test]
async fn a_client_registers_and_manages_itself() {
    let setup = Setup::new().await;
    // There is no client yet.
    let registration = setup.client("").registration().unwrap();
    let wanted = ClientMetadata::default()
        .client_name("Reports")
        .redirect_uris(["https://reports.example/callback"])
        .grant_types(["authorization_code"])
        .response_types(["code"]);
    let refused = registration.create(&wanted).await.unwrap_err();
    assert!(
        refused.is_unauthorized() || refused.is_validation(),
        "{refused}"
    );
    let registration = registration.initial_access_token(INITIAL);
    let client = registration.create(&wanted).await.unwrap();
    let oidc = client.oidc().unwrap().build().unwrap();
    assert!(oidc.authorize().start().await.is_ok());
    let first = client.registration_access_token().unwrap();
    let changed = client
        .modify(|metadata| metadata.client_name = Some("Monthly reports".into()))
        .await
        .unwrap();
    assert_eq!(changed.client_name.as_deref(), Some("Monthly reports"));
    let second = client.registration_access_token().unwrap();
    assert_ne!(first.expose(), second.expose());
    let read = client.read().await.unwrap();
    assert_eq!(read.client_name.as_deref(), Some("Monthly reports"));
    client.delete().await.unwrap();
    let error = client.read().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
}

/// Its `end_session_endpoint` is a page: what a logout without the browser can end is the refresh
/// token.
#[tokio::test]
async fn a_session_is_logged_out_of_by_revocation() {
    let setup = Setup::new().await;
    let oidc = setup.client("app").build().unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let back = agree(&mut Browser::new(CALLBACK), login.url()).await;
    let tokens = oidc.callback(login, back.as_str()).await.unwrap();
    let session = oidc.session(tokens.clone());
    session.logout().await.unwrap();
    let error = session.access_token().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let error = oidc.refresh(&tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    let url = session.logout_url().build().unwrap();
    assert!(url.path().ends_with("/session/end"), "{url}");

    // Without a refresh token it is the access token.
    let tokens = oidc.client_credentials().await.unwrap();
    assert!(tokens.refresh_token().is_none());
    oidc.logout(&tokens).await.unwrap();
    let answer = oidc
        .introspect(tokens.access_token().expose())
        .await
        .unwrap();
    assert!(!answer.is_active());
}

#[tokio::test]
async fn a_corrected_document_is_enough_for_a_login() {
    let setup = Setup::new().await;
    let issuer = &setup.provider.issuer;
    let address = format!("{issuer}/.well-known/openid-configuration");
    let mut document: Value = reqwest::get(address).await.unwrap().json().await.unwrap();
    let token_endpoint = document["token_endpoint"].take();
    document["authorization_response_iss_parameter_supported"] = json!("true");
    document["id_token_signing_alg_values_supported"] = json!("RS256");
    document["scopes_supported"] = json!("openid email");
    let metadata: ProviderMetadata = serde_json::from_value(document).unwrap();
    assert_eq!(metadata.extra["scopes_supported"], "openid email");
    let oidc = setup
        .client("app")
        .metadata(metadata)
        .endpoint("token_endpoint", token_endpoint.as_str().unwrap())
        .build()
        .unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let back = agree(&mut Browser::new(CALLBACK), login.url()).await;
    let login = oidc.callback(login, back.as_str()).await.unwrap();
    assert_eq!(login.id_token().subject(), "ada");
    oidc.revoke(&login).await.unwrap();
}

/// Every endpoint that takes an assertion, at clients that take one audience only.
#[tokio::test]
async fn assertions_are_for_whom_the_provider_wants_them() {
    let setup = Setup::new().await;
    let client = |client_id: &str, audience: AssertionAudience| {
        let auth = ClientAuth::private_key_jwt(setup.key.clone());
        setup
            .client(client_id)
            .client_auth(auth.assertion_audience(audience))
            .build()
            .unwrap()
    };
    let token_endpoint = format!("{}/token", setup.provider.issuer);
    for (client_id, audience) in [
        ("to-the-token-endpoint", AssertionAudience::TokenEndpoint),
        ("to-the-token-endpoint", token_endpoint.into()),
        ("to-the-endpoint", AssertionAudience::Endpoint),
    ] {
        let oidc = client(client_id, audience);
        let tokens = oidc.client_credentials().await.unwrap();
        let token = tokens.access_token().expose();
        assert!(oidc.introspect(token).await.unwrap().is_active());
        oidc.authorize().pushed().start().await.unwrap();
        oidc.device().await.unwrap();
        oidc.backchannel_login().login_hint("ada").await.unwrap();
        oidc.logout(&tokens).await.unwrap();
        assert!(!oidc.introspect(token).await.unwrap().is_active());
    }
    for (client_id, audience) in [
        ("to-the-token-endpoint", AssertionAudience::Issuer),
        ("to-the-endpoint", AssertionAudience::Issuer),
    ] {
        let error = client(client_id, audience)
            .client_credentials()
            .await
            .unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
    }
    let oidc = client("to-the-endpoint", AssertionAudience::TokenEndpoint);
    oidc.client_credentials().await.unwrap();
    assert!(oidc.introspect("x").await.unwrap_err().is_unauthorized());
}
