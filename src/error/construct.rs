//! How the modules of the crate make an [`Error`].

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

#[cfg(feature = "oidc")]
use super::{CallbackFault, TokenFault, UmaFault};
use super::{Error, ErrorKind, FieldError, Inner, json, tls};
#[cfg(feature = "oidc")]
use crate::Secret;
use crate::operation::Operation;

const UNREACHABLE: &str = "check that the server runs, the base URL, the port and the proxy";

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
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

    /// Names the release that has what the server lacks.
    pub(crate) fn with_needs(mut self, release: Option<&'static str>) -> Self {
        self.inner.needs = release;
        self
    }

    /// Names the members that were refused; `Display` shows them where the server named others.
    pub(crate) fn with_field_errors(mut self, fields: Vec<FieldError>) -> Self {
        if !self.inner.field_errors.is_empty() {
            self.inner.message = FieldError::in_one_line(&fields).into();
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
    #[cfg(any(feature = "admin", feature = "oidc"))]
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
    pub(crate) fn with_oauth_code(mut self, code: impl Into<String>) -> Self {
        self.inner.oauth_code = Some(code.into());
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.inner.retry_after = wait;
        self
    }

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
    Error::new(ErrorKind::Unavailable, message).with_retry_after(retry_after)
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

/// The request failed below HTTP. The URL is taken out of the source: its query may be secret.
pub(crate) fn transport(op: &Operation, source: reqwest::Error) -> Error {
    let (kind, message) = if source.is_connect() && source.is_timeout() {
        (
            ErrorKind::Timeout,
            "could not connect within the time limit",
        )
    } else if source.is_timeout() {
        (
            ErrorKind::Timeout,
            "no answer within the time limit of the HTTP client",
        )
    } else if tls::is_refusal(&source) {
        (
            ErrorKind::Transport,
            "the TLS handshake with the server failed",
        )
    } else if source.is_connect() {
        (ErrorKind::Transport, "could not connect to the server")
    } else if source.is_builder() {
        (ErrorKind::Config, "the request could not be built")
    } else {
        (
            ErrorKind::Transport,
            "the connection broke before the answer was complete",
        )
    };
    let mut error = Error::new(kind, message).with_operation(op);
    if tls::is_refusal(&source) {
        error = error.with_hint(tls::hint(&source));
    } else if source.is_connect() {
        error = error.with_hint(UNREACHABLE);
    }
    error.with_source(source.without_url())
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
