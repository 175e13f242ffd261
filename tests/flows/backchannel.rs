//! Logins and logouts that pass the browser by, and client certificates: on the server that is set up
//! for them.

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{BackchannelLogin, Oidc, Presented};
use keycloak_kit::{ClientAuth, ClientOptions, Keycloak, Method};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::examples::{example, first_line, rest};
use crate::support::PASSWORD;
use crate::support::endpoint::{Call, Endpoint};
use crate::support::realm::Realm;
use crate::support::special::special;

fn ciba(extra: &Value) -> Value {
    let mut attributes = json!({
        "oidc.ciba.grant.enabled": "true", "ciba.backchannel.token.delivery.mode": "poll",
    });
    for (name, value) in extra.as_object().unwrap() {
        attributes[name] = value.clone();
    }
    json!({ "attributes": attributes })
}

/// What the user's device does: it tells the server the decision.
async fn decide(realm: &Realm, call: &Call, status: &str) {
    let token = call.header("authorization").to_owned();
    let url = format!(
        "{}/protocol/openid-connect/ext/ciba/auth/callback",
        realm.issuer()
    );
    let answer = reqwest::Client::new()
        .post(url)
        .header("authorization", token)
        .json(&json!({ "status": status }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backchannel_login_by_poll_and_ping() {
    let special = special();
    let realm = Realm::on(
        special.admin(),
        "ciba",
        json!({ "attributes": { "cibaInterval": "1", "cibaExpiresIn": "120" } }),
    )
    .await;
    let channel = Endpoint::on(special.channel(), |_| (201, "text/plain", String::new()));
    let app = realm.app(ciba(&json!({}))).await;
    let nobody = app.backchannel_login().await.unwrap_err();
    assert!(nobody.is_config(), "{nobody}");

    let login = app
        .backchannel_login()
        .login_hint("ada")
        .binding_message("W4SCT")
        .await
        .unwrap();
    assert!(login.poll().await.unwrap().is_none());
    let asked = channel.next(|call| call.body.contains("W4SCT")).await;
    decide(&realm, &asked, "SUCCEED").await;
    let tokens = login.tokens().await.unwrap();
    assert_eq!(
        tokens
            .id_token()
            .unwrap()
            .claim("preferred_username")
            .unwrap(),
        "ada"
    );

    let login = app
        .backchannel_login()
        .login_hint("ada")
        .binding_message("NO")
        .await
        .unwrap();
    let asked = channel.next(|call| call.body.contains("NO")).await;
    decide(&realm, &asked, "UNAUTHORIZED").await;
    let error = login.tokens().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"), "{error}");

    // The server pings when the user has decided.
    let endpoint = Endpoint::start(|_| (204, "text/plain", String::new())).await;
    let ping = ciba(&json!({
        "ciba.backchannel.token.delivery.mode": "ping",
        "ciba.backchannel.client.notification.endpoint": format!("{}/ping", endpoint.url),
    }));
    realm.client("pinged", ping).await;
    let pinged = realm.oidc("pinged").build().unwrap();
    let login = pinged
        .backchannel_login()
        .login_hint("ada")
        .binding_message("PING")
        .client_notification_token("notify-me-1234567890")
        .await
        .unwrap();
    let asked = channel.next(|call| call.body.contains("PING")).await;
    decide(&realm, &asked, "SUCCEED").await;
    let ping = endpoint.next(|call| call.path == "/ping").await;
    // It comes to any process of the application, which has the login out of a store.
    let id = BackchannelLogin::id_of_ping(ping.body.as_bytes()).unwrap();
    assert_eq!(id.expose(), login.id().expose());
    let kept = serde_json::to_string(&login.saved()).unwrap();
    let login = pinged.resume_backchannel(serde_json::from_str(&kept).unwrap());
    login
        .check_ping(ping.header("authorization"), ping.body.as_bytes())
        .unwrap();
    login
        .check_ping("Bearer wrong", ping.body.as_bytes())
        .unwrap_err();
    login
        .check_ping(ping.header("authorization"), br#"{"auth_req_id":"x"}"#)
        .unwrap_err();
    assert!(login.poll().await.unwrap().is_some());

    // Signed requests.
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("one");
        let jwks = json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string();
        let signed = ciba(&json!({
            "use.jwks.string": "true", "jwks.string": jwks,
            "ciba.backchannel.auth.request.signing.alg": algorithm.name(),
        }));
        let (id, message) = (format!("signs-{algorithm}"), format!("SIGNED-{algorithm}"));
        realm.client(&id, signed).await;
        let signing = realm.oidc(&id).build().unwrap();
        let request = signing.backchannel_login().login_hint("ada");
        let sent = request.binding_message(&message).signed_with(&key).await;
        sent.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        channel.next(|call| call.body.contains(&message)).await;
    }

    let mut child = example(&realm, "app", "oidc_backchannel_login", &["ada"]);
    let (line, reader) = first_line(&mut child).await;
    assert_eq!(line, "waiting for the user, at most Some(120s)");
    let asked = channel.next(|call| call.body.contains("W4SCT")).await;
    decide(&realm, &asked, "SUCCEED").await;
    let shown = rest(reader).await;
    assert!(shown.contains("Some(IdToken {"), "{shown}");
    assert!(child.wait().unwrap().success());

    realm.client("off", json!({})).await;
    let off = realm.oidc("off").build().unwrap();
    let error = off.backchannel_login().login_hint("ada").await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    realm.delete().await;
}

/// A logout token that the server really sends.
#[tokio::test]
async fn logout_tokens_of_the_server() {
    let realm = Realm::new("backchannel-logout").await;
    let endpoint = Endpoint::start(|_| (200, "text/plain", String::new())).await;
    let attributes = json!({
        "backchannel.logout.url": format!("{}/logout", endpoint.url),
        "backchannel.logout.session.required": "true",
    });
    let app = realm.app(json!({ "attributes": attributes })).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let sid = tokens.id_token().unwrap().session_id().map(str::to_owned);
    let id = realm.user_id("ada").await;
    realm.post(&["users", &id, "logout"], &json!({})).await;
    let call = endpoint.next(|call| call.path == "/logout").await;
    let logout_token = call.form("logout_token").unwrap();
    let verified = app.verifier().logout_token(&logout_token).await.unwrap();
    assert_eq!(verified.session_id().map(str::to_owned), sid);
    realm.delete().await;
}

#[tokio::test]
async fn certificates_authenticate_and_bind() {
    let special = special();
    let realm = Realm::on(special.admin(), "mtls", json!({})).await;
    let tls = json!({
        "clientAuthenticatorType": "client-x509",
        "attributes": {
            "x509.subjectdn": "CN=web-app", "tls.client.certificate.bound.access.tokens": "true",
        },
    });
    realm.client("web-app", tls).await;
    let issuer = format!("{}/realms/{}", special.tls_url, realm.name);
    let identity = special.client_certificate("web-app");
    let options = |pem: &str| {
        ClientOptions::new()
            .root_certificate_pem(special.ca_pem.clone())
            .client_identity_pem(pem)
            .no_proxy()
    };
    let client = |pem: &str| {
        Oidc::discover(&issuer)
            .options(options(pem))
            .client_id("web-app")
            .client_auth(ClientAuth::tls_client_auth())
            .build()
            .unwrap()
    };
    let oidc = client(&identity.pem);
    let tokens = oidc.password("ada", PASSWORD).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    let tokens = oidc.refresh(&tokens).await.unwrap();
    let spare = oidc.password("ada", PASSWORD).await.unwrap();
    oidc.introspect(spare.access_token().expose())
        .await
        .unwrap();
    oidc.revoke(&spare).await.unwrap();
    oidc.refresh(&spare).await.unwrap_err();
    let verifier = oidc
        .access_token_verifier()
        .without(keycloak_kit::oidc::Check::Audience)
        .build()
        .unwrap();
    let bearer = tokens.access_token().expose();
    verifier
        .verify(Presented::new(bearer).certificate(&identity.der))
        .await
        .unwrap();
    verifier.verify(bearer).await.unwrap_err();

    // Somebody else's certificate neither logs in nor uses the tokens.
    let other = client(&special.client_certificate("somebody").pem);
    let error = other.password("ada", PASSWORD).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let error = other.userinfo(&tokens).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");

    // The admin side, with the same certificate.
    let id = realm.user_id("service-account-web-app").await;
    realm.let_manage(&id, "view-users").await;
    let kc = Keycloak::builder(&special.tls_url)
        .options(options(&identity.pem))
        .login_realm(&realm.name)
        .client_credentials("web-app", ClientAuth::tls_client_auth())
        .build()
        .unwrap();
    let users: Vec<Value> = kc
        .request(Method::GET, ["admin", "realms", &realm.name, "users"])
        .await
        .unwrap();
    assert!(!users.is_empty());
    realm.delete().await;
}
