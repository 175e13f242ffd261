//! Responses that are refused, without sending anything.

mod expected;
mod hybrid;

use serde_json::json;

use crate::jose::tests::sign;
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::tests::mock::{Defects, Mock, now};
use crate::oidc::{CallbackAnswer, MemoryLoginStore, ResponseMode};
use crate::test_support::Reply;
use crate::{CallbackFault, ErrorKind, TokenFault};

#[tokio::test]
async fn a_good_answer_is_exchanged_once() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let verifier = login.verifier().expose().to_owned();
    let tokens = oidc
        .callback(login.clone(), mock.answer(&login))
        .await
        .unwrap();
    assert_eq!(tokens.id_token().subject(), "1");
    let seen = mock.server.seen();
    let form = &seen
        .iter()
        .find(|seen| seen.is_token_request())
        .unwrap()
        .body;
    assert_eq!(
        *form,
        format!(
            "grant_type=authorization_code&code=c0de&\
             redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={verifier}"
        )
    );
    let shown = format!("{oidc:?} {login:?} {tokens:?}");
    for secret in [
        "hunter2",
        "c0de",
        login.state(),
        login.nonce().expose(),
        &verifier,
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn malformed_and_foreign_callbacks_are_refused_before_the_exchange() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let iss = mock.server.url.clone();
    type Make = fn(&str, &str) -> String;
    let answers: [(&str, Make); 13] = [
        ("no state", |_, iss| {
            format!("https://app.example/cb?code=c&iss={iss}")
        }),
        ("state of another login", |_, iss| {
            format!("https://app.example/cb?code=c&state=x&iss={iss}")
        }),
        ("does not name its issuer", |state, _| {
            format!("https://app.example/cb?code=c&state={state}")
        }),
        ("from another provider", |state, iss| {
            format!("https://app.example/cb?code=c&state={state}&iss={iss}/")
        }),
        ("\"code\" twice", |state, iss| {
            format!("https://app.example/cb?code=c&state={state}&iss={iss}&code=d")
        }),
        ("\"state\" twice", |state, iss| {
            format!("https://app.example/cb?code=c&state={state}&state={state}&iss={iss}")
        }),
        ("a JWT, which was not requested", |state, iss| {
            format!("https://app.example/cb?response=x&state={state}&iss={iss}")
        }),
        ("id_token, which was not requested", |state, iss| {
            format!("https://app.example/cb?code=c&id_token=x&state={state}&iss={iss}")
        }),
        ("access_token, which was not requested", |state, iss| {
            format!("https://app.example/cb?code=c&access_token=x&state={state}&iss={iss}")
        }),
        ("has no code", |state, iss| {
            format!("https://app.example/cb?state={state}&iss={iss}")
        }),
        // Not where it was requested.
        ("does not name its issuer", |state, iss| {
            format!("https://app.example/cb#code=c&state={state}&iss={iss}")
        }),
        ("does not name its issuer", |_, _| {
            "https://app.example/cb".to_owned()
        }),
        ("too long", |state, iss| {
            let long = "x".repeat(300_000);
            format!("https://app.example/cb?code={long}&state={state}&iss={iss}")
        }),
    ];
    for (why, make) in answers {
        let login = mock.login(&oidc).await;
        let answer = make(login.state(), &iss);
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Protocol, Some("oidc.callback"))
        );
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    let login = mock.login(&oidc).await;
    let form = CallbackAnswer::form(format!("code=c&state={}&iss={iss}", login.state()));
    let error = oidc.callback(login, form).await.unwrap_err();
    assert!(error.to_string().contains("came in a form"), "{error}");
    let posted = oidc
        .authorize()
        .response_mode(ResponseMode::FormPost)
        .start()
        .await
        .unwrap();
    let answer = mock.answer(&posted);
    let error = oidc.callback(posted, answer).await.unwrap_err();
    assert!(
        error.to_string().contains("did not come in a form"),
        "{error}"
    );
    assert_eq!(mock.posts("/token"), 0, "no code was shown to anybody");
}

#[tokio::test]
async fn a_login_belongs_to_its_provider_and_client() {
    let (one, other) = (Mock::start().await, Mock::start().await);
    let (a, b) = (one.oidc(), other.oidc());
    let login = one.login(&a).await;
    // Each client receives the response of the other one's login.
    let error = b
        .callback(login.clone(), one.answer(&login))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("with another provider"),
        "{error}"
    );
    let error = a
        .callback(login.clone(), other.answer(&login))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("from another provider"),
        "{error}"
    );
    let elsewhere = one.builder().client_id("other").build().unwrap();
    let error = elsewhere
        .callback(login.clone(), one.answer(&login))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("with another provider or client"),
        "{error}"
    );
    assert_eq!(one.posts("/token") + other.posts("/token"), 0);
}

#[tokio::test]
async fn an_iss_that_was_not_promised_may_be_missing_but_not_wrong() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            document
                .as_object_mut()
                .unwrap()
                .remove("authorization_response_iss_parameter_supported");
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = format!("/cb?code=c0de&state={}", login.state());
    oidc.callback(login, answer).await.unwrap();
    // If it names its issuer all the same, the issuer must be right.
    let login = mock.login(&oidc).await;
    let answer = format!("/cb?code=c0de&state={}&iss=https://evil", login.state());
    oidc.callback(login, answer).await.unwrap_err();
    assert_eq!(mock.posts("/token"), 1);
}

#[tokio::test]
async fn refusals_of_the_provider() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let iss = mock.server.url.clone();
    for (code, kind) in [
        ("access_denied", ErrorKind::Unauthorized),
        ("login_required", ErrorKind::Unauthorized),
        ("consent_required", ErrorKind::Unauthorized),
        ("temporarily_unavailable", ErrorKind::Server),
        ("invalid_scope", ErrorKind::Validation),
    ] {
        let login = mock.login(&oidc).await;
        let answer = format!(
            "/cb?error={code}&error_description=no%0Away&state={}&iss={iss}",
            login.state()
        );
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert_eq!((error.kind(), error.oauth_code()), (kind, Some(code)));
        assert_eq!(
            error.server_message(),
            Some("no way"),
            "no control characters"
        );
        // A refusal is read only if it is the provider's refusal of this login.
        for answer in [
            format!("/cb?error={code}&state=x&iss={iss}"),
            format!("/cb?error={code}&iss={iss}"),
        ] {
            let login = mock.login(&oidc).await;
            let error = oidc.callback(login, answer).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.oauth_code()),
                (ErrorKind::Protocol, None)
            );
        }
    }
    assert_eq!(mock.posts("/token"), 0);
}

#[tokio::test]
async fn id_tokens_of_another_login_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let defects: [(TokenFault, Change); 6] = [
        (TokenFault::Nonce, |claims| claims["nonce"] = json!("other")),
        (TokenFault::Nonce, |claims| {
            claims.as_object_mut().unwrap().remove("nonce");
        }),
        (TokenFault::Issuer, |claims| {
            claims["iss"] = json!("https://evil")
        }),
        (TokenFault::Audience, |claims| {
            claims["aud"] = json!("other")
        }),
        (TokenFault::AuthorizedParty, |claims| {
            claims["azp"] = json!("other")
        }),
        (TokenFault::Hash, |claims| {
            claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA")
        }),
    ];
    for (fault, change) in defects {
        let mock = Mock::with(Defects {
            claims: Box::new(change),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_id_token_is_no_login() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| {
            answer.as_object_mut().unwrap().remove("id_token");
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert!(error.to_string().contains("no ID token"), "{error}");
}

#[tokio::test]
async fn a_code_whose_fate_is_unclear_is_sent_once() {
    for reply in [
        Reply::Drop,
        Reply::Truncate,
        Reply::status(502),
        Reply::status(503),
    ] {
        let mock = Mock::with(Defects {
            script: Box::new(move |seen| seen.is_token_request().then(|| reply.clone())),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("may have been used"), "{error}");
        assert_eq!(mock.posts("/token"), 1);
    }
}

#[tokio::test]
async fn secrets_do_not_follow_redirects() {
    let elsewhere = Mock::start().await;
    let target = format!("{}/token", elsewhere.server.url);
    for status in [302, 307, 308] {
        let target = target.clone();
        let mock = Mock::with(Defects {
            script: Box::new(move |seen| {
                let redirect = Reply::status(status).with("Location", target.clone());
                seen.is_token_request().then_some(redirect)
            }),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    }
    assert!(elsewhere.server.seen().is_empty());
}

#[tokio::test]
async fn token_types_are_compared_without_case_and_others_refused() {
    for (given, good) in [
        ("bearer", true),
        ("BEARER", true),
        ("N_A", false),
        ("DPoP", false),
        ("mac", false),
    ] {
        let mock = Mock::with(Defects {
            answer: Box::new(move |answer| answer["token_type"] = json!(given)),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let outcome = oidc.callback(login, answer).await;
        assert_eq!(outcome.is_ok(), good, "{given}: {outcome:?}");
    }
}

#[tokio::test]
async fn signed_and_plain_callbacks_are_not_mixed() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let start = || async {
        let login = oidc
            .authorize()
            .response_mode(ResponseMode::Jwt)
            .start()
            .await
            .unwrap();
        mock.expect(&login);
        login
    };
    let signed = |login: &crate::oidc::LoginAttempt, change: fn(&mut serde_json::Value)| {
        let mut claims = json!({
            "iss": mock.server.url, "aud": "app", "exp": crate::oidc::tests::mock::now() + 60,
            "code": "c0de", "state": login.state(),
        });
        change(&mut claims);
        crate::jose::tests::sign(&json!({ "alg": "ES256", "kid": "a" }), &claims)
    };
    let login = start().await;
    let answer = format!("/cb?response={}", signed(&login, |_| {}));
    oidc.callback(login, answer).await.unwrap();
    let changes: [fn(&mut serde_json::Value); 5] = [
        |claims| claims["iss"] = json!("https://evil"),
        |claims| claims["aud"] = json!("other"),
        |claims| claims["exp"] = json!(1),
        |claims| claims["state"] = json!("other"),
        |claims| {
            claims.as_object_mut().unwrap().remove("exp");
        },
    ];
    for change in changes {
        let login = start().await;
        let answer = format!("/cb?response={}", signed(&login, change));
        oidc.callback(login, answer).await.unwrap_err();
    }
    let login = start().await;
    let answer = format!("/cb?response={}&code=other", signed(&login, |_| {}));
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert!(error.to_string().contains("unsigned parameters"), "{error}");
    let login = start().await;
    let answer = mock.answer(&login);
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert!(error.to_string().contains("not signed"), "{error}");
    assert_eq!(mock.posts("/token"), 1);
}

proptest::proptest! {
    /// Whatever a browser brings is read or refused.
    #[test]
    fn any_callback_is_read_or_refused(text in ".{0,200}", form in proptest::bool::ANY) {
        let login: crate::oidc::LoginAttempt = serde_json::from_value(json!({
            "url": "https://op/a", "state": "s", "nonce": "n", "verifier": "v", "issuer": "https://op",
            "client_id": "app", "redirect_uri": "https://app/cb?own=1",
            "response_type": "Code", "response_mode": if form { "FormPost" } else { "Query" },
            "max_age": null, "acr": [], "started": 0,
        })).unwrap();
        let answer = if form {
            CallbackAnswer::form(text)
        } else {
            CallbackAnswer::url(format!("/cb?own=1&{text}"))
        };
        if let Ok(mut members) = answer.members(&login) {
            proptest::prop_assert!(form || !members.has("own"));
            let _ = members.check_issuer(|iss| iss == "https://op", true);
            let _ = members.error();
            let _ = members.lifetime();
        }
    }

    /// An error body is bounded and free of control characters.
    #[test]
    fn what_a_server_says_is_bounded_and_has_no_control_characters(text in ".{0,2000}") {
        let body = json!({ "error": "invalid_request", "error_description": text }).to_string();
        let op = crate::operation::Operation::new("x", "POST", "/");
        let error = crate::call::response_error(
            &op, http::StatusCode::BAD_REQUEST, &http::HeaderMap::new(), body.as_bytes(),
        );
        if let Some(said) = error.server_message() {
            proptest::prop_assert!(said.chars().count() <= 500);
            proptest::prop_assert!(!said.contains(char::is_control));
        }
    }
}

/// The code is exchanged, and nothing is sent after it except a request for the keys.
#[tokio::test]
async fn id_tokens_that_nobody_has_signed() {
    type Make = fn() -> Defects;
    let defects: [(TokenFault, Make); 7] = [
        (TokenFault::Algorithm, || Defects {
            header: Box::new(|header| header["alg"] = json!("none")),
            ..Defects::default()
        }),
        (TokenFault::Algorithm, || Defects {
            header: Box::new(|header| header["alg"] = json!("HS256")),
            ..Defects::default()
        }),
        (TokenFault::Algorithm, || Defects {
            header: Box::new(|header| header["alg"] = json!("RS256")),
            ..Defects::default()
        }),
        (TokenFault::UnknownKey, || Defects {
            header: Box::new(|header| header["kid"] = json!("b")),
            ..Defects::default()
        }),
        (TokenFault::Header, || Defects {
            header: Box::new(|header| header["crit"] = json!(["exp"])),
            ..Defects::default()
        }),
        // Another key with the same `kid`.
        (TokenFault::Signature, || Defects {
            keys: Box::new(|keys| {
                let other = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
                let mut other = other.public_jwk().unwrap().to_json();
                other["kid"] = json!("a");
                keys["keys"] = json!([other]);
            }),
            ..Defects::default()
        }),
        (TokenFault::UnknownKey, || Defects {
            keys: Box::new(|keys| keys["keys"] = json!([{ "kty": "XX", "kid": "a" }])),
            ..Defects::default()
        }),
    ];
    for (number, (fault, make)) in defects.into_iter().enumerate() {
        let mock = Mock::with(make()).await;
        let oidc = mock.oidc();
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let error = oidc.callback(login, answer).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{number}: {error}");
        assert_eq!(error.kind(), ErrorKind::InvalidToken, "{number}: {error}");
        assert_eq!(mock.posts("/token"), 1, "{number}");
        let seen = mock.server.seen();
        let token = seen
            .iter()
            .position(|seen| seen.is_token_request())
            .unwrap();
        let after = seen[token + 1..].iter();
        assert!(after.clone().all(|seen| seen.target == "/keys"), "{number}");
    }
}

/// Each refusal has a code that says what is wrong.
#[tokio::test]
async fn a_refused_answer_has_its_fault() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let iss = mock.server.url.clone();
    let login = mock.login(&oidc).await;
    let state = login.state().to_owned();
    for (query, fault) in [
        (format!("code=c&iss={iss}"), CallbackFault::State),
        (format!("code=c&state=x&iss={iss}"), CallbackFault::State),
        (format!("code=c&state={state}"), CallbackFault::Issuer),
        (
            format!("code=c&state={state}&iss=https://evil"),
            CallbackFault::Issuer,
        ),
        (
            format!("code=c&code=d&state={state}&iss={iss}"),
            CallbackFault::Malformed,
        ),
        (
            format!("code={}&state={state}&iss={iss}", "x".repeat(300_000)),
            CallbackFault::Malformed,
        ),
        (
            format!("state={state}&iss={iss}"),
            CallbackFault::ResponseType,
        ),
        (
            format!("code=c&access_token=t&state={state}&iss={iss}"),
            CallbackFault::ResponseType,
        ),
        (
            format!("response=e30.e30.e30&state={state}&iss={iss}"),
            CallbackFault::ResponseMode,
        ),
    ] {
        let answer = format!("https://app.example/cb?{query}");
        let error = oidc.callback(login.clone(), answer).await.unwrap_err();
        assert_eq!(error.callback_fault(), Some(fault), "{error}");
    }
    let form = CallbackAnswer::form("code=c");
    let error = oidc.callback(login.clone(), form).await.unwrap_err();
    assert_eq!(error.callback_fault(), Some(CallbackFault::ResponseMode));
    let other = mock.builder().client_id("other").build().unwrap();
    let answer = mock.answer(&login);
    let error = other.callback(login.clone(), answer).await.unwrap_err();
    assert_eq!(error.callback_fault(), Some(CallbackFault::OtherClient));
    let store = MemoryLoginStore::new();
    let error = oidc.callback_from(&store, "no", "/cb").await.unwrap_err();
    assert_eq!(error.callback_fault(), Some(CallbackFault::NoLogin));
    // A signed response of another issuer.
    let signed = oidc.authorize().response_mode(ResponseMode::QueryJwt);
    let signed = signed.start().await.unwrap();
    let claims = json!({ "iss": "https://evil", "aud": "app", "exp": now() + 60, "code": "c" });
    let response = sign(&json!({ "alg": "ES256", "kid": "a" }), &claims);
    let answer = format!("/cb?response={response}");
    let error = oidc.callback(signed, answer).await.unwrap_err();
    assert_eq!(
        error.callback_fault(),
        Some(CallbackFault::Issuer),
        "{error}"
    );
    assert_eq!(error.token_fault(), Some(TokenFault::Issuer));
    assert_eq!(mock.posts("/token"), 0);
    // The provider's own refusals have the provider's code.
    let answer = format!("/cb?error=access_denied&state={state}&iss={iss}");
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert_eq!(error.callback_fault(), None);
}
