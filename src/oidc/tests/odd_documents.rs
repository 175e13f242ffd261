//! Well-known documents with members of the wrong type.

use serde_json::{Value, json};

use super::mock::{Defects, Mock};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::{ClientAuth, ErrorKind};

async fn with(member: &'static str, value: Value) -> Mock {
    Mock::with(Defects {
        document: Box::new(move |document| document[member] = value.clone()),
        ..Defects::default()
    })
    .await
}

/// A member that only describes the provider stops nothing.
#[tokio::test]
async fn an_odd_member_that_no_flow_needs_is_kept_as_it_came() {
    for (member, odd) in [
        ("frontchannel_logout_supported", json!("true")),
        ("backchannel_logout_session_supported", json!(1)),
        ("scopes_supported", json!("openid email")),
        ("claims_supported", json!(["sub", null])),
        ("response_types_supported", json!({ "code": true })),
        ("grant_types_supported", json!(false)),
        ("acr_values_supported", json!([1, 2])),
        ("check_session_iframe", json!(false)),
        ("mtls_endpoint_aliases", json!({ "token_endpoint": null })),
        (
            "device_authorization_endpoint",
            json!(["https://op.example/device"]),
        ),
    ] {
        let mock = with(member, odd.clone()).await;
        let oidc = mock.oidc();
        let metadata = oidc.metadata().await.unwrap();
        assert_eq!(metadata.extra[member], odd, "{member}");
        assert_eq!(metadata.extra["some_new_member"], 7);
        assert_eq!(serde_json::to_value(&*metadata).unwrap()[member], odd);
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        oidc.callback(login, answer)
            .await
            .unwrap_or_else(|e| panic!("{member}: {e}"));
        mock.expect_none();
        oidc.client_credentials().await.unwrap();
    }
}

/// The flow that needs the member reports it.
#[tokio::test]
async fn an_odd_endpoint_stops_the_flow_that_calls_it() {
    let mock = with(
        "device_authorization_endpoint",
        json!(["https://op.example"]),
    )
    .await;
    let error = mock.oidc().device().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(
        error.to_string().contains("device_authorization_endpoint"),
        "{error}"
    );
    assert!(error.to_string().contains("malformed"), "{error}");
    let mock = with("authorization_endpoint", json!(7)).await;
    let error = mock.oidc().authorize().start().await.unwrap_err();
    assert!(
        error.to_string().contains("authorization_endpoint"),
        "{error}"
    );
    // Unreadable aliases are not ignored: the authentication would be sent to another endpoint.
    let mock = with("mtls_endpoint_aliases", json!({ "token_endpoint": 7 })).await;
    let oidc = mock
        .builder()
        .client_auth(ClientAuth::tls_client_auth())
        .build()
        .unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert!(
        error.to_string().contains("mtls_endpoint_aliases"),
        "{error}"
    );
    assert_eq!(mock.posts("/token"), 0);
}

/// An unreadable member is never treated as missing.
#[tokio::test]
async fn what_switches_the_issuer_check_on_is_read_by_its_meaning() {
    const MEMBER: &str = "authorization_response_iss_parameter_supported";
    for (value, login_fails, needs_iss) in [
        (json!(true), false, true),
        (json!("true"), false, true),
        (json!(" True "), false, true),
        (json!(false), false, false),
        (json!("false"), false, false),
        (json!(null), false, false),
        (json!(1), true, true),
        (json!("yes"), true, true),
        (json!([true]), true, true),
    ] {
        let mock = with(MEMBER, value.clone()).await;
        let oidc = mock.oidc();
        let metadata = oidc.metadata().await.unwrap();
        assert_eq!(
            metadata.authorization_response_iss_parameter_supported == Some(true),
            needs_iss,
            "{value}"
        );
        let started = oidc.authorize().start().await;
        assert_eq!(started.is_err(), login_fails, "{value}");
        match started {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
                assert!(error.to_string().contains(MEMBER), "{error}");
                assert_eq!(metadata.extra[MEMBER], value);
            }
            Ok(login) => {
                mock.expect(&login);
                let bare = format!("https://app.example/cb?code=c0de&state={}", login.state());
                assert_eq!(
                    oidc.callback(login, bare).await.is_err(),
                    needs_iss,
                    "{value}"
                );
                assert!(!metadata.extra.contains_key(MEMBER));
            }
        }
        // Flows that do not use the member still work.
        mock.expect_none();
        oidc.client_credentials().await.unwrap();
    }
}

#[tokio::test]
async fn requirements_are_read_by_their_meaning() {
    let pushed = "require_pushed_authorization_requests";
    for (value, pushes) in [(json!("true"), 1), (json!("false"), 0)] {
        let mock = with(pushed, value).await;
        let started = mock.oidc().authorize().start().await;
        assert_eq!(
            (mock.posts("/par"), started.is_err()),
            (pushes, pushes == 1)
        );
    }
    for value in [json!(1), json!({})] {
        let mock = with(pushed, value).await;
        let error = mock.oidc().authorize().start().await.unwrap_err();
        assert!(error.to_string().contains(pushed), "{error}");
    }
    let signed = "require_signed_request_object";
    for (value, refused) in [
        (json!("true"), true),
        (json!(false), false),
        (json!("x"), true),
    ] {
        let mock = with(signed, value).await;
        let started = mock.oidc().authorize().start().await;
        assert_eq!(started.is_err(), refused);
    }
    let mock = with(signed, json!("true")).await;
    let error = mock.oidc().authorize().start().await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("signed_with"),
        "{error}"
    );
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    mock.oidc()
        .authorize()
        .signed_with(&key)
        .start()
        .await
        .unwrap();
}

/// An unreadable list does not allow all algorithms.
#[tokio::test]
async fn lists_of_algorithms_are_read_by_their_meaning() {
    const MEMBER: &str = "id_token_signing_alg_values_supported";
    for (value, good) in [
        (json!(["ES256"]), true),
        (json!("ES256"), true),
        (json!(["ES256", null]), true),
        (json!("RS256"), false),
        (json!(["RS256", null]), false),
        (json!([null]), false),
        (json!(["ES256", 7]), false),
        (json!({ "ES256": true }), false),
        (json!(true), false),
        (json!([]), false),
    ] {
        let mock = with(MEMBER, value.clone()).await;
        let oidc = mock.oidc();
        let metadata = oidc.metadata().await.unwrap();
        assert!(
            metadata.id_token_signing_alg_values_supported.is_some(),
            "{value}"
        );
        let login = mock.login(&oidc).await;
        let answer = mock.answer(&login);
        let ended = oidc.callback(login, answer).await;
        assert_eq!(ended.is_ok(), good, "{value}");
        if metadata.extra.contains_key(MEMBER) {
            let error = ended.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{value}: {error}");
            assert_eq!(metadata.extra[MEMBER], value);
        }
    }
}

#[tokio::test]
async fn a_member_that_is_there_twice_with_two_values_has_no_meaning() {
    for (second, good) in [("true", true), ("false", false)] {
        let mock = Mock::with(super::flows::on("/openid-configuration", move |seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            crate::test_support::Reply::json(200, format!(
                r#"{{"issuer":"{base}","require_pushed_authorization_requests":true,"require_pushed_authorization_requests":{second}}}"#
            ))
        }))
        .await;
        assert_eq!(mock.oidc().metadata().await.is_ok(), good);
    }
}
