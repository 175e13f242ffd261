//! Spans and events; nothing without the feature `tracing`.
//!
//! They hold names, methods, path templates and numbers. Never a URL, a body or a token.

use std::future::Future;
use std::time::Duration;

use crate::operation::Operation;

/// The span of one operation.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl Span {
    pub(crate) fn operation(op: &Operation) -> Self {
        let span = tracing::info_span!(
            "keycloak",
            operation = op.name,
            http.request.method = op.method,
            url.template = op.path,
            http.response.status_code = tracing::field::Empty,
            attempts = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        Self { span }
    }

    pub(crate) fn end(&self, status: Option<u16>, attempts: u32, elapsed: Duration) {
        if let Some(status) = status {
            self.span.record("http.response.status_code", status);
        }
        self.span.record("attempts", attempts);
        self.span.record(
            "elapsed_ms",
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        );
    }

    pub(crate) fn wrap<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::instrument(future, self.span)
    }
}

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn operation(_: &Operation) -> Self {
        Self {}
    }

    #[allow(clippy::unused_self)]
    pub(crate) fn end(&self, _: Option<u16>, _: u32, _: Duration) {}

    pub(crate) fn wrap<F: Future>(self, future: F) -> F {
        future
    }
}

/// Records that a request is about to be sent again.
pub(crate) fn retry(op: &Operation, attempt: u32, delay: Duration, reason: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::debug!(operation = op.name, attempt, ?delay, reason, "retry");
    #[cfg(not(feature = "tracing"))]
    let _ = (op, attempt, delay, reason);
}

/// Puts a future into the current span, for work that goes on in its own task.
pub(crate) fn inherited<F: Future>(future: F) -> impl Future<Output = F::Output> {
    #[cfg(feature = "tracing")]
    return tracing::Instrument::in_current_span(future);
    #[cfg(not(feature = "tracing"))]
    future
}

/// Records that a token was obtained, was dropped or could not be obtained.
pub(crate) fn token(what: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::debug!(event = what, "token");
    #[cfg(not(feature = "tracing"))]
    let _ = what;
}
