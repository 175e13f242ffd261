//! The response to a request whose user may not send it.

use std::error::Error;
use std::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use url::form_urlencoded::Serializer;

use super::SignIn;
use super::page;
use super::return_path::ReturnPath;
use super::routes::MISCONFIGURED;
use super::visit::Failure;
use crate::web::challenge::Challenge;
use crate::web::problem::{RETRY_AFTER_SECONDS, problem};
use crate::web::requirement::Unmet;

/// Why a request of a browser is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignInRejectionKind {
    /// Nobody is signed in: a redirect to the login for pages, 401 for scripts.
    NotSignedIn,
    /// The user has to log in again, or at a higher level: a redirect to the login for pages, 401
    /// for scripts.
    LoginInsufficient,
    /// The user lacks a role or another right: 403.
    Forbidden,
    /// The provider or a store cannot be reached: 503.
    Unavailable,
    /// A layer is missing: 500.
    Misconfigured,
}

/// The response to a request of a browser that is refused: a redirect or a page for pages, and a body
/// of type `application/problem+json` (RFC 9457) for scripts.
#[derive(Debug, Clone)]
pub struct SignInRejection {
    kind: SignInRejectionKind,
    page: bool,
    login: Option<String>,
    acr: String,
    max_age: Option<u64>,
}

impl SignInRejection {
    fn new(kind: SignInRejectionKind, request: &Parts) -> Self {
        Self {
            kind,
            page: page::is_wanted(request),
            login: None,
            acr: String::new(),
            max_age: None,
        }
    }

    pub(super) fn failed(failure: Failure, request: &Parts) -> Self {
        let kind = match failure {
            Failure::Unavailable => SignInRejectionKind::Unavailable,
            Failure::Misconfigured => SignInRejectionKind::Misconfigured,
        };
        Self::new(kind, request)
    }

    pub(super) fn not_signed_in(signin: &SignIn, request: &Parts) -> Self {
        Self::new(SignInRejectionKind::NotSignedIn, request).with_login(signin, request)
    }

    pub(super) fn unmet(unmet: &Unmet, signin: &SignIn, request: &Parts) -> Self {
        // Another login gives no scope either: what is asked for is the choice of the application.
        if !unmet.login_helps() {
            return Self::new(SignInRejectionKind::Forbidden, request);
        }
        Self {
            acr: unmet.acr.join(" "),
            max_age: unmet.max_age.map(|age| age.as_secs()),
            ..Self::new(SignInRejectionKind::LoginInsufficient, request)
        }
        .with_login(signin, request)
    }

    /// Adds the address of the login, which for a page leads back to the page.
    fn with_login(mut self, signin: &SignIn, request: &Parts) -> Self {
        let mut query = Serializer::new(String::new());
        let here = request.uri.path_and_query().map(|path| path.as_str());
        if self.page
            && let Some(path) = here.and_then(ReturnPath::new)
        {
            query.append_pair("return_to", path.as_str());
        }
        if !self.acr.is_empty() {
            query.append_pair("acr_values", &self.acr);
        }
        if let Some(age) = self.max_age {
            query.append_pair("max_age", &age.to_string());
        }
        let query = query.finish();
        let mut login = signin.settings.paths.login.clone();
        if !query.is_empty() {
            login = format!("{login}?{query}");
        }
        self.login = Some(login);
        self
    }

    /// Returns why the request is refused.
    #[must_use]
    pub fn kind(&self) -> SignInRejectionKind {
        self.kind
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            SignInRejectionKind::NotSignedIn | SignInRejectionKind::LoginInsufficient => {
                if self.page {
                    StatusCode::SEE_OTHER
                } else {
                    StatusCode::UNAUTHORIZED
                }
            }
            SignInRejectionKind::Forbidden => StatusCode::FORBIDDEN,
            SignInRejectionKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            SignInRejectionKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn text(&self) -> &'static str {
        match self.kind {
            SignInRejectionKind::NotSignedIn => "Nobody is signed in",
            SignInRejectionKind::LoginInsufficient => {
                "A different authentication level or a more recent login is required"
            }
            SignInRejectionKind::Forbidden => "You may not see this page",
            SignInRejectionKind::Unavailable => "The sign-in is not available at present",
            SignInRejectionKind::Misconfigured => MISCONFIGURED,
        }
    }

    /// The `error` of the challenge and the body.
    fn error(&self) -> Option<&'static str> {
        match self.kind {
            SignInRejectionKind::NotSignedIn => Some("login_required"),
            SignInRejectionKind::LoginInsufficient => Some("insufficient_user_authentication"),
            SignInRejectionKind::Forbidden => Some("access_denied"),
            SignInRejectionKind::Unavailable | SignInRejectionKind::Misconfigured => None,
        }
    }

    fn problem(&self) -> Response {
        let status = self.status();
        let members = [
            ("detail", Some(self.text())),
            ("error", self.error()),
            ("login", self.login.as_deref()),
        ];
        let mut response = problem(status, &members).map(Body::from);
        if status == StatusCode::UNAUTHORIZED {
            let acr = (!self.acr.is_empty()).then_some(self.acr.as_str());
            let age = self.max_age.map(|age| age.to_string());
            let challenge = Challenge::new("Session")
                .maybe("error", self.error())
                .maybe("acr_values", acr)
                .maybe("max_age", age.as_deref());
            if let Some(challenge) = challenge.header() {
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

impl IntoResponse for SignInRejection {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = match &self.login {
            Some(login) if self.page => page::redirect(login),
            _ if self.page => page::says(status, self.text(), None),
            _ => self.problem(),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

impl fmt::Display for SignInRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status(), self.text())
    }
}

impl Error for SignInRejection {}
