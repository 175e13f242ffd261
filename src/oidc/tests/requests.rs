//! The content and the address of requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::mock::{Defects, Mock};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::{ResponseMode, ResponseType};
use crate::test_support::Reply;
use crate::{ClientAuth, Secret};

fn pairs(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        found
            .entry(name.into_owned())
            .or_default()
            .push(value.into_owned());
    }
    found
}

#[tokio::test]
async fn every_setting_of_a_login_is_in_its_url() {
    let mock = Mock::start().await;
    let claims = json!({ "id_token": { "email": { "essential": true } } });
    let login = mock
        .oidc()
        .authorize()
        .scope("profile email")
        .prompt("consent")
        .max_age(Duration::from_secs(300))
        .acr_values("silver gold")
        .login_hint("ada@example.org")
        .id_token_hint("hint")
        .ui_locales("de en")
        .claims(claims.as_object().unwrap().clone())
        .kc_idp_hint("hub")
        .kc_action("UPDATE_PASSWORD")
        .start()
        .await
        .unwrap();
    let url = Url::parse(login.url()).unwrap();
    let sent = pairs(url.query().unwrap());
    for (name, value) in [
        ("client_id", "app"),
        ("response_type", "code"),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "openid profile email"),
        ("prompt", "consent"),
        ("max_age", "300"),
        ("acr_values", "silver gold"),
        ("login_hint", "ada@example.org"),
        ("id_token_hint", "hint"),
        ("ui_locales", "de en"),
        ("kc_idp_hint", "hub"),
        ("kc_action", "UPDATE_PASSWORD"),
        ("code_challenge_method", "S256"),
        ("state", login.state()),
        ("nonce", login.nonce().expose()),
    ] {
        assert_eq!(sent[name], [value], "{name}");
    }
    let asked: serde_json::Value = serde_json::from_str(&sent["claims"][0]).unwrap();
    assert_eq!(asked["id_token"]["email"]["essential"], true);
}

#[tokio::test]
async fn every_mode_and_type_has_its_name() {
    use ResponseMode as Mode;
    use ResponseType as Type;
    let oidc = Mock::start().await.oidc();
    let sent = |login: crate::oidc::LoginAttempt, name: &str| {
        pairs(Url::parse(login.url()).unwrap().query().unwrap()).remove(name)
    };
    for (mode, name) in [
        (Mode::Query, "query"),
        (Mode::Fragment, "fragment"),
        (Mode::FormPost, "form_post"),
        (Mode::Jwt, "jwt"),
        (Mode::QueryJwt, "query.jwt"),
        (Mode::FragmentJwt, "fragment.jwt"),
        (Mode::FormPostJwt, "form_post.jwt"),
    ] {
        let login = oidc.authorize().response_mode(mode).start().await.unwrap();
        assert_eq!(sent(login, "response_mode").unwrap(), [name]);
    }
    for (kind, name) in [
        (Type::Code, "code"),
        (Type::None, "none"),
        (Type::IdToken, "id_token"),
        (Type::Token, "token"),
        (Type::IdTokenToken, "id_token token"),
        (Type::CodeIdToken, "code id_token"),
        (Type::CodeToken, "code token"),
        (Type::CodeIdTokenToken, "code id_token token"),
    ] {
        let login = oidc.authorize().response_type(kind).start().await.unwrap();
        assert_eq!(sent(login, "response_type").unwrap(), [name]);
    }
}

/// A stored login attempt keeps all its members, and reports its age.
#[tokio::test]
async fn a_login_knows_its_age_and_its_request() {
    let oidc = Mock::start().await.oidc();
    let plain = oidc.authorize().start().await.unwrap();
    assert!(plain.request_object().is_none());
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let login = oidc.authorize().signed_with(&key).start().await.unwrap();
    let url = Url::parse(login.url()).unwrap();
    let sent = pairs(url.query().unwrap());
    let object = login.request_object().unwrap();
    assert_eq!(sent["request"], [object.expose()]);
    // The other parameters are those that OpenID Connect Core 1.0 section 6.1 requires.
    assert_eq!(sent.len(), 4);
    for (name, value) in [
        ("client_id", "app"),
        ("response_type", "code"),
        ("scope", "openid"),
    ] {
        assert_eq!(sent[name], [value]);
    }
    let signed = crate::jose::decode_unverified(object.expose()).unwrap();
    for (name, value) in [
        ("iss", "app"),
        ("client_id", "app"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", login.state()),
        ("nonce", login.nonce().expose()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(signed.claims()[name], value, "{name}");
    }

    let shown = format!("{login:?}");
    assert!(shown.starts_with("LoginAttempt {") && shown.contains(url.path()));
    assert!(!shown.contains(object.expose()) && !shown.contains(login.nonce().expose()));
    assert!(login.age() < Duration::from_secs(60));
    let mut written = serde_json::to_value(&login).unwrap();
    written["started"] = json!(written["started"].as_u64().unwrap() - 1000);
    let read: crate::oidc::LoginAttempt = serde_json::from_value(written).unwrap();
    assert_eq!(read.url(), login.url());
    assert!((1000..1060).contains(&read.age().as_secs()));
}

#[tokio::test]
async fn every_setting_of_an_exchange_is_in_its_form() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let body = r#"{"access_token":"x","token_type":"Bearer","issued_token_type":"t"}"#;
            seen.is_token_request().then(|| Reply::json(200, body))
        }),
        ..Defects::default()
    })
    .await;
    mock.oidc()
        .exchange_token("subject")
        .subject_token_type("urn:x:subject")
        .audience("one")
        .audience("two")
        .resource("https://api.example/a")
        .resource("https://api.example/b")
        .requested_token_type("urn:x:wanted")
        .subject_issuer("hub")
        .requested_issuer("other-hub")
        .requested_subject("bob")
        .actor_token("actor", "urn:x:actor")
        .scope("email")
        .await
        .unwrap();
    let seen = mock.server.seen();
    let sent = pairs(
        &seen
            .iter()
            .find(|seen| seen.is_token_request())
            .unwrap()
            .body,
    );
    for (name, values) in [
        (
            "grant_type",
            &["urn:ietf:params:oauth:grant-type:token-exchange"][..],
        ),
        ("subject_token", &["subject"]),
        ("subject_token_type", &["urn:x:subject"]),
        ("audience", &["one", "two"]),
        (
            "resource",
            &["https://api.example/a", "https://api.example/b"],
        ),
        ("requested_token_type", &["urn:x:wanted"]),
        ("subject_issuer", &["hub"]),
        ("requested_issuer", &["other-hub"]),
        ("requested_subject", &["bob"]),
        ("actor_token", &["actor"]),
        ("actor_token_type", &["urn:x:actor"]),
        ("scope", &["email"]),
    ] {
        assert_eq!(sent[name], values, "{name}");
    }
}

/// RFC 8705 section 5: clients with a certificate use the aliases, if published; others do not.
#[tokio::test]
async fn clients_with_a_certificate_call_the_aliases() {
    let with_aliases = || Defects {
        document: Box::new(|document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            document["mtls_endpoint_aliases"] = json!({
                "token_endpoint": format!("{base}/mtls/token"),
                "userinfo_endpoint": format!("{base}/mtls/userinfo"),
            });
        }),
        script: Box::new(|seen| {
            let body = r#"{"access_token":"x","token_type":"Bearer"}"#;
            match seen.target.as_str() {
                "/mtls/token" | "/token" => Some(Reply::json(200, body)),
                "/mtls/userinfo" => Some(Reply::json(200, r#"{"sub":"1"}"#)),
                "/introspect" => Some(Reply::json(200, r#"{"active":false}"#)),
                _ => None,
            }
        }),
        ..Defects::default()
    };
    let targets = |mock: &Mock| -> Vec<String> {
        let seen = mock.server.seen();
        let all = seen.iter().map(|seen| seen.target.clone());
        all.filter(|target| !target.contains(".well-known"))
            .collect()
    };

    let mock = Mock::with(with_aliases()).await;
    let auth = ClientAuth::tls_client_auth();
    let oidc = mock.builder().client_auth(auth).build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    // An endpoint without an alias is for all clients.
    oidc.introspect("x").await.unwrap();
    assert_eq!(
        targets(&mock),
        ["/mtls/token", "/mtls/userinfo", "/introspect"]
    );

    let mock = Mock::with(with_aliases()).await;
    let bound = mock.builder().certificate_bound_tokens().build().unwrap();
    bound.client_credentials().await.unwrap();
    assert_eq!(targets(&mock), ["/mtls/token"]);

    let mock = Mock::with(with_aliases()).await;
    let secret = ClientAuth::client_secret_post(Secret::from("s"));
    let oidc = mock.builder().client_auth(secret).build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(targets(&mock), ["/token", "/userinfo"]);
}

#[tokio::test]
async fn a_note_of_the_application_goes_along_unsent() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = oidc
        .authorize()
        .note("/cart/hunter2")
        .start()
        .await
        .unwrap();
    mock.expect(&login);
    assert_eq!(login.note(), Some("/cart/hunter2"));
    let kept = serde_json::to_string(&login).unwrap();
    let login: crate::oidc::LoginAttempt = serde_json::from_str(&kept).unwrap();
    let answer = mock.answer(&login);
    assert!(!format!("{login:?} {}", login.url()).contains("hunter2"));
    let done = oidc.callback(login, answer).await.unwrap();
    assert_eq!(done.note(), Some("/cart/hunter2"));
    assert!(!format!("{done:?}").contains("hunter2"));
    let bare = mock.login(&oidc).await;
    assert_eq!(bare.note(), None);
    let seen = mock.server.seen();
    assert!(seen.iter().all(|seen| !seen.body.contains("hunter2")));
}
