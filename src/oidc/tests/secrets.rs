//! Formats every public type, and traces every flow, with secrets inside.

use std::collections::BTreeMap;
use std::fmt::Debug;

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::mock::{Defects, Mock, now};
use crate::jose::tests::sign;
use crate::jose::{
    ContentEncryption, DecryptionKey, DpopKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm,
    SigningKey, decode_unverified, decrypt, encrypt,
};
use crate::oidc::{
    AccessTokenProfile, AccessTokenVerifier, CallbackAnswer, Check, Expected, ExternalToken,
    IdTokenSecret, IssuerTemplate, MemoryLoginStore, OfflineToken, Oidc, Presented, RefreshToken,
    Refreshable, ReplayMemory, ResponseMode, ResponseType, Revocable, SecurityProfile,
    StoredTokens, TrustedIssuer,
};
use crate::test_support::Reply;
use crate::{AccessToken, ClientAuth, Keycloak, Result, Secret};

/// What every type shows, by its name, and the secrets that none of them may show.
struct Shown {
    texts: BTreeMap<String, String>,
    secrets: Vec<String>,
}

impl Shown {
    fn new() -> Self {
        let secrets = ["hunter2", "eyJ", "c0de"].map(str::to_owned);
        Self {
            texts: BTreeMap::new(),
            secrets: secrets.into(),
        }
    }

    fn add<T: Debug>(&mut self, value: &T) {
        let name = std::any::type_name::<T>().split('<').next().unwrap();
        let name = name.rsplit("::").next().unwrap();
        let (line, lines) = (format!("{value:?}"), format!("{value:#?}"));
        assert!(
            !line.is_empty() && !lines.is_empty(),
            "{name} shows nothing"
        );
        let text = self.texts.entry(name.to_owned()).or_default();
        text.push_str(&format!("{line}\n{lines}\n"));
    }

    fn error<T: Debug>(&mut self, outcome: Result<T>) {
        let error = outcome.unwrap_err();
        let text = self.texts.entry("Error".to_owned()).or_default();
        text.push_str(&format!("{error} {error:?} {:?}\n", error.hint()));
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!("{error} {error:?}\n"));
            cause = error.source();
        }
    }

    fn hold_no_secret(&self) {
        for (name, text) in &self.texts {
            for secret in &self.secrets {
                assert!(!text.contains(secret), "{name} shows {secret}: {text}");
            }
        }
    }
}

/// The names that a module exports.
fn exported(module: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for statement in module.split(';') {
        let Some(at) = statement.find("pub use ") else {
            continue;
        };
        let list = &statement[at..];
        let list = list.rsplit("::").next().unwrap();
        let list = list.trim_matches(['{', '}', '\n', ' ']);
        names.extend(
            list.split(',')
                .map(|name| name.trim_matches(['}', '\n', ' '])),
        );
    }
    names.retain(|name| name.starts_with(char::is_uppercase));
    names
}

fn provider() -> Defects {
    let script = |path: &str| {
        let body = match path {
            "/device" => json!({
                "device_code": "hunter2", "user_code": "hunter2", "expires_in": 600,
                "verification_uri": "https://op/device",
                "verification_uri_complete": "https://op/device?hunter2",
            }),
            "/backchannel" => json!({ "auth_req_id": "hunter2", "expires_in": 60 }),
            "/introspect" => json!({ "active": true, "typ": "Bearer", "username": "hunter2" }),
            "/userinfo" => json!({ "sub": "1", "email": "hunter2" }),
            "/par" => json!({ "request_uri": "urn:hunter2", "expires_in": 60 }),
            _ => return None,
        };
        Some(Reply::json(200, body.to_string()))
    };
    Defects {
        script: Box::new(move |seen| match seen.target.as_str() {
            "/revoke" => Some(Reply::json(400, r#"{"error":"invalid_request"}"#)),
            "/protocol/openid-connect/logout" => Some(Reply::status(503)),
            // Grants for which the provider returns no ID token.
            "/token" if seen.body.contains("token-exchange") => Some(Reply::json(
                200,
                r#"{"access_token":"hunter2","token_type":"Bearer","issued_token_type":"x"}"#,
            )),
            "/token" if seen.body.contains("jwt-bearer") => {
                Some(Reply::json(400, r#"{"error":"invalid_grant"}"#))
            }
            path => script(path),
        }),
        ..Defects::default()
    }
}

fn signed(mock: &Mock, change: &Value) -> String {
    let mut claims = json!({
        "iss": mock.server.url, "aud": "app", "azp": "app", "sub": "1", "jti": "hunter2",
        "iat": now() - 1, "exp": now() + 60, "email": "hunter2",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    sign(&json!({ "alg": "ES256", "kid": "a" }), &claims)
}

async fn start() -> (Shown, Mock, Oidc) {
    let mock = Mock::with(provider()).await;
    let oidc = mock.oidc();
    (Shown::new(), mock, oidc)
}

/// A client, its settings and its provider's document.
async fn clients() -> Shown {
    let (mut shown, mock, oidc) = start().await;
    shown.add(&oidc);
    shown.add(&mock.builder());
    shown.add(&crate::oidc::ParameterLimits::keycloak());
    shown.add(&oidc.metadata().await.unwrap().as_ref().clone());
    shown
}

/// Logins by the browser, from the request to the tokens.
async fn browser_logins() -> Shown {
    let (mut shown, mock, oidc) = start().await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let request = || {
        oidc.authorize()
            .id_token_hint("hunter2")
            .login_hint("hunter2")
            .signed_with(&key)
    };
    shown.add(&request());
    shown.add(&request().start().await.unwrap());
    shown.add(&request().pushed().start().await.unwrap());
    shown.add(&ResponseMode::Query);
    shown.add(&ResponseType::Code);
    shown.add(&SecurityProfile::Fapi2Security);
    let login = mock.login(&oidc).await;
    shown.add(&login);
    shown.add(&CallbackAnswer::form("code=hunter2"));
    shown.add(&CallbackAnswer::url(mock.answer(&login)));
    shown.secrets.push(login.state().to_owned());
    shown.secrets.push(login.nonce().expose().to_owned());
    shown.secrets.push(login.verifier().expose().to_owned());
    let answer = oidc
        .authorization_response(login.clone(), mock.answer(&login))
        .await
        .unwrap();
    shown.add(&answer);
    shown.add(&oidc.exchange_code(answer).param("x", "hunter2"));
    shown.error(
        oidc.callback(login.clone(), "https://app.example/cb?code=hunter2")
            .await,
    );
    let unsolicited = format!("{}&id_token=hunter2", mock.answer(&login));
    shown.error(oidc.callback(login.clone(), unsolicited).await);
    let finished = oidc
        .callback(login.clone(), mock.answer(&login))
        .await
        .unwrap();
    shown.add(&finished);
    let logins = MemoryLoginStore::new();
    let started = oidc.authorize().start_in(&logins).await.unwrap();
    shown.add(&logins);
    shown.add(&started);
    shown.secrets.push(started.cookie().expose().to_owned());
    shown
}

/// Grants without a browser, and browsers elsewhere.
async fn other_grants() -> Shown {
    let (mut shown, _mock, oidc) = start().await;
    let tokens = oidc.password("ada", "hunter2").totp("hunter2").await;
    let tokens = tokens.unwrap_or_else(|error| panic!("{error}"));
    shown.add(&tokens);
    shown.add(tokens.access_token());
    shown.add(tokens.id_token().unwrap());
    shown.add(&oidc.password("ada", "hunter2").totp("hunter2"));
    shown.add(&oidc.client_credentials().param("x", "hunter2"));
    oidc.client_credentials()
        .param("x", "hunter2")
        .await
        .unwrap();
    shown.add(&Refreshable::from(&tokens));
    shown.add(&oidc.refresh(&tokens));
    oidc.refresh(&tokens).await.unwrap();
    shown.add(&oidc.device());
    let device = oidc.device().await.unwrap();
    shown.add(&device.saved());
    device.poll().await.unwrap();
    shown.add(&device);
    let request = || {
        oidc.backchannel_login()
            .login_hint("hunter2")
            .client_notification_token("hunter2")
            .binding_message("hunter2")
    };
    shown.add(&request());
    let backchannel = request().await.unwrap();
    shown.error(backchannel.check_ping("Bearer other", b"{}"));
    backchannel.poll().await.unwrap();
    shown.add(&backchannel);
    shown.add(&backchannel.saved());
    shown.add(&oidc.exchange_token("hunter2").actor_token("hunter2", "x"));
    shown.add(&oidc.exchange_token("hunter2").await.unwrap());
    shown.add(&oidc.external_token("github", "hunter2"));
    shown.add(
        &oidc
            .code("hunter2", "https://app/cb")
            .verifier("hunter2")
            .nonce("hunter2"),
    );
    shown.add(&oidc.grant("urn:x").param("x", "hunter2"));
    shown.add(&oidc.jwt_bearer("hunter2"));
    shown.error(oidc.jwt_bearer("hunter2").await);
    let external = json!({ "access_token": "hunter2", "id_token": "hunter2" });
    let external = external.as_object().unwrap().clone();
    shown.add(&ExternalToken::read(external).unwrap());
    shown
}

/// Tokens at work: introspection, userinfo, revocation, logout, sessions.
async fn tokens_at_work() -> Shown {
    let (mut shown, _mock, oidc) = start().await;
    let tokens = oidc.password("ada", "hunter2").await.unwrap();
    shown.add(&oidc.introspect("hunter2"));
    shown.add(&oidc.introspect("hunter2").await.unwrap());
    shown.add(&oidc.userinfo(&tokens).await.unwrap());
    shown.add(&Revocable::from(&tokens));
    shown.add(&oidc.revoke(&tokens));
    shown.error(oidc.revoke("hunter2").await);
    shown.add(&oidc.logout(&tokens));
    shown.error(oidc.logout(&tokens).await);
    shown.add(&oidc.logout_url(&tokens).state("hunter2"));
    shown.add(&StoredTokens::new(1, "l1", &tokens));
    shown.add(&tokens.saved());
    let session = oidc.session(tokens);
    session.access_token().await.unwrap();
    shown.add(&session);
    let request = session.request::<Value>(Method::GET, "https://api.example/x?hunter2");
    shown.add(&request.query(&[("q", "hunter2")]).header("x", "hunter2"));
    shown
}

/// Verifiers, and the tokens that were verified.
async fn verified_tokens() -> Shown {
    let (mut shown, mock, oidc) = start().await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let verifier = oidc.verifier();
    shown.add(&verifier);
    let api = || oidc.access_token_verifier().audience("app");
    shown.add(&api());
    shown.add(&Check::Audience);
    let token = signed(
        &mock,
        &json!({
            "typ": "Bearer", "act": { "sub": "hunter2" }, "authorization": { "permissions": [{ "rsid": "1", "scopes": ["x"] }] },
        }),
    );
    let claims = api().build().unwrap().verify(&token).await.unwrap();
    shown.add(&claims.permissions()[0]);
    shown.add(&claims);
    shown.add(&claims.actor().unwrap());
    let issuer = TrustedIssuer::new("https://op", JwkSet::from(key.public_jwk().unwrap()));
    shown.add(
        &AccessTokenVerifier::builder(issuer.clone())
            .audience("app")
            .build()
            .unwrap(),
    );
    shown.add(&issuer);
    let (method, url) = (Method::GET, Url::parse("https://api/?q=hunter2").unwrap());
    shown.add(
        &Presented::new(&token)
            .dpop("hunter2", &method, &url)
            .nonce("hunter2"),
    );
    shown.add(
        &Expected::new()
            .nonce("hunter2")
            .access_token("hunter2")
            .code("hunter2"),
    );
    shown.error(
        verifier
            .id_token(&token, &Expected::new().nonce("hunter2"))
            .await,
    );
    shown.error(api().build().unwrap().verify("hunter2").await);
    let logout = signed(
        &mock,
        &json!({
            "typ": "Logout", "sid": "s1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        }),
    );
    shown.add(&verifier.logout_token(&logout).await.unwrap());
    shown.error(verifier.logout_token(&logout).await);
    let query = format!("iss={}&sid=s1", mock.server.url);
    shown.add(&verifier.front_channel_logout(&query).await.unwrap());
    shown.add(&RefreshToken::new(signed(&mock, &json!({ "typ": "Refresh" }))).unwrap());
    shown.add(&OfflineToken::new(signed(&mock, &json!({ "typ": "Offline" }))).unwrap());
    shown.add(&ReplayMemory::default());
    shown.add(&AccessTokenProfile::Any);
    shown.add(&IssuerTemplate::deciding("https://op/{tenantid}", |_| true).unwrap());
    let secret_of_client = "hunter2".repeat(5);
    shown.add(&IdTokenSecret::new(SignatureAlgorithm::Hs256, secret_of_client).unwrap());
    shown.add(&decode_unverified(&token).unwrap());
    shown
}

/// Keys for signatures, proofs and encryption.
fn keys() -> Shown {
    let mut shown = Shown::new();
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    shown.add(&key);
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, "hunter2".repeat(8)).unwrap();
    shown.add(&secret);
    shown.add(&DpopKey::new(key.clone()).unwrap());
    shown.add(&key.public_jwk().unwrap());
    shown.add(&JwkSet::from(key.public_jwk().unwrap()));
    let opening = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    shown.add(&opening);
    let (wrap, content) = (KeyEncryption::EcdhEs, ContentEncryption::A128Gcm);
    shown.add(&wrap);
    shown.add(&content);
    shown.add(&SignatureAlgorithm::Es256);
    let jwk = opening.public_jwk();
    let sealed = encrypt(&jwk, wrap, content, &json!({}), b"hunter2").unwrap();
    let other = DecryptionKey::generate(wrap).unwrap();
    shown.error(decrypt(&sealed, &[other]));
    shown.error(Jwk::from_json(r#"{"kty":"oct","k":"hunter2"}"#));
    shown
}

/// What the admin side has too.
fn both_sides() -> Shown {
    let mut shown = Shown::new();
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    shown.add(&Secret::from("hunter2"));
    shown.add(&AccessToken::new("hunter2"));
    shown.add(&ClientAuth::client_secret_post("hunter2"));
    shown.add(&ClientAuth::private_key_jwt(key));
    let kc = Keycloak::builder("https://sso").password("admin", "hunter2");
    shown.add(&kc);
    let kc = kc.build().unwrap();
    shown.add(
        &kc.request::<Value>(Method::GET, ["x"])
            .query(&[("q", "hunter2")]),
    );
    shown.add(&kc);
    shown
}

#[tokio::test]
async fn clients_and_documents_show_no_secret() {
    clients().await.hold_no_secret();
}

#[tokio::test]
async fn browser_logins_show_no_secret() {
    browser_logins().await.hold_no_secret();
}

#[tokio::test]
async fn grants_without_a_browser_show_no_secret() {
    other_grants().await.hold_no_secret();
}

#[tokio::test]
async fn tokens_at_work_show_no_secret() {
    tokens_at_work().await.hold_no_secret();
}

#[tokio::test]
async fn verifiers_and_verified_tokens_show_no_secret() {
    verified_tokens().await.hold_no_secret();
}

#[test]
fn keys_of_every_use_show_no_secret() {
    keys().hold_no_secret();
}

#[tokio::test]
async fn what_both_sides_share_shows_no_secret() {
    both_sides().hold_no_secret();
}

/// A new type has a place in one of the functions above.
#[tokio::test]
async fn every_exported_type_is_formatted() {
    let parts = [
        clients().await,
        browser_logins().await,
        other_grants().await,
        tokens_at_work().await,
        verified_tokens().await,
        keys(),
        both_sides(),
    ];
    let formatted = |name: &str| parts.iter().any(|part| part.texts.contains_key(name));
    let missing: Vec<&str> = [include_str!("../../oidc.rs"), include_str!("../../jose.rs")]
        .into_iter()
        .flat_map(exported)
        .filter(|name| !formatted(name) && !name.ends_with("Future"))
        .collect();
    // Traits, what only a store is given, and where a builder's provider is, which no program holds.
    let others = [
        "LoginStore",
        "Connected",
        "Discovered",
        "ProviderSource",
        "TokenStore",
        "Introspect",
        "ReplaySender",
        "ReplayStore",
    ];
    assert_eq!(missing, others, "not formatted");
}

#[cfg(feature = "tracing")]
#[tokio::test]
async fn traces_of_every_flow_show_no_secret() {
    let traces = crate::test_support::traces();
    let parts = [
        browser_logins().await,
        other_grants().await,
        tokens_at_work().await,
        verified_tokens().await,
    ];
    let traced = traces.lines("keycloak");
    for wanted in [
        "operation=\"oidc.password\"",
        "retry",
        "http.response.status_code=400",
    ] {
        assert!(traced.contains(wanted), "{wanted} in {traced}");
    }
    for secret in parts.iter().flat_map(|part| &part.secrets) {
        assert!(!traced.contains(secret), "{secret}: {traced}");
    }
}
