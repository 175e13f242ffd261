//! Front-channel logout: the provider's page has a frame that asks for it.

use std::time::SystemTime;

use axum_core::response::Response;
use http::header::CONTENT_SECURITY_POLICY;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::SignIn;
use super::index::{key_of_known, key_of_session};
use super::page;
use crate::error::{Error, ErrorKind, Result};
use crate::web::log;

impl SignIn {
    /// `GET /frontchannel-logout?iss=..&sid=..` (OpenID Connect Front-Channel Logout 1.0). The frame
    /// is of another site, so that no `SameSite=Lax` cookie comes with it.
    pub(super) async fn front_channel(&self, request: &Parts) -> Response {
        let query = request.uri.query().unwrap_or_default();
        match self.end_asked(query).await {
            Ok(issuer) => framed(&issuer),
            Err(error) => {
                log::failed("a front-channel logout was refused", &error);
                let (status, text) = match error.kind() {
                    ErrorKind::InvalidToken => {
                        (StatusCode::BAD_REQUEST, "The logout request is wrong")
                    }
                    _ => (
                        StatusCode::SERVICE_UNAVAILABLE,
                        "The logout is not available at present",
                    ),
                };
                page::says(status, text, None)
            }
        }
    }

    /// Ends the session that a request names, if this application has it: anybody could fill the
    /// index with others. Returns the issuer.
    async fn end_asked(&self, query: &str) -> Result<String, Error> {
        let settings = &self.settings;
        let asked = settings.oidc.verifier().front_channel_logout(query).await?;
        let issuer = asked.issuer();
        if let Some(session_id) = asked.session_id() {
            let known = [key_of_known(issuer, session_id)];
            if matches!(settings.index.ended(&known).await?[..], [Some(_)]) {
                let key = key_of_session(issuer, session_id);
                let now = SystemTime::now();
                settings.index.end(&key, now, settings.absolute).await?;
                settings.keepers.forget_all(&key, None);
            }
        }
        Ok(issuer.to_owned())
    }
}

/// A page that only the issuer's pages may frame.
fn framed(issuer: &str) -> Response {
    let mut response = page::says(StatusCode::OK, "Signed out", None);
    let origin = Url::parse(issuer).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; frame-ancestors {}; base-uri 'none'",
        origin.as_deref().unwrap_or("'none'")
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
