//! Sends a request until there is a response, or until another attempt is pointless or unsafe.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, Method, Response, StatusCode};
use url::Url;

use super::addresses::Addresses;
use super::backoff;
use super::budget::Budget;
use super::deadline::Deadline;
use super::per_attempt::PerAttempt;
use super::request::HttpRequest;
use super::retry_after::retry_after;
use super::retry_policy::{Failure, RetryPolicy};
use super::service::HttpService;
use super::settings::Settings;
use super::trace;
use crate::error::{self, Error, HttpError, Result};
use crate::operation::Operation;

/// The largest response of an OAuth endpoint: anything larger is rejected.
pub(crate) const OAUTH_LIMIT: usize = 1 << 20;

/// An HTTP service with the limits of its client.
pub(crate) struct Sender {
    service: Arc<dyn HttpService>,
    addresses: Addresses,
    settings: Settings,
    budget: Budget,
}

/// A response of any status but 3xx, and how it was obtained.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) response: Response<Bytes>,
    pub(crate) attempts: u32,
    /// Whether the server may have executed an earlier attempt whose response was lost.
    pub(crate) may_be_done: bool,
}

/// The settings of all attempts at one request.
#[derive(Clone, Copy)]
pub(crate) struct Attempts<'a> {
    pub(crate) op: &'a Operation,
    /// Completes the request before each attempt.
    pub(crate) per_attempt: Option<&'a dyn PerAttempt>,
    pub(crate) retry: RetryPolicy,
    /// The largest response that is read.
    pub(crate) max_bytes: usize,
    pub(crate) deadline: Deadline,
}

struct Failed {
    why: Failure,
    error: Error,
}

impl Sender {
    pub(super) fn new(
        service: Arc<dyn HttpService>,
        addresses: Addresses,
        settings: Settings,
    ) -> Self {
        Self {
            service,
            addresses,
            settings,
            budget: Budget::full(),
        }
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Returns the total time of a call that does not set its own.
    pub(crate) fn total(&self) -> Duration {
        self.settings.deadline
    }

    /// Returns the deadline of a call that starts now and does not set its own time.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.total())
    }

    /// Returns the longest wait for the renewal of a document that is at hand.
    pub(crate) fn renewal_wait(&self) -> Duration {
        self.settings.renewal_wait
    }

    /// Returns the size of the largest response that is read, in bytes, unless a call says otherwise.
    pub(crate) fn max_response_bytes(&self) -> usize {
        self.settings.max_response_bytes
    }

    /// Returns `true` if connections may show a client certificate.
    #[cfg(feature = "oidc")]
    pub(crate) fn may_show_certificate(&self) -> bool {
        self.settings.shows_certificate
    }

    /// Adds the headers of every request to the provider, except those that `headers` has.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        self.settings.complete(headers);
    }

    /// Adds the headers of a request to another server. Headers that are set for every request may
    /// be secrets between this client and the provider.
    pub(crate) fn complete_elsewhere(&self, headers: &mut HeaderMap) {
        self.settings.complete_elsewhere(headers);
    }

    #[cfg(test)]
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Sends `request`, again where that is allowed, and reads the whole response.
    pub(crate) async fn send(
        &self,
        request: &mut HttpRequest,
        attempts: Attempts<'_>,
    ) -> Result<Received> {
        let Attempts {
            op,
            per_attempt,
            mut retry,
            max_bytes,
            deadline,
        } = attempts;
        // Made when the first attempt fails.
        let mut delays = None;
        let mut attempts = 0;
        let mut may_be_done = false;
        let mut asked_again = false;
        loop {
            attempts += 1;
            if let Some(per_attempt) = per_attempt {
                deadline
                    .limit(per_attempt.prepare(request))
                    .await
                    .unwrap_or_else(|| Err(error::timeout(op, deadline.total)))?;
            }
            let outcome = self.attempt(request, op, max_bytes, deadline).await;
            if let (Ok(response), Some(per_attempt)) = (&outcome, per_attempt)
                && per_attempt.answered(&request.url, response)
                && !asked_again
            {
                asked_again = true;
                continue;
            }
            let asked = outcome.as_ref().ok().and_then(|response| {
                retry_after(response.headers(), self.settings.max_retry_after)
            });
            let why = match &outcome {
                Ok(response) => Failure::of(response.status(), asked.is_some()),
                Err(failed) => Some(failed.why),
            };
            let Some(why) = why else {
                self.budget.success();
                return finish(outcome, attempts, may_be_done);
            };
            let delays = delays.get_or_insert_with(|| {
                backoff::delays(self.settings.max_retries, self.settings.first_delay)
            });
            let (true, Some(delay)) = (retry.take(why), delays.next()) else {
                return finish(outcome, attempts, may_be_done);
            };
            let delay = asked.unwrap_or(delay);
            if delay >= deadline.remaining() || !self.budget.take(why.cost()) {
                return finish(outcome, attempts, may_be_done);
            }
            may_be_done |= why.may_be_done();
            trace::retry(op, attempts, delay, why.name());
            tokio::time::sleep(delay).await;
        }
    }

    async fn attempt(
        &self,
        request: &HttpRequest,
        op: &Operation,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Response<Bytes>, Failed> {
        let remaining = deadline.remaining();
        let limit = self.settings.attempt_timeout.min(remaining);
        match tokio::time::timeout(limit, self.exchange(request, op, max_bytes)).await {
            Ok(outcome) => outcome,
            Err(_) if limit == remaining => Err(Failed {
                why: Failure::Final,
                error: error::timeout(op, deadline.total),
            }),
            Err(_) => Err(Failed {
                why: Failure::TimedOut,
                error: error::attempt_timeout(op, limit),
            }),
        }
    }

    async fn exchange(
        &self,
        request: &HttpRequest,
        op: &Operation,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, Failed> {
        let failed = |source: HttpError| Failed {
            why: Failure::of_error(&source),
            error: error::transport(op, source),
        };
        let attempt = request.attempt().map_err(failed)?;
        let response = self.service.call(attempt).await.map_err(failed)?;
        let (parts, mut stream) = response.into_parts();
        let fatal = |error: Error| Failed {
            why: Failure::Final,
            error: error.with_operation(op),
        };
        if parts.status.is_redirection() {
            return Err(fatal(redirected(parts.status, &parts.headers)));
        }
        let too_large = || {
            fatal(if max_bytes == OAUTH_LIMIT {
                error::protocol(format!(
                    "the response is larger than {max_bytes} bytes, more than any such response has"
                ))
                .with_hint("look at what answers at this address")
            } else {
                error::protocol(format!(
                    "the response is larger than {max_bytes} bytes: ask for fewer objects at once or \
                     raise max_response_bytes"
                ))
            })
        };
        let announced = match request.method {
            Method::HEAD => None,
            _ => announced_length(&parts.headers),
        };
        if announced.is_some_and(|length| length > max_bytes) {
            return Err(too_large());
        }
        // A body of one chunk, as most are, is not copied.
        let mut body = stream
            .next()
            .await
            .transpose()
            .map_err(failed)?
            .unwrap_or_default();
        if body.len() > max_bytes {
            return Err(too_large());
        }
        let mut whole = None;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(failed)?;
            let whole = whole.get_or_insert_with(|| BytesMut::from(&*std::mem::take(&mut body)));
            if chunk.len() > max_bytes.saturating_sub(whole.len()) {
                return Err(too_large());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(Response::from_parts(
            parts,
            whole.map_or(body, BytesMut::freeze),
        ))
    }
}

impl fmt::Debug for Sender {
    // What a service shows of itself is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("addresses", &self.addresses)
            .field("settings", &self.settings)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn finish(
    outcome: Result<Response<Bytes>, Failed>,
    attempts: u32,
    may_be_done: bool,
) -> Result<Received> {
    match outcome {
        Ok(response) => Ok(Received {
            response,
            attempts,
            may_be_done,
        }),
        Err(failed) => Err(failed.error),
    }
}

/// The error of a redirect, which is never followed: it would carry the token or the password
/// elsewhere.
fn redirected(status: StatusCode, headers: &HeaderMap) -> Error {
    let target = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| Url::parse(text).ok())
        .and_then(|url| Some(format!("{}://{}", url.scheme(), url.host_str()?)));
    let message = match target {
        Some(target) => format!("the server redirects to {target}"),
        None => "the server redirects to another path".to_owned(),
    };
    error::protocol(message)
        .with_status(status)
        .with_hint("redirects are not followed: the base URL is probably wrong")
}
