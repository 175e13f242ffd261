//! Tokens of the provider that a user logged in with.

use std::time::Duration;

use serde_json::json;

use super::flows::on;
use super::mock::Mock;
use crate::ErrorKind;
use crate::test_support::Reply;

const PATH: &str = "/broker/git%2Fhub/token";

#[tokio::test]
async fn a_token_of_another_provider_is_one_call() {
    let answer = json!({ "access_token": "gho_hunter2", "token_type": "bearer",
        "expires_in": 300, "scope": "repo", "refresh_token": "ghr_hunter2" });
    let mock = Mock::with(on(PATH, move |seen| {
        assert_eq!(seen.method, "POST");
        assert_eq!(seen.form("token"), Some("users"));
        Reply::json(200, answer.to_string())
    }))
    .await;
    let external = mock
        .oidc()
        .external_token("git/hub", "users")
        .await
        .unwrap();
    assert_eq!(external.access_token().expose(), "gho_hunter2");
    assert_eq!(external.access_token().scheme(), "Bearer");
    let left = external.access_token().expires_in().unwrap();
    assert!(left <= Duration::from_secs(300));
    assert_eq!(external.member("scope"), Some(&json!("repo")));
    assert!(!format!("{external:?}").contains("hunter2"));
}

#[tokio::test]
async fn refusals_say_what_to_change() {
    for (status, code, text, kind, hint) in [
        (
            400,
            "invalid_request",
            "Identity Brokering API feature not enabled",
            ErrorKind::Validation,
            "--features=identity-brokering-api:v2",
        ),
        (
            403,
            "invalid_client",
            "public clients not allowed",
            ErrorKind::Forbidden,
            "confidential client",
        ),
        (
            403,
            "invalid_client",
            "Client not allowed to retrieve token for the provider",
            ErrorKind::Forbidden,
            "external.token.idp",
        ),
        (
            403,
            "unauthorized_client",
            "Client is not within the token audience",
            ErrorKind::Forbidden,
            "to the audience",
        ),
        (
            400,
            "invalid_token",
            "Invalid token",
            ErrorKind::Unauthorized,
            "has expired",
        ),
        (
            400,
            "invalid_request",
            "User not associated to identity provider",
            ErrorKind::Validation,
            "log in through this provider",
        ),
        (
            405,
            "unknown",
            "HTTP 405 Method Not Allowed",
            ErrorKind::Validation,
            "26.7.4 or newer",
        ),
    ] {
        let body = json!({ "error": code, "error_description": text }).to_string();
        let mock = Mock::with(on(PATH, move |_| Reply::json(status, body.clone()))).await;
        let error = mock
            .oidc()
            .external_token("git/hub", "t")
            .await
            .unwrap_err();
        let said = error.hint().unwrap_or_default();
        assert!(said.contains(hint), "{text}: {error:?}");
        if status != 405 {
            assert_eq!(error.kind(), kind, "{text}");
        }
        assert_eq!(error.operation(), Some("oidc.external_token"));
    }
}

#[tokio::test]
async fn an_answer_without_a_token_and_an_alias_that_is_a_path_are_refused() {
    let mock = Mock::with(on(PATH, |_| Reply::json(200, "{}".to_owned()))).await;
    let oidc = mock.oidc();
    let error = oidc.external_token("git/hub", "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let sent = mock.server.seen().len();
    let error = oidc.external_token("..", "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(mock.server.seen().len(), sent);
}
