//! A value with the status and headers of its response.

use std::fmt;

use http::{HeaderMap, StatusCode};

/// A decoded response with its status and headers, as `send()` returns it; a plain `.await` returns
/// only the value.
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    value: T,
}

/// Status and headers of a response whose value has not been read yet.
#[derive(Clone, Default)]
#[cfg_attr(not(feature = "oidc"), allow(dead_code))]
pub(crate) struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

#[cfg_attr(not(feature = "oidc"), allow(dead_code))]
impl Head {
    pub(crate) fn of<B>(response: &http::Response<B>) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
        }
    }

    pub(crate) fn with<T>(self, value: T) -> Response<T> {
        Response::new(self.status, self.headers, value)
    }
}

impl<T> Response<T> {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, value: T) -> Self {
        Self {
            status,
            headers,
            value,
        }
    }

    /// The HTTP status: 2xx, or 404 if a `find` found nothing.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The decoded value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Returns the decoded value.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Replaces the value, and keeps status and headers.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            status: self.status,
            headers: self.headers,
            value: change(self.value),
        }
    }

    /// Returns status, headers and value.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, T) {
        (self.status, self.headers, self.value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    // Header values may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field(
                "headers",
                &self.headers.keys().map(|k| k.as_str()).collect::<Vec<_>>(),
            )
            .field("value", &self.value)
            .finish()
    }
}
