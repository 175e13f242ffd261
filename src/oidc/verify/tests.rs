//! Tests of the verifiers, with valid and invalid tokens.

mod access_token;
mod binding;
mod discovered;
mod encrypted;
mod id_token;
mod jwks_cache;
mod kinds;
mod lightweight;
mod logout;
mod opaque;
mod parties;
mod profiles;
mod property;
mod registered;
mod responses;

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{AccessTokenVerifier, AccessTokenVerifierBuilder, TokenVerifier, TrustedIssuer};
use crate::TokenFault;
use crate::error::Error;
use crate::jose::tests::{es256, sign};
use crate::jose::{Jwk, JwkSet};

const ISSUER: &str = "https://h/realms/demo";
/// The time of these tests.
const NOW: u64 = 1_000_000;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn keys() -> JwkSet {
    Jwk::from_json(&es256("a").to_string()).unwrap().into()
}

fn issuer() -> TrustedIssuer {
    TrustedIssuer::new(ISSUER, keys())
}

fn verifier() -> TokenVerifier {
    TokenVerifier::new(issuer(), "web").clock(now)
}

fn resource() -> AccessTokenVerifierBuilder {
    AccessTokenVerifier::builder(issuer()).clock(now)
}

fn api() -> AccessTokenVerifier {
    resource().audience("api").build().unwrap()
}

/// Valid claims.
fn id_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "web", "azp": "web", "sub": "ada", "typ": "ID",
        "iat": NOW - 10, "exp": NOW + 290, "auth_time": NOW - 100, "sid": "s", "acr": "1",
    })
}

fn access_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ["api", "account"], "azp": "web", "sub": "ada", "typ": "Bearer",
        "iat": NOW - 10, "exp": NOW + 290, "scope": "openid notes", "jti": "t",
    })
}

fn logout_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "web", "sub": "ada", "sid": "s", "typ": "Logout", "jti": "l",
        "iat": NOW - 1, "exp": NOW + 119,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    })
}

fn response_claims() -> Value {
    json!({"iss": ISSUER, "aud": "web", "exp": NOW + 60, "code": "c", "state": "st"})
}

fn user_info_claims() -> Value {
    json!({"iss": ISSUER, "aud": "web", "sub": "ada", "email": "ada@example.org"})
}

fn signed(claims: &Value) -> String {
    sign(&json!({"alg": "ES256", "kid": "a", "typ": "JWT"}), claims)
}

fn signed_as(typ: &str, claims: &Value) -> String {
    sign(&json!({"alg": "ES256", "kid": "a", "typ": typ}), claims)
}

/// Changes a claim, or removes it if the new value is null.
fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
    claims
}

/// Checks that a token is refused for the right reason, without its values in the error.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, fault: TokenFault) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.token_fault(), Some(fault), "{error}");
    assert!(error.is_invalid_token(), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("ada") && !shown.contains("eyJ"), "{shown}");
    error
}
