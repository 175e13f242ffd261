//! Authentication of clients.

use data_encoding::BASE64;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::clients::TestClient;
use super::reply::Reply;
use super::request::{Params, RecordedRequest};
use super::state::{State, now};
use crate::jose::SignatureAlgorithm;
use crate::jose::jws::{self, Jws};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why a client is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownClient,
    /// A wrong secret or assertion, or none.
    Credentials,
    /// An assertion that was used before.
    Reused,
}

impl Refusal {
    /// The response of the token endpoint, which uses `unauthorized_client` for a wrong secret.
    pub(super) fn of_token_endpoint(self) -> Reply {
        let description = "Invalid client or Invalid client credentials";
        match self {
            Self::UnknownClient => Reply::oauth_error(401, "invalid_client", description),
            Self::Credentials => Reply::oauth_error(401, "unauthorized_client", description),
            Self::Reused => Reply::oauth_error(401, "invalid_client", "Token reuse detected"),
        }
    }
}

/// Returns the client that a request comes from.
pub(super) fn authenticate(
    state: &mut State,
    request: &RecordedRequest,
    params: &Params,
) -> Result<TestClient, Refusal> {
    let basic = request.header(AUTHORIZATION.as_str()).and_then(basic);
    if let Some((id, secret)) = basic {
        return with_secret(find(state, &id)?, Some(&secret));
    }
    if params.get("client_assertion_type") == Some(JWT_BEARER) {
        return with_assertion(state, params.get("client_assertion").unwrap_or_default());
    }
    let id = params.get("client_id").ok_or(Refusal::UnknownClient)?;
    with_secret(find(state, id)?, params.get("client_secret"))
}

fn find(state: &State, id: &str) -> Result<TestClient, Refusal> {
    state.client(id).ok_or(Refusal::UnknownClient)
}

fn with_secret(client: TestClient, given: Option<&str>) -> Result<TestClient, Refusal> {
    let good = match &client.secret {
        Some(secret) => given == Some(secret.expose()),
        None => client.is_public(),
    };
    if good {
        Ok(client)
    } else {
        Err(Refusal::Credentials)
    }
}

/// Reads HTTP Basic, whose two parts are form-urlencoded (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let text = format!("v={text}");
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

/// Checks an assertion (RFC 7523 section 3).
fn with_assertion(state: &mut State, assertion: &str) -> Result<TestClient, Refusal> {
    let refused = |_| Refusal::Credentials;
    let token = Jws::parse(assertion).map_err(refused)?;
    let named = token.unverified_claims().map_err(refused)?;
    let id = named.get("sub").and_then(Value::as_str).unwrap_or_default();
    let client = find(state, id)?;
    let claims = verified(token, &client).ok_or(Refusal::Credentials)?;
    let token_endpoint = format!("{}/protocol/openid-connect/token", state.issuer);
    let good = claims.get("iss") == claims.get("sub")
        && is_for(&claims, &[&state.issuer, &token_endpoint])
        && claims.get("exp").and_then(Value::as_i64) > Some(now());
    if !good {
        return Err(Refusal::Credentials);
    }
    let used = claims.get("jti").and_then(Value::as_str);
    let used = format!("{id} {}", used.ok_or(Refusal::Credentials)?);
    if state.used_assertions.insert(used) {
        Ok(client)
    } else {
        Err(Refusal::Reused)
    }
}

fn verified(token: Jws<'_>, client: &TestClient) -> Option<Map<String, Value>> {
    let payload = match &client.secret {
        Some(secret) => {
            let symmetric = [
                SignatureAlgorithm::Hs256,
                SignatureAlgorithm::Hs384,
                SignatureAlgorithm::Hs512,
            ];
            let algorithm = token.algorithm(&symmetric).ok()?;
            token.verify_with_secret(algorithm, secret.expose().as_bytes())
        }
        None => {
            let algorithm = token.algorithm(&SignatureAlgorithm::ASYMMETRIC).ok()?;
            token.verify(algorithm, client.keys.first()?)
        }
    };
    jws::claims(&payload.ok()?).ok()
}

/// Returns whether `aud` is one of these, and nothing else.
fn is_for(claims: &Map<String, Value>, audiences: &[&str]) -> bool {
    let audience = match claims.get("aud") {
        Some(Value::Array(all)) if all.len() == 1 => all.first(),
        other => other,
    };
    let audience = audience.and_then(Value::as_str);
    audience.is_some_and(|audience| audiences.contains(&audience))
}
