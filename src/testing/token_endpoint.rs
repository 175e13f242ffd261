//! The token endpoint.

mod code;
mod refresh;

use http::Method;

use super::client_auth::authenticate;
use super::clients::TestClient;
use super::reply::Reply;
use super::request::{Params, RecordedRequest};
use super::routes::wrong_method;
use super::state::State;
use super::tokens::{self, Issue, granted};

/// An error response, or the tokens.
type Outcome = Result<serde_json::Value, Reply>;

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let params = request.form_params();
    if params.has_duplicate() {
        return Reply::oauth_error(400, "invalid_request", "duplicated parameter");
    }
    let Some(grant_type) = params.get("grant_type") else {
        return Reply::oauth_error(400, "invalid_request", "Missing form parameter: grant_type");
    };
    let client = match authenticate(state, request, &params) {
        Ok(client) => client,
        Err(refusal) => return refusal.of_token_endpoint(),
    };
    let outcome = match grant_type {
        "authorization_code" => code::exchange(state, &client, &params),
        "refresh_token" => refresh::exchange(state, &client, &params),
        "client_credentials" => client_credentials(state, &client, &params),
        "password" => password(state, &client, &params),
        _ => Err(refused("unsupported_grant_type", "Unsupported grant_type")),
    };
    match outcome {
        Ok(tokens) => Reply::json(200, &tokens),
        Err(reply) => reply,
    }
}

fn refused(code: &str, description: &str) -> Reply {
    Reply::oauth_error(400, code, description)
}

fn invalid_grant(description: &str) -> Reply {
    refused("invalid_grant", description)
}

fn client_credentials(state: &mut State, client: &TestClient, params: &Params) -> Outcome {
    if client.is_public() {
        let description = "Public client not allowed to retrieve service account";
        return Err(Reply::oauth_error(401, "unauthorized_client", description));
    }
    let scope = granted(params.get("scope"));
    Ok(tokens::issue_to_service_account(state, client, &scope))
}

fn password(state: &mut State, client: &TestClient, params: &Params) -> Outcome {
    let Some(username) = params.get("username") else {
        let description = "Missing parameter: username";
        return Err(Reply::oauth_error(401, "invalid_request", description));
    };
    let given = params.get("password").unwrap_or_default();
    let user = state.user(username).filter(|user| user.has_password(given));
    let user = user.ok_or_else(|| invalid_grant("Invalid user credentials"))?;
    let acr = user.acr.clone().unwrap_or_else(|| "1".to_owned());
    let session = state.start_session(&user, acr);
    let scope = granted(params.get("scope"));
    issue_in(state, client, &session, &scope, "ro")
}

/// Issues tokens of a session that was just started.
fn issue_in(
    state: &mut State,
    client: &TestClient,
    session: &str,
    scope: &str,
    grant: &'static str,
) -> Outcome {
    let Some(login) = state.sessions.get(session).cloned() else {
        return Err(invalid_grant("Session not active"));
    };
    let issue = Issue {
        client,
        session,
        login: &login,
        scope,
        nonce: None,
        grant,
    };
    Ok(tokens::issue(state, &issue))
}
