//! Pushed authorization requests (RFC 9126).

use http::Method;
use serde_json::json;

use super::authorize;
use super::client_auth::authenticate;
use super::reply::Reply;
use super::request::{Params, RecordedRequest};
use super::routes::wrong_method;
use super::state::{State, new_id, now};

/// The lifetime of a pushed request, in seconds.
const LIFESPAN: i64 = 60;

/// A request that was pushed.
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    client_id: String,
    params: Params,
    expires: i64,
}

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let invalid = |description: &str| Reply::oauth_error(400, "invalid_request", description);
    let mut params = request.form_params();
    if params.has_duplicate() {
        return invalid("duplicated parameter");
    }
    let Ok(client) = authenticate(state, request, &params) else {
        return Reply::oauth_error(401, "invalid_request", "Authentication failed.");
    };
    if params.get("request_uri").is_some() {
        return invalid("It is not allowed to include request_uri to PAR.");
    }
    params
        .0
        .retain(|(name, _)| !["client_secret", "client_assertion"].contains(&name.as_str()));
    // A client that authenticates by a header need not name itself again.
    params.0.retain(|(name, _)| name != "client_id");
    params.0.push(("client_id".to_owned(), client.id.clone()));
    if let Err(problem) = authorize::check_pushed(&client, &params) {
        return invalid(problem);
    }
    let uri = format!("urn:ietf:params:oauth:request_uri:{}", new_id());
    let pushed = Pushed {
        client_id: client.id,
        params,
        expires: now() + LIFESPAN,
    };
    state.pushed.insert(uri.clone(), pushed);
    Reply::json(201, &json!({ "request_uri": uri, "expires_in": LIFESPAN }))
}

/// Returns the parameters of a pushed request of this client.
pub(super) fn find(state: &State, uri: &str, client_id: &str) -> Option<Params> {
    let pushed = state.pushed.get(uri)?;
    let good = pushed.client_id == client_id && pushed.expires > now();
    good.then(|| pushed.params.clone())
}
