//! Why an HTTP service has no response.

use std::error::Error;
use std::fmt;

type Source = Box<dyn Error + Send + Sync>;

/// Why an [`HttpService`](crate::HttpService) has no response to a request.
///
/// The [kind](HttpErrorKind) decides whether the request may be sent again. `Display` and
/// [`source`](Error::source) are those of the error it was made from, which must show no secret: no
/// URL with a query, no header value.
#[derive(Debug)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Source,
}

/// What an HTTP service met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection was made: the server has seen nothing of the request. Safe to try again.
    Connect,
    /// No connection was made within the time limit for connecting. Safe to try again.
    ConnectTimeout,
    /// The TLS handshake failed, because of a certificate for example. Trying again does not help.
    Tls,
    /// No response came within a time limit of the service. The server may have executed the
    /// request.
    Timeout,
    /// The service cannot send this request. Trying again does not help.
    Request,
    /// The connection broke after sending began, or before the body was complete. The server may
    /// have executed the request. Also fits a failure that nothing more is known of.
    Interrupted,
}

impl HttpError {
    /// Creates an error of `kind` with its cause: another error or a text.
    pub fn new(kind: HttpErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    /// Returns what the service met.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
