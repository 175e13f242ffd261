//! The crate's error type.

#[cfg(feature = "oidc")]
mod callback_fault;
mod construct;
mod field_error;
mod http_error;
mod json;
mod kind;
#[cfg(any(feature = "admin", feature = "oidc"))]
mod masked;
mod show;
mod text;
pub(crate) mod tls;
#[cfg(feature = "oidc")]
mod token_fault;
#[cfg(feature = "oidc")]
mod uma_fault;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

#[cfg(feature = "oidc")]
use crate::Secret;

#[cfg(feature = "oidc")]
pub use self::callback_fault::CallbackFault;
pub(crate) use self::construct::*;
pub use self::field_error::FieldError;
pub use self::http_error::{HttpError, HttpErrorKind};
pub use self::kind::ErrorKind;
#[cfg(any(feature = "admin", feature = "oidc"))]
pub(crate) use self::masked::{empty_secrets, masked_secrets};
pub(crate) use self::text::clean;
#[cfg(any(test, feature = "oidc"))]
pub(crate) use self::text::is_disruptive;
#[cfg(feature = "oidc")]
pub use self::token_fault::TokenFault;
#[cfg(feature = "oidc")]
pub use self::uma_fault::UmaFault;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong, in which call, and what to do about it.
///
/// Programs act on [`kind`](Self::kind); the other accessors return the details. `Display` writes
/// one line in lower case, without the causes (walk [`source`](std::error::Error::source) for
/// them). Neither `Display` nor `Debug` shows a secret, a token, the query of a URL or the body of
/// a response.
///
/// ```
/// # fn show(result: keycloak_kit::Result<()>) -> keycloak_kit::Result<()> {
/// match result {
///     Err(error) if error.is_conflict() => Ok(()), // it is there already
///     other => other,
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error {
    details: Box<Details>,
}

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    status: Option<StatusCode>,
    operation: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    server_message: Option<String>,
    oauth_code: Option<String>,
    field_errors: Vec<FieldError>,
    hint: Option<Cow<'static, str>>,
    needs: Option<&'static str>,
    source: Option<Source>,
    retry_after: Option<Duration>,
    #[cfg(feature = "oidc")]
    token_fault: Option<TokenFault>,
    #[cfg(feature = "oidc")]
    callback_fault: Option<CallbackFault>,
    #[cfg(feature = "oidc")]
    uma_fault: Option<UmaFault>,
    #[cfg(feature = "oidc")]
    refresh_token: Option<Secret>,
}

impl Error {
    /// Creates the error of a [`TokenSource`](crate::TokenSource) that could not get a token. Its
    /// kind is [`Unauthorized`](ErrorKind::Unauthorized), its cause `source`.
    pub fn token_source(
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        let mut error = unauthorized("the token source failed");
        error.details.source = Some(Arc::from(source.into()));
        error
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.details.kind
    }

    /// The HTTP status, if the server responded.
    pub fn status(&self) -> Option<StatusCode> {
        self.details.status
    }

    /// The call that failed, such as `realm.users.create`.
    pub fn operation(&self) -> Option<&str> {
        self.details.operation.as_deref()
    }

    /// The server's message: `errorMessage`, `error_description` or `error` of the response, at
    /// most 500 characters, without control characters. The text is untrusted.
    pub fn server_message(&self) -> Option<&str> {
        self.details.server_message.as_deref()
    }

    /// The `error` code of an OAuth response, such as `invalid_grant` (RFC 6749 section 5.2).
    pub fn oauth_code(&self) -> Option<&str> {
        self.details.oauth_code.as_deref()
    }

    /// How long the server asks to wait (`Retry-After`), at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// The fields that the server rejected, if it named them.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.details.field_errors
    }

    /// What to check or do, if this crate can tell.
    pub fn hint(&self) -> Option<&str> {
        self.details.hint.as_deref()
    }

    /// The oldest supported Keycloak release that has what this server lacks, such as `26.4.7`: the
    /// endpoint (404 or 405) or a member of the body (400).
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// match kc.realm("demo").organizations().list().await {
    ///     Err(error) if error.needs_keycloak().is_some() => eprintln!("{error}"), // an older server
    ///     other => println!("{} organizations", other?.len()),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn needs_keycloak(&self) -> Option<&'static str> {
        self.details.needs
    }

    /// Whether the object exists already or its state forbids the call (409, 412).
    pub fn is_conflict(&self) -> bool {
        self.details.kind == ErrorKind::Conflict
    }

    /// Whether there is no such object, realm or path (404).
    pub fn is_not_found(&self) -> bool {
        self.details.kind == ErrorKind::NotFound
    }

    /// Whether the token lacks the permission (403).
    pub fn is_forbidden(&self) -> bool {
        self.details.kind == ErrorKind::Forbidden
    }

    /// Whether the credentials or the token were refused.
    pub fn is_unauthorized(&self) -> bool {
        self.details.kind == ErrorKind::Unauthorized
    }

    /// Whether the server rejected the request's data; see [`field_errors`](Self::field_errors).
    pub fn is_validation(&self) -> bool {
        self.details.kind == ErrorKind::Validation
    }

    /// Whether a time limit ran out.
    pub fn is_timeout(&self) -> bool {
        self.details.kind == ErrorKind::Timeout
    }

    /// Whether the server could not be reached or the connection broke.
    pub fn is_transport(&self) -> bool {
        self.details.kind == ErrorKind::Transport
    }

    /// Whether the server asks to slow down (429).
    pub fn is_rate_limited(&self) -> bool {
        self.details.kind == ErrorKind::RateLimited
    }

    /// Whether the server failed (5xx).
    pub fn is_server(&self) -> bool {
        self.details.kind == ErrorKind::Server
    }

    /// Whether a successful response does not have the expected shape.
    pub fn is_decode(&self) -> bool {
        self.details.kind == ErrorKind::Decode
    }

    /// Whether a setting or an argument is wrong. Nothing was changed on the server, though it may
    /// have been read.
    pub fn is_config(&self) -> bool {
        self.details.kind == ErrorKind::Config
    }

    /// Whether a token or a signed response failed this client's checks.
    pub fn is_invalid_token(&self) -> bool {
        self.details.kind == ErrorKind::InvalidToken
    }

    /// Whether a token or a response cannot be checked at the moment; see
    /// [`ErrorKind::Unavailable`].
    pub fn is_unavailable(&self) -> bool {
        self.details.kind == ErrorKind::Unavailable
    }

    /// What is wrong with a token, if this client refused one.
    #[cfg(feature = "oidc")]
    pub fn token_fault(&self) -> Option<TokenFault> {
        self.details.token_fault
    }

    /// What is wrong with the response to a login, if this client refused one.
    #[cfg(feature = "oidc")]
    pub fn callback_fault(&self) -> Option<CallbackFault> {
        self.details.callback_fault
    }

    /// What is wrong in terms of UMA and authorization services, if that is the cause.
    #[cfg(feature = "oidc")]
    pub fn uma_fault(&self) -> Option<UmaFault> {
        self.details.uma_fault
    }

    /// The new refresh token, if [`Oidc::refresh`] received one and then failed for another reason,
    /// such as the ID token. With rotation it is the only valid one: use it for another attempt or
    /// for [`Oidc::logout`].
    ///
    /// [`Oidc::refresh`]: crate::oidc::Oidc::refresh
    /// [`Oidc::logout`]: crate::oidc::Oidc::logout
    #[cfg(feature = "oidc")]
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.details.refresh_token.as_ref()
    }

    /// Whether the same call may succeed later without any change: the connection broke, a time
    /// limit ran out, the server returned 429, 502, 503 or 504, or something cannot be checked at
    /// the moment ([`ErrorKind::Unavailable`]). A rejected certificate does not count. Neither does
    /// a login that the provider has refused, even with `temporarily_unavailable`: start a new
    /// login.
    ///
    /// This does not say whether the failed call was executed. The client has already retried what
    /// is safe to retry.
    pub fn is_retryable(&self) -> bool {
        match self.details.kind {
            ErrorKind::Transport if self.is_tls_refusal() => false,
            ErrorKind::Transport
            | ErrorKind::Timeout
            | ErrorKind::RateLimited
            | ErrorKind::Unavailable => true,
            ErrorKind::Server => {
                matches!(self.details.status.map(|s| s.as_u16()), Some(502..=504))
            }
            _ => false,
        }
    }

    fn is_tls_refusal(&self) -> bool {
        let source = self.details.source.as_deref();
        source
            .and_then(|source| source.downcast_ref::<HttpError>())
            .is_some_and(|source| source.kind() == HttpErrorKind::Tls)
    }
}
