//! Sends a request until it is answered, or until trying again is pointless or unsafe.

use bytes::{Bytes, BytesMut};
use http::header::LOCATION;
use http::{HeaderMap, Response, StatusCode};
use reqwest::Request;
use tokio::time::Instant;
use url::Url;

use super::backoff;
use super::base::BaseUrl;
use super::budget::Budget;
use super::deadline::Deadline;
use super::fresh::{Complete, Fresh};
use super::operation::Operation;
use super::refused_client::RefusedClient;
use super::repeat::{Failure, Repeat};
use super::settings::Settings;
use super::trace::{self, Span};
use crate::error::{self, Error, Result};

/// OAuth answers are small; what is larger is none.
const OAUTH_LIMIT: usize = 1 << 20;

/// The HTTP client with its limits.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) client: reqwest::Client,
    pub(crate) base: BaseUrl,
    pub(crate) settings: Settings,
    pub(crate) budget: Budget,
}

/// An answer of any status, and how it was reached.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    pub(crate) attempts: u32,
    /// An earlier attempt may have been executed although its answer was lost.
    pub(crate) may_be_done: bool,
    /// What a client is told that a provider's endpoint refuses.
    pub(crate) of_endpoint: Option<RefusedClient>,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }
}

struct Failed {
    why: Failure,
    error: Error,
}

impl Sender {
    pub(crate) fn new(client: reqwest::Client, base: BaseUrl, settings: Settings) -> Self {
        Self {
            client,
            base,
            settings,
            budget: Budget::full(),
        }
    }

    /// Sends `request`, again where `repeat` allows it, and reads the whole answer, at most
    /// `max_bytes` of it. An answer of any status but 3xx is `Ok`.
    pub(crate) async fn send(
        &self,
        request: Request,
        op: &Operation,
        repeat: Repeat,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Answer> {
        self.send_fresh(request, &Complete, op, repeat, max_bytes, deadline)
            .await
    }

    /// The same for a request that `fresh` completes before each attempt, in a span of its own: for
    /// calls that are no part of an operation of the transport.
    pub(crate) async fn send_traced(
        &self,
        request: Request,
        fresh: &dyn Fresh,
        op: &Operation,
        repeat: Repeat,
        deadline: Deadline,
    ) -> Result<Answer> {
        let started = Instant::now();
        let span = Span::operation(op);
        let call = self.send_fresh(request, fresh, op, repeat, OAUTH_LIMIT, deadline);
        let outcome = span.clone().wrap(call).await;
        let (status, attempts) = match &outcome {
            Ok(answer) => (Some(answer.status().as_u16()), answer.attempts),
            Err(_) => (None, 0),
        };
        span.end(status, attempts, started.elapsed());
        outcome
    }

    /// Sends what `fresh` completes before each attempt.
    pub(crate) async fn send_fresh(
        &self,
        mut request: Request,
        fresh: &dyn Fresh,
        op: &Operation,
        repeat: Repeat,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Answer> {
        self.settings.complete(request.headers_mut());
        self.attempts(request, fresh, op, repeat, max_bytes, deadline)
            .await
    }

    /// The same to another server than the provider: headers that are set for every request may be
    /// secrets between this client and the provider, and do not go along.
    #[cfg(feature = "oidc")]
    pub(crate) async fn send_elsewhere(
        &self,
        mut request: Request,
        fresh: &dyn Fresh,
        op: &Operation,
        repeat: Repeat,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Answer> {
        self.settings.trace(request.headers_mut());
        self.attempts(request, fresh, op, repeat, max_bytes, deadline)
            .await
    }

    async fn attempts(
        &self,
        mut request: Request,
        fresh: &dyn Fresh,
        op: &Operation,
        mut repeat: Repeat,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Answer> {
        let mut delays = backoff::delays(self.settings.max_retries, self.settings.first_delay);
        let mut attempts = 0;
        let mut may_be_done = false;
        let mut asked_again = false;
        loop {
            let mut spare = request.try_clone();
            attempts += 1;
            deadline
                .limit(fresh.prepare(&mut request))
                .await
                .unwrap_or_else(|| Err(error::timeout(op, deadline.total)))?;
            let url = request.url().clone();
            let outcome = self.attempt(request, op, max_bytes, deadline).await;
            if let Ok(response) = &outcome
                && fresh.answered(&url, response)
                && !asked_again
                && let Some(next) = spare.take()
            {
                asked_again = true;
                request = next;
                continue;
            }
            let asked = outcome.as_ref().ok().and_then(|response| {
                backoff::retry_after(response.headers(), self.settings.max_retry_after)
            });
            let why = match &outcome {
                Ok(response) => Failure::of(response.status(), asked.is_some()),
                Err(failed) => Some(failed.why),
            };
            let Some(why) = why else {
                self.budget.success();
                return finish(outcome, attempts, may_be_done);
            };
            let (Some(next), true, Some(delay)) = (spare, repeat.take(why), delays.next()) else {
                return finish(outcome, attempts, may_be_done);
            };
            let delay = asked.unwrap_or(delay);
            if delay >= deadline.remaining() || !self.budget.take(why.cost()) {
                return finish(outcome, attempts, may_be_done);
            }
            may_be_done |= why.may_be_done();
            trace::retry(op, attempts, delay, why.name());
            tokio::time::sleep(delay).await;
            request = next;
        }
    }

    async fn attempt(
        &self,
        request: Request,
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
        request: Request,
        op: &Operation,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, Failed> {
        let failed = |source: reqwest::Error| Failed {
            why: Failure::of_reqwest(&source),
            error: error::transport(op, source),
        };
        let target = request.url().clone();
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let fatal = |error: Error| Failed {
            why: Failure::Final,
            error: error.with_operation(op),
        };
        if *answer.url() != target {
            return Err(fatal(error::config(
                "the HTTP client that was handed in follows redirects: build it with \
                 redirect::Policy::none()",
            )));
        }
        if answer.status().is_redirection() {
            return Err(fatal(redirected(answer.status(), answer.headers())));
        }
        let too_large = || {
            fatal(if max_bytes == OAUTH_LIMIT {
                error::protocol(format!(
                    "the answer is larger than {max_bytes} bytes, which no such answer is"
                ))
                .with_hint("look at what answers at this address")
            } else {
                error::protocol(format!(
                    "the answer is larger than {max_bytes} bytes: ask for fewer objects at once or \
                     raise max_response_bytes"
                ))
            })
        };
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).unwrap_or(usize::MAX) > max_bytes {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if chunk.len() > max_bytes.saturating_sub(body.len()) {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

fn finish(
    outcome: Result<Response<Bytes>, Failed>,
    attempts: u32,
    may_be_done: bool,
) -> Result<Answer> {
    match outcome {
        Ok(response) => Ok(Answer {
            response,
            attempts,
            may_be_done,
            of_endpoint: None,
        }),
        Err(failed) => Err(failed.error),
    }
}

/// A redirect is never followed: it would carry the token or the password elsewhere.
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
