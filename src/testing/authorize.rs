//! The authorization endpoint (RFC 6749 section 4.1.1).

use http::header;
use serde_json::Value;
use url::Url;

use super::clients::TestClient;
use super::defect::{Defect, OTHER_ISSUER};
use super::pushed;
use super::reply::Reply;
use super::request::{Params, RecordedRequest};
use super::state::{AutomaticLogin, Code, State, new_id, now};
use super::tokens::granted;
use super::users::TestUser;
use crate::html::escaped;

/// The lifetime of a code, in seconds.
const CODE_LIFESPAN: i64 = 60;
pub(super) const COOKIE: &str = "KEYCLOAK_IDENTITY";

pub(super) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    let form = request.form_params();
    // The login form is posted to the URL of the request.
    let (params, login_form) = match form.get("username") {
        Some(_) => (request.query_params(), Some(form)),
        None if form.0.is_empty() => (request.query_params(), None),
        None => (form, None),
    };
    match start(state, &params) {
        Ok(login) => login_user(state, request, &login, login_form.as_ref()),
        Err(reply) => reply,
    }
}

/// An authorization request whose client and redirect URI are known.
#[derive(Debug)]
struct Login {
    params: Params,
    client: TestClient,
    redirect: Redirect,
    /// Of a request that was pushed.
    request_uri: Option<String>,
}

/// Where and how the browser goes back.
#[derive(Debug)]
struct Redirect {
    uri: Url,
    mode: Mode,
    state: Option<String>,
    /// None if it is left out.
    issuer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
}

impl Redirect {
    /// Sends the browser back with these parameters.
    fn back(&self, params: &[(&str, &str)]) -> Reply {
        let mut all: Vec<(&str, &str)> = Vec::new();
        if let Some(state) = &self.state {
            all.push(("state", state));
        }
        if let Some(issuer) = &self.issuer {
            all.push(("iss", issuer));
        }
        all.extend(params);
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        let encoded = encoded.extend_pairs(&all).finish();
        let mut url = self.uri.clone();
        match self.mode {
            Mode::Query => {
                url.query_pairs_mut().extend_pairs(&all);
            }
            Mode::Fragment => url.set_fragment(Some(&encoded)),
            Mode::FormPost => return Reply::form_post(&url, &all, encoded),
        }
        Reply::redirect(&url)
    }

    fn error(&self, code: &str, description: &str) -> Reply {
        if description.is_empty() {
            return self.back(&[("error", code)]);
        }
        self.back(&[("error", code), ("error_description", description)])
    }
}

/// Checks the client and where to go back to; the browser is not sent anywhere else.
fn start(state: &State, params: &Params) -> Result<Login, Reply> {
    let page = |text: &str| Reply::error_page(400, text);
    let Some(id) = params.get("client_id") else {
        return Err(page("Invalid Request"));
    };
    let client = state.client(id).ok_or_else(|| page("Client not found."))?;
    let request_uri = params.get("request_uri").map(str::to_owned);
    let pushed = match &request_uri {
        Some(uri) => {
            let found = pushed::find(state, uri, id);
            Some(found.ok_or_else(|| page("Invalid Request"))?)
        }
        None => None,
    };
    let params = pushed.as_ref().unwrap_or(params);
    let uri = params
        .get("redirect_uri")
        .filter(|uri| client.allows_redirect(uri));
    let uri = uri.and_then(|uri| Url::parse(uri).ok());
    let uri = uri.ok_or_else(|| page("Invalid parameter: redirect_uri"))?;
    let mut redirect = Redirect {
        uri,
        mode: Mode::Query,
        state: params.get("state").map(str::to_owned),
        issuer: Some(state.issuer.clone()),
    };
    if state.defects.has(Defect::MissingIss) {
        redirect.issuer = None;
    } else if state.defects.has(Defect::WrongIss) {
        redirect.issuer = Some(OTHER_ISSUER.to_owned());
    }
    if state.defects.has(Defect::WrongState) {
        redirect.state = Some(new_id());
    }
    redirect.mode = match params.get("response_mode") {
        None | Some("query") => Mode::Query,
        Some("fragment") => Mode::Fragment,
        Some("form_post") => Mode::FormPost,
        Some(_) => {
            return Err(redirect.error("invalid_request", "Invalid parameter: response_mode"));
        }
    };
    if client.needs_push && request_uri.is_none() {
        let description = "Pushed Authorization Request is only allowed.";
        return Err(redirect.error("invalid_request", description));
    }
    check(params).map_err(|problem| redirect.error(problem.code, problem.description))?;
    Ok(Login {
        params: params.clone(),
        client,
        redirect,
        request_uri,
    })
}

/// What is wrong with a request.
struct Problem {
    code: &'static str,
    description: &'static str,
}

/// Checks what is reported to the client.
fn check(params: &Params) -> Result<(), Problem> {
    let problem = |code, description| Err(Problem { code, description });
    let invalid = |description| problem("invalid_request", description);
    if params.has_duplicate() {
        return invalid("duplicated parameter");
    }
    match params.get("response_type") {
        Some("code") => {}
        None => return invalid("Missing parameter: response_type"),
        Some(_) => return problem("unsupported_response_type", ""),
    }
    if params.get("request").is_some() {
        return problem("request_not_supported", "");
    }
    let method = params.get("code_challenge_method");
    match (params.get("code_challenge"), method) {
        (_, Some(method)) if !["S256", "plain"].contains(&method) => {
            invalid("Invalid parameter: code_challenge_method")
        }
        (None, Some(_)) => invalid("Missing parameter: code_challenge"),
        (Some(challenge), _) if !(43..=128).contains(&challenge.len()) => {
            invalid("Invalid parameter: code_challenge")
        }
        _ => Ok(()),
    }
}

/// Checks a request that is pushed; returns Keycloak's description of what is wrong.
pub(super) fn check_pushed(client: &TestClient, params: &Params) -> Result<(), &'static str> {
    let uri = params.get("redirect_uri");
    if !uri.is_some_and(|uri| client.allows_redirect(uri) && Url::parse(uri).is_ok()) {
        return Err("Invalid parameter: redirect_uri");
    }
    check(params).map_err(|problem| match problem.code {
        "unsupported_response_type" => "Unsupported response type",
        "request_not_supported" => "Request objects are not supported",
        _ => problem.description,
    })
}

/// Finds out who logs in, and sends the browser back with a code.
fn login_user(
    state: &mut State,
    request: &RecordedRequest,
    login: &Login,
    form: Option<&Params>,
) -> Reply {
    let session = match form {
        Some(form) => {
            let username = form.get("username").unwrap_or_default();
            let password = form.get("password").unwrap_or_default();
            let user = state.user(username);
            let Some(user) = user.filter(|user| user.has_password(password)) else {
                return page(state, request, "Invalid username or password.");
            };
            Some(state.start_session(&user, level(&user, &login.params)))
        }
        None => known_session(state, request, &login.params),
    };
    let Some(session) = session else {
        if prompts(&login.params, "none") {
            return login.redirect.error("login_required", "");
        }
        return page(state, request, "");
    };
    // A pushed request is good for one login (RFC 9126 section 4).
    if let Some(uri) = &login.request_uri {
        state.pushed.remove(uri);
    }
    let code = new_id();
    let issued = Code {
        client_id: login.client.id.clone(),
        session: session.clone(),
        redirect_uri: login
            .params
            .get("redirect_uri")
            .unwrap_or_default()
            .to_owned(),
        scope: granted(login.params.get("scope")),
        nonce: login.params.get("nonce").map(str::to_owned),
        challenge: login.params.get("code_challenge").map(str::to_owned),
        plain: login.params.get("code_challenge_method") != Some("S256"),
        dpop_key: login.params.get("dpop_jkt").map(str::to_owned),
        expires: now() + CODE_LIFESPAN,
        used: false,
    };
    state.codes.insert(code.clone(), issued);
    let cookie = format!(
        "{COOKIE}={session}; Path={}/; HttpOnly; SameSite=Lax",
        state.realm_path
    );
    login
        .redirect
        .back(&[("session_state", &session), ("code", &code)])
        .with(header::SET_COOKIE, cookie)
}

/// Returns the session of the browser, or of the user that is logged in automatically.
fn known_session(state: &mut State, request: &RecordedRequest, params: &Params) -> Option<String> {
    let of_cookie = cookie(request).filter(|id| state.sessions.contains_key(*id));
    if let Some(id) = of_cookie {
        return (!must_ask(state, id, params)).then(|| id.to_owned());
    }
    let AutomaticLogin { username, session } = state.login.clone()?;
    let user = state.user(&username)?;
    let kept = session.filter(|id| state.sessions.contains_key(id));
    let id = match kept {
        Some(id) => {
            let again = must_ask(state, &id, params);
            if let Some(session) = state.sessions.get_mut(&id) {
                session.acr = level(&user, params);
                if again {
                    session.auth_time = now();
                }
            }
            id
        }
        None => state.start_session(&user, level(&user, params)),
    };
    state.login = Some(AutomaticLogin {
        username,
        session: Some(id.clone()),
    });
    Some(id)
}

/// Returns whether the user of a session has to authenticate again.
fn must_ask(state: &State, session: &str, params: &Params) -> bool {
    let max_age = params
        .get("max_age")
        .and_then(|age| age.parse::<i64>().ok());
    let auth_time = state.sessions.get(session).map_or(0, |one| one.auth_time);
    prompts(params, "login") || max_age.is_some_and(|age| auth_time.saturating_add(age) < now())
}

fn prompts(params: &Params, name: &str) -> bool {
    let prompt = params.get("prompt").unwrap_or_default();
    prompt.split_whitespace().any(|one| one == name)
}

/// Returns the level that a user reaches: the user's own, the first requested one, or `1`.
fn level(user: &TestUser, params: &Params) -> String {
    let claims = params
        .get("claims")
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let essential = claims.as_ref().and_then(|claims| {
        let acr = &claims["id_token"]["acr"];
        acr["values"].get(0).unwrap_or(&acr["value"]).as_str()
    });
    let preferred = params
        .get("acr_values")
        .and_then(|all| all.split_whitespace().next());
    let own = user.acr.as_deref();
    own.or(essential).or(preferred).unwrap_or("1").to_owned()
}

/// Returns the session of the browser.
pub(super) fn cookie(request: &RecordedRequest) -> Option<&str> {
    let mut cookies = request.header(header::COOKIE.as_str())?.split(';');
    cookies.find_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Returns the login page, with the fields of Keycloak's.
fn page(state: &State, request: &RecordedRequest, problem: &str) -> Reply {
    let names: String = state
        .users
        .iter()
        .map(|user| format!("<option value=\"{}\">", escaped(&user.username)))
        .collect();
    let action = escaped(&request.target());
    Reply::html(
        200,
        &format!(
            "<h1>Sign in</h1><p id=\"input-error\">{problem}</p>\
         <form id=\"kc-form-login\" method=\"post\" action=\"{action}\">\
         <input id=\"username\" name=\"username\" list=\"users\" autofocus>\
         <datalist id=\"users\">{names}</datalist>\
         <input id=\"password\" name=\"password\" type=\"password\">\
         <input id=\"kc-login\" type=\"submit\" value=\"Sign In\"></form>"
        ),
    )
}
