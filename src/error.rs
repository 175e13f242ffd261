//! The one error type of this crate.

#[cfg(feature = "oidc")]
mod callback_fault;
mod construct;
mod field_error;
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
pub use self::kind::ErrorKind;
#[cfg(any(feature = "admin", feature = "oidc"))]
pub(crate) use self::masked::{empty_secrets, masked_secrets};
pub(crate) use self::text::clean;
#[cfg(feature = "oidc")]
pub(crate) use self::text::is_disruptive;
#[cfg(feature = "oidc")]
pub use self::token_fault::TokenFault;
#[cfg(feature = "oidc")]
pub use self::uma_fault::UmaFault;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong, with which call, and what to do about it.
///
/// [`kind`](Self::kind) says what a program can act on, the other accessors give the details.
/// `Display` is one line in lower case without the text of the causes (walk
/// [`source`](std::error::Error::source) for these). Neither `Display` nor `Debug` ever shows a
/// secret, a token, a URL with its query or the body of an answer.
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
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
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
    /// The error of a [`TokenSource`](crate::TokenSource) that could not get a token, of kind
    /// [`Unauthorized`](ErrorKind::Unauthorized). `source` becomes the cause.
    pub fn token_source(
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        let mut error = unauthorized("the token source failed");
        error.inner.source = Some(Arc::from(source.into()));
        error
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The HTTP status, when the server answered.
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// The call that failed, such as `realm.users.create`.
    pub fn operation(&self) -> Option<&str> {
        self.inner.operation.as_deref()
    }

    /// What the server said: its `errorMessage`, `error_description` or `error`, without control
    /// characters and at most 500 characters long. Untrusted text.
    pub fn server_message(&self) -> Option<&str> {
        self.inner.server_message.as_deref()
    }

    /// The `error` code of an OAuth answer, such as `invalid_grant` (RFC 6749 section 5.2).
    pub fn oauth_code(&self) -> Option<&str> {
        self.inner.oauth_code.as_deref()
    }

    /// How long the server asked to wait (`Retry-After`), at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// The fields the server refused, when it named them.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.inner.field_errors
    }

    /// What to check or to do, where this crate can tell.
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The oldest supported Keycloak release that has what this server lacks, such as `26.4.7`: the
    /// endpoint of the call (404 or 405), or the member it did not recognise (400).
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
        self.inner.needs
    }

    /// 409 or 412: it exists already, or its state forbids the call.
    pub fn is_conflict(&self) -> bool {
        self.inner.kind == ErrorKind::Conflict
    }

    /// 404: no such object, realm or path.
    pub fn is_not_found(&self) -> bool {
        self.inner.kind == ErrorKind::NotFound
    }

    /// 403: the token may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.inner.kind == ErrorKind::Forbidden
    }

    /// The credentials or the token were refused.
    pub fn is_unauthorized(&self) -> bool {
        self.inner.kind == ErrorKind::Unauthorized
    }

    /// The server refused what was sent; see [`field_errors`](Self::field_errors).
    pub fn is_validation(&self) -> bool {
        self.inner.kind == ErrorKind::Validation
    }

    /// A time limit ran out.
    pub fn is_timeout(&self) -> bool {
        self.inner.kind == ErrorKind::Timeout
    }

    /// The server could not be reached or the connection broke.
    pub fn is_transport(&self) -> bool {
        self.inner.kind == ErrorKind::Transport
    }

    /// 429: the server asks to slow down.
    pub fn is_rate_limited(&self) -> bool {
        self.inner.kind == ErrorKind::RateLimited
    }

    /// 5xx: the server failed.
    pub fn is_server(&self) -> bool {
        self.inner.kind == ErrorKind::Server
    }

    /// A successful answer does not have the expected shape.
    pub fn is_decode(&self) -> bool {
        self.inner.kind == ErrorKind::Decode
    }

    /// A setting or an argument is wrong. Nothing was changed at the server; it may have been read.
    pub fn is_config(&self) -> bool {
        self.inner.kind == ErrorKind::Config
    }

    /// A token or a signed answer did not pass the checks of this client.
    pub fn is_invalid_token(&self) -> bool {
        self.inner.kind == ErrorKind::InvalidToken
    }

    /// A token or an answer cannot be checked at this moment; see
    /// [`ErrorKind::Unavailable`].
    pub fn is_unavailable(&self) -> bool {
        self.inner.kind == ErrorKind::Unavailable
    }

    /// What is wrong with a token, when that is what went wrong.
    #[cfg(feature = "oidc")]
    pub fn token_fault(&self) -> Option<TokenFault> {
        self.inner.token_fault
    }

    /// What is wrong with the answer to a login, when that is what went wrong.
    #[cfg(feature = "oidc")]
    pub fn callback_fault(&self) -> Option<CallbackFault> {
        self.inner.callback_fault
    }

    /// What is wrong in the terms of UMA and authorization services, when that is what went wrong.
    #[cfg(feature = "oidc")]
    pub fn uma_fault(&self) -> Option<UmaFault> {
        self.inner.uma_fault
    }

    /// The refresh token of an answer to [`Oidc::refresh`] that was refused for something else,
    /// such as its ID token: with rotation it is the only one that is good now, for another
    /// attempt or for [`Oidc::logout`].
    ///
    /// [`Oidc::refresh`]: crate::oidc::Oidc::refresh
    /// [`Oidc::logout`]: crate::oidc::Oidc::logout
    #[cfg(feature = "oidc")]
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.inner.refresh_token.as_ref()
    }

    /// Whether the same call may succeed later without any change: the connection broke, a time
    /// limit ran out, the server answered 429, 502, 503 or 504, or something cannot be checked at
    /// this moment ([`ErrorKind::Unavailable`]). A refused certificate is not among them, and neither
    /// is a login that the provider has refused, also with `temporarily_unavailable`: a new login
    /// has to be started.
    ///
    /// This says nothing about whether the failed call was executed. The client itself has
    /// already retried what is safe to retry.
    pub fn is_retryable(&self) -> bool {
        match self.inner.kind {
            ErrorKind::Transport if self.is_tls_refusal() => false,
            ErrorKind::Transport
            | ErrorKind::Timeout
            | ErrorKind::RateLimited
            | ErrorKind::Unavailable => true,
            ErrorKind::Server => {
                matches!(self.inner.status.map(|s| s.as_u16()), Some(502..=504))
            }
            _ => false,
        }
    }

    fn is_tls_refusal(&self) -> bool {
        let source = self.inner.source.as_deref();
        source
            .and_then(|source| source.downcast_ref::<reqwest::Error>())
            .is_some_and(tls::is_refusal)
    }
}
