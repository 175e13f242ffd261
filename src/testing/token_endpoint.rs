//! The token endpoint.

mod code;
mod refresh;

use http::Method;

use super::client_auth::authenticate;
use super::clients::TestClient;
use super::reply::Reply;
use super::request::{Params, RecordedRequest};
use super::routes::wrong_method;
use super::state::{Session, State};
use super::tokens::{self, Issue, granted};
use super::{dpop, pending};

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
    match exchange(state, request, &client, &params, grant_type) {
        Ok(tokens) => Reply::json(200, &tokens),
        Err(reply) => reply,
    }
}

/// A grant, and the client that redeems it.
struct Grant<'a> {
    client: &'a TestClient,
    params: &'a Params,
    dpop_key: Option<&'a str>,
}

fn exchange(
    state: &mut State,
    request: &RecordedRequest,
    client: &TestClient,
    params: &Params,
    grant_type: &str,
) -> Outcome {
    let proved = dpop::thumbprint(state, request, None);
    let dpop_key = proved.map_err(|problem| refused("invalid_request", problem))?;
    if client.needs_dpop && dpop_key.is_none() {
        return Err(refused("invalid_request", "DPoP proof is missing"));
    }
    let grant = Grant {
        client,
        params,
        dpop_key: dpop_key.as_deref(),
    };
    match grant_type {
        "authorization_code" => code::exchange(state, &grant),
        "refresh_token" => refresh::exchange(state, &grant),
        "client_credentials" => client_credentials(state, &grant),
        "password" => password(state, &grant),
        "urn:ietf:params:oauth:grant-type:device_code" => device(state, &grant),
        "urn:openid:params:grant-type:ciba" => backchannel(state, &grant),
        _ => Err(refused("unsupported_grant_type", "Unsupported grant_type")),
    }
}

fn refused(code: &str, description: &str) -> Reply {
    Reply::oauth_error(400, code, description)
}

fn invalid_grant(description: &str) -> Reply {
    refused("invalid_grant", description)
}

fn client_credentials(state: &mut State, grant: &Grant<'_>) -> Outcome {
    if grant.client.is_public() {
        let description = "Public client not allowed to retrieve service account";
        return Err(Reply::oauth_error(401, "unauthorized_client", description));
    }
    let scope = granted(grant.params.get("scope"));
    Ok(tokens::issue_to_service_account(
        state,
        grant.client,
        &scope,
        grant.dpop_key,
    ))
}

fn password(state: &mut State, grant: &Grant<'_>) -> Outcome {
    let params = grant.params;
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
    grant.issue(state, &session, &scope, "ro")
}

fn device(state: &mut State, grant: &Grant<'_>) -> Outcome {
    let code = grant.required("device_code")?;
    let approved = pending::poll(state, grant.client, code, "Device code not valid")?;
    let verifier = grant.params.get("code_verifier");
    code::check_verifier(approved.challenge.as_deref(), false, verifier)?;
    grant.issue(state, &approved.session, &approved.scope, "dg")
}

fn backchannel(state: &mut State, grant: &Grant<'_>) -> Outcome {
    let id = grant.required("auth_req_id")?;
    let approved = pending::poll(state, grant.client, id, "Invalid Auth Req ID")?;
    grant.issue(state, &approved.session, &approved.scope, "ci")
}

impl Grant<'_> {
    fn required(&self, name: &str) -> Result<&str, Reply> {
        let missing = || refused("invalid_request", &format!("Missing parameter: {name}"));
        self.params.get(name).ok_or_else(missing)
    }

    /// Issues tokens of a session that was just started.
    fn issue(&self, state: &mut State, session: &str, scope: &str, kind: &'static str) -> Outcome {
        let login = login(state, session)?;
        let issue = Issue {
            client: self.client,
            session,
            login: &login,
            scope,
            nonce: None,
            grant: kind,
            dpop_key: self.dpop_key,
        };
        Ok(tokens::issue(state, &issue))
    }
}

fn login(state: &State, session: &str) -> Result<Session, Reply> {
    let login = state.sessions.get(session).cloned();
    login.ok_or_else(|| invalid_grant("Session not active"))
}
