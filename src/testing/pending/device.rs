//! The device grant (RFC 8628).

use http::Method;
use serde_json::json;

use super::super::client_auth::authenticate;
use super::super::provider::TestProvider;
use super::super::reply::Reply;
use super::super::request::RecordedRequest;
use super::super::routes::wrong_method;
use super::super::state::{State, new_id, now};
use super::super::tokens::granted;
use super::super::users::TestUser;
use super::{INTERVAL, Pending, decide};
use crate::error::{Result, config};
use crate::html::escaped;

/// How long the user has, in seconds.
const LIFESPAN: i64 = 600;
/// No vowels: a code is not a word (RFC 8628 section 6.1).
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

impl TestProvider {
    /// Approves the login of a device, as this user would at the verification URI. A user that does
    /// not exist is added.
    ///
    /// ```
    /// use keycloak_kit::testing::TestProvider;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> keycloak_kit::Result<()> {
    /// let provider = TestProvider::start().await?;
    /// let oidc = provider.oidc("tv").build()?;
    ///
    /// let login = oidc.device().await?;
    /// assert!(login.poll().await?.is_none());
    /// provider.approve_device(login.user_code(), "ada")?;
    /// assert!(login.poll().await?.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Config` if no login with this code waits.
    pub fn approve_device(&self, user_code: &str, username: &str) -> Result<()> {
        self.decide_device(user_code, Some(username))
    }

    /// Denies the login of a device, as a user would at the verification URI.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if no login with this code waits.
    pub fn deny_device(&self, user_code: &str) -> Result<()> {
        self.decide_device(user_code, None)
    }

    fn decide_device(&self, user_code: &str, username: Option<&str>) -> Result<()> {
        let mut state = self.shared.state();
        if let Some(name) = username
            && state.user(name).is_none()
        {
            state.users.push(TestUser::new(name));
        }
        match decide(&mut state, |one| has_code(one, user_code), username) {
            None => Err(config("no login of a device with this user code waits")),
            Some(_) => Ok(()),
        }
    }
}

fn has_code(pending: &Pending, user_code: &str) -> bool {
    pending.user_code.as_deref() == Some(user_code)
}

pub(in crate::testing) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let params = request.form_params();
    if params.has_duplicate() {
        return Reply::oauth_error(400, "invalid_request", "duplicated parameter");
    }
    let client = match authenticate(state, request, &params) {
        Ok(client) => client,
        Err(refusal) => return refusal.of_token_endpoint(),
    };
    let (device_code, user_code) = (new_id(), new_user_code());
    let uri = format!("{}/device", state.issuer);
    let reply = json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": uri,
        "verification_uri_complete": format!("{uri}?user_code={user_code}"),
        "expires_in": LIFESPAN, "interval": INTERVAL,
    });
    let pending = Pending {
        client_id: client.id,
        scope: granted(params.get("scope")),
        user_code: Some(user_code),
        username: None,
        acr: "1".to_owned(),
        challenge: params.get("code_challenge").map(str::to_owned),
        expires: now() + LIFESPAN,
        notification: None,
        decision: None,
    };
    state.pending.insert(device_code, pending);
    Reply::json(200, &reply)
}

fn new_user_code() -> String {
    let id = new_id();
    let letters = id
        .bytes()
        .take(8)
        .filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
    let mut code: String = letters.map(|letter| char::from(*letter)).collect();
    code.insert(code.len() / 2, '-');
    code
}

/// The page at the verification URI.
pub(in crate::testing) fn page(state: &mut State, request: &RecordedRequest) -> Reply {
    let form = request.form_params();
    let code = form
        .get("user_code")
        .or(request.query("user_code"))
        .unwrap_or_default();
    let Some(username) = form.get("username") else {
        let code = escaped(code);
        return Reply::html(
            200,
            &format!(
                "<h1>Device login</h1><form method=\"post\"><input name=\"user_code\" value=\"{code}\">\
             <input id=\"username\" name=\"username\"><input id=\"password\" name=\"password\" \
             type=\"password\"><input type=\"submit\" value=\"Sign In\"></form>"
            ),
        );
    };
    let password = form.get("password").unwrap_or_default();
    let user = state
        .user(username)
        .filter(|user| user.has_password(password));
    if user.is_none() {
        return Reply::error_page(400, "Invalid username or password.");
    }
    match decide(state, |one| has_code(one, code), Some(username)) {
        None => Reply::error_page(400, "Invalid code, please try again."),
        Some(_) => Reply::html(200, "<h1>Device Login Successful</h1>"),
    }
}
