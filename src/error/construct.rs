//! How the crate's modules construct an [`Error`].

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

#[cfg(feature = "oidc")]
use super::{CallbackFault, TokenFault, UmaFault};
use super::{Details, Error, ErrorKind, FieldError, HttpError, HttpErrorKind, json, tls};
#[cfg(feature = "oidc")]
use crate::Secret;
use crate::operation::Operation;

const UNREACHABLE: &str = "check that the server runs, the base URL, the port and the proxy";

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            details: Box::new(Details {
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

    /// Sets the release that has what the server lacks.
    pub(crate) fn with_needs(mut self, release: Option<&'static str>) -> Self {
        self.details.needs = release;
        self
    }

    /// Sets the rejected members. If the error had others, `Display` shows the new ones.
    pub(crate) fn with_field_errors(mut self, fields: Vec<FieldError>) -> Self {
        if !self.details.field_errors.is_empty() {
            self.details.message = FieldError::in_one_line(&fields).into();
        }
        self.details.field_errors = fields;
        self
    }

    /// Sets the call that failed.
    pub(crate) fn with_operation(mut self, op: &Operation) -> Self {
        self.details.operation = Some(Cow::Borrowed(op.name));
        self
    }

    /// Sets the name of a call that has no [`Operation`] of its own.
    pub(crate) fn with_operation_name(mut self, name: String) -> Self {
        self.details.operation = Some(Cow::Owned(name));
        self
    }

    /// Sets the call that failed, unless a more precise one is set already.
    pub(crate) fn or_operation(self, op: &Operation) -> Self {
        if self.details.operation.is_some() {
            self
        } else {
            self.with_operation(op)
        }
    }

    /// Drops the hint, which does not apply.
    #[cfg(any(feature = "admin", feature = "oidc"))]
    pub(crate) fn without_hint(mut self) -> Self {
        self.details.hint = None;
        self
    }

    /// Sets what to check or do.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.details.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.details.kind = kind;
        self
    }

    /// Sets the code of an OAuth error.
    pub(crate) fn with_oauth_code(mut self, code: impl Into<String>) -> Self {
        self.details.oauth_code = Some(code.into());
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.details.retry_after = wait;
        self
    }

    pub(crate) fn with_server_message(mut self, message: Option<String>) -> Self {
        self.details.server_message = message;
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_refresh_token(mut self, token: Option<Secret>) -> Self {
        self.details.refresh_token = token;
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_callback_fault(mut self, fault: CallbackFault) -> Self {
        self.details.callback_fault = Some(fault);
        self
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn with_uma_fault(mut self, fault: UmaFault) -> Self {
        self.details.uma_fault = Some(fault);
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.details.status = Some(status);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.details.source = Some(Arc::new(source));
        self
    }
}

/// An invalid setting. `message` says which one and what to write instead.
pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// A response that Keycloak does not send here.
pub(crate) fn protocol(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

/// A token that failed a check. `message` says which one and never quotes the token.
#[cfg(feature = "oidc")]
pub(crate) fn invalid_token(fault: TokenFault, message: impl Into<Cow<'static, str>>) -> Error {
    let mut error = Error::new(ErrorKind::InvalidToken, message);
    error.details.token_fault = Some(fault);
    error
}

/// A refused response to a login. `message` says why and never quotes the response.
#[cfg(feature = "oidc")]
pub(crate) fn refused_callback(
    fault: CallbackFault,
    message: impl Into<Cow<'static, str>>,
) -> Error {
    protocol(message).with_callback_fault(fault)
}

/// Something that cannot be checked at the moment. `retry_after` is when to try again, if known.
#[cfg(feature = "oidc")]
pub(crate) fn unavailable(
    message: impl Into<Cow<'static, str>>,
    retry_after: Option<Duration>,
) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_retry_after(retry_after)
}

/// Credentials or a token that were refused.
pub(crate) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unauthorized, message)
}

/// A successful response that is not the expected JSON. Keeps only the place and the kind of the
/// fault, because the content may be secret.
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

/// A successful response of the wrong shape, for a reason other than its JSON.
pub(crate) fn unexpected_body(op: &Operation, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Decode, message).with_operation(op)
}

/// A failure below HTTP. Removes the URL from the source, because its query may be secret.
pub(crate) fn transport(op: &Operation, source: HttpError) -> Error {
    let (kind, message) = match source.kind() {
        HttpErrorKind::ConnectTimeout => (
            ErrorKind::Timeout,
            "could not connect within the time limit",
        ),
        HttpErrorKind::Timeout => (
            ErrorKind::Timeout,
            "no response within the time limit of the HTTP client",
        ),
        HttpErrorKind::Tls => (
            ErrorKind::Transport,
            "the TLS handshake with the server failed",
        ),
        HttpErrorKind::Connect => (ErrorKind::Transport, "could not connect to the server"),
        HttpErrorKind::Request => (ErrorKind::Config, "the request could not be built"),
        HttpErrorKind::Interrupted => (
            ErrorKind::Transport,
            "the connection broke before the response was complete",
        ),
    };
    let mut error = Error::new(kind, message).with_operation(op);
    match source.kind() {
        HttpErrorKind::Tls => error = error.with_hint(tls::hint(&source)),
        HttpErrorKind::Connect | HttpErrorKind::ConnectTimeout => {
            error = error.with_hint(UNREACHABLE);
        }
        _ => {}
    }
    error.with_source(source)
}

/// The total time of a call ran out, retries and waits included.
pub(crate) fn timeout(op: &Operation, after: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("not done within {after:?}, retries included"),
    )
    .with_operation(op)
}

/// A single attempt took too long.
pub(crate) fn attempt_timeout(op: &Operation, after: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("no response within {after:?}")).with_operation(op)
}

/// An argument that cannot be sent. No request was sent.
pub(crate) fn invalid_argument(op: &Operation, what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, what).with_operation(op)
}
