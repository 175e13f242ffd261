use std::error::Error as _;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};

use super::role::missing_role;
use super::{hint, response_error};
use crate::error::{Error, ErrorKind, transport};
use crate::operation::Operation;

const CREATE: Operation =
    Operation::new("realm.users.create", "POST", "/admin/realms/{realm}/users");

fn answer(status: u16, body: &str) -> Error {
    typed(status, "application/json", body)
}

fn typed(status: u16, content_type: &'static str, body: &str) -> Error {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let status = StatusCode::from_u16(status).unwrap();
    response_error(&CREATE, status, &headers, body.as_bytes())
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

    // Parameters are printed as much as messages are.
    let error = answer(
        400,
        r#"{"errors":[{"field":"f\u001b[2J","errorMessage":"m\u009b","params":["a\u001b[8mb\u202e"]}]}"#,
    );
    let shown = format!("{error} {}", error.field_errors()[0].params[0]);
    assert!(!shown.contains(crate::error::is_disruptive), "{shown:?}");

    // The third form, sent by the newer endpoints:
    // `org.keycloak.services.error.ViolationExceptionResponse`.
    let error = answer(
        400,
        r#"{"error":"Provided data is invalid","violations":["redirectUris: must be a URL: hunter2","auth.method: must not be blank","two of them are the same",7]}"#,
    );
    let fields = error.field_errors();
    let read = |at: usize| {
        let field: &crate::FieldError = &fields[at];
        (field.field.as_deref(), field.message.as_str())
    };
    assert_eq!(read(0), (Some("redirectUris"), "must be a URL: hunter2"));
    assert_eq!(read(1), (Some("auth.method"), "must not be blank"));
    assert_eq!(read(2), (None, "two of them are the same"));
    assert_eq!(fields.len(), 3);
    assert!(error.is_validation());
    assert!(
        error.to_string().contains("redirectUris: must be a URL"),
        "{error}"
    );

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
        ("POST", "/admin/realms/{realm}/users", "role manage-users"),
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
        let op = Operation::new("x", method, path);
        let body = br#"{"error":"HTTP 403 Forbidden"}"#;
        let error = response_error(&op, StatusCode::FORBIDDEN, &HeaderMap::new(), body);
        assert!(error.hint().unwrap().contains(role), "{path}: {error}");
        assert!(
            error
                .to_string()
                .contains("; the token probably lacks the "),
            "{error}"
        );
    }
    assert_eq!(missing_role("GET", "/admin/serverinfo", None), None);
}

#[test]
fn switched_off_features_are_named() {
    let hint = |status: u16, text: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        hint::feature(status, Some(text), "/admin/realms/{realm}/x").unwrap_or_default()
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
    for (path, feature) in [
        ("/admin/realms/{realm}/client-types", "client-types"),
        (
            "/admin/realms/{realm}/groups/{group-id}/management/permissions",
            "admin-fine-grained-authz:v1",
        ),
        ("realms/demo/scim/v2/Users", "scim-api"),
        ("/realms/demo/.well-known/authzen-configuration", "authzen"),
    ] {
        let hint = hint::feature(
            StatusCode::NOT_IMPLEMENTED,
            Some("Feature not enabled"),
            path,
        );
        assert_eq!(
            hint,
            Some(format!("start the server with --features={feature}"))
        );
    }
}

/// The responses are those of 24.0.5 and 26.7.4.
#[test]
fn an_older_server_is_told_by_what_it_lacks() {
    let answered = |op: &Operation, status: u16, body: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        response_error(op, status, &HeaderMap::new(), body.as_bytes())
    };
    let old = r#"{"error":"HTTP 404 Not Found","error_description":"For more on this error consult the server log at the debug level."}"#;
    let new = r#"{"error":"HTTP 404 Not Found"}"#;
    let moods = Operation {
        since: Some("26.4.7"),
        ..Operation::new("realm.moods.list", "GET", "/admin/realms/{realm}/moods")
    };
    for (status, body) in [
        (404, old),
        (404, new),
        (
            404,
            r#"{"error":"Unable to find matching target resource method"}"#,
        ),
        (405, r#"{"error":"HTTP 405 Method Not Allowed"}"#),
    ] {
        let error = answered(&moods, status, body);
        assert_eq!(error.needs_keycloak(), Some("26.4.7"), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("it needs Keycloak 26.4.7 or newer"),
            "{error}"
        );
    }
    // A server that has moods reads this as the mood with that id.
    let counted = Operation {
        path: "/admin/realms/{realm}/moods/count",
        ..moods
    };
    let missing = r#"{"error":"Could not find mood","error_description":"For more on this error consult the server log at the debug level."}"#;
    assert_eq!(
        answered(&counted, 404, missing).needs_keycloak(),
        Some("26.4.7")
    );
    let quoted = answered(
        &counted,
        400,
        r#"{"error":"Not a valid resource mood: count"}"#,
    );
    assert_eq!(quoted.needs_keycloak(), Some("26.4.7"), "{quoted}");
    let other = answered(&counted, 400, r#"{"error":"Not a valid resource mood: x"}"#);
    assert_eq!(other.needs_keycloak(), None, "{other}");
    let no_realm = answered(&counted, 404, r#"{"error":"Realm not found."}"#);
    assert_eq!((no_realm.needs_keycloak(), no_realm.hint()), (None, None));
    let mood = Operation {
        path: "/admin/realms/{realm}/moods/{id}",
        ..moods
    };
    let gone = answered(&mood, 404, missing);
    assert_eq!((gone.needs_keycloak(), gone.hint()), (None, None));
    assert_eq!(gone.server_message(), Some("Could not find mood"));
    // 26.0 and newer do not refer to their log: they have what 26.0.8 has, so they mean the object.
    let member = Operation {
        since: Some("26.0.8"),
        ..mood
    };
    assert_eq!(answered(&member, 404, new).needs_keycloak(), None);
    assert_eq!(answered(&member, 404, old).needs_keycloak(), Some("26.0.8"));

    let ssf = Operation {
        since: Some("26.7.4"),
        ..Operation::new(
            "realm.ssf.config",
            "GET",
            "/admin/realms/{realm}/ssf/config",
        )
    };
    let error = answered(&ssf, 404, new);
    assert!(
        error
            .to_string()
            .contains("26.7.4 or newer with the feature ssf"),
        "{error}"
    );
    let raw = Operation::new("request", "GET", "/admin/realms/demo/ssf/config");
    let error = answered(&raw, 404, new);
    assert_eq!(error.needs_keycloak(), None);
    assert!(error.hint().unwrap().contains("--features=ssf"), "{error}");
    assert_eq!(answered(&CREATE, 404, new).hint(), None);
}

#[test]
fn a_member_that_the_server_does_not_know_is_named() {
    let refused = |text: &str| {
        let body = serde_json::json!({ "error": text, "error_description":
            "For more on this error consult the server log at the debug level." });
        let body = body.to_string();
        response_error(
            &CREATE,
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            body.as_bytes(),
        )
    };
    let old = r#"Unrecognized field "organizationsEnabled" (class org.keycloak.representations.idm.RealmRepresentation), not marked as ignorable (141 known properties: "x", "y"])"#;
    let new = r#"Invalid json representation for RealmRepresentation. Unrecognized field "organizationsEnabled" at line 1 column 28."#;
    for text in [old, new] {
        let error = refused(text);
        let [field] = error.field_errors() else {
            panic!("{error}");
        };
        assert_eq!(field.field.as_deref(), Some("organizationsEnabled"));
        assert_eq!(field.message, "Unrecognized field of RealmRepresentation");
        assert_eq!(error.server_message(), Some(text));
        assert!(error.is_validation());
        #[cfg(feature = "admin")]
        assert_eq!(
            error.to_string(),
            "realm.users.create: validation (400): organizationsEnabled: Unrecognized field of \
             RealmRepresentation; leave organizationsEnabled out, or use Keycloak 25.0.6 or newer, \
             which has it"
        );
        #[cfg(feature = "admin")]
        assert_eq!(error.needs_keycloak(), Some("25.0.6"));
    }
    let error = refused(&new.replace("organizationsEnabled", "mood"));
    assert_eq!(error.needs_keycloak(), None);
    assert_eq!(
        error.hint(),
        Some("this server does not have mood: leave it out")
    );
    for text in [
        "Unrecognized field",
        "Unrecognized field \"",
        "Unrecognized field \"x",
        "Unrecognized field x",
    ] {
        assert_eq!(refused(text).field_errors(), [], "{text}");
    }
    let bare = refused("Unrecognized field \"x\"");
    assert_eq!(bare.field_errors()[0].message, "Unrecognized field");
}

/// The error of a URL where no server listens.
fn unreachable(op: &Operation, url: &str) -> Error {
    let service = crate::test_support::options().build_http_service().unwrap();
    let request = http::Request::get(url).body(bytes::Bytes::new()).unwrap();
    let failed = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(service.call(request))
        .unwrap_err();
    transport(op, failed)
}

#[test]
fn the_samples_of_the_page_are_what_is_printed() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, samples) = page.split_once("```text\n").unwrap();
    let samples: Vec<&str> = samples.split("\n```").next().unwrap().lines().collect();
    let fields = r#"{"errors":[
        {"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]},
        {"field":"email","errorMessage":"error-invalid-email","params":["email"]}]}"#;
    let delete = Operation::new(
        "realm.user.delete",
        "DELETE",
        "/admin/realms/{realm}/users/{id}",
    );
    let discovery = Operation::new("discovery", "GET", "/");
    let printed = [
        answer(409, r#"{"errorMessage":"User exists with same username"}"#),
        answer(400, fields),
        crate::http::segment::check(&delete, "user-id", "..").unwrap_err(),
        unreachable(&discovery, "http://127.0.0.1:1"),
    ];
    assert_eq!(samples.len(), printed.len());
    for (sample, error) in samples.iter().zip(&printed) {
        let printed = error.to_string();
        match sample.strip_suffix("...") {
            Some(begin) => assert!(printed.starts_with(begin), "{sample}: {printed}"),
            None => assert_eq!(*sample, printed),
        }
    }
}

#[test]
fn transport_errors_keep_their_source_without_the_url() {
    let error = unreachable(&CREATE, "http://127.0.0.1:1/x?token=hunter2");
    assert!(error.is_transport() && error.is_retryable());
    assert!(error.source().is_some() && error.source().unwrap().source().is_some());
    assert!(
        error.to_string().contains("the base URL, the port"),
        "{error}"
    );
    assert!(!format!("{error:?} {}", error.source().unwrap()).contains("hunter2"));
    assert!(!error.to_string().contains('\n'));
}
