//! What a login has to remember until the browser is back.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::modes::{ResponseMode, ResponseType};
use crate::Secret;

/// A login under way: [`url`](Self::url) is where the browser goes, everything else is needed
/// when it comes back. `Debug` shows none of the secrets.
///
/// It belongs to one browser: keep it in that user's own session, or in a
/// [`LoginStore`](crate::oidc::LoginStore) whose key is a cookie of that browser. It can be written
/// as JSON for that; the text is as secret as a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginAttempt {
    pub(crate) url: String,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url_lifetime: Option<u64>,
    pub(crate) state: Secret,
    pub(crate) nonce: Secret,
    pub(crate) verifier: Secret,
    /// Answers of another provider or for another client do not belong to this login.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) response_type: ResponseType,
    pub(crate) response_mode: ResponseMode,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr: Vec<String>,
    /// Whether there is an ID token at the end.
    #[serde(default = "yes")]
    pub(crate) openid: bool,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_issue_age: Option<u64>,
    #[serde(default)]
    pub(crate) state_hash: bool,
    /// The answer says whose it is, whatever the provider promises.
    #[serde(default)]
    pub(crate) issuer_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_object: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Secret>,
    /// Seconds since 1970.
    pub(crate) started: u64,
}

/// Logins that were kept before there were others.
fn yes() -> bool {
    true
}

impl LoginAttempt {
    /// Where to send the browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How long the URL is good, from the start on: a request that was pushed is kept for a short
    /// time (`expires_in` of RFC 9126 section 2.2). Start another login when it is over. `None`
    /// where nothing is said.
    pub fn url_lifetime(&self) -> Option<Duration> {
        self.url_lifetime.map(Duration::from_secs)
    }

    /// The `state` of the request: it comes back with the answer.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// What the application has noted with [`Authorize::note`](crate::oidc::Authorize::note).
    pub fn note(&self) -> Option<&str> {
        self.note.as_ref().map(Secret::expose)
    }

    /// The `nonce` that the ID token has to have. It is not sent where the login is
    /// [without openid](crate::oidc::Authorize::without_openid).
    pub fn nonce(&self) -> &Secret {
        &self.nonce
    }

    /// The PKCE verifier (RFC 7636).
    pub fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// The signed request object, for a request by reference: serve it at the URI that was given
    /// to [`request_uri`](crate::oidc::Authorize::request_uri), as
    /// `application/oauth-authz-req+jwt`.
    pub fn request_object(&self) -> Option<&Secret> {
        self.request_object.as_ref()
    }

    /// How long ago it was started, by the wall clock.
    pub fn age(&self) -> Duration {
        let started = Duration::from_secs(self.started);
        SystemTime::UNIX_EPOCH
            .checked_add(started)
            .and_then(|started| SystemTime::now().duration_since(started).ok())
            .unwrap_or_default()
    }
}

impl fmt::Debug for LoginAttempt {
    // The URL has the state and the nonce in its query.
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
