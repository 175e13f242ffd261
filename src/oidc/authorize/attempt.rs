//! What a login keeps until the browser comes back.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::modes::{ResponseMode, ResponseType};
use crate::Secret;

/// A login in progress: the browser is sent to [`url`](Self::url), and everything else is needed
/// when it comes back. `Debug` shows no secrets.
///
/// An attempt belongs to one browser: keep it in that user's session, or in a
/// [`LoginStore`](crate::oidc::LoginStore) whose key is a cookie of that browser. It can be
/// serialized as JSON for that; the text is as secret as a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginAttempt {
    pub(crate) url: String,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url_lifetime: Option<u64>,
    pub(crate) state: Secret,
    pub(crate) nonce: Secret,
    pub(crate) verifier: Secret,
    /// Responses of another provider or for another client do not belong to this login.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_type: ResponseType,
    pub(crate) response_mode: ResponseMode,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr: Vec<String>,
    /// Whether the login ends with an ID token.
    #[serde(default = "yes")]
    pub(crate) openid: bool,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_issue_age: Option<u64>,
    #[serde(default)]
    pub(crate) state_hash: bool,
    /// Whether the response must name its issuer, whatever the metadata says.
    #[serde(default)]
    pub(crate) issuer_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_object: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Secret>,
    /// Seconds since 1970.
    pub(crate) started: u64,
}

/// Attempts that were stored before the member existed have an ID token.
fn yes() -> bool {
    true
}

impl LoginAttempt {
    /// Returns the URL to send the browser to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns how long the URL is valid, counted from the start of the login: a server keeps a
    /// pushed request for a short time (`expires_in` of RFC 9126 section 2.2). Start another login
    /// after that. `None` if the server sets no limit.
    pub fn url_lifetime(&self) -> Option<Duration> {
        self.url_lifetime.map(Duration::from_secs)
    }

    /// Returns the `state` of the request, which comes back with the response.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Returns the note of [`Authorize::note`](crate::oidc::Authorize::note).
    pub fn note(&self) -> Option<&str> {
        self.note.as_ref().map(Secret::expose)
    }

    /// Returns the `nonce` that the ID token must have. It is not sent for a login [without
    /// openid](crate::oidc::Authorize::without_openid).
    pub fn nonce(&self) -> &Secret {
        &self.nonce
    }

    /// Returns the PKCE code verifier (RFC 7636).
    pub fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// Returns the signed request object of a request by reference. Serve it at the URI passed to
    /// [`request_uri`](crate::oidc::Authorize::request_uri), with the media type
    /// `application/oauth-authz-req+jwt`.
    pub fn request_object(&self) -> Option<&Secret> {
        self.request_object.as_ref()
    }

    /// Returns the time since the login was started, by the wall clock.
    pub fn age(&self) -> Duration {
        let started = Duration::from_secs(self.started);
        SystemTime::UNIX_EPOCH
            .checked_add(started)
            .and_then(|started| SystemTime::now().duration_since(started).ok())
            .unwrap_or_default()
    }
}

impl fmt::Debug for LoginAttempt {
    // The query of the URL contains the state and the nonce.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        f.debug_struct("LoginAttempt")
            .field("url", &url)
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("response_type", &self.response_type)
            .field("response_mode", &self.response_mode)
            .finish_non_exhaustive()
    }
}
