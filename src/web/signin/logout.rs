//! Logouts: of the user, and of the provider.

use std::time::SystemTime;

use axum_core::body::Body;
use axum_core::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::SignIn;
use super::index::{key_of_session, key_of_user};
use super::page;
use super::record::Record;
use super::routes::{MISCONFIGURED, field, session_of};
use crate::error::Result;
use crate::jose::{hash, time};
use crate::oidc::LogoutToken;
use crate::web::log;

impl SignIn {
    /// `POST /logout`: ends the session here, and sends the browser to the provider's logout.
    pub(super) async fn logout(&self, request: &Parts, form: &[u8]) -> Response {
        let Some(session) = session_of(request) else {
            return page::says(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED, None);
        };
        let after = self.settings.after_logout.as_str();
        let unavailable = || {
            let text = "The logout is not available at present";
            page::says(StatusCode::SERVICE_UNAVAILABLE, text, None)
        };
        if !self.is_own(&request.headers) {
            return foreign();
        }
        let record = match self.record_of(session).await {
            Ok(Some(record)) => record,
            // There is nothing to end.
            Ok(None) => return page::redirect(after),
            Err(_) => return unavailable(),
        };
        let sent = field(form, "form_token").unwrap_or_default();
        if !hash::same(&sent, record.form_token.expose()) {
            return foreign();
        }
        if self.leave(session, &record).await.is_err() {
            return unavailable();
        }
        match self.provider_logout(&record).await {
            Ok(url) => page::redirect(&url),
            Err(error) => {
                log::failed("the provider's logout has no address", &error);
                page::redirect(after)
            }
        }
    }

    async fn provider_logout(&self, record: &Record) -> Result<String> {
        let settings = &self.settings;
        let uri = format!("{}{}", settings.origin, settings.after_logout.as_str());
        let url = settings
            .oidc
            .logout_url_without_hint()
            .post_logout_redirect_uri(uri);
        // A refresh may have replaced the ID token since: any of the session will do.
        let url = match record.tokens.tokens().id_token() {
            Some(id_token) => url.id_token_hint(id_token.clone()),
            None => url,
        };
        Ok(url.fetch().await?.into())
    }

    /// Whether a form was sent by a page of this site, as far as the browser says. A page without
    /// referrers sends the origin `null`, so that `Sec-Fetch-Site` counts where it is there.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key("sec-fetch-site") {
            let mut sites = headers.get_all("sec-fetch-site").iter();
            return sites.all(|site| site == "same-origin");
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        origins.all(|origin| *origin == self.settings.origin)
    }

    /// `POST /backchannel-logout`: the provider ends a session, or all of a user (OpenID Connect
    /// Back-Channel Logout 1.0).
    pub(super) async fn back_channel(&self, form: &[u8]) -> Response {
        let ended = async {
            let token = field(form, "logout_token").unwrap_or_default();
            let token = self.settings.oidc.verifier().logout_token(&token).await?;
            self.end_sessions(&token).await
        };
        let (status, body) = match ended.await {
            Ok(()) => (StatusCode::OK, ""),
            Err(error) => {
                log::failed("a logout token was refused", &error);
                (StatusCode::BAD_REQUEST, r#"{"error":"invalid_request"}"#)
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, json);
        }
        response
    }

    async fn end_sessions(&self, token: &LogoutToken) -> Result<()> {
        let settings = &self.settings;
        let claims = token.claims();
        let issuer = claims
            .get("iss")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let until = time::point(claims, "iat").unwrap_or_else(SystemTime::now);
        let key = match (token.session_id(), token.subject()) {
            (Some(session_id), _) => key_of_session(issuer, session_id),
            (None, Some(subject)) => key_of_user(issuer, subject),
            // Verification has refused it.
            (None, None) => return Ok(()),
        };
        settings.index.end(&key, until, settings.absolute).await?;
        settings.keepers.forget_all(&key);
        Ok(())
    }
}

fn foreign() -> Response {
    let text = "The logout was not sent by a page of this site";
    page::says(StatusCode::FORBIDDEN, text, None)
}
