//! Sends a request until it is answered, or until trying again is pointless or unsafe.

use bytes::{Bytes, BytesMut};
use http::header::LOCATION;
use http::{HeaderMap, Response, StatusCode};
use url::Url;

use super::addresses::Addresses;
use super::backoff;
use super::budget::Budget;
use super::deadline::Deadline;
use super::fresh::Fresh;
use super::repeat::{Failure, Repeat};
use super::request::HttpRequest;
use super::settings::Settings;
use super::trace;
use crate::error::{self, Error, Result};
use crate::operation::Operation;

/// Answers of OAuth endpoints are small: what is larger is not one.
pub(crate) const OAUTH_LIMIT: usize = 1 << 20;

/// The HTTP client with its limits.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) client: reqwest::Client,
    pub(crate) addresses: Addresses,
    pub(crate) settings: Settings,
    pub(crate) budget: Budget,
}

/// What came back, of any status but 3xx, and how it was reached.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) response: Response<Bytes>,
    pub(crate) attempts: u32,
    /// An earlier attempt may have been executed although its answer was lost.
    pub(crate) may_be_done: bool,
}

/// What holds for all attempts at one request.
#[derive(Clone, Copy)]
pub(crate) struct Attempts<'a> {
    pub(crate) op: &'a Operation,
    /// What completes the request before each of them.
    pub(crate) fresh: Option<&'a dyn Fresh>,
    pub(crate) repeat: Repeat,
    /// The largest answer that is read.
    pub(crate) max_bytes: usize,
    pub(crate) deadline: Deadline,
}

struct Failed {
    why: Failure,
    error: Error,
}

impl Sender {
    pub(crate) fn new(client: reqwest::Client, addresses: Addresses, settings: Settings) -> Self {
        Self {
            client,
            addresses,
            settings,
            budget: Budget::full(),
        }
    }

    /// Sends `request`, again where that is allowed, and reads the whole answer.
    pub(crate) async fn send(
        &self,
        request: &mut HttpRequest,
        attempts: Attempts<'_>,
    ) -> Result<Received> {
        let Attempts {
            op,
            fresh,
            mut repeat,
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
            if let Some(fresh) = fresh {
                deadline
                    .limit(fresh.prepare(request))
                    .await
                    .unwrap_or_else(|| Err(error::timeout(op, deadline.total)))?;
            }
            let outcome = self.attempt(request, op, max_bytes, deadline).await;
            if let (Ok(response), Some(fresh)) = (&outcome, fresh)
                && fresh.answered(&request.url, response)
                && !asked_again
            {
                asked_again = true;
                continue;
            }
            let asked = outcome.as_ref().ok().and_then(|response| {
                error::retry_after(response.headers(), self.settings.max_retry_after)
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
            let (true, Some(delay)) = (repeat.take(why), delays.next()) else {
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
        let failed = |source: reqwest::Error| Failed {
            why: Failure::of_reqwest(&source),
            error: error::transport(op, source),
        };
        let mut answer = self
            .client
            .execute(request.attempt())
            .await
            .map_err(failed)?;
        let fatal = |error: Error| Failed {
            why: Failure::Final,
            error: error.with_operation(op),
        };
        if *answer.url() != request.url {
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
        // A body of one chunk, as most are, is not copied.
        let mut body = answer.chunk().await.map_err(failed)?.unwrap_or_default();
        if body.len() > max_bytes {
            return Err(too_large());
        }
        let mut whole = None;
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            let whole = whole.get_or_insert_with(|| BytesMut::from(&*std::mem::take(&mut body)));
            if chunk.len() > max_bytes.saturating_sub(whole.len()) {
                return Err(too_large());
            }
            whole.extend_from_slice(&chunk);
        }
        let mut response = Response::new(whole.map_or(body, BytesMut::freeze));
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
