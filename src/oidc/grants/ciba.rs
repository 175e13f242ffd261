//! Logins started by the client and approved by the user on another device: OpenID Connect
//! Client-Initiated Backchannel Authentication (CIBA) Core 1.0, modes poll and ping.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::poll::{self, Pace, SlowDowns};
use crate::Secret;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid_argument, is_disruptive, unauthorized, unexpected_body};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::{SigningKey, hash};
use crate::login::{GrantKind, explain};
use crate::oidc::form::{self, CLIENT, Params};
use crate::oidc::limits::RequestKind;
use crate::oidc::request_object;
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::lifetime;

const START: Operation = Operation::new(
    "oidc.backchannel_login",
    "POST",
    "{backchannel_authentication_endpoint}",
);
const POLL: Operation = Operation::new("oidc.backchannel_login.tokens", "POST", "{token_endpoint}");
const PING: Operation = Operation::new("oidc.backchannel_login.ping", "", "");
const ENDPOINT: Endpoint = ("backchannel_authentication_endpoint", |m| {
    m.backchannel_authentication_endpoint.as_deref()
});
const TOKEN: &str = "client_notification_token";

/// A backchannel authentication request; see [`Oidc::backchannel_login`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct BackchannelLoginRequest {
    oidc: Oidc,
    params: Params,
    signed_with: Option<SigningKey>,
    max_issue_age: Option<Duration>,
}

/// A login that waits for the user. `Debug` shows no codes.
#[derive(Clone)]
pub struct BackchannelLogin {
    pub(super) oidc: Oidc,
    pub(super) auth_req_id: Secret,
    pub(super) expires_in: Option<Duration>,
    pub(super) notification_token: Option<Secret>,
    pub(super) pace: Pace,
    pub(super) slow_downs: SlowDowns,
    pub(super) max_issue_age: Option<Duration>,
    /// Parameters that the caller adds to the token requests.
    pub(super) params: Params,
}

/// CIBA section 7.3.
#[derive(Deserialize)]
struct AuthenticationResponse {
    auth_req_id: Secret,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    interval: Value,
}

#[derive(Deserialize)]
struct Ping {
    auth_req_id: Secret,
}

impl Oidc {
    /// Asks a user to approve a login on another device (CIBA). The client needs the OIDC CIBA
    /// grant enabled, and the realm a way to reach the user. Name the user with
    /// [`login_hint`](BackchannelLoginRequest::login_hint). The scope has `openid`.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let login = oidc.backchannel_login().login_hint("ada").binding_message("W4SCT").await?;
    /// let tokens = login.tokens().await?; // when the user has approved
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the client may not use this
    ///   grant.
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response lacks `auth_req_id` or
    ///   `expires_in`.
    pub fn backchannel_login(&self) -> BackchannelLoginRequest {
        let params = Params::default().with_openid();
        BackchannelLoginRequest {
            oidc: self.clone(),
            params,
            signed_with: self.inner.rules.request_key.clone(),
            max_issue_age: None,
        }
    }
}

impl BackchannelLoginRequest {
    /// Names the user by user name, e-mail address or another identifier that the server accepts.
    pub fn login_hint(mut self, hint: impl Into<Secret>) -> Self {
        self.params.set("login_hint", hint);
        self
    }

    /// Names the user by an ID token of an earlier login.
    pub fn id_token_hint(mut self, token: impl Into<Secret>) -> Self {
        self.params.set("id_token_hint", token);
        self
    }

    /// Sets a short text that both devices show, so that the user sees that they belong together. A
    /// text with control characters is refused; Keycloak accepts at most 50 letters, digits and a
    /// few punctuation characters.
    pub fn binding_message(mut self, message: impl Into<String>) -> Self {
        self.params.set("binding_message", message.into());
        self
    }

    /// Sets the requested authentication levels, separated by spaces.
    pub fn acr_values(mut self, values: impl Into<String>) -> Self {
        self.params.set("acr_values", values.into());
        self
    }

    /// Sets how long the user has to decide, in whole seconds.
    pub fn requested_expiry(mut self, time: Duration) -> Self {
        self.params
            .set("requested_expiry", time.as_secs().to_string());
        self
    }

    /// Asks the server to ping the client's notification endpoint with this bearer token when the
    /// user has decided, for a client that is registered with the mode `ping`. See
    /// [`BackchannelLogin::check_ping`].
    pub fn client_notification_token(mut self, token: impl Into<Secret>) -> Self {
        self.params.set(TOKEN, token);
        self
    }

    /// Signs the request (CIBA section 7.1.1) as a JWT of the type `oauth-authz-req+jwt`.
    pub fn signed_with(mut self, key: &SigningKey) -> Self {
        self.signed_with = Some(key.clone());
        self
    }

    async fn answered(self) -> Result<Response<BackchannelLogin>> {
        let notification_token = self.params.get(TOKEN).map(Secret::from);
        let hints = ["login_hint", "id_token_hint"];
        if hints.iter().all(|hint| self.params.get(hint).is_none()) && !self.has_extra_hint()? {
            return Err(invalid_argument(
                &START,
                "the request names no user: call login_hint or id_token_hint",
            ));
        }
        if let Some(message) = self.params.get("binding_message")
            && (message.trim().is_empty() || message.contains(is_disruptive))
        {
            return Err(invalid_argument(
                &START,
                "the binding message is empty or has control characters, but both devices show it",
            ));
        }
        let inner = &self.oidc.inner;
        let pairs = self.params.pairs(&START, CLIENT)?;
        inner
            .within_limits(&START, |limits| limits.check_backchannel(&START, &pairs))
            .await?;
        let params = match &self.signed_with {
            None => self.params,
            Some(key) => {
                inner.rules.check_request_key(&START, key)?;
                let members = request_object::members(&pairs);
                let kind = RequestKind::Backchannel;
                inner
                    .within_limits(&START, |limits| {
                        limits.check_request_object(&START, kind, &members)
                    })
                    .await?;
                let metadata = inner.metadata().await?;
                let issuer = metadata.issuer_as_audience()?;
                let request = request_object::sign(key, &inner.client.id, issuer, &pairs)?;
                let mut params = Params::default();
                params.push("request", request);
                params
            }
        };
        let answer = inner
            .post(&START, ENDPOINT, RetryPolicy::NEVER, &params)
            .await?;
        if let Some(refusal) = answer.refusal(&START, Some("auth_req_id")) {
            return Err(explain(refusal, GrantKind::Backchannel));
        }
        let head = Head::of(&answer.response);
        let response: AuthenticationResponse = json::decode(&START, answer.response.body())?;
        let Some(expires_in) = lifetime::seconds(Some(&response.expires_in)) else {
            // CIBA section 7.3: required.
            return Err(unexpected_body(
                &START,
                "the response has no lifetime (expires_in)",
            ));
        };
        let expires_in = Some(expires_in);
        let interval = lifetime::seconds(Some(&response.interval));
        Ok(head.with(BackchannelLogin {
            auth_req_id: response.auth_req_id,
            expires_in,
            notification_token,
            pace: Pace::new(interval, expires_in),
            slow_downs: SlowDowns::default(),
            max_issue_age: self.max_issue_age,
            params: Params::default(),
            oidc: self.oidc,
        }))
    }

    fn has_extra_hint(&self) -> Result<bool> {
        let pairs = self.params.pairs(&START, CLIENT)?;
        Ok(pairs
            .iter()
            .any(|(name, _)| name.ends_with("_hint") || name.starts_with("login_hint")))
    }
}

impl BackchannelLogin {
    /// Returns the server's id of this login (`auth_req_id`), to find the login when a ping
    /// arrives.
    pub fn id(&self) -> &Secret {
        &self.auth_req_id
    }

    /// Returns the [`id`](Self::id) of the login that a ping is about. It is not verified; call the
    /// login's [`check_ping`](Self::check_ping) for that.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the body is not
    /// a ping notification.
    pub fn id_of_ping(body: &[u8]) -> Result<Secret> {
        let ping: Ping = json::decode(&PING, body)?;
        Ok(ping.auth_req_id)
    }

    /// Returns how long the user has to decide, counted from the start of the login.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// Returns how long to wait between two calls of [`poll`](Self::poll). It grows with each
    /// `slow_down` response.
    pub fn interval(&self) -> Duration {
        self.slow_downs.pace(self.pace).interval
    }

    /// Waits until the user has approved the login, polling at the server's pace. Dropping the
    /// future stops the polling.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) with
    /// the code `access_denied` if the user refuses, or `expired_token` if the time is over.
    pub async fn tokens(&self) -> Result<TokenSet> {
        let params = self.params();
        let pace = self.slow_downs.pace(self.pace);
        poll::until_granted(&self.oidc, &POLL, &params, pace, self.max_issue_age).await
    }

    /// Polls once, such as after a ping; `None` if the user has not decided yet.
    ///
    /// # Errors
    /// Same as [`tokens`](Self::tokens).
    pub async fn poll(&self) -> Result<Option<TokenSet>> {
        poll::poll_once(
            &self.oidc,
            &POLL,
            &self.params(),
            &self.slow_downs,
            self.max_issue_age,
        )
        .await
    }

    /// Checks that a request to the client's notification endpoint (CIBA section 10.2) is the
    /// server's ping about this login, by its `Authorization` header and its body. Respond with
    /// 204, then call [`poll`](Self::poll).
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// request has another token or is about another login: respond with 401. Returns one of kind
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the body is not a ping notification.
    pub fn check_ping(&self, authorization: &str, body: &[u8]) -> Result<()> {
        let refuse = |why: &'static str| Err(unauthorized(why).with_operation(&PING));
        let Some(expected) = &self.notification_token else {
            return refuse("this login was started without a notification token");
        };
        let token = authorization.split_once(' ').and_then(|(scheme, token)| {
            scheme
                .eq_ignore_ascii_case("bearer")
                .then_some(token.trim())
        });
        if !token.is_some_and(|token| hash::same(token, expected.expose())) {
            return refuse("the ping has another token");
        }
        if !hash::same(Self::id_of_ping(body)?.expose(), self.auth_req_id.expose()) {
            return refuse("the ping is about another login");
        }
        Ok(())
    }

    fn params(&self) -> Params {
        let mut params = self.params.clone();
        params.push("grant_type", "urn:openid:params:grant-type:ciba");
        params.push("auth_req_id", &self.auth_req_id);
        params
    }
}

impl fmt::Debug for BackchannelLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackchannelLogin")
            .field("expires_in", &self.expires_in)
            .field("interval", &self.pace.interval)
            .finish_non_exhaustive()
    }
}

form::scope!(BackchannelLoginRequest);
form::issue_age!(BackchannelLoginRequest);
form::request!(BackchannelLoginRequest => BackchannelLogin);
form::param!(BackchannelLogin);
