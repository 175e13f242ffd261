//! The revocation endpoint (RFC 7009).

use http::Method;
use serde_json::Value;

use super::client_auth::authenticate;
use super::reply::Reply;
use super::request::RecordedRequest;
use super::routes::wrong_method;
use super::state::{Session, State};

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let params = request.form_params();
    let client = match authenticate(state, request, &params) {
        Ok(client) => client,
        Err(refusal) => return refusal.of_token_endpoint(),
    };
    let Some(token) = params.get("token") else {
        return Reply::oauth_error(400, "invalid_request", "Token not provided");
    };
    if state.id_tokens.contains_key(token) {
        let description = "Unsupported token type";
        return Reply::oauth_error(400, "unsupported_token_type", description);
    }
    let unmatching = || Reply::oauth_error(400, "invalid_request", "Unmatching clients");
    if let Some(record) = state.refresh_tokens.get(token).cloned() {
        if record.client_id != client.id {
            return unmatching();
        }
        state.detach(&record.session, &client.id);
        // A session without clients ends.
        let is_last = |one: &Session| one.clients.is_empty();
        if state.sessions.get(&record.session).is_some_and(is_last) {
            state.sessions.remove(&record.session);
        }
        return Reply::empty(200);
    }
    if let Some(record) = state.access_tokens.get(token) {
        let holder = record.claims.get("azp").and_then(Value::as_str);
        if holder != Some(&*client.id) {
            return unmatching();
        }
        state.access_tokens.remove(token);
        return Reply::empty(200);
    }
    // Keycloak reports an unknown token in the body of a 200.
    Reply::oauth_error(200, "invalid_token", "Invalid token")
}
