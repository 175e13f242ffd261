//! OpenID Connect Client-Initiated Backchannel Authentication (CIBA), modes poll and ping.

use http::Method;
use serde_json::json;

use super::super::client_auth::authenticate;
use super::super::messages;
use super::super::provider::TestProvider;
use super::super::reply::Reply;
use super::super::request::{Params, RecordedRequest};
use super::super::routes::wrong_method;
use super::super::state::{State, new_id, now};
use super::super::tokens::granted;
use super::super::users::TestUser;
use super::{INTERVAL, Pending, decide};
use crate::error::{Result, config};

/// How long the user has, in seconds.
const LIFESPAN: i64 = 120;
/// The longest binding message, in characters.
const MAX_MESSAGE: usize = 50;

impl TestProvider {
    /// Approves the backchannel logins (CIBA) that wait for this user, as on the user's own device. A client
    /// with a notification URL is sent a ping.
    ///
    /// ```
    /// use keycloak_kit::testing::{TestProvider, TestUser};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> keycloak_kit::Result<()> {
    /// let provider = TestProvider::start().await?;
    /// provider.users().add(TestUser::new("ada"));
    /// let oidc = provider.oidc("bank").build()?;
    ///
    /// let login = oidc.backchannel_login().login_hint("ada").await?;
    /// provider.approve_backchannel_login("ada").await?;
    /// assert!(login.poll().await?.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Config` if no login waits for the user, and of kind `Protocol` if the
    /// client does not respond to its ping with 200 or 204 within 5 s.
    pub async fn approve_backchannel_login(&self, username: &str) -> Result<()> {
        self.decide_backchannel(username, Some(username)).await
    }

    /// Denies the backchannel logins (CIBA) that wait for this user.
    ///
    /// # Errors
    /// Same as [`approve_backchannel_login`](Self::approve_backchannel_login).
    pub async fn deny_backchannel_login(&self, username: &str) -> Result<()> {
        self.decide_backchannel(username, None).await
    }

    async fn decide_backchannel(&self, username: &str, approved_by: Option<&str>) -> Result<()> {
        let fits = |one: &Pending| one.username.as_deref() == Some(username);
        let messages = decide(&mut self.shared.state(), fits, approved_by);
        let waits = messages.ok_or_else(|| config("no backchannel login waits for this user"));
        messages::send(&self.shared.service, waits?).await
    }
}

pub(in crate::testing) fn respond(state: &mut State, request: &RecordedRequest) -> Reply {
    if *request.method() != Method::POST {
        return wrong_method();
    }
    let invalid = |description: &str| Reply::oauth_error(400, "invalid_request", description);
    let params = request.form_params();
    if params.has_duplicate() {
        return invalid("duplicated parameter");
    }
    let client = match authenticate(state, request, &params) {
        Ok(client) => client,
        Err(refusal) => return refusal.of_token_endpoint(),
    };
    if client.is_public() {
        let description = "Client not allowed OIDC CIBA Grant";
        return Reply::oauth_error(401, "invalid_grant", description);
    }
    if params.get("request").is_some() {
        return Reply::oauth_error(400, "request_not_supported", "request not supported");
    }
    if params.get("scope").is_none() {
        return invalid("missing parameter : scope");
    }
    let basic = |c: char| c.is_ascii_alphanumeric() || "-._+/!?#".contains(c);
    let message = params.get("binding_message").unwrap_or_default();
    if message.len() > MAX_MESSAGE || !message.chars().all(basic) {
        let description = "the binding_message value has to be max 50 characters in length and must \
                           contain only basic plain-text characters without spaces";
        return Reply::oauth_error(400, "invalid_binding_message", description);
    }
    let token = params.get("client_notification_token");
    let notification = match (&client.notification_uri, token) {
        (Some(url), Some(token)) => Some((url.clone(), token.into())),
        (Some(_), None) => return invalid("missing parameter : client_notification_token"),
        (None, _) => None,
    };
    let user = match user(state, &params) {
        Ok(user) => user,
        Err(problem) => return invalid(problem),
    };
    let id = new_id();
    let acr = params
        .get("acr_values")
        .and_then(|all| all.split_whitespace().next());
    let pending = Pending {
        client_id: client.id,
        scope: granted(params.get("scope")),
        user_code: None,
        username: Some(user.username),
        acr: acr.unwrap_or("1").to_owned(),
        challenge: None,
        expires: now() + LIFESPAN,
        notification,
        decision: None,
    };
    state.pending.insert(id.clone(), pending);
    let reply = json!({ "auth_req_id": id, "expires_in": LIFESPAN, "interval": INTERVAL });
    Reply::json(200, &reply)
}

fn user(state: &State, params: &Params) -> Result<TestUser, &'static str> {
    let found = match (params.get("login_hint"), params.get("id_token_hint")) {
        (Some(name), _) => state.user(name),
        (None, Some(token)) => {
            let known = state.id_tokens.get(token);
            let subject = known.and_then(|known| known.claims.get("sub")?.as_str());
            let mut users = state.users.iter();
            users.find(|user| subject == Some(&*user.subject)).cloned()
        }
        (None, None) => return Err("missing parameter : login_hint"),
    };
    found.ok_or("invalid_user")
}
