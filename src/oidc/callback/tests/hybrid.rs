//! Responses with tokens (OpenID Connect Core 1.0 section 3.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::jose::tests::{es256, sign};
use crate::jose::{SignatureAlgorithm, hash};
use crate::oidc::tests::mock::{Defects, Mock, now};
use crate::oidc::{Expected, LoginAttempt, ResponseMode, ResponseType};
use crate::{CallbackFault, ErrorKind, TokenFault};

/// A response to a hybrid login, whose ID token has these additional claims.
fn answer(mock: &Mock, login: &LoginAttempt, change: &serde_json::Value) -> String {
    answer_signed_by("a", mock, login, change)
}

fn answer_signed_by(
    kid: &str,
    mock: &Mock,
    login: &LoginAttempt,
    change: &serde_json::Value,
) -> String {
    let url = &mock.server.url;
    let mut claims = json!({
        "iss": url, "aud": "app", "azp": "app", "sub": "1", "typ": "ID",
        "iat": now(), "exp": now() + 60, "nonce": login.nonce().expose(),
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let token = sign(&json!({ "alg": "ES256", "kid": kid }), &claims);
    let state = login.state();
    format!("/cb#code=c0de&id_token={token}&state={state}&iss={url}")
}

#[tokio::test]
async fn hybrid_answers_need_their_hashes() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = oidc.authorize().response_type(ResponseType::CodeIdToken);
    let login = login.start().await.unwrap();
    let good = hash::half(SignatureAlgorithm::Es256, "c0de");
    for (hash, passes) in [
        (json!({ "c_hash": good }), true),
        (json!({}), false),
        (json!({ "c_hash": "x" }), false),
    ] {
        let answer = answer(&mock, &login, &hash);
        let outcome = oidc.authorization_response(login.clone(), answer).await;
        assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
    }
    let query = oidc.authorize().response_type(ResponseType::IdToken);
    let query = query.response_mode(ResponseMode::Query).start().await;
    let error = query.unwrap_err();
    assert!(error.is_config(), "{error}");
}

/// The ID token of the response and the one that the code is exchanged for (section 3.3.3.6).
#[tokio::test]
async fn hybrid_tokens_are_about_one_user() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = oidc.authorize().response_type(ResponseType::CodeIdToken);
    let login = login.start().await.unwrap();
    mock.expect(&login);
    let c_hash = hash::half(SignatureAlgorithm::Es256, "c0de");
    let mut outcomes = Vec::new();
    for subject in ["1", "2"] {
        let change = json!({ "c_hash": c_hash, "sub": subject });
        let answer = answer(&mock, &login, &change);
        let answer = format!("{answer}&session_state=s1");
        let answer = oidc.authorization_response(login.clone(), answer).await;
        let answer = answer.unwrap();
        assert_eq!(answer.code().unwrap().expose(), "c0de");
        assert_eq!(answer.id_token().unwrap().subject(), subject);
        assert_eq!(answer.member("session_state"), Some("s1"));
        assert_eq!(answer.member("code"), None);
        assert!(answer.access_token().is_none());
        outcomes.push(oidc.exchange_code(answer).await);
    }
    let error = outcomes.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("different users"), "{error}");
    assert_eq!(error.callback_fault(), Some(CallbackFault::Subject));
    assert_eq!(
        outcomes[0].as_ref().unwrap().id_token().unwrap().subject(),
        "1"
    );
}

/// A token of the response is sent as a bearer token, so it must be one.
#[tokio::test]
async fn access_tokens_of_a_hybrid_callback_are_bearer_tokens() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = oidc.authorize().response_type(ResponseType::CodeToken);
    let login = login.start().await.unwrap();
    for (kind, passes) in [("Bearer", true), ("mac", false)] {
        let answer = format!(
            "/cb#code=c0de&access_token=t0ken&token_type={kind}&state={}&iss={}",
            login.state(),
            mock.server.url
        );
        let outcome = oidc.authorization_response(login.clone(), answer).await;
        assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
        if let Ok(answer) = outcome {
            assert_eq!(answer.access_token().unwrap().expose(), "t0ken");
        }
    }
}

/// A response may name any key id: unknown ones must not keep other logins from a new key of the
/// issuer.
#[tokio::test]
async fn made_up_keys_in_front_channel_tokens_keep_no_login_from_a_new_key() {
    let rotated = Arc::new(AtomicBool::new(false));
    let (keys, header) = (rotated.clone(), rotated.clone());
    let mock = Mock::with(Defects {
        keys: Box::new(move |set| {
            if keys.load(Ordering::SeqCst) {
                *set = json!({ "keys": [es256("a"), es256("b")] });
            }
        }),
        header: Box::new(move |members| {
            if header.load(Ordering::SeqCst) {
                members["kid"] = json!("b");
            }
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let c_hash = json!({ "c_hash": hash::half(SignatureAlgorithm::Es256, "c0de") });
    let hybrid = oidc.authorize().response_type(ResponseType::CodeIdToken);
    let hybrid = hybrid.start().await.unwrap();
    let good = answer(&mock, &hybrid, &c_hash);
    oidc.authorization_response(hybrid.clone(), good)
        .await
        .unwrap();
    let made_up = answer_signed_by("made-up", &mock, &hybrid, &c_hash);
    let error = oidc.authorization_response(hybrid, made_up.clone()).await;
    assert_eq!(
        error.unwrap_err().token_fault(),
        Some(TokenFault::UnknownKey)
    );
    // The same for a token that the application passes to the verifier or restores.
    let (_, token) = made_up.split_once("id_token=").unwrap();
    let token = token.split('&').next().unwrap();
    let passed = oidc.verifier().id_token(token, &Expected::new()).await;
    assert!(passed.unwrap_err().is_invalid_token());
    rotated.store(true, Ordering::SeqCst);
    let login = mock.login(&oidc).await;
    let honest = mock.answer(&login);
    oidc.callback(login, honest).await.unwrap();
}
