//! A value with the answer it came in.

use std::fmt;

use http::{HeaderMap, StatusCode};

/// A decoded answer with its status and headers: what `send()` gives where a plain `.await` gives
/// the value alone.
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    value: T,
}

/// Status and headers of an answer whose value is still to be read.
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

    /// The HTTP status: 2xx, or 404 of a `find` that found nothing.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The decoded value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The decoded value alone.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Makes another value of it, and keeps status and headers.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            status: self.status,
            headers: self.headers,
            value: change(self.value),
        }
    }

    /// Status, headers and value.
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
