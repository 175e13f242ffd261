//! The kinds of errors.

use http::StatusCode;

/// The kinds of [`Error`](super::Error) that a program may want to handle differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or an argument is wrong. Nothing was changed on the server, though it may have
    /// been read.
    Config,
    /// The server could not be reached or the connection broke.
    Transport,
    /// A time limit of this client ran out, or the server returned 408.
    Timeout,
    /// The credentials or the token were refused (401, or an OAuth error of the token endpoint), or
    /// the provider refused a login.
    Unauthorized,
    /// The token is valid but lacks the permission (403).
    Forbidden,
    /// There is no such object, realm or path (404).
    NotFound,
    /// The object exists already, or its state forbids the call (409, 412).
    Conflict,
    /// The server rejected the request's data (400, 413, 414, 422).
    Validation,
    /// The server asks to slow down (429).
    RateLimited,
    /// The server failed (5xx).
    Server,
    /// A successful response does not have the expected shape.
    Decode,
    /// Not a response that Keycloak would send: a redirect, another issuer, a missing header. Or a
    /// response that does not belong to this login.
    Protocol,
    /// A token or a signed response failed this client's checks. A service responds to its caller
    /// with 401.
    InvalidToken,
    /// A token or a response cannot be checked at the moment: the issuer's keys are still being
    /// fetched, or a bounded cache has no room for the sender. The token may be valid. A service
    /// responds to its caller with 503 and, if [`Error::retry_after`](super::Error::retry_after) is
    /// set, with `Retry-After`.
    Unavailable,
}

impl ErrorKind {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Config => "configuration",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::RateLimited => "rate limited",
            Self::Server => "server error",
            Self::Decode => "decode",
            Self::Protocol => "protocol",
            Self::InvalidToken => "invalid token",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            400 | 413 | 414 | 422 => Self::Validation,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            408 => Self::Timeout,
            409 | 412 => Self::Conflict,
            429 => Self::RateLimited,
            500..=599 => Self::Server,
            _ => Self::Protocol,
        }
    }
}
