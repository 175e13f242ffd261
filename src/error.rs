//! The one error type of this crate.

mod body;
#[cfg(feature = "oidc")]
mod callback_fault;
mod challenge;
mod field_error;
mod hint;
mod http_error;
mod json;
mod kind;
#[cfg(any(feature = "admin", feature = "oidc"))]
mod masked;
mod retry_after;
mod role;
mod show;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
#[cfg(feature = "oidc")]
mod token_fault;
#[cfg(feature = "oidc")]
mod uma_fault;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

#[cfg(feature = "oidc")]
use crate::Secret;
use crate::operation::Operation;

#[cfg(feature = "admin")]
pub(crate) use self::body::UNRECOGNISED;
#[cfg(feature = "oidc")]
pub(crate) use self::body::is_disruptive;
pub(crate) use self::body::{ServerAnswer, clean};
#[cfg(feature = "oidc")]
pub use self::callback_fault::CallbackFault;
pub use self::field_error::FieldError;
#[cfg(test)]
pub(crate) use self::hint::feature as feature_hint;
pub use self::http_error::{HttpError, HttpErrorKind};
pub use self::kind::ErrorKind;
#[cfg(any(feature = "admin", feature = "oidc"))]
pub(crate) use self::masked::{empty_secrets, masked_secrets};
pub(crate) use self::retry_after::retry_after;
pub(crate) use self::role::{issuing_realm, missing_role};
#[cfg(feature = "oidc")]
pub use self::token_fault::TokenFault;
#[cfg(feature = "oidc")]
pub use self::uma_fault::UmaFault;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A server that asks for more than this is taken at this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

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
    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                status: None,
                operation: None,
                message: message.into(),
                server_message: None,
                oauth_code: None,
                field_errors: Vec::new(),
                hint: None,
                needs: None,
                source: None,
                retry_after: None,
                #[cfg(feature = "oidc")]
                token_fault: None,
                #[cfg(feature = "oidc")]
                callback_fault: None,
                #[cfg(feature = "oidc")]
                uma_fault: None,
                #[cfg(feature = "oidc")]
                refresh_token: None,
            }),
        }
    }

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

    /// Of a client that sends no token.
    #[cfg_attr(not(feature = "admin"), allow(dead_code))]
    pub(crate) fn of_anonymous(self) -> Self {
        if self.is_unauthorized() {
            self.with_hint(hint::NO_CREDENTIALS)
        } else {
            self
        }
    }

    fn is_tls_refusal(&self) -> bool {
        let source = self.inner.source.as_deref();
        source
            .and_then(|source| source.downcast_ref::<HttpError>())
            .is_some_and(|source| source.kind() == HttpErrorKind::Tls)
    }

    /// The error of an answer outside 2xx. Reads every shape of body that Keycloak sends.
    pub(crate) fn from_response(
        op: &Operation,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let answer = ServerAnswer::read(headers, body);
        let mut error = Self::new(ErrorKind::of(status), answer.summary()).with_operation(op);
        let message = answer.message.as_deref();
        let hint = match status.as_u16() {
            401 => Some(Cow::Borrowed(hint::REFUSED_TOKEN)),
            403 => missing_role(op.method, op.path, None).map(Cow::Owned),
            404 | 405 => {
                error.inner.needs = hint::lacking(op, status, message, answer.old_wording);
                hint::unknown_path(error.inner.needs, op.path)
                    .filter(|_| {
                        error.inner.needs.is_some() || hint::is_unknown_path(status, message)
                    })
                    .or_else(|| hint::feature(status, message, op.path))
                    .map(Cow::Owned)
            }
            400 if hint::lacking(op, status, message, answer.old_wording).is_some() => {
                error.inner.needs = op.since;
                hint::unknown_path(op.since, op.path).map(Cow::Owned)
            }
            400 => {
                let (ty, member) = (answer.unknown_in.as_deref(), answer.unknown_member());
                error.inner.needs = member.and_then(|member| hint::member_since(ty, member));
                member.map(|member| {
                    Cow::Owned(match error.inner.needs {
                        Some(release) => format!(
                            "leave {member} out, or use Keycloak {release} or newer, which has it"
                        ),
                        None => format!("this server does not have {member}: leave it out"),
                    })
                })
                .or_else(|| hint::feature(status, message, op.path).map(Cow::Owned))
            }
            _ => hint::feature(status, message, op.path).map(Cow::Owned),
        };
        error.inner.hint = hint.or_else(|| answer.foreign.map(Cow::Borrowed));
        error.inner.status = Some(status);
        error.inner.retry_after = retry_after::retry_after(headers, LONGEST_WAIT);
        error.inner.server_message = answer.message;
        error.inner.oauth_code = answer.code;
        error.inner.field_errors = answer.fields;
        error
    }

    /// Whether the answer was taken for a proxy's, or another server's.
    pub(crate) fn is_not_keycloaks(&self) -> bool {
        self.inner.hint.as_deref() == Some(body::NOT_KEYCLOAK)
    }

    /// Whether the endpoint of the call is what the server lacks, as far as its answer tells.
    #[cfg(feature = "admin")]
    pub(crate) fn is_about_the_endpoint(&self) -> bool {
        self.inner.needs.is_some() && self.inner.field_errors.is_empty()
    }

    /// Of a server that is new enough to have the endpoint, whatever its answer looks like.
    #[cfg(feature = "admin")]
    pub(crate) fn of_a_newer_server(mut self, op: &Operation) -> Self {
        self.inner.needs = None;
        self.inner.hint = hint::unknown_path(None, op.path).map(Cow::Owned);
        self
    }

    /// Names the release that has what the server lacks.
    #[cfg(feature = "admin")]
    pub(crate) fn with_needs(mut self, release: Option<&'static str>) -> Self {
        self.inner.needs = release;
        self
    }

    /// Names the members that were refused; `Display` shows them where the server named others.
    #[cfg(feature = "admin")]
    pub(crate) fn with_field_errors(mut self, fields: Vec<FieldError>) -> Self {
        if !self.inner.field_errors.is_empty() {
            self.inner.message = body::fields_line(&fields).into();
        }
        self.inner.field_errors = fields;
        self
    }

    /// Names the call this error belongs to.
    pub(crate) fn with_operation(mut self, op: &Operation) -> Self {
        self.inner.operation = Some(Cow::Borrowed(op.name));
        self
    }

    /// Names a call that is not one of the table.
    pub(crate) fn with_operation_name(mut self, name: String) -> Self {
        self.inner.operation = Some(Cow::Owned(name));
        self
    }

    /// Names the call, unless a more precise one is named already.
    pub(crate) fn or_operation(self, op: &Operation) -> Self {
        if self.inner.operation.is_some() {
            self
        } else {
            self.with_operation(op)
        }
    }

    /// Of another server than the provider, of which its hints say nothing.
    #[cfg(feature = "oidc")]
    pub(crate) fn without_hint(mut self) -> Self {
        self.inner.hint = None;
        self
    }

    /// Says what to check or to do.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.inner.kind = kind;
        self
    }

    /// An OAuth error that this client found out itself.
    #[cfg(feature = "oidc")]
    pub(crate) fn with_oauth_code(mut self, code: impl Into<String>) -> Self {
        self.inner.oauth_code = Some(code.into());
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_server_message(mut self, message: Option<String>) -> Self {
        self.inner.server_message = message;
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_refresh_token(mut self, token: Option<Secret>) -> Self {
        self.inner.refresh_token = token;
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_callback_fault(mut self, fault: CallbackFault) -> Self {
        self.inner.callback_fault = Some(fault);
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_uma_fault(mut self, fault: UmaFault) -> Self {
        self.inner.uma_fault = Some(fault);
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.inner.status = Some(status);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }
}

/// A setting is wrong. `message` says which one and what to write instead.
pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// The answer is none that Keycloak gives here.
pub(crate) fn protocol(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

/// A token did not pass a check. `message` says which one and never quotes the token.
#[cfg(feature = "oidc")]
pub(crate) fn invalid_token(fault: TokenFault, message: impl Into<Cow<'static, str>>) -> Error {
    let mut error = Error::new(ErrorKind::InvalidToken, message);
    error.inner.token_fault = Some(fault);
    error
}

/// The answer to a login is refused. `message` says why and never quotes it.
#[cfg(feature = "oidc")]
pub(crate) fn refused_callback(
    fault: CallbackFault,
    message: impl Into<Cow<'static, str>>,
) -> Error {
    protocol(message).with_callback_fault(fault)
}

/// Something cannot be checked at this moment. `retry_after` is when to try again, where that is known.
#[cfg(feature = "oidc")]
pub(crate) fn unavailable(
    message: impl Into<Cow<'static, str>>,
    retry_after: Option<Duration>,
) -> Error {
    let mut error = Error::new(ErrorKind::Unavailable, message);
    error.inner.retry_after = retry_after;
    error
}

/// The credentials or the token are no good.
pub(crate) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unauthorized, message)
}

/// A successful answer is not the expected JSON. Only the place and the kind of the fault are
/// kept: what the answer holds may be secret.
pub(crate) fn decode(
    op: &Operation,
    path_in_json: Option<&str>,
    source: &serde_json::Error,
) -> Error {
    let fault = json::Fault::new(path_in_json, source);
    Error::new(ErrorKind::Decode, fault.summary())
        .with_operation(op)
        .with_source(fault)
}

/// A successful answer has the wrong shape for a reason that is no JSON fault.
pub(crate) fn unexpected_body(op: &Operation, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Decode, message).with_operation(op)
}

/// The request failed below HTTP.
pub(crate) fn transport(op: &Operation, source: HttpError) -> Error {
    let (kind, message) = match source.kind() {
        HttpErrorKind::ConnectTimeout => (
            ErrorKind::Timeout,
            "could not connect within the time limit",
        ),
        HttpErrorKind::Timeout => (
            ErrorKind::Timeout,
            "no answer within the time limit of the HTTP client",
        ),
        HttpErrorKind::Tls => (
            ErrorKind::Transport,
            "the TLS handshake with the server failed",
        ),
        HttpErrorKind::Connect => (ErrorKind::Transport, "could not connect to the server"),
        HttpErrorKind::Request => (ErrorKind::Config, "the request could not be built"),
        HttpErrorKind::Interrupted => (
            ErrorKind::Transport,
            "the connection broke before the answer was complete",
        ),
    };
    let mut error = Error::new(kind, message).with_operation(op);
    match source.kind() {
        HttpErrorKind::Tls => error = error.with_hint(tls::hint(&source)),
        HttpErrorKind::Connect | HttpErrorKind::ConnectTimeout => {
            error = error.with_hint(hint::UNREACHABLE);
        }
        _ => {}
    }
    error.with_source(source)
}

/// The total time of a call, retries and waits included, ran out.
pub(crate) fn timeout(op: &Operation, after: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("not done within {after:?}, retries included"),
    )
    .with_operation(op)
}

/// One attempt took too long.
pub(crate) fn attempt_timeout(op: &Operation, after: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("no answer within {after:?}")).with_operation(op)
}

/// An argument cannot be sent; nothing was.
pub(crate) fn invalid_argument(op: &Operation, what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, what).with_operation(op)
}
