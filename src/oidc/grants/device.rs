//! The device authorization grant (RFC 8628).

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

/// A device authorization request; see [`Oidc::device`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeviceLoginRequest {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

/// A login that waits for the user: show [`user_code`](Self::user_code) and
/// [`verification_uri`](Self::verification_uri), then await [`tokens`](Self::tokens). `Debug` shows
/// no codes.
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
    /// Parameters that the caller adds to the token requests.
    pub(super) params: Params,
}

/// RFC 8628 section 3.2.
#[derive(Deserialize)]
struct DeviceAuthorizationResponse {
    device_code: Secret,
    user_code: Secret,
    verification_uri: Option<String>,
    /// The name of `verification_uri` in drafts of RFC 8628, which some servers still use.
    verification_url: Option<String>,
    verification_uri_complete: Option<Secret>,
    verification_url_complete: Option<Secret>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    interval: Value,
}

impl DeviceAuthorizationResponse {
    /// Returns an error if a text for the user could control a terminal.
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
    /// Starts a login on a device without a browser or keyboard (RFC 8628). The client needs the
    /// device authorization grant enabled. The scope has `openid` unless
    /// [`without_openid`](DeviceLoginRequest::without_openid) is called.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let login = oidc.device().scope("openid email").await?;
    /// println!("open {} and enter {}", login.verification_uri(), login.user_code());
    /// let tokens = login.tokens().await?; // when the user has approved
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider publishes no device
    ///   authorization endpoint, or if a code has control characters or an address is not an
    ///   `https` or `http` URL: these are never shown to the user.
    /// - [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response lacks a required member.
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
        let response: DeviceAuthorizationResponse = json::decode(&START, answer.response.body())?;
        response
            .check()
            .map_err(|error| error.with_operation(&START))?;
        let Some(verification_uri) = response.verification_uri.or(response.verification_url) else {
            return Err(unexpected_body(
                &START,
                "the response does not say where the user enters the code",
            ));
        };
        // RFC 8628 section 3.2: REQUIRED.
        let Some(expires_in) = lifetime::seconds(Some(&response.expires_in)) else {
            return Err(unexpected_body(
                &START,
                "the response has no lifetime (expires_in)",
            ));
        };
        let expires_in = Some(expires_in);
        let interval = lifetime::seconds(Some(&response.interval));
        Ok(head.with(DeviceLogin {
            device_code: response.device_code,
            user_code: response.user_code,
            verification_uri,
            verification_uri_complete: response
                .verification_uri_complete
                .or(response.verification_url_complete),
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
    /// Returns the code that the user enters, without control characters. Show it to the user only:
    /// anyone who knows it can take over the login.
    pub fn user_code(&self) -> &str {
        self.user_code.expose()
    }

    /// Returns the `https` or `http` URL where the user enters the code.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Returns the same URL with the code in it, for a QR code, if the server sent one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_ref().map(Secret::expose)
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

    /// Waits until the user has approved the login, polling at the server's pace (`interval`,
    /// `slow_down`, `Retry-After`). Dropping the future stops the polling.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) with
    /// the code `access_denied` if the user refuses, or `expired_token` if the time is over.
    pub async fn tokens(&self) -> Result<TokenSet> {
        let params = self.params();
        let pace = self.slow_downs.pace(self.pace);
        poll::until_granted(&self.oidc, &POLL, &params, pace, self.max_issue_age).await
    }

    /// Polls once; `None` if the user has not decided yet. Wait for [`interval`](Self::interval)
    /// between two calls; it may grow.
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
