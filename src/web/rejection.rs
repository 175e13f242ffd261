//! The response to a request that is refused.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::challenge::Challenge;
use super::guard::Settings;
use super::problem::{RETRY_AFTER_SECONDS, problem};
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
    /// The DPoP proof needs a nonce, which the response has in its header `DPoP-Nonce`: 401 (RFC 9449
    /// section 9).
    UseNonce,
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

    pub(super) fn use_nonce() -> Self {
        let why = "the DPoP proof needs the nonce in the header DPoP-Nonce";
        Self::new(RejectionKind::UseNonce, Some(why))
    }

    pub(super) fn unavailable() -> Self {
        let why = "the access token cannot be verified at present";
        Self::new(RejectionKind::Unavailable, Some(why))
    }

    #[cfg(feature = "axum")]
    pub(super) fn misconfigured() -> Self {
        Self::new(RejectionKind::Misconfigured, None)
    }

    /// For a right that no login and no scope gives.
    pub(super) fn denied() -> Self {
        Self::unmet(Unmet::denied())
    }

    pub(super) fn unmet(unmet: Unmet) -> Self {
        let (kind, why) = if unmet.login_helps() {
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
            | RejectionKind::UseNonce
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
            RejectionKind::UseNonce => Some("use_dpop_nonce"),
            RejectionKind::LoginInsufficient => Some("insufficient_user_authentication"),
            RejectionKind::Forbidden => Some("insufficient_scope"),
        }
    }

    /// Whether the DPoP proof is refused, and not the token.
    fn is_of_proof(&self) -> bool {
        matches!(
            self.kind,
            RejectionKind::InvalidProof | RejectionKind::UseNonce
        )
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
        let of_proof = self.is_of_proof();
        let mut all = Vec::new();
        if settings.is_none_or(|guard| !guard.dpop_required) {
            all.push(challenge("Bearer", !of_proof));
        }
        if let Some(algorithms) = settings.and_then(Settings::dpop_algorithms) {
            let said = of_proof || all.is_empty();
            all.push(challenge("DPoP", said).with("algs", &algorithms.join(" ")));
        }
        all
    }

    /// Returns the response.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let members = [
            ("detail", self.description.as_deref()),
            ("error", self.error()),
        ];
        let mut response = problem(self.status(), &members);
        let headers = response.headers_mut();
        // A proof that failed for another reason needs a nonce all the same.
        let guard = self.guard.as_ref().filter(|_| self.is_of_proof());
        let nonce = guard.and_then(|guard| guard.nonce());
        if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            headers.insert("dpop-nonce", nonce);
        }
        match self.kind {
            RejectionKind::Unavailable => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
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
