//! The introspection endpoint (RFC 7662).

use http::Method;
use serde_json::{Map, Value, json};

use super::bearer;
use super::client_auth::authenticate;
use super::reply::Reply;
use super::request::RecordedRequest;
use super::routes::wrong_method;
use super::state::{State, now, object};
use super::tokens::token_type;

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let params = request.form_params();
    let Ok(client) = authenticate(state, request, &params) else {
        let description = "Client authentication failed.";
        return Reply::oauth_error(401, "invalid_client", description);
    };
    if client.is_public() {
        return Reply::oauth_error(403, "invalid_request", "Client not allowed.");
    }
    let Some(token) = params.get("token") else {
        return Reply::oauth_error(400, "invalid_request", "Token not provided.");
    };
    let found = if params.get("token_type_hint") == Some("refresh_token") {
        refresh_token(state, token)
    } else {
        signed_token(state, token)
    };
    // Since release 26.6.2 the client that asks must be in the audience.
    let found = found.filter(|claims| is_for(claims, &client.id, &state.issuer));
    match found {
        Some(mut claims) => {
            claims.insert("active".to_owned(), true.into());
            Reply::json(200, &Value::Object(claims))
        }
        None => Reply::json(200, &json!({ "active": false })),
    }
}

/// Returns the claims of an access token, or of an ID token, which Keycloak reports as active too.
fn signed_token(state: &State, token: &str) -> Option<Map<String, Value>> {
    let known = state.access_tokens.get(token);
    let is_access_token = known.is_some();
    let record = known.or_else(|| state.id_tokens.get(token))?;
    bearer::check(state, record).ok()?;
    let mut claims = record.claims.clone();
    let client = claims.get("azp").cloned().unwrap_or_default();
    claims.insert("client_id".to_owned(), client);
    if let Some(name) = claims.get("preferred_username").cloned() {
        claims.insert("username".to_owned(), name);
    }
    if is_access_token {
        let kind = token_type(record.dpop_key());
        claims.insert("token_type".to_owned(), kind.into());
    }
    Some(claims)
}

fn refresh_token(state: &State, token: &str) -> Option<Map<String, Value>> {
    let record = state.refresh_tokens.get(token)?;
    let alive = record.offline || state.sessions.contains_key(&record.session);
    if !alive || record.used || record.expires <= now() {
        return None;
    }
    Some(object(json!({
        "typ": if record.offline { "Offline" } else { "Refresh" }, "iss": state.issuer,
        "aud": state.issuer, "sub": record.login.subject, "azp": record.client_id,
        "client_id": record.client_id, "sid": record.session, "scope": record.scope,
    })))
}

fn is_for(claims: &Map<String, Value>, client_id: &str, issuer: &str) -> bool {
    match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(|one| one == client_id),
        // A refresh token is for the issuer, and for the client that holds it.
        Some(one) if one == issuer => claims.get("azp").is_some_and(|azp| azp == client_id),
        Some(one) => one == client_id,
        None => false,
    }
}
