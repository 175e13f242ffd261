//! What requests say, and where they are sent.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::mock::{Defects, Mock};
use crate::testing::Reply;
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

/// RFC 8705 section 5: with a certificate at the aliases, where there is one; all others not.
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
    // Where there is no alias the endpoint is for everybody.
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
