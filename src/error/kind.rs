//! What sort of error it is.

use http::StatusCode;

/// The kinds of [`Error`](super::Error) a program may want to treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or an argument is wrong. Nothing was changed at the server; it may have been read.
    Config,
    /// The server could not be reached or the connection broke.
    Transport,
    /// A time limit of this client ran out (or the server answered 408).
    Timeout,
    /// The credentials or the token were refused (401, or an OAuth error of the token endpoint), or a
    /// provider has refused a login.
    Unauthorized,
    /// The token is good but may not do this (403).
    Forbidden,
    /// There is no such object, realm or path (404).
    NotFound,
    /// It exists already, or its state forbids the call (409, 412).
    Conflict,
    /// The server refused what was sent (400, 413, 414, 422).
    Validation,
    /// The server asks to slow down (429).
    RateLimited,
    /// The server failed (5xx).
    Server,
    /// A successful answer does not have the expected shape.
    Decode,
    /// The answer is not one that Keycloak gives here: a redirect, another issuer, a missing header. Or
    /// it is not the answer to this login.
    Protocol,
    /// A token or a signed answer did not pass the checks of this client. A service answers its
    /// caller with 401.
    InvalidToken,
    /// A token or an answer cannot be checked at this moment: the keys of its issuer are still being
    /// fetched, or a bounded memory has no room for its sender. Nothing is said about the token. A
    /// service answers its caller with 503 and, where [`Error::retry_after`](super::Error::retry_after)
    /// is set, with `Retry-After`.
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

    pub(super) fn of(status: StatusCode) -> Self {
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
