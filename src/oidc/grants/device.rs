//! Logging in on another device (RFC 8628).

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::poll::{self, Pace, SlowDowns};
use crate::Secret;
use crate::endpoint::Endpoint;
use crate::error::{Result, unexpected_body};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::login::{GrantKind, explain};
use crate::oidc::form::{self, CLIENT, Params};
use crate::oidc::pkce::Pkce;
use crate::oidc::shown;
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::lifetime;

const START: Operation = Operation::new("oidc.device", "POST", "{device_authorization_endpoint}");
const POLL: Operation = Operation::new("oidc.device.tokens", "POST", "{token_endpoint}");
const ENDPOINT: Endpoint = ("device_authorization_endpoint", |m| {
    m.device_authorization_endpoint.as_deref()
});

/// The start of a login on another device; see [`Oidc::device`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeviceLoginRequest {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

/// A login that waits for the user: show [`user_code`](Self::user_code) and
/// [`verification_uri`](Self::verification_uri), then await [`tokens`](Self::tokens). `Debug` shows
/// no code.
#[derive(Clone)]
pub struct DeviceLogin {
    pub(super) oidc: Oidc,
    pub(super) device_code: Secret,
    pub(super) user_code: Secret,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<Secret>,
    pub(super) expires_in: Option<Duration>,
    pub(super) verifier: Secret,
    pub(super) pace: Pace,
    pub(super) slow_downs: SlowDowns,
    pub(super) max_issue_age: Option<Duration>,
    /// What the caller adds to the token requests.
    pub(super) params: Params,
}

#[derive(Deserialize)]
struct Answer {
    device_code: Secret,
    user_code: Secret,
    verification_uri: Option<String>,
    /// Older servers, written before RFC 8628 was one.
    verification_url: Option<String>,
    verification_uri_complete: Option<Secret>,
    verification_url_complete: Option<Secret>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    interval: Value,
}

impl Answer {
    /// The user reads these: nothing of them may act on a terminal.
    fn check(&self) -> Result<()> {
        shown::code("user_code", self.user_code.expose())?;
        for uri in [&self.verification_uri, &self.verification_url]
            .into_iter()
            .flatten()
        {
            shown::address("verification_uri", uri)?;
        }
        let complete = [
            &self.verification_uri_complete,
            &self.verification_url_complete,
        ];
        for uri in complete.into_iter().flatten() {
            shown::address("verification_uri_complete", uri.expose())?;
        }
        Ok(())
    }
}

impl Oidc {
    /// Starts a login on a device without browser or keyboard (RFC 8628). The client needs the
    /// device authorization grant switched on. The scope has `openid`, unless it
    /// is [left out](DeviceLoginRequest::without_openid).
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let login = oidc.device().scope("openid email").await?;
    /// println!("open {} and enter {}", login.verification_uri(), login.user_code());
    /// let tokens = login.tokens().await?; // when the user has agreed
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Of kind `Protocol` when the provider publishes no device authorization endpoint, or answers
    /// with a code that has control characters or an address other than `https` and `http`: the
    /// user's terminal never gets these.
    pub fn device(&self) -> DeviceLoginRequest {
        let params = Params::default().with_openid();
        DeviceLoginRequest {
            oidc: self.clone(),
            params,
            max_issue_age: None,
        }
    }
}

impl DeviceLoginRequest {
    async fn answered(mut self) -> Result<Response<DeviceLogin>> {
        let pkce = Pkce::new()?;
        self.params.push("code_challenge", pkce.challenge());
        self.params.push("code_challenge_method", "S256");
        let inner = &self.oidc.inner;
        let pairs = self.params.pairs(&START, CLIENT)?;
        inner
            .within_limits(&START, |limits| limits.check_authorization(&START, &pairs))
            .await?;
        let answer = inner
            .post(&START, ENDPOINT, RetryPolicy::IDEMPOTENT, &self.params)
            .await?;
        if let Some(refusal) = answer.refusal(&START, Some("device_code")) {
            return Err(explain(refusal, GrantKind::Custom));
        }
        let head = Head::of(&answer.response);
        let answer: Answer = json::decode(&START, answer.response.body())?;
        answer
            .check()
            .map_err(|error| error.with_operation(&START))?;
        let Some(verification_uri) = answer.verification_uri.or(answer.verification_url) else {
            return Err(unexpected_body(
                &START,
                "the answer does not say where the user enters the code",
            ));
        };
        // RFC 8628 section 3.2: REQUIRED.
        let Some(expires_in) = lifetime::seconds(Some(&answer.expires_in)) else {
            return Err(unexpected_body(
                &START,
                "the answer does not say how long the user has (expires_in)",
            ));
        };
        let expires_in = Some(expires_in);
        let interval = lifetime::seconds(Some(&answer.interval));
        Ok(head.with(DeviceLogin {
            device_code: answer.device_code,
            user_code: answer.user_code,
            verification_uri,
            verification_uri_complete: answer
                .verification_uri_complete
                .or(answer.verification_url_complete),
            expires_in,
            verifier: pkce.verifier,
            pace: Pace::new(interval, expires_in),
            slow_downs: SlowDowns::default(),
            max_issue_age: self.max_issue_age,
            params: Params::default(),
            oidc: self.oidc,
        }))
    }
}

impl DeviceLogin {
    /// What the user enters, without control characters. For the user's eyes only: who has it can
    /// take over the login.
    pub fn user_code(&self) -> &str {
        self.user_code.expose()
    }

    /// Where the user enters it: an `https` or `http` URL.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same address with the code in it, for a QR code; not every server has one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_ref().map(Secret::expose)
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

    /// Waits until the user has agreed, asking the server at the pace it wants (`interval`,
    /// `slow_down`, `Retry-After`). Dropping the future ends the waiting.
    ///
    /// # Errors
    /// Of kind `Unauthorized` with the code `access_denied` when the user refuses, `expired_token`
    /// when the time is over.
    pub async fn tokens(&self) -> Result<TokenSet> {
        let params = self.params();
        let pace = self.slow_downs.pace(self.pace);
        poll::until_granted(&self.oidc, &POLL, &params, pace, self.max_issue_age).await
    }

    /// Asks once; `None` while the user has not decided. The caller keeps the pace: wait
    /// [`interval`](Self::interval) between two calls, which may grow.
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

    fn params(&self) -> Params {
        let mut params = self.params.clone();
        params.push("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        params.push("device_code", &self.device_code);
        params.push("code_verifier", &self.verifier);
        params
    }
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .field("interval", &self.pace.interval)
            .finish_non_exhaustive()
    }
}

form::scope!(DeviceLoginRequest);
form::without_openid!(DeviceLoginRequest);
form::issue_age!(DeviceLoginRequest);
form::request!(DeviceLoginRequest => DeviceLogin);
form::param!(DeviceLogin);
