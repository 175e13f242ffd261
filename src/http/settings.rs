//! Limits and defaults that hold for every call of one client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

/// How long a call waits for a renewal, unless set.
pub(crate) const RENEWAL_WAIT: Duration = Duration::from_secs(5);

/// Adds headers to a request, in the span of its call.
pub(crate) type HeaderHook = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Settings {
    /// One attempt, from connecting to the last byte of the answer.
    pub(crate) attempt_timeout: Duration,
    /// One call: all attempts, waits and token requests.
    pub(crate) deadline: Duration,
    /// How long a call waits for a renewal of what is at hand.
    pub(crate) renewal_wait: Duration,
    pub(crate) max_retries: u32,
    /// The shortest wait before the first retry.
    pub(crate) first_delay: Duration,
    pub(crate) max_retry_after: Duration,
    pub(crate) max_response_bytes: usize,
    /// Whether the client shows a certificate, as far as is known: a client that was handed in may.
    pub(crate) shows_certificate: bool,
    /// Sent with every request that does not set them itself.
    pub(crate) default_headers: HeaderMap,
    /// Adds the trace context of the caller.
    pub(crate) trace_context: Option<HeaderHook>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            renewal_wait: RENEWAL_WAIT,
            max_retries: 3,
            first_delay: Duration::from_millis(50),
            max_retry_after: Duration::from_secs(30),
            max_response_bytes: 64 << 20,
            shows_certificate: false,
            default_headers: HeaderMap::new(),
            trace_context: None,
        }
    }
}

impl Settings {
    /// Adds the headers that every request has and `headers` does not set itself.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        add_missing(headers, &self.default_headers);
        self.trace(headers);
    }

    /// Adds the caller's trace context only: for other servers than the provider.
    pub(crate) fn trace(&self, headers: &mut HeaderMap) {
        if let Some(hook) = &self.trace_context {
            let mut added = HeaderMap::new();
            hook(&mut added);
            add_missing(headers, &added);
        }
    }
}

fn add_missing(headers: &mut HeaderMap, added: &HeaderMap) {
    for (name, value) in added {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

impl fmt::Debug for Settings {
    // Header values may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("attempt_timeout", &self.attempt_timeout)
            .field("deadline", &self.deadline)
            .field("renewal_wait", &self.renewal_wait)
            .field("max_retries", &self.max_retries)
            .field("max_retry_after", &self.max_retry_after)
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}
