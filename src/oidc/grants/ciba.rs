//! Logins that the user decides about on another device, started by the client: OpenID Connect
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

/// The start of a backchannel login; see [`Oidc::backchannel_login`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct BackchannelLoginRequest {
    oidc: Oidc,
    params: Params,
    signed_with: Option<SigningKey>,
    max_issue_age: Option<Duration>,
}

/// A login that waits for the user. `Debug` shows no code.
#[derive(Clone)]
pub struct BackchannelLogin {
    pub(super) oidc: Oidc,
    pub(super) auth_req_id: Secret,
    pub(super) expires_in: Option<Duration>,
    pub(super) notification_token: Option<Secret>,
    pub(super) pace: Pace,
    pub(super) slow_downs: SlowDowns,
    pub(super) max_issue_age: Option<Duration>,
    /// What the caller adds to the token requests.
    pub(super) params: Params,
}

#[derive(Deserialize)]
struct Answer {
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
    /// Asks a user to log in on a device of theirs (CIBA). The client needs the OIDC CIBA grant
    /// switched on, and the realm a way to reach the user. Name the user with
    /// [`login_hint`](BackchannelLoginRequest::login_hint). The scope has `openid`.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let login = oidc.backchannel_login().login_hint("ada").binding_message("W4SCT").await?;
    /// let tokens = login.tokens().await?; // when the user has agreed
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the client may not use this grant; `Decode` when the answer
    /// lacks `auth_req_id` or `expires_in`.
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
    /// The user: name, e-mail address, whatever the server knows users by.
    pub fn login_hint(mut self, hint: impl Into<Secret>) -> Self {
        self.params.set("login_hint", hint);
        self
    }

    /// The user, as an ID token of an earlier login.
    pub fn id_token_hint(mut self, token: impl Into<Secret>) -> Self {
        self.params.set("id_token_hint", token);
        self
    }

    /// A short text that both devices show, so that the user sees that they belong together. One
    /// with control characters is refused; Keycloak takes letters, digits and a few signs, 50 of
    /// them.
    pub fn binding_message(mut self, message: impl Into<String>) -> Self {
        self.params.set("binding_message", message.into());
        self
    }

    /// Levels of authentication to ask for, separated by spaces.
    pub fn acr_values(mut self, values: impl Into<String>) -> Self {
        self.params.set("acr_values", values.into());
        self
    }

    /// How long the user has, in whole seconds.
    pub fn requested_expiry(mut self, time: Duration) -> Self {
        self.params
            .set("requested_expiry", time.as_secs().to_string());
        self
    }

    /// Asks the server to ping the client's notification endpoint when the user has decided, with
    /// this bearer token; the client is registered for the mode `ping`. See
    /// [`BackchannelLogin::check_ping`].
    pub fn client_notification_token(mut self, token: impl Into<Secret>) -> Self {
        self.params.set(TOKEN, token);
        self
    }

    /// Signs the request (CIBA section 7.1.1), as a JWT of the type `oauth-authz-req+jwt`.
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
                "nobody is named: call login_hint or id_token_hint",
            ));
        }
        if let Some(message) = self.params.get("binding_message")
            && (message.trim().is_empty() || message.contains(is_disruptive))
        {
            return Err(invalid_argument(
                &START,
                "the binding message is empty or has control characters: both devices show it",
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
        let answer: Answer = json::decode(&START, answer.response.body())?;
        let Some(expires_in) = lifetime::seconds(Some(&answer.expires_in)) else {
            // CIBA section 7.3: required.
            return Err(unexpected_body(
                &START,
                "the answer does not say how long the user has (expires_in)",
            ));
        };
        let expires_in = Some(expires_in);
        let interval = lifetime::seconds(Some(&answer.interval));
        Ok(head.with(BackchannelLogin {
            auth_req_id: answer.auth_req_id,
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
    /// What the server calls this login (`auth_req_id`), to find it again when a ping comes.
    pub fn id(&self) -> &Secret {
        &self.auth_req_id
    }

    /// Which login a ping is about: its [`id`](Self::id). Nothing is checked yet; the login's
    /// [`check_ping`](Self::check_ping) does that.
    ///
    /// # Errors
    /// Of kind `Decode` when the body is none of a ping.
    pub fn id_of_ping(body: &[u8]) -> Result<Secret> {
        let ping: Ping = json::decode(&PING, body)?;
        Ok(ping.auth_req_id)
    }

    /// How long the user has, from the start on.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// How long to wait between polls of one's own; longer after each `slow_down` that
    /// [`poll`](Self::poll) was answered.
    pub fn interval(&self) -> Duration {
        self.slow_downs.pace(self.pace).interval
    }

    /// Waits until the user has agreed, asking the server at the pace it wants. Dropping the
    /// future ends the waiting.
    ///
    /// # Errors
    /// Of kind `Unauthorized` with the code `access_denied` when the user refuses, `expired_token`
    /// when the time is over.
    pub async fn tokens(&self) -> Result<TokenSet> {
        let params = self.params();
        let pace = self.slow_downs.pace(self.pace);
        poll::until_granted(&self.oidc, &POLL, &params, pace, self.max_issue_age).await
    }

    /// Asks once, such as after a ping; `None` while the user has not decided.
    ///
    /// # Errors
    /// As [`tokens`](Self::tokens).
    pub async fn poll(&self) -> Result<Option<TokenSet>> {
        poll::by_hand(
            &self.oidc,
            &POLL,
            &self.params(),
            &self.slow_downs,
            self.max_issue_age,
        )
        .await
    }

    /// Whether a request to the client's notification endpoint (CIBA section 10.2) is the
    /// server's about this login: give its `Authorization` header and its body. Answer 204, then
    /// [`poll`](Self::poll).
    ///
    /// # Errors
    /// Of kind `Unauthorized` when it has another token or is about another login: answer 401.
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
