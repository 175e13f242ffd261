//! Logins on another device: device authorization (RFC 8628) and CIBA.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::ErrorKind;
use crate::jose::{SignatureAlgorithm, SigningKey, decode_unverified};
use crate::oidc::{BackchannelLogin, SavedDeviceLogin};
use crate::test_support::Reply;

const START: &str = "/backchannel";

/// Responds with pending, `slow_down`, and then the tokens of a user; `start` is the response to
/// the first request.
async fn provider(path: &'static str, start: Value) -> Mock {
    let polls = AtomicUsize::new(0);
    let refusal = |code: &str| Some(Reply::json(400, json!({ "error": code }).to_string()));
    Mock::with(Defects {
        script: Box::new(move |seen| match seen.target.as_str() {
            target if target == path => Some(Reply::json(200, start.to_string())),
            "/token" => match polls.fetch_add(1, Ordering::SeqCst) {
                0 => refusal("authorization_pending"),
                1 => refusal("slow_down"),
                _ => None,
            },
            _ => None,
        }),
        ..Defects::default()
    })
    .await
}

pub(super) fn through_json<T: Serialize + DeserializeOwned>(saved: &T) -> T {
    serde_json::from_str(&serde_json::to_string(saved).unwrap()).unwrap()
}

/// Times are saved in whole seconds.
fn about(left: Option<Duration>, seconds: u64) -> bool {
    left.is_some_and(|left| {
        left <= Duration::from_secs(seconds) && left > Duration::from_secs(seconds - 30)
    })
}

/// Some servers use the names of drafts of RFC 8628.
#[tokio::test]
async fn the_address_of_a_device_login_has_an_older_name_too() {
    for (answer, address) in [
        (
            json!({ "verification_url": "https://op/old" }),
            Some("https://op/old"),
        ),
        (
            json!({ "verification_url": "https://op/old", "verification_uri": "https://op/new" }),
            Some("https://op/new"),
        ),
        (json!({}), None),
    ] {
        let mut answer = answer;
        answer["device_code"] = json!("d1");
        answer["user_code"] = json!("ABCD");
        answer["expires_in"] = json!(600);
        let mock = Mock::with(on("/device", move |_| Reply::json(200, answer.to_string()))).await;
        match (mock.oidc().device().await, address) {
            (Ok(login), Some(address)) => assert_eq!(login.verification_uri(), address),
            (Err(error), None) => assert!(error.is_decode(), "{error}"),
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_saved_login_that_has_ended_has() {
    let start = json!({ "auth_req_id": "a1", "expires_in": 60, "interval": 3 });
    let mock = provider(START, start).await;
    let oidc = mock.oidc();
    let login = oidc.backchannel_login().login_hint("ada").await.unwrap();
    let mut saved = serde_json::to_value(login.saved()).unwrap();
    saved["waiting"]["expires_at"] = json!(1_000_000);
    let ended = oidc.resume_backchannel(serde_json::from_value(saved).unwrap());
    assert_eq!(ended.expires_in(), Some(Duration::ZERO));
    let error = ended.tokens().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("expired_token"), "{error}");
    assert_eq!(mock.posts("/token"), 0);
}

#[test]
fn a_ping_names_its_login() {
    let id = BackchannelLogin::id_of_ping(br#"{"auth_req_id":"a1"}"#).unwrap();
    assert_eq!(id.expose(), "a1");
    let error = BackchannelLogin::id_of_ping(b"{}").unwrap_err();
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn a_device_login_is_polled_by_hand() {
    let mock = provider(
        "/device",
        json!({
            "device_code": "d1", "user_code": "ABCD", "verification_uri": "https://op/device",
            "verification_uri_complete": "https://op/device?user_code=ABCD", "expires_in": 600,
            "interval": 7,
        }),
    )
    .await;
    let login = mock.oidc().device().scope("openid email").await.unwrap();
    assert_eq!(login.user_code(), "ABCD");
    assert_eq!(login.verification_uri(), "https://op/device");
    let complete = login.verification_uri_complete();
    assert_eq!(complete, Some("https://op/device?user_code=ABCD"));
    assert_eq!(login.expires_in(), Some(Duration::from_secs(600)));
    assert_eq!(login.interval(), Duration::from_secs(7));
    assert!(login.poll().await.unwrap().is_none());
    assert_eq!(login.interval(), Duration::from_secs(7));
    assert!(login.poll().await.unwrap().is_none());
    assert_eq!(login.interval(), Duration::from_secs(12));
    // Another process resumes the login, at its current pace.
    let login = mock.oidc().resume_device(through_json(&login.saved()));
    assert_eq!(login.user_code(), "ABCD");
    assert_eq!(login.verification_uri_complete(), complete);
    assert_eq!(login.interval(), Duration::from_secs(12));
    assert!(about(login.expires_in(), 600));
    let login = login.param("resource", "r");
    let tokens = login.poll().await.unwrap().unwrap();
    assert_eq!(tokens.id_token().unwrap().subject(), "1");
    let wanted = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d1";
    let polled = mock.last_body("/token");
    assert!(
        polled.starts_with(wanted)
            && polled.contains("&code_verifier=")
            && polled.ends_with("&resource=r"),
        "{polled}"
    );
}

#[tokio::test]
async fn a_backchannel_login_is_polled_by_hand() {
    let start = json!({ "auth_req_id": "a1", "expires_in": 60, "interval": 3 });
    let mock = provider(START, start).await;
    let oidc = mock.oidc();
    let login = oidc.backchannel_login().login_hint("ada").await.unwrap();
    assert_eq!(login.expires_in(), Some(Duration::from_secs(60)));
    assert_eq!(login.interval(), Duration::from_secs(3));
    assert!(login.poll().await.unwrap().is_none());
    assert!(login.poll().await.unwrap().is_none());
    assert_eq!(login.interval(), Duration::from_secs(8));
    let saved = through_json(&login.saved());
    let login = mock.oidc().resume_backchannel(saved);
    assert_eq!(login.id().expose(), "a1");
    assert_eq!(login.interval(), Duration::from_secs(8));
    assert!(about(login.expires_in(), 60));
    let login = login.param("resource", "r");
    let tokens = login.poll().await.unwrap().unwrap();
    assert_eq!(tokens.id_token().unwrap().subject(), "1");
    let wanted = "grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id=a1&resource=r";
    assert_eq!(mock.last_body("/token"), wanted);
}

/// A signed request (CIBA section 7.1.1) is the only parameter and contains all others.
#[tokio::test]
async fn a_backchannel_request_is_signed() {
    let mock = provider(START, json!({ "auth_req_id": "a1", "expires_in": 60 })).await;
    let oidc = mock.oidc();
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let request = oidc.backchannel_login().login_hint("ada");
    let request = request.binding_message("W4").signed_with(&key);
    request
        .requested_expiry(Duration::from_secs(90))
        .await
        .unwrap();
    let seen = mock.server.seen();
    let sent = seen.iter().find(|seen| seen.target == START).unwrap();
    assert_eq!(sent.form("login_hint"), None);
    let signed = decode_unverified(sent.form("request").unwrap()).unwrap();
    let claims = signed.claims();
    for (name, value) in [
        ("iss", json!("app")),
        ("aud", json!(mock.server.url)),
        ("login_hint", json!("ada")),
        ("binding_message", json!("W4")),
        ("requested_expiry", json!(90)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(signed.header()["typ"], "oauth-authz-req+jwt");
    let seconds = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 60);
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
}

/// CIBA section 7.3: without a lifetime, it is unknown how long to poll.
#[tokio::test]
async fn an_answer_without_an_end_is_refused() {
    for answer in [
        json!({ "auth_req_id": "a1" }),
        json!({ "auth_req_id": "a1", "expires_in": null }),
        json!({ "auth_req_id": "a1", "expires_in": "soon" }),
    ] {
        let mock = provider(START, answer.clone()).await;
        let error = mock.oidc().backchannel_login().login_hint("ada").await;
        let error = error.unwrap_err();
        assert!(error.is_decode(), "{answer}: {error}");
        assert!(error.to_string().contains("expires_in"), "{error}");
    }
}

/// Codes and addresses are printed: they must not control the user's terminal, and only open web
/// pages.
#[tokio::test]
async fn what_a_device_shows_is_readable_and_opens_in_a_browser() {
    let good = json!({
        "device_code": "d1", "user_code": "AB-CD", "verification_uri": "https://op/device",
        "verification_uri_complete": "https://op/device?user_code=AB-CD", "expires_in": 600,
    });
    let mock = provider("/device", good.clone()).await;
    let kept = serde_json::to_value(mock.oidc().device().await.unwrap().saved()).unwrap();
    for (name, value) in [
        ("user_code", "AB\u{1b}]0;x\u{7}CD"),
        ("user_code", "AB\r\nopen https://evil.example"),
        ("user_code", "AB\u{202e}DC"),
        ("user_code", ""),
        ("verification_uri", "javascript:alert(1)"),
        ("verification_uri", "file:///etc/passwd"),
        ("verification_uri", "op/device"),
        ("verification_uri", "https://op/\u{1b}[2J"),
        ("verification_uri_complete", "x-app://open?user_code=AB-CD"),
        ("verification_uri_complete", "https://op/device?\u{9b}31m"),
    ] {
        let mut answer = good.clone();
        answer[name] = json!(value);
        let mock = provider("/device", answer).await;
        let error = mock.oidc().device().await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Protocol,
            "{name} {value:?}: {error}"
        );
        assert_eq!(error.operation(), Some("oidc.device"));
        assert!(error.to_string().contains(name), "{error}");
        // Saved logins are shown again, so they are checked again.
        let mut kept = kept.clone();
        kept[name] = json!(value);
        let kept = serde_json::from_value::<SavedDeviceLogin>(kept);
        assert!(kept.is_err(), "{name} {value:?}");
    }
}

/// A binding message has no control characters either; otherwise nothing is sent.
#[tokio::test]
async fn a_binding_message_is_readable() {
    let mock = provider(START, json!({ "auth_req_id": "a1", "expires_in": 60 })).await;
    let login = |message: &str| {
        let request = mock.oidc().backchannel_login().login_hint("ada");
        request.binding_message(message)
    };
    for message in ["", " ", "pay\u{1b}[8m", "pay\n1 EUR", "pay \u{202e}001"] {
        let error = login(message).await.unwrap_err();
        assert!(error.is_config(), "{message:?}: {error}");
    }
    assert_eq!(mock.posts(START), 0);
    login("W4SCT").await.unwrap();
}

/// The request must name the user in one of the possible ways.
#[tokio::test]
async fn a_backchannel_login_names_somebody() {
    let mock = provider(START, json!({ "auth_req_id": "a1", "expires_in": 60 })).await;
    let oidc = mock.oidc();
    let login = || oidc.backchannel_login();
    let nobody = login().await.unwrap_err();
    assert!(nobody.is_config(), "{nobody}");
    assert!(
        login()
            .param("resource", "x")
            .await
            .unwrap_err()
            .is_config()
    );
    assert_eq!(mock.posts(START), 0, "nothing was sent");
    login().login_hint("ada").await.unwrap();
    login().id_token_hint("t").await.unwrap();
    login().param("login_hint_token", "t").await.unwrap();
    login().param("user_hint", "t").await.unwrap();
    assert_eq!(mock.posts(START), 4);
}

#[tokio::test]
async fn a_ping_is_the_servers_and_about_this_login() {
    let mock = provider(START, json!({ "auth_req_id": "a1", "expires_in": 60 })).await;
    let request = || mock.oidc().backchannel_login().login_hint("ada");
    let login = request().client_notification_token("n1").await.unwrap();
    let good = br#"{"auth_req_id":"a1"}"#;
    login.check_ping("Bearer n1", good).unwrap();
    login.check_ping("bearer n1", good).unwrap();
    for (authorization, body) in [
        ("Bearer n2", good.as_slice()),
        ("Basic n1", good),
        ("n1", good),
        ("", good),
        ("Bearer n1", br#"{"auth_req_id":"a2"}"#),
    ] {
        let error = login.check_ping(authorization, body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    }
    login.check_ping("Bearer n1", b"{}").unwrap_err();
    let without = request().await.unwrap();
    assert!(
        without
            .check_ping("Bearer n1", good)
            .unwrap_err()
            .is_unauthorized()
    );
}

/// An empty member counts as missing.
#[tokio::test]
async fn empty_members_of_an_answer_are_left_out() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| {
            answer["id_token"] = json!("");
            answer["scope"] = json!("");
        }),
        ..Defects::default()
    })
    .await;
    let tokens = mock.oidc().client_credentials().await.unwrap();
    assert!(tokens.id_token().is_none());
    assert_eq!(tokens.scope(), None);
}

/// Scopes are a string or an array, in `scope` or in `scp`.
#[tokio::test]
async fn scopes_of_an_answer_are_a_text_or_a_list() {
    for scopes in [
        json!({ "scope": ["openid", "notes"] }),
        json!({ "scope": null, "scp": ["openid", "notes"] }),
        json!({ "scope": null, "scp": "openid notes" }),
    ] {
        let mock = Mock::with(Defects {
            answer: Box::new(move |answer| {
                for (name, value) in scopes.as_object().unwrap() {
                    answer[name] = value.clone();
                }
            }),
            ..Defects::default()
        })
        .await;
        let tokens = mock.oidc().client_credentials().await.unwrap();
        assert_eq!(tokens.scope(), Some("openid notes"));
    }
}
