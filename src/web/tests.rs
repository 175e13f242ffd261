//! Every answer of RFC 6750 section 3, RFC 9449 section 7 and RFC 9470 that a guard gives.

#[cfg(feature = "axum")]
mod axum;
mod dpop;
mod tenants;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::jose::tests::{es256, sign};
use crate::jose::{Jwk, hash};
use crate::oidc::{AccessTokenVerifier, TrustedIssuer};

const ISSUER: &str = "https://h/realms/demo";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs()
}

pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "api", "azp": "web", "sub": "ada", "typ": "Bearer", "jti": "t",
        "iat": now() - 10, "exp": now() + 290, "scope": "openid notes", "acr": "1",
        "auth_time": now() - 600, "realm_access": { "roles": ["editor"] },
        "resource_access": { "api": { "roles": ["writer"] } }, "groups": ["/staff"],
        "organization": ["acme"], "department": "sales",
    })
}

pub(super) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

pub(super) fn signed(claims: &Value) -> String {
    sign(&json!({ "alg": "ES256", "kid": "a", "typ": "JWT" }), claims)
}

pub(super) fn builder() -> GuardBuilder {
    let key = Jwk::from_json(&es256("a").to_string()).unwrap();
    let issuer = TrustedIssuer::new(ISSUER, key);
    Guard::builder(AccessTokenVerifier::builder(issuer))
        .audience("api")
        .realm("demo")
}

fn guard() -> Guard {
    builder().build().unwrap()
}

fn request(headers: &[(&str, &str)]) -> Parts {
    let request = headers.iter().fold(
        Request::get("http://internal:8080/notes?page=1"),
        |request, (name, value)| request.header(*name, *value),
    );
    request.body(()).unwrap().into_parts().0
}

fn bearer(claims: &Value) -> Parts {
    request(&[("authorization", &format!("Bearer {}", signed(claims)))])
}

async fn caller(claims: &Value) -> Caller {
    guard().caller(&bearer(claims)).await.unwrap()
}

fn challenges(rejection: &Rejection) -> Vec<String> {
    let response = rejection.to_response();
    let all = response.headers().get_all("www-authenticate");
    all.iter()
        .map(|one| one.to_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn refused(result: Result<Caller, Rejection>, status: u16, challenge: &str) -> Rejection {
    let rejection = result.unwrap_err();
    let shown = challenges(&rejection).join(" | ");
    assert_eq!(rejection.status(), status, "{rejection}");
    assert!(shown.contains(challenge), "{shown}");
    rejection
}

#[tokio::test]
async fn a_good_token_is_a_caller() {
    let caller = caller(&claims()).await;
    assert_eq!((caller.issuer(), caller.subject()), (ISSUER, "ada"));
    assert_eq!(caller.client_id(), Some("web"));
    assert_eq!(caller.organizations(), ["acme"]);
    #[derive(serde::Deserialize)]
    struct Own {
        department: String,
    }
    assert_eq!(caller.claims_as::<Own>().unwrap().department, "sales");
    #[derive(Debug, serde::Deserialize)]
    struct Other {
        #[expect(dead_code)]
        department: u8,
    }
    let other = caller.claims_as::<Other>().unwrap_err();
    assert_eq!(other.status(), 401);
}

#[tokio::test]
async fn without_a_token_the_challenge_has_no_error() {
    for headers in [
        &[][..],
        &[("authorization", "Basic dTpw")],
        &[("authorization", "Bearerx abc")],
    ] {
        let request = request(headers);
        assert!(guard().optional_caller(&request).await.unwrap().is_none());
        let rejection = refused(guard().caller(&request).await, 401, "Bearer realm=\"demo\"");
        assert_eq!(challenges(&rejection), ["Bearer realm=\"demo\""]);
        assert_eq!(rejection.kind(), RejectionKind::NoToken);
    }
}

#[tokio::test]
async fn malformed_requests_are_400() {
    let token = signed(&claims());
    let good = format!("Bearer {token}");
    let long = format!("Bearer {}", "a".repeat(20_000));
    for headers in [
        &[("authorization", good.as_str()), ("authorization", &good)][..],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", &format!("Bearer {token} {token}"))],
        &[("authorization", &format!("Bearer {token},"))],
        &[("authorization", &long)],
        &[("authorization", &good), ("dpop", "a"), ("dpop", "b")],
    ] {
        let request = request(headers);
        refused(
            guard().caller(&request).await,
            400,
            "error=\"invalid_request\"",
        );
        // A bad token is not the same as none.
        assert!(guard().optional_caller(&request).await.is_err());
    }
    for query in ["access_token=x", "a=b&access%5Ftoken=x"] {
        let mut request = request(&[]);
        request.uri = format!("http://internal/notes?{query}").parse().unwrap();
        refused(guard().caller(&request).await, 400, "invalid_request");
    }
    let mut request = request(&[]);
    request.headers.insert(
        "authorization",
        HeaderValue::from_bytes(b"Bearer \xff").unwrap(),
    );
    refused(guard().caller(&request).await, 400, "invalid_request");
}

#[tokio::test]
async fn bad_tokens_are_401_with_the_reason() {
    let mut other = signed(&claims());
    other.replace_range(other.len() - 8.., "AAAAAAAA");
    for (token, why) in [
        (
            signed(&with(claims(), "exp", json!(now() - 100))),
            "has expired",
        ),
        (
            signed(&with(claims(), "nbf", json!(now() + 100))),
            "not valid yet",
        ),
        (
            signed(&with(claims(), "aud", json!("other"))),
            "another audience",
        ),
        (
            signed(&with(claims(), "iss", json!("https://evil"))),
            "is invalid",
        ),
        (signed(&with(claims(), "typ", json!("ID"))), "is invalid"),
        (other, "is invalid"),
        ("abc".to_owned(), "is invalid"),
    ] {
        let request = request(&[("authorization", &format!("bearer {token}"))]);
        let rejection = refused(
            guard().caller(&request).await,
            401,
            "error=\"invalid_token\"",
        );
        assert!(challenges(&rejection)[0].contains(why), "{rejection}");
        let response = rejection.to_response();
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["status"], 401);
        assert_eq!(body["error"], "invalid_token");
        let shown = format!("{rejection:?} {rejection}");
        assert!(!shown.contains("eyJ") && !shown.contains("ada"), "{shown}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_away_is_503() {
    let kc = crate::Keycloak::builder("http://127.0.0.1:9")
        .anonymous()
        .options(crate::ClientOptions::new().max_retries(0))
        .build()
        .unwrap();
    let guard = kc
        .oidc("demo", "api")
        .build()
        .unwrap()
        .guard()
        .audience("api")
        .build()
        .unwrap();
    let rejection = guard.caller(&bearer(&claims())).await.unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::Unavailable);
    assert_eq!(rejection.status(), 503);
    assert_eq!(rejection.to_response().headers()["retry-after"], "5");
    assert!(challenges(&rejection).is_empty());
}

#[tokio::test]
async fn requirements_compose() {
    let ada = caller(&claims()).await;
    let met = [
        realm_role("editor"),
        client_role("api", "writer"),
        scope("notes"),
        group("/staff"),
        organization("acme"),
        acr(["2", "1"]),
        logged_in_within(Duration::from_secs(900)),
        claim("department", "sales"),
        claim("groups", "/staff"),
        !realm_role("admin"),
        realm_role("admin").or(scope("notes")),
        realm_role("editor")
            .and(scope("notes"))
            .and(!organization("globex")),
        any_of([realm_role("admin"), realm_role("editor")]),
    ];
    for requirement in met {
        assert!(ada.meets(&requirement), "{requirement:?}");
        assert!(!ada.meets(&!requirement.clone()), "{requirement:?}");
    }
    for requirement in [
        realm_role("Editor"),
        client_role("web", "writer"),
        scope("note"),
        group("staff"),
        claim("department", "sale"),
        claim("gone", Value::Null),
        any_of([]),
        realm_role("editor").and(scope("admin")),
        policy(|_, _| true),
    ] {
        assert!(!ada.meets(&requirement), "{requirement:?}");
    }
    let shown = realm_role("a").or(scope("b")).and(!group("c"));
    assert_eq!(
        format!("{shown:?}"),
        "((realm_role(\"a\") or scope(\"b\")) and not group(\"c\"))"
    );
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let request = bearer(&claims());
    let guard = guard();
    let asked = async |requirement| guard.check(&request, &requirement).await;
    let both = scope("admin").and(scope("reports"));
    let rejection = refused(asked(both).await, 403, "error=\"insufficient_scope\"");
    assert!(challenges(&rejection)[0].contains("scope=\"admin reports\""));
    let rejection = refused(asked(realm_role("admin")).await, 403, "insufficient_scope");
    assert!(!challenges(&rejection)[0].contains("scope=\""));
    // RFC 9470: another login helps.
    let fresh = acr(["gold", "silver"]).and(logged_in_within(Duration::from_secs(60)));
    let rejection = refused(
        asked(fresh).await,
        401,
        "error=\"insufficient_user_authentication\"",
    );
    let challenge = &challenges(&rejection)[0];
    assert!(
        challenge.contains("acr_values=\"gold silver\""),
        "{challenge}"
    );
    assert!(challenge.contains("max_age=\"60\""), "{challenge}");
    // The nearest way is told.
    let either = realm_role("admin").or(scope("admin")).or(acr(["gold"]));
    refused(asked(either).await, 401, "acr_values=\"gold\"");
    // Where a login is not enough, none is asked for.
    let more = realm_role("admin").and(acr(["gold"]));
    let rejection = refused(asked(more).await, 403, "insufficient_scope");
    assert_eq!(rejection.kind(), RejectionKind::Forbidden);
    // Two levels that exclude each other.
    refused(
        asked(acr(["gold"]).and(acr(["silver"]))).await,
        403,
        "insufficient_scope",
    );
}

#[tokio::test]
async fn a_policy_sees_the_request() {
    let below = policy(|request, caller| request.uri.path() == format!("/{}", caller.scopes()[1]));
    assert!(guard().check(&bearer(&claims()), &below).await.is_ok());
    let mut elsewhere = bearer(&claims());
    elsewhere.uri = "/other".parse().unwrap();
    refused(
        guard().check(&elsewhere, &below).await,
        403,
        "insufficient_scope",
    );
}

#[tokio::test]
async fn certificates_come_from_the_server_or_a_named_header() {
    let der = b"a certificate".to_vec();
    let token = signed(&with(
        claims(),
        "cnf",
        json!({ "x5t#S256": hash::sha256(&der) }),
    ));
    let authorization = format!("Bearer {token}");
    let plain = request(&[("authorization", &authorization)]);
    refused(
        guard().caller(&plain).await,
        401,
        "bound to a key or certificate",
    );
    let mut shown = request(&[("authorization", &authorization)]);
    shown
        .extensions
        .insert(ClientCertificate::from_der(der.clone()));
    assert!(guard().caller(&shown).await.is_ok());
    let header = format!(":{}:", data_encoding::BASE64.encode(&der));
    let sent = request(&[("authorization", &authorization), ("client-cert", &header)]);
    refused(guard().caller(&sent).await, 401, "invalid_token");
    let named = builder()
        .certificate_header(CertificateHeader::client_cert())
        .build()
        .unwrap();
    assert!(named.caller(&sent).await.is_ok());
    let wrong = request(&[("authorization", &authorization), ("client-cert", "x")]);
    refused(named.caller(&wrong).await, 400, "invalid_request");
    let pem =
        "-----BEGIN%20CERTIFICATE-----%0AYSBjZXJ0aWZpY2F0ZQ%3D%3D%0A-----END%20CERTIFICATE-----%0A";
    let name = http::HeaderName::from_static("ssl-client-cert");
    let escaped = builder()
        .certificate_header(CertificateHeader::escaped_pem(name))
        .build()
        .unwrap();
    let sent = request(&[("authorization", &authorization), ("ssl-client-cert", pem)]);
    assert!(escaped.caller(&sent).await.is_ok());
}

#[test]
fn what_passes_without_a_token() {
    let guard = builder()
        .open_path("/health")
        .cors_preflight()
        .build()
        .unwrap();
    let open = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let request = headers.iter().fold(
            Request::builder().method(method).uri(path),
            |request, (name, value)| request.header(*name, *value),
        );
        guard.is_open(&request.body(()).unwrap().into_parts().0)
    };
    assert!(open("GET", "/health", &[]));
    for path in [
        "/health/",
        "/health/x",
        "/Health",
        "//health",
        "/a/../health",
        "/%68ealth",
    ] {
        assert!(!open("GET", path, &[]), "{path}");
    }
    let asks = [
        ("origin", "https://a"),
        ("access-control-request-method", "PUT"),
    ];
    assert!(open("OPTIONS", "/notes", &asks));
    assert!(!open("OPTIONS", "/notes", &asks[..1]));
    assert!(!open("PUT", "/notes", &asks));
    assert!(!super::tests::guard().is_open(&request(&asks)));
}

#[test]
fn addresses_that_are_none_are_refused() {
    for wrong in [
        "api.example",
        "ftp://a",
        "https://a/?x",
        "https://a/#x",
        "https://u:p@a",
    ] {
        let error = PublicAddress::fixed(wrong).unwrap_err();
        assert!(error.is_config(), "{wrong}");
    }
}

#[test]
fn challenges_cannot_be_broken_out_of() {
    let challenge = challenge::Challenge::new("Bearer").with("realm", "a\"b\\c\r\nX: y\u{e9}");
    assert_eq!(challenge.header().unwrap(), "Bearer realm=\"a'b'c??X: y?\"");
}

#[tokio::test]
async fn a_caller_of_another_guard_is_asked_again() {
    let mut request = bearer(&claims());
    let caller = guard().caller(&request).await.unwrap();
    request.extensions.insert(caller);
    let other = Guard::builder(AccessTokenVerifier::builder(TrustedIssuer::new(
        ISSUER,
        Jwk::from_json(&es256("a").to_string()).unwrap(),
    )))
    .audience("other")
    .build()
    .unwrap();
    refused(other.caller(&request).await, 401, "another audience");
    assert_eq!(StatusCode::UNAUTHORIZED, 401);
}
