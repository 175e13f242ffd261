//! Limits and headers of every call of one client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderValue, USER_AGENT};

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("keycloak-kit/", env!("CARGO_PKG_VERSION")));

/// The longest wait for a renewal, unless set.
pub(crate) const RENEWAL_WAIT: Duration = Duration::from_secs(5);

/// Adds headers to a request. It runs in the span of the call.
pub(super) type HeaderHook = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

#[derive(Clone)]
pub(super) struct Settings {
    /// One attempt, from connecting to the last byte of the response.
    pub(super) attempt_timeout: Duration,
    /// One call: all attempts, waits and token requests.
    pub(super) deadline: Duration,
    /// The longest wait for the renewal of a document that is at hand.
    pub(super) renewal_wait: Duration,
    pub(super) max_retries: u32,
    /// The shortest wait before the first retry.
    pub(super) first_delay: Duration,
    pub(super) max_retry_after: Duration,
    pub(super) max_response_bytes: usize,
    /// Whether the client may show a certificate.
    pub(super) shows_certificate: bool,
    /// Headers of every request to the provider that does not set them itself.
    pub(super) default_headers: HeaderMap,
    /// Adds the caller's trace context.
    pub(super) trace_context: Option<HeaderHook>,
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
    /// Adds the headers of every request to the provider, except those that `headers` has.
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        add_missing(headers, &self.default_headers);
        self.complete_elsewhere(headers);
    }

    /// Adds the headers of a request to another server: the caller's trace context.
    pub(super) fn complete_elsewhere(&self, headers: &mut HeaderMap) {
        headers.entry(USER_AGENT).or_insert(AGENT);
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
