//! Parameters that Keycloak would drop are not sent to it.

use serde_json::json;

use super::*;
use crate::oidc::Oidc;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;

const OP: Operation = Operation::new("test", "", "");

/// A provider with the limits of a Keycloak.
async fn keycloak() -> (Mock, Oidc) {
    let mock = Mock::start().await;
    let builder = mock.builder();
    let oidc = builder.parameter_limits(ParameterLimits::keycloak());
    let oidc = oidc.build().unwrap();
    (mock, oidc)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better without a reference"
)]
fn says(error: Error, name: &str, length: usize, limit: usize) {
    let said = error.to_string();
    assert!(error.is_config(), "{said}");
    for part in [name, &length.to_string(), &limit.to_string()] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn a_grant_with_a_parameter_that_would_be_left_out_is_not_sent() {
    let (mock, oidc) = keycloak().await;
    let long = "x".repeat(4_001);
    let exchange = || oidc.exchange_token("t");
    let audiences = exchange().audience("y".repeat(4_000)).audience("z");
    for (name, error) in [
        (
            "scope",
            oidc.password("ada", "p")
                .without_openid()
                .scope(&long)
                .await
                .unwrap_err(),
        ),
        ("username", oidc.password(&long, "p").await.unwrap_err()),
        (
            "totp",
            oidc.password("ada", "p").totp(&*long).await.unwrap_err(),
        ),
        (
            "scope",
            oidc.client_credentials().scope(&long).await.unwrap_err(),
        ),
        ("scope", exchange().scope(&long).await.unwrap_err()),
        ("audience", audiences.await.unwrap_err()),
        ("resource", exchange().resource(&long).await.unwrap_err()),
        (
            "actor_token",
            exchange().actor_token(&*long, "t").await.unwrap_err(),
        ),
        (
            "requested_issuer",
            exchange().requested_issuer(&long).await.unwrap_err(),
        ),
        (
            "subject_token",
            oidc.exchange_token(&*long)
                .requested_subject("bob")
                .await
                .unwrap_err(),
        ),
        (
            "badge",
            oidc.grant("urn:x")
                .param("badge", &*long)
                .await
                .unwrap_err(),
        ),
    ] {
        says(error, name, 4_001, 4_000);
    }
    assert_eq!(mock.posts("/token"), 0);
}

/// The server itself reports that it needs these, and newer releases accept longer ones.
#[tokio::test]
async fn what_the_server_needs_is_sent_and_its_length_named_after_a_refusal() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            seen.is_token_request()
                .then(|| Reply::json(400, r#"{"error":"invalid_request"}"#))
        }),
        ..Defects::default()
    })
    .await;
    let limits = ParameterLimits::keycloak();
    let oidc = mock.builder().parameter_limits(limits).build().unwrap();
    let long = "x".repeat(5_000);
    let error = oidc.exchange_token(&*long).await.unwrap_err().to_string();
    assert!(error.contains("5000") && error.contains("4000"), "{error}");
    let error = oidc.jwt_bearer(&*long).await.unwrap_err().to_string();
    assert!(error.contains("5000") && error.contains("4000"), "{error}");
    assert_eq!(mock.posts("/token"), 2);
    let error = oidc.exchange_token("short").await.unwrap_err().to_string();
    assert!(!error.contains("drop"), "{error}");
}

#[tokio::test]
async fn a_login_with_a_parameter_that_would_be_left_out_does_not_start() {
    let (mock, oidc) = keycloak().await;
    let long = "x".repeat(4_001);
    let start = || oidc.authorize();
    let claims = json!({ "id_token": { "x": { "value": &long } } });
    let claims = claims.as_object().unwrap().clone();
    let errors = [
        (
            "login_hint",
            256,
            255,
            start().login_hint("x".repeat(256)).start().await,
        ),
        ("scope", 4_008, 4_000, start().scope(&long).start().await),
        (
            "acr_values",
            4_001,
            4_000,
            start().acr_values(&long).start().await,
        ),
        ("claims", 4_032, 4_000, start().claims(claims).start().await),
        (
            "id_token_hint",
            2_001,
            2_000,
            start().id_token_hint("x".repeat(2_001)).start().await,
        ),
        (
            "pet",
            2_001,
            2_000,
            start().param("pet", "x".repeat(2_001)).start().await,
        ),
        (
            "acr_values",
            4_001,
            4_000,
            start().acr_values(&long).pushed().start().await,
        ),
    ];
    for (name, length, limit, answer) in errors {
        says(answer.unwrap_err(), name, length, limit);
    }
    let with =
        |number: usize| (0..number).fold(start(), |login, n| login.param(format!("p{n}"), "x"));
    with(5).start().await.unwrap();
    let error = with(6).start().await.unwrap_err();
    says(error, "additional", 6, 5);
    start().login_hint("x".repeat(255)).start().await.unwrap();
    assert_eq!(mock.posts("/device"), 0);
    let device = oidc.device().scope(&long).await.unwrap_err();
    says(device, "scope", 4_008, 4_000);
    assert_eq!(mock.posts("/device"), 0);
}

#[test]
fn a_backchannel_login_has_limits_of_its_own() {
    let limits = ParameterLimits::keycloak();
    let long = "x".repeat(201);
    limits
        .check_backchannel(&OP, &[("login_hint", &long)])
        .unwrap();
    let error = limits.check_backchannel(&OP, &[("pet", &long)]);
    says(error.unwrap_err(), "pet", 201, 200);
    let six = ["a", "b", "c", "d", "e", "f"].map(|name| (name, "x"));
    says(
        limits.check_backchannel(&OP, &six).unwrap_err(),
        "additional",
        6,
        5,
    );
    limits.check_backchannel(&OP, &six[..5]).unwrap();
    ParameterLimits::unlimited()
        .check_backchannel(&OP, &six)
        .unwrap();
}

#[test]
fn additional_parameters_have_a_limit_together() {
    let limits = ParameterLimits::keycloak().additional_overall(10);
    let pairs = [("a", "12345"), ("b", "12345"), ("scope", "openid")];
    limits.check_authorization(&OP, &pairs).unwrap();
    let limits = limits.additional_overall(9);
    let error = limits.check_authorization(&OP, &pairs).unwrap_err();
    says(error, "together", 10, 9);
}

/// The limits are Keycloak's; other providers have others.
#[tokio::test]
async fn other_providers_are_sent_everything() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    oidc.authorize()
        .login_hint("x".repeat(300))
        .start()
        .await
        .unwrap();
    let error = oidc.password("ada", "p").scope("x".repeat(5_000)).await;
    assert!(!error.is_err_and(|error| error.is_config()));
    assert_eq!(mock.posts("/token"), 1);

    // A provider that publishes Keycloak's paths is a Keycloak.
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            document["token_endpoint"] = json!(format!("{base}/protocol/openid-connect/token"));
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let error = oidc.authorize().login_hint("x".repeat(256)).start().await;
    says(error.unwrap_err(), "login_hint", 256, 255);
}

/// Three releases of Keycloak read the first member and not the second.
#[tokio::test]
async fn a_signed_request_has_no_member_that_would_be_left_out() {
    use crate::jose::{SignatureAlgorithm, SigningKey};
    let (mock, oidc) = keycloak().await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let start = |oidc: &Oidc, name: &str| {
        let login = oidc.authorize().signed_with(&key);
        login.param(name, "x").start()
    };
    start(&oidc, "foo").await.unwrap();
    let error = start(&oidc, "tenant").await.unwrap_err();
    let said = error.to_string();
    assert!(error.is_config() && said.contains("tenant"), "{said}");
    let more = ParameterLimits::keycloak().additional(20, 2_000);
    let oidc = mock.builder().parameter_limits(more).build().unwrap();
    start(&oidc, "tenant").await.unwrap();
    let plain = oidc.authorize().param("tenant", "x");
    plain.start().await.unwrap();
}
