//! The logout endpoint: in the browser (OpenID Connect RP-Initiated Logout 1.0) and with a refresh
//! token, as Keycloak has it; and messages to clients (OpenID Connect Back-Channel Logout 1.0).

use http::{Method, header};
use serde_json::Value;
use url::Url;

use super::authorize::{COOKIE, cookie};
use super::client_auth::authenticate;
use super::logout_token;
use super::reply::{Content, Message, Reply};
use super::request::{Params, RecordedRequest};
use super::routes::wrong_method;
use super::state::State;
use crate::html::escaped;

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    let form = request.form_params();
    match *request.method() {
        Method::POST if form.get("refresh_token").is_some() => {
            with_refresh_token(state, request, &form)
        }
        Method::POST if form.get("confirmed").is_some() => {
            let params = request.query_params();
            let session = browser_session(state, request);
            finish(state, session.as_deref(), &params)
        }
        Method::POST => in_browser(state, request, &form),
        Method::GET => in_browser(state, request, &request.query_params()),
        _ => wrong_method(),
    }
}

fn with_refresh_token(state: &mut State, request: &RecordedRequest, form: &Params) -> Reply {
    let client = match authenticate(state, request, form) {
        Ok(client) => client,
        Err(refusal) => return refusal.of_token_endpoint(),
    };
    let refused = |description: &str| Reply::oauth_error(400, "invalid_grant", description);
    let token = form.get("refresh_token").unwrap_or_default();
    let Some(record) = state.refresh_tokens.get(token).cloned() else {
        return refused("Invalid refresh token");
    };
    if record.client_id != client.id {
        return refused("Invalid refresh token. Token client and authorized client don't match");
    }
    // A session that has ended is no error.
    let messages = end_session(state, &record.session);
    Reply::empty(204).with_messages(messages)
}

fn in_browser(state: &mut State, request: &RecordedRequest, params: &Params) -> Reply {
    let page = |text: &str| Reply::error_page(400, text);
    let hint = match params.get("id_token_hint") {
        None => None,
        Some(token) => match state.id_tokens.get(token) {
            Some(record) => Some(record.clone()),
            None => return page("Invalid parameter: id_token_hint"),
        },
    };
    let of_hint = hint
        .as_ref()
        .and_then(|hint| hint.claims.get("azp")?.as_str());
    let client = of_hint.or(params.get("client_id"));
    let client = client.and_then(|id| state.client(id));
    if let Some(uri) = params.get("post_logout_redirect_uri") {
        let Some(client) = &client else {
            return page("Missing parameters: id_token_hint");
        };
        if !client.allows_post_logout_redirect(uri) {
            return page("Invalid redirect uri");
        }
    }
    match hint {
        Some(hint) => finish(state, hint.session.as_deref(), params),
        None => {
            let action = escaped(&request.target());
            Reply::html(
                200,
                &format!(
                    "<h1>Logging out</h1><p>Do you want to log out?</p><form method=\"post\" \
                 action=\"{action}\"><input id=\"kc-logout\" type=\"submit\" name=\"confirmed\" \
                 value=\"Logout\"></form>"
                ),
            )
        }
    }
}

/// Ends the session, and sends the browser on.
fn finish(state: &mut State, session: Option<&str>, params: &Params) -> Reply {
    let messages = session.map(|id| end_session(state, id)).unwrap_or_default();
    let uri = params
        .get("post_logout_redirect_uri")
        .and_then(|uri| Url::parse(uri).ok());
    let reply = match uri {
        Some(mut uri) => {
            if let Some(value) = params.get("state") {
                uri.query_pairs_mut().append_pair("state", value);
            }
            Reply::redirect(&uri)
        }
        None => Reply::html(200, "<h1>You are logged out</h1>"),
    };
    let gone = format!("{COOKIE}=; Path={}/; Max-Age=0", state.realm_path);
    reply.with(header::SET_COOKIE, gone).with_messages(messages)
}

fn browser_session(state: &State, request: &RecordedRequest) -> Option<String> {
    let of_cookie = cookie(request).map(str::to_owned);
    of_cookie.or_else(|| state.login.as_ref()?.session.clone())
}

/// Ends a session, and returns the messages to the clients that have tokens of it.
pub(super) fn end_session(state: &mut State, id: &str) -> Vec<Message> {
    let Some(session) = state.sessions.remove(id) else {
        return Vec::new();
    };
    let mut messages = Vec::new();
    for client in &session.clients {
        let Some(client) = state.client(client) else {
            continue;
        };
        let Some(url) = client.backchannel_logout_uri.clone() else {
            continue;
        };
        let mut claims = logout_token::claims(state, &client.id);
        claims.insert("sub".to_owned(), session.subject.as_str().into());
        claims.insert("sid".to_owned(), Value::from(id));
        let token = logout_token::sign(state, &client, &claims);
        messages.push(Message {
            client_id: client.id,
            url,
            content: Content::LogoutToken(token),
        });
    }
    messages
}
