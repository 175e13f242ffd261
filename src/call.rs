//! One call: with a token or without, in a span, until the response is there.
//!
//! Every request of this crate takes this path: `sender.call(&OP).get(url).send()` without a token,
//! `authorized.call(&OP).method(method, url).body(media_type, body).send()` with one.

mod authorized;
mod credential;
mod hint;
mod response_error;
mod role;
mod sending;
mod server_response;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, Method};
use url::Url;

pub(crate) use self::authorized::Authorized;
pub(crate) use self::credential::Credential;
#[cfg(feature = "oidc")]
pub(crate) use self::credential::Renew;
#[cfg(feature = "admin")]
pub(crate) use self::hint::unknown_member;
#[cfg(feature = "admin")]
pub(crate) use self::response_error::without_needs;
pub(crate) use self::response_error::{is_not_keycloaks, response_error};
pub(crate) use self::server_response::ServerResponse;
use crate::error::{Error, Result};
use crate::http::deadline::Deadline;
use crate::http::options::CallOptions;
use crate::http::per_attempt::PerAttempt;
use crate::http::request::HttpRequest;
use crate::http::retry_policy::RetryPolicy;
use crate::http::sender::Sender;
use crate::operation::Operation;

/// Whether a response refuses the token.
pub(crate) type IsRefusal = fn(&ServerResponse, &Operation) -> bool;

/// A call that has no URL yet.
#[must_use]
pub(crate) struct NewCall<'a> {
    sender: &'a Sender,
    op: &'a Operation,
    credential: Credential<'a>,
}

impl Sender {
    /// Starts a call without a token.
    pub(crate) fn call<'a>(&'a self, op: &'a Operation) -> NewCall<'a> {
        NewCall {
            sender: self,
            op,
            credential: Credential::None,
        }
    }
}

impl<'a> NewCall<'a> {
    /// Sets the credential of the call.
    pub(crate) fn with(mut self, credential: Credential<'a>) -> Self {
        self.credential = credential;
        self
    }

    pub(crate) fn get(self, url: Url) -> CallBuilder<'a> {
        self.method(Method::GET, url)
    }

    pub(crate) fn post(self, url: Url) -> CallBuilder<'a> {
        self.method(Method::POST, url)
    }

    pub(crate) fn method(self, method: Method, url: Url) -> CallBuilder<'a> {
        self.request(HttpRequest::new(method, url))
    }

    pub(crate) fn request(self, request: HttpRequest) -> CallBuilder<'a> {
        let sender = self.sender;
        CallBuilder {
            retry: RetryPolicy::of(&request.method),
            max_bytes: sender.max_response_bytes(),
            deadline: None,
            total: sender.total(),
            per_attempt: None,
            is_refusal: sending::is_unauthorized,
            elsewhere: false,
            failed: None,
            start: self,
            request,
        }
    }
}

/// A call under construction. An invalid value of a setter is reported when the call is sent.
#[must_use]
pub(crate) struct CallBuilder<'a> {
    start: NewCall<'a>,
    request: HttpRequest,
    retry: RetryPolicy,
    max_bytes: usize,
    deadline: Option<Deadline>,
    total: Duration,
    per_attempt: Option<&'a dyn PerAttempt>,
    is_refusal: IsRefusal,
    elsewhere: bool,
    failed: Option<Error>,
}

impl<'a> CallBuilder<'a> {
    pub(crate) fn headers(mut self, headers: HeaderMap) -> Self {
        self.request.headers.extend(headers);
        self
    }

    pub(crate) fn accept(mut self, media_types: &'static str) -> Self {
        let accepted = HeaderValue::from_static(media_types);
        self.request.headers.insert(ACCEPT, accepted);
        self
    }

    /// Adds parameters to the query.
    pub(crate) fn query<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: &[(K, V)]) -> Self {
        if !pairs.is_empty() {
            self.request.url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    pub(crate) fn body(mut self, media_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.request.set_body(media_type, body);
        self
    }

    /// Applies the options that the caller has set for this call.
    pub(crate) fn options(mut self, options: &CallOptions) -> Self {
        if let Err(error) = options.check(self.start.op) {
            self.failed.get_or_insert(error);
        }
        for (name, value) in &options.headers {
            self.request.headers.insert(name, value.clone());
        }
        if let Some(total) = options.timeout {
            self.total = total;
        }
        if options.single_use {
            self.retry = RetryPolicy::SINGLE_USE;
        } else if options.harmless_twice && self.request.method == Method::POST {
            self.retry = RetryPolicy::HARMLESS;
        }
        self.deadline = options.deadline.or(self.deadline);
        self
    }

    /// Sets after which failures the call is sent again; the default depends on the method.
    pub(crate) fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Ends the call at a deadline that is already running.
    pub(crate) fn within(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Limits the size of the response.
    pub(crate) fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// Completes the request before each attempt.
    pub(crate) fn per_attempt(mut self, per_attempt: &'a dyn PerAttempt) -> Self {
        self.per_attempt = Some(per_attempt);
        self
    }

    /// Recognizes a refused token by something other than status 401.
    pub(crate) fn refused_by(mut self, is_refusal: IsRefusal) -> Self {
        self.is_refusal = is_refusal;
        self
    }

    /// Marks a call to a server other than the provider. The headers set for every request may be
    /// secrets between this client and the provider, so they are not sent.
    pub(crate) fn elsewhere(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// Sends the call and returns a response of any status but 3xx. A refused token is replaced
    /// once.
    pub(crate) async fn send(self) -> Result<ServerResponse> {
        sending::send(self).await
    }

    /// Like [`send`](Self::send), but a status outside 2xx is an error.
    pub(crate) async fn succeed(self) -> Result<ServerResponse> {
        let op = self.start.op;
        self.send().await?.success(op)
    }
}
