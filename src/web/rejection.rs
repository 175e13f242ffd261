//! The response to a request that is refused.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::challenge::Challenge;
use super::guard::Settings;
use super::requirement::Unmet;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The request has no token: 401.
    NoToken,
    /// The request is malformed, such as one with two tokens: 400 (RFC 6750 section 3.1).
    InvalidRequest,
    /// The token is refused: 401 (RFC 6750 section 3.1).
    InvalidToken,
    /// The DPoP proof is refused: 401 (RFC 9449 section 7.1).
    InvalidProof,
    /// The user has to log in again, or at a higher level: 401 (RFC 9470).
    LoginInsufficient,
    /// A scope, a role or another right is missing: 403 (RFC 6750 section 3.1).
    Forbidden,
    /// The token could not be verified, because the issuer cannot be reached: 503.
    Unavailable,
    /// No layer of a guard is around the handler: 500.
    Misconfigured,
}

/// The response to a request that is refused: status, challenges and a body of type
/// `application/problem+json` (RFC 9457). It says nothing that only the service should know.
#[derive(Clone)]
pub struct Rejection {
    kind: RejectionKind,
    description: Option<String>,
    unmet: Unmet,
    guard: Option<Arc<Settings>>,
}

impl Rejection {
    fn new(kind: RejectionKind, description: Option<&str>) -> Self {
        Self {
            kind,
            description: description.map(str::to_owned),
            unmet: Unmet::default(),
            guard: None,
        }
    }

    pub(super) fn no_token() -> Self {
        Self::new(RejectionKind::NoToken, None)
    }

    pub(super) fn invalid_request(why: &str) -> Self {
        Self::new(RejectionKind::InvalidRequest, Some(why))
    }

    pub(super) fn invalid_token(why: &str) -> Self {
        Self::new(RejectionKind::InvalidToken, Some(why))
    }

    pub(super) fn invalid_proof(why: &str) -> Self {
        Self::new(RejectionKind::InvalidProof, Some(why))
    }

    pub(super) fn unavailable() -> Self {
        let why = "the access token cannot be verified at present";
        Self::new(RejectionKind::Unavailable, Some(why))
    }

    #[cfg(feature = "axum")]
    pub(super) fn misconfigured() -> Self {
        Self::new(RejectionKind::Misconfigured, None)
    }

    pub(super) fn unmet(unmet: Unmet) -> Self {
        let login = !unmet.denied && unmet.scopes.is_empty();
        let (kind, why) = if login {
            let why = "a different authentication level or a more recent login is required";
            (RejectionKind::LoginInsufficient, why)
        } else {
            let why = "the request requires higher privileges than the access token provides";
            (RejectionKind::Forbidden, why)
        };
        Self {
            unmet,
            ..Self::new(kind, Some(why))
        }
    }

    /// Gives the challenges what the guard is set up with.
    pub(super) fn of_guard(mut self, guard: &Arc<Settings>) -> Self {
        self.guard = Some(guard.clone());
        self
    }

    /// Returns why the request is refused.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RejectionKind::NoToken
            | RejectionKind::InvalidToken
            | RejectionKind::InvalidProof
            | RejectionKind::LoginInsufficient => StatusCode::UNAUTHORIZED,
            RejectionKind::InvalidRequest => StatusCode::BAD_REQUEST,
            RejectionKind::Forbidden => StatusCode::FORBIDDEN,
            RejectionKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RejectionKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `error` of the challenge.
    fn error(&self) -> Option<&'static str> {
        match self.kind {
            RejectionKind::NoToken | RejectionKind::Unavailable | RejectionKind::Misconfigured => {
                None
            }
            RejectionKind::InvalidRequest => Some("invalid_request"),
            RejectionKind::InvalidToken => Some("invalid_token"),
            RejectionKind::InvalidProof => Some("invalid_dpop_proof"),
            RejectionKind::LoginInsufficient => Some("insufficient_user_authentication"),
            RejectionKind::Forbidden => Some("insufficient_scope"),
        }
    }

    fn challenges(&self) -> Vec<Challenge> {
        let settings = self.guard.as_deref();
        let scopes = self.unmet.scopes.join(" ");
        let acr = self.unmet.acr.join(" ");
        let max_age = self.unmet.max_age.map(|age| age.as_secs().to_string());
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let challenge = |scheme: &str, said: bool| {
            let (error, description) = if said {
                (self.error(), self.description.as_deref())
            } else {
                (None, None)
            };
            Challenge::new(scheme)
                .maybe("realm", settings.and_then(|guard| guard.realm.as_deref()))
                .maybe("error", error)
                .maybe("error_description", error.and(description))
                .maybe("scope", filled(&scopes).as_deref())
                .maybe("acr_values", filled(&acr).as_deref())
                .maybe("max_age", max_age.as_deref())
                .maybe(
                    "resource_metadata",
                    settings.and_then(|guard| guard.resource_metadata.as_deref()),
                )
        };
        let of_proof = self.kind == RejectionKind::InvalidProof;
        let mut all = Vec::new();
        if settings.is_none_or(|guard| !guard.dpop_required) {
            all.push(challenge("Bearer", !of_proof));
        }
        if let Some(algorithms) = settings.and_then(Settings::dpop_algorithms) {
            let said = of_proof || all.is_empty();
            all.push(challenge("DPoP", said).with("algs", &algorithms));
        }
        all
    }

    /// Returns the response.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let status = self.status();
        let mut body = serde_json::Map::new();
        body.insert(
            "title".into(),
            status.canonical_reason().unwrap_or("Refused").into(),
        );
        body.insert("status".into(), status.as_u16().into());
        if let Some(description) = &self.description {
            body.insert("detail".into(), description.as_str().into());
        }
        if let Some(error) = self.error() {
            body.insert("error".into(), error.into());
        }
        let body = serde_json::Value::Object(body).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.kind {
            RejectionKind::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            RejectionKind::Misconfigured => {}
            _ => {
                for challenge in self.challenges().iter().filter_map(Challenge::header) {
                    headers.append(WWW_AUTHENTICATE, challenge);
                }
            }
        }
        response
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.kind)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.status()),
            None if self.kind == RejectionKind::Misconfigured => {
                write!(f, "{}: no guard is around the handler", self.status())
            }
            None => write!(f, "{}: the request has no access token", self.status()),
        }
    }
}

impl Error for Rejection {}
