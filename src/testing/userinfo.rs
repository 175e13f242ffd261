//! The userinfo endpoint (OpenID Connect Core 1.0 section 5.3).

use http::Method;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::Value;

use super::defect::Defect;
use super::reply::Reply;
use super::request::RecordedRequest;
use super::routes::wrong_method;
use super::state::{State, new_id};
use super::tokens::has_scope;
use super::{bearer, dpop};

/// Claims about the token, which are not claims about the user.
const OF_THE_TOKEN: &[&str] = &[
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "jti",
    "iss",
    "aud",
    "typ",
    "azp",
    "client_id",
    "sid",
    "acr",
    "scope",
    "cnf",
    "realm_access",
    "resource_access",
];

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if ![Method::GET, Method::POST].contains(request.method()) {
        return wrong_method();
    }
    let header = request.header(AUTHORIZATION.as_str());
    let (scheme, token) = match header.and_then(|header| header.split_once(' ')) {
        Some((scheme, token)) => (scheme, Some(token.trim().to_owned())),
        None => ("Bearer", request.form("access_token")),
    };
    let Some(token) = token else {
        return challenge(state, 401, "");
    };
    let refused = |state: &State, description: &str| {
        let error = format!(", error=\"invalid_token\", error_description=\"{description}\"");
        challenge(state, 401, &error)
    };
    let record = match bearer::access_token(state, &token) {
        Ok(record) => record,
        Err(problem) => return refused(state, problem.description()),
    };
    if let Some(bound_to) = record.dpop_key() {
        let proved = dpop::thumbprint(state, request, Some(&token));
        let good = scheme.eq_ignore_ascii_case("DPoP")
            && matches!(&proved, Ok(Some(key)) if key == bound_to);
        if !good {
            return refused(state, "DPoP proof and token binding verification failed");
        }
    }
    let scope = record.claims.get("scope").and_then(Value::as_str);
    if !scope.is_some_and(|scope| has_scope(scope, "openid")) {
        let error = ", error=\"insufficient_scope\", error_description=\"Missing openid scope\"";
        return challenge(state, 403, error);
    }
    let mut claims = record.claims;
    claims.retain(|name, _| !OF_THE_TOKEN.contains(&name.as_str()));
    if state.defects.has(Defect::WrongUserInfo) {
        claims.insert("sub".to_owned(), new_id().into());
    }
    Reply::json(200, &Value::Object(claims))
}

fn challenge(state: &State, status: u16, error: &str) -> Reply {
    let challenge = format!("Bearer realm=\"{}\"{error}", state.realm);
    Reply::empty(status).with(WWW_AUTHENTICATE, challenge)
}
