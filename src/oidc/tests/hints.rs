//! Hints that must also be right outside the default case.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::jose::{ContentEncryption, KeyEncryption, SignatureAlgorithm, SigningKey};
use crate::oidc::{CallbackAnswer, Oidc};
use crate::test_support::{Reply, options};
use crate::{AccessToken, ClientAuth, Error, ErrorKind};

#[track_caller]
fn says(error: &Error, wanted: &str, misleading: &str) {
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains(wanted), "{error}");
    assert!(!error.to_string().contains(misleading), "{error}");
}

/// A provider that returns `document` at the well-known address.
async fn documents(document: impl Fn() -> Reply + Send + Sync + 'static) -> Mock {
    Mock::with(on("/.well-known/openid-configuration", move |_| document())).await
}

#[tokio::test]
async fn a_refused_client_is_told_what_it_showed() {
    // Keycloak's responses to a client without a secret, a wrong assertion, a client without its
    // certificate, and an unknown client.
    // certificate, and an unknown client.
    refused_client(401, "unauthorized_client", "no client secret was sent").await;
    refused_client(400, "invalid_client", "the client id, its secret").await;
    refused_client(401, "invalid_client", "the client id, its secret").await;
}

/// The hint for each authentication method; `without_proof` for a public client.
async fn refused_client(status: u16, code: &'static str, without_proof: &str) {
    let refused = move || Reply::json(status, json!({ "error": code }).to_string());
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| {
            let ends = ["/introspect", "/token", "/revoke"];
            ends.contains(&seen.target.as_str()).then(refused)
        }),
        ..Defects::default()
    })
    .await;
    let with_secret_hint = match code {
        "invalid_client" => without_proof,
        _ => "the client secret, and that",
    };
    let with_secret = mock.oidc();
    let without = Oidc::discover(&mock.server.url)
        .client_id("app")
        .options(options())
        .build()
        .unwrap();
    let assertion = mock
        .builder()
        .client_auth(ClientAuth::assertion(|_| async { Ok("x".into()) }))
        .build()
        .unwrap();
    let certificate = mock
        .builder()
        .client_auth(ClientAuth::tls_client_auth())
        .build()
        .unwrap();
    for (oidc, hint) in [
        (&certificate, "the client's certificate, and that"),
        (&with_secret, with_secret_hint),
        (&without, without_proof),
        (&assertion, "signed JWT"),
    ] {
        for error in [
            oidc.introspect("t").await.unwrap_err(),
            oidc.revoke("t").await.unwrap_err(),
            oidc.password("ada", "p").await.unwrap_err(),
        ] {
            assert!(error.is_unauthorized(), "{error}");
            says(&error, hint, "login realm");
        }
    }
}

#[tokio::test]
async fn endpoints_of_a_provider_say_nothing_of_a_base_url() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| match seen.target.as_str() {
            "/token" => Some(Reply::status(302).with("location", "https://elsewhere.example/x")),
            "/introspect" => Some(Reply::Answer(
                403,
                vec![("Content-Type", "text/html".into())],
                "<html>".into(),
            )),
            _ => None,
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let moved = oidc.password("ada", "p").await.unwrap_err();
    assert_eq!(moved.kind(), ErrorKind::Protocol);
    says(&moved, "publishes this address", "base URL");
    let foreign = oidc.introspect("t").await.unwrap_err();
    assert!(foreign.is_forbidden());
    says(&foreign, "publishes a wrong endpoint", "base URL");
}

#[tokio::test]
async fn documents_of_an_issuer_say_nothing_of_a_base_url() {
    for (reply, hint) in [
        (
            (|| Reply::status(302).with("location", "https://elsewhere.example/x"))
                as fn() -> Reply,
            "write the issuer exactly",
        ),
        (|| Reply::status(403), "need no credentials"),
        (|| Reply::status(404), "check the issuer"),
    ] {
        let mock = documents(reply).await;
        let error = mock.oidc().metadata().await.unwrap_err();
        says(&error, hint, "base URL");
    }
    let large = documents(|| Reply::json(200, "[".repeat((1 << 20) + 1))).await;
    let error = large.oidc().metadata().await.unwrap_err();
    says(&error, "what answers at this address", "max_response_bytes");
}

#[tokio::test]
async fn a_header_is_not_taken_for_the_token_in_it() {
    let mock = Mock::with(on("/introspect", |_| {
        Reply::json(200, r#"{"active":false}"#)
    }))
    .await;
    let oidc = mock.oidc();
    for text in ["Bearer eyJ.eyJ.AA", "bearer eyJ.eyJ.AA", "DPoP eyJ.eyJ.AA"] {
        let error = crate::jose::decode_unverified(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
        says(&error, "without its scheme", "eyJ");
        let inactive = oidc.introspect(text).await.unwrap().require_active();
        says(&inactive.unwrap_err(), "without its scheme", "audience");
        let error = oidc.userinfo_of(&AccessToken::new(text)).await.unwrap_err();
        says(&error, "without its scheme", "eyJ");
        let refresh = crate::oidc::Refreshable::new(text).unwrap_err();
        says(&refresh, "without its scheme", "eyJ");
        let opaque = oidc.access_token_verifier().audience("api");
        let opaque = opaque
            .introspection(oidc.clone())
            .introspect_opaque_tokens();
        let error = opaque.build().unwrap().verify(text).await.unwrap_err();
        says(&error, "without its scheme", "eyJ");
    }
}

#[tokio::test]
async fn the_query_of_a_callback_is_told_from_its_url() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let url = mock.answer(&login);
    let (_, query) = url.split_once('?').unwrap();
    let error = oidc.callback(login.clone(), query).await.unwrap_err();
    says(&error, "CallbackAnswer::query", "does not belong");
    assert!(!error.to_string().contains(login.state()), "{error}");
    oidc.callback(login, CallbackAnswer::query(query))
        .await
        .unwrap();
}

#[tokio::test]
async fn scopes_of_logins_keep_openid() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    for (asked, sent) in [
        ("email", "openid+email"),
        ("", "openid"),
        ("email openid", "email+openid"),
    ] {
        mock.expect_none();
        oidc.password("ada", "p").scope(asked).await.unwrap();
        let body = mock.last_body("/token");
        assert!(
            body.split('&').any(|part| part == format!("scope={sent}")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn permissions_are_asked_for_by_an_iterator_too() {
    let granted = json!([{ "rsid": "1", "rsname": "album", "scopes": ["view", "edit"] }]);
    let mock = Mock::with(on("/token", move |_| Reply::json(200, granted.to_string()))).await;
    let oidc = mock.oidc();
    let wanted = vec!["album#view".to_owned(), "album#edit".to_owned()];
    oidc.permissions("t")
        .permissions(&wanted)
        .list()
        .await
        .unwrap();
    let body = mock.last_body("/token");
    assert_eq!(body.matches("permission=album").count(), 2, "{body}");
    let nothing: [&str; 0] = [];
    let error = oidc.has_access("t", nothing).await.unwrap_err();
    assert!(error.is_config());
    says(&error, ".decision()", "eyJ");
}

#[test]
fn a_client_of_a_realm_says_its_realm() {
    let kc = crate::Keycloak::builder("https://sso.example")
        .anonymous()
        .build()
        .unwrap();
    let oidc = kc.oidc("demo", "web").build().unwrap();
    assert_eq!(oidc.realm(), Some("demo"));
    let issuer = Oidc::discover("https://op.example")
        .client_id("web")
        .build()
        .unwrap();
    assert_eq!(issuer.realm(), None);
}

/// A provider whose token endpoint refuses every request.
async fn refusing(status: u16, body: impl Into<String>) -> Mock {
    let body = body.into();
    Mock::with(on("/token", move |_| Reply::json(status, body.clone()))).await
}

#[tokio::test]
async fn refused_exchanges_say_what_is_missing() {
    let unknown = r#"{"error":"invalid_client","error_description":"Audience not found"}"#;
    let mock = refusing(400, unknown).await;
    let oidc = mock.oidc();
    let error = oidc.exchange_token("t").audience("nope").await.unwrap_err();
    says(&error, "no client with the name of the audience", "secret");

    // Of the standard exchange: the request is at fault.
    for (said, hint) in [
        (
            "Standard token exchange is not enabled for the requested client",
            "the client's standard token exchange",
        ),
        (
            "Requested audience not available: api",
            "an audience mapper",
        ),
        (
            "Parameter 'requested_subject' is not supported for standard token exchange",
            "--features=token-exchange",
        ),
    ] {
        let body = json!({ "error": "invalid_request", "error_description": said }).to_string();
        let mock = refusing(400, body).await;
        let error = mock.oidc().exchange_token("t").audience("api").await;
        let error = error.unwrap_err();
        assert!(error.is_validation(), "{error}");
        says(&error, hint, "impersonation");
    }

    let denied = r#"{"error":"access_denied","error_description":"Client is not within the token audience"}"#;
    let mock = refusing(403, denied).await;
    let oidc = mock.oidc();
    let error = oidc.exchange_token("t").audience("api").await.unwrap_err();
    assert!(error.is_forbidden());
    says(
        &error,
        "in the audience of the subject token",
        "impersonation",
    );

    let denied =
        r#"{"error":"access_denied","error_description":"Client not allowed to exchange"}"#;
    let mock = refusing(403, denied).await;
    let oidc = mock.oidc();
    let error = oidc.exchange_token("t").requested_subject("bob").await;
    let error = error.unwrap_err();
    assert!(error.is_forbidden());
    says(&error, "role impersonation", "audience");
}

#[tokio::test]
async fn the_token_of_another_key_has_not_ended() {
    let bound = r#"{"error":"invalid_grant","error_description":"DPoP proof and token binding verification failed"}"#;
    let mock = refusing(400, bound).await;
    let refresh = crate::oidc::Refreshable::new("r").unwrap();
    let error = mock.oidc().refresh(refresh).await.unwrap_err();
    says(&error, "another key", "session has ended");
}

/// A password is sent once, so no earlier attempt can have used it up.
#[tokio::test]
async fn a_wrong_password_after_a_failure_is_a_wrong_password() {
    let mock = refusing(
        401,
        r#"{"error":"invalid_grant","error_description":"Invalid user credentials"}"#,
    )
    .await;
    let error = mock.oidc().password("ada", "p").await.unwrap_err();
    says(&error, "check user name, password", "used it up");
}

#[tokio::test]
async fn a_device_login_that_never_ends_is_refused() {
    let answer =
        json!({ "device_code": "d", "user_code": "u", "verification_uri": "https://op.example/d" });
    let mock = Mock::with(on("/device", move |_| Reply::json(200, answer.to_string()))).await;
    let error = mock.oidc().device().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("expires_in"), "{error}");
}

#[tokio::test]
async fn a_code_that_was_used_before_starts_a_new_login() {
    let mock = refusing(400, r#"{"error":"invalid_grant"}"#).await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let error = oidc.callback(login, answer).await.unwrap_err();
    says(&error, "the code was used before", "session has ended");
}

#[tokio::test]
async fn a_client_without_the_backchannel_grant_is_told_to_switch_it_on() {
    let off =
        r#"{"error":"invalid_grant","error_description":"Client not allowed OIDC CIBA Grant"}"#;
    let mock = Mock::with(on("/backchannel", move |_| Reply::json(401, off))).await;
    let error = mock.oidc().backchannel_login().login_hint("ada").await;
    let error = error.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    says(&error, "client's OIDC CIBA grant", "grant is invalid");
}

#[tokio::test]
async fn a_refused_refresh_token_may_be_another_clients() {
    let other = "Invalid refresh token. Token client and authorized client don't match";
    let body = json!({ "error": "invalid_grant", "error_description": other }).to_string();
    let mock = refusing(400, body).await;
    let refresh = crate::oidc::Refreshable::new("r").unwrap();
    let error = mock.oidc().refresh(refresh).await.unwrap_err();
    says(
        &error,
        "or the refresh token belongs to another client",
        "grant is invalid",
    );
}

/// The first attempt may have been executed; the second response then shows what it used up.
#[tokio::test]
async fn a_refresh_that_was_lost_may_have_used_the_token_up() {
    let count = AtomicUsize::new(0);
    let mock = Mock::with(on("/token", move |_| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::Drop,
            _ => Reply::json(400, r#"{"error":"invalid_grant"}"#),
        }
    }))
    .await;
    let refresh = crate::oidc::Refreshable::new("r").unwrap();
    let error = mock.oidc().refresh(refresh).await.unwrap_err();
    says(&error, "may have used it up", "session has ended");
}

#[tokio::test]
async fn a_request_is_encrypted_with_a_key_that_the_realm_has() {
    let oidc = Mock::start().await.oidc();
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let sealed = oidc
        .authorize()
        .signed_with(&key)
        .encrypted(KeyEncryption::RsaOaep256, ContentEncryption::A256Gcm);
    let error = sealed.start().await.unwrap_err();
    says(
        &error,
        "choose another key encryption algorithm",
        "base URL",
    );
}
