//! Tests.
use std::error::Error as _;

use http::header::{CONTENT_TYPE, HeaderValue};

use super::*;

const CREATE: Operation =
    Operation::new("realm.users.create", "POST", "/admin/realms/{realm}/users");

fn answer(status: u16, body: &str) -> Error {
    typed(status, "application/json", body)
}

fn typed(status: u16, content_type: &'static str, body: &str) -> Error {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let status = StatusCode::from_u16(status).unwrap();
    Error::from_response(&CREATE, status, &headers, body.as_bytes())
}

#[test]
fn every_shape_of_body() {
    for (status, body, shown) in [
        (
            404,
            r#"{"error":"Realm not found."}"#,
            "not found (404): Realm not found.",
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"Cannot parse the JSON"}"#,
            "validation (400): Cannot parse the JSON (invalid_request)",
        ),
        (
            409,
            r#"{"errorMessage":"User exists with same username"}"#,
            "conflict (409): User exists with same username",
        ),
        (
            400,
            r#"{"errors":[{"field":"username","errorMessage":"error-invalid-length","params":["username",3,null]},{"field":"email","errorMessage":"error-invalid-email"}]}"#,
            "validation (400): username: error-invalid-length; email: error-invalid-email",
        ),
        (
            400,
            r#"{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}"#,
            "validation (400): email: error-invalid-email",
        ),
        (
            500,
            r#"{"details":"Error id d7-1","stack":"at hunter2"}"#,
            "server error (500): Error id d7-1",
        ),
        (400, "", "validation (400): the server gave no reason"),
        (500, "[1]", "server error (500): the server gave no reason"),
        (400, "{", "validation (400): the server gave no reason"),
        (
            400,
            r#"{"error":5,"errors":[1,{"x":1}]}"#,
            "validation (400): the server gave no reason",
        ),
    ] {
        let error = answer(status, body);
        assert_eq!(error.to_string(), format!("realm.users.create: {shown}"));
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let error = typed(502, "text/html", "<html>hunter2</html>");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains("not Keycloak's JSON"), "{error}");
    assert!(!format!("{error}{error:?}").contains("hunter2"));
}

#[test]
fn members_are_kept() {
    let error = answer(
        400,
        r#"{"errors":[{"field":"username","errorMessage":"error-invalid-length","params":["hunter2",3]}]}"#,
    );
    let field = &error.field_errors()[0];
    assert_eq!(field.field.as_deref(), Some("username"));
    assert_eq!(
        field.params,
        [serde_json::json!("hunter2"), serde_json::json!(3)]
    );
    assert!(error.is_validation() && !format!("{error:?}").contains("hunter2"));

    let error = answer(
        400,
        r#"{"error":"invalid_grant","error_description":"Stale"}"#,
    );
    assert_eq!(
        (error.oauth_code(), error.server_message()),
        (Some("invalid_grant"), Some("Stale"))
    );
    let error = answer(400, r#"{"error":"unauthorized_client"}"#);
    assert_eq!(error.oauth_code(), Some("unauthorized_client"));
    assert_eq!(
        answer(404, r#"{"error":"User not found"}"#).oauth_code(),
        None
    );
    assert_eq!(
        answer(404, r#"{"error":"User not found"}"#).server_message(),
        Some("User not found")
    );
}

#[test]
fn server_text_is_one_bounded_line() {
    let long = format!(
        r#"{{"errorMessage":"a\nb\u0000c\u202e{}"}}"#,
        "x".repeat(5000)
    );
    let error = answer(400, &long);
    let text = error.to_string();
    assert!(
        !text.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{text:?}"
    );
    assert_eq!(error.server_message().unwrap().chars().count(), 500);
    let many: Vec<_> = (0..30)
        .map(|_| r#"{"field":"f","errorMessage":"m"}"#)
        .collect();
    let error = answer(400, &format!(r#"{{"errors":[{}]}}"#, many.join(",")));
    assert!(error.to_string().ends_with("; and 20 more"), "{error}");
    assert_eq!(error.field_errors().len(), 30);
}

#[test]
fn kinds_and_predicates() {
    for (status, kind, retryable) in [
        (400, ErrorKind::Validation, false),
        (401, ErrorKind::Unauthorized, false),
        (403, ErrorKind::Forbidden, false),
        (404, ErrorKind::NotFound, false),
        (405, ErrorKind::Protocol, false),
        (408, ErrorKind::Timeout, true),
        (409, ErrorKind::Conflict, false),
        (415, ErrorKind::Protocol, false),
        (429, ErrorKind::RateLimited, true),
        (500, ErrorKind::Server, false),
        (501, ErrorKind::Server, false),
        (503, ErrorKind::Server, true),
    ] {
        let error = answer(status, "{}");
        assert_eq!(error.kind(), kind);
        assert_eq!(error.is_retryable(), retryable, "{status}");
    }
    assert!(answer(409, "").is_conflict() && answer(404, "").is_not_found());
    assert!(answer(403, "").is_forbidden() && answer(401, "").is_unauthorized());
    assert!(answer(429, "").is_rate_limited() && answer(500, "").is_server());
}

#[test]
fn forbidden_names_the_role() {
    for (method, path, role) in [
        (
            "POST",
            "/admin/realms/{realm}/users",
            "realm-management role manage-users",
        ),
        (
            "GET",
            "/admin/realms/{realm}/users/{user-id}",
            "role view-users",
        ),
        (
            "POST",
            "/admin/realms/{realm}/users/{user-id}/impersonation",
            "role impersonation",
        ),
        (
            "PUT",
            "/admin/realms/{realm}/users/profile",
            "role manage-realm",
        ),
        ("GET", "/admin/realms/{realm}/groups", "role query-groups"),
        (
            "DELETE",
            "/admin/realms/{realm}/groups/{group-id}",
            "role manage-users",
        ),
        (
            "GET",
            "/admin/realms/{realm}/clients/{client-uuid}",
            "role view-clients",
        ),
        (
            "PUT",
            "/admin/realms/{realm}/client-scopes/{id}",
            "role manage-clients",
        ),
        (
            "GET",
            "/admin/realms/{realm}/clients/{c}/authz/resource-server",
            "view-authorization",
        ),
        ("POST", "/admin/realms/{realm}/roles", "role manage-realm"),
        ("GET", "/admin/realms/{realm}/events", "role view-events"),
        (
            "DELETE",
            "/admin/realms/{realm}/admin-events",
            "role manage-events",
        ),
        (
            "POST",
            "/admin/realms/{realm}/organizations",
            "role manage-organizations",
        ),
        (
            "PUT",
            "/admin/realms/{realm}/identity-provider/instances/x",
            "manage-identity-providers",
        ),
        ("GET", "/admin/realms/{realm}", "role view-realm"),
        ("POST", "/admin/realms", "master realm's role create-realm"),
    ] {
        let op = Operation {
            name: "x",
            method,
            path,
        };
        let body = br#"{"error":"HTTP 403 Forbidden"}"#;
        let error = Error::from_response(&op, StatusCode::FORBIDDEN, &HeaderMap::new(), body);
        assert!(error.hint().unwrap().contains(role), "{path}: {error}");
        assert!(
            error
                .to_string()
                .contains("; the token probably lacks the "),
            "{error}"
        );
    }
    assert_eq!(missing_role("GET", "/admin/serverinfo"), None);
}

#[test]
fn switched_off_features_are_named() {
    let hint = |status: u16, text: &str| {
        feature_hint(StatusCode::from_u16(status).unwrap(), Some(text)).unwrap_or_default()
    };
    let named = hint(400, "Feature ADMIN_FINE_GRAINED_AUTHZ not enabled");
    assert_eq!(
        named,
        "start the server with --features=admin-fine-grained-authz"
    );
    assert!(hint(501, "Feature not enabled").contains("--features=<name>"));
    assert!(hint(501, "Not implemented").contains("--features=<name>"));
    assert!(hint(404, "Organizations not enabled for this realm.").contains("organizations"));
    assert_eq!(hint(400, "User disabled"), "");
}

#[test]
fn transport_errors_keep_their_source_without_the_url() {
    let url = "http://127.0.0.1:1/x?token=hunter2";
    let failed = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(
            reqwest::Client::builder()
                .no_proxy()
                .build()
                .unwrap()
                .get(url)
                .send(),
        )
        .unwrap_err();
    let error = transport(&CREATE, failed);
    assert!(error.is_transport() && error.is_retryable());
    assert!(error.source().is_some() && error.source().unwrap().source().is_some());
    assert!(
        error.to_string().contains("the base URL, the port"),
        "{error}"
    );
    assert!(!format!("{error:?} {}", error.source().unwrap()).contains("hunter2"));
    assert!(!error.to_string().contains('\n'));
}
