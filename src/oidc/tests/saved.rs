//! Tokens that are saved and restored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::elsewhere::through_json;
use super::mock::{Defects, Mock, now};
use crate::TokenFault;
use crate::jose::{DpopKey, SignatureAlgorithm};
use crate::oidc::SavedTokens;
use crate::test_support::Reply;

fn about(end: Option<SystemTime>, seconds: u64) -> bool {
    let left = end.unwrap().duration_since(SystemTime::now()).unwrap();
    left <= Duration::from_secs(seconds) && left > Duration::from_secs(seconds - 30)
}

#[tokio::test]
async fn saved_tokens_are_taken_up_as_they_were() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| {
            answer["expires_in"] = json!(300);
            answer["refresh_expires_in"] = json!(1800);
            answer["scope"] = json!("openid email");
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    // The nonce is no longer known.
    let login = mock.login(&oidc).await;
    let tokens = oidc.callback(login.clone(), mock.answer(&login)).await;
    let tokens = tokens.unwrap().into_tokens();
    let saved = through_json(&tokens.saved());
    assert!(about(saved.expires_at(), 300) && about(saved.refresh_expires_at(), 1800));
    let again = mock.oidc().restore(&saved).await.unwrap();
    assert_eq!(
        again.access_token().expose(),
        tokens.access_token().expose()
    );
    assert!(again.access_token().expires_in().unwrap() <= Duration::from_secs(300));
    assert!(again.refresh_lifetime().unwrap() <= Duration::from_secs(1800));
    assert_eq!(again.scope(), Some("openid email"));
    let [before, after] = [&tokens, &again].map(|t| t.id_token().unwrap().expose());
    assert_eq!(before, after);
    let [before, after] = [&tokens, &again].map(|t| t.refresh_token().unwrap().expose());
    assert_eq!(before, after);

    // Tokens of a client with a DPoP key.
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let bound = mock.builder().dpop(key).build().unwrap();
    let again = bound.restore(&saved).await.unwrap();
    assert_eq!(again.access_token().scheme(), "DPoP");
}

#[tokio::test]
async fn of_saved_tokens_an_expired_id_token_is_left_out_and_a_bad_one_refused() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    let saved = serde_json::to_value(tokens.saved()).unwrap();
    let with = |name: &str, value: Value| -> SavedTokens {
        let mut saved = saved.clone();
        saved[name] = value;
        serde_json::from_value(saved).unwrap()
    };
    let claims = json!({
        "iss": mock.server.url, "aud": "app", "sub": "1", "iat": now() - 900, "exp": now() - 600,
    });
    let header = json!({ "alg": "ES256", "kid": "a" });
    let expired = crate::jose::tests::sign(&header, &claims);
    let tokens = oidc.restore(&with("id_token", json!(expired))).await;
    assert!(tokens.unwrap().id_token().is_none());
    let claims = json!({
        "iss": mock.server.url, "aud": "other", "sub": "1", "iat": now(), "exp": now() + 60,
    });
    let foreign = crate::jose::tests::sign(&header, &claims);
    let error = oidc.restore(&with("id_token", json!(foreign))).await;
    assert_eq!(error.unwrap_err().token_fault(), Some(TokenFault::Audience));

    // An expired refresh token is not treated as one that never expires.
    let ended = with("refresh_expires_at", json!(now() - 60));
    let tokens = oidc.restore(&ended).await.unwrap();
    assert!(tokens.refresh_lifetime().unwrap() < Duration::from_secs(1));
    let ended = with("expires_at", json!(now() - 60));
    let tokens = oidc.restore(&ended).await.unwrap();
    assert_eq!(tokens.access_token().expires_in(), Some(Duration::ZERO));
}

#[tokio::test]
async fn saved_tokens_are_no_guess_without_the_keys() {
    let down = Arc::new(AtomicBool::new(false));
    let switch = down.clone();
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| {
            let keys = seen.target == "/keys" && switch.load(Ordering::SeqCst);
            keys.then(|| Reply::status(404))
        }),
        ..Defects::default()
    })
    .await;
    let tokens = mock.oidc().client_credentials().await.unwrap();
    down.store(true, Ordering::SeqCst);
    let error = mock.oidc().restore(&tokens.saved()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

/// The response of a token endpoint, as other programs store it.
#[tokio::test]
async fn the_answer_of_a_token_endpoint_is_read_as_saved_tokens() {
    let mock = Mock::start().await;
    let answer = json!({
        "access_token": "a", "refresh_token": "r", "expires_in": 300, "token_type": "Bearer",
        "session_state": "s", "not-before-policy": 0,
    });
    let saved: SavedTokens = serde_json::from_value(answer).unwrap();
    let tokens = mock.oidc().restore(&saved).await.unwrap();
    assert_eq!(tokens.access_token().expose(), "a");
    assert_eq!(tokens.refresh_token().unwrap().expose(), "r");
    assert!(tokens.access_token().expires_in().is_none() && tokens.id_token().is_none());
}
