//! An admin call: options, bearer token, retries, one replay after a 401.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use http::{Method, Response, StatusCode};
use tokio::time::Instant;

use super::channel::Channel;
use super::deadline::Deadline;
use super::fresh::FreshProof;
use super::operation::Operation;
use super::options::CallOptions;
use super::repeat::Repeat;
use super::sender::Answer;
use super::trace::Span;
use crate::error::{self, Error, Result, ServerAnswer, issuing_realm, missing_role};
use crate::token::engine::TokenEngine;

/// What every handle of one client shares.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) channel: Arc<Channel>,
    /// None for a client without credentials.
    pub(crate) engine: Option<TokenEngine>,
    #[cfg(feature = "admin")]
    pub(crate) edits: crate::admin::Edits,
    /// The server's, once it was asked for.
    #[cfg(feature = "admin")]
    pub(crate) version: tokio::sync::OnceCell<Option<crate::admin::Version>>,
}

/// How a call went, for its span.
#[derive(Debug, Default)]
struct Tally {
    attempts: u32,
    status: Option<StatusCode>,
}

impl Transport {
    pub(crate) fn new(channel: Arc<Channel>, engine: Option<TokenEngine>) -> Self {
        Self {
            channel,
            engine,
            #[cfg(feature = "admin")]
            edits: crate::admin::Edits::default(),
            #[cfg(feature = "admin")]
            version: tokio::sync::OnceCell::new(),
        }
    }

    /// No trailing slash: `https://sso.example` or `http://h:8080/auth`.
    pub(crate) fn base_url(&self) -> &str {
        self.channel.sender.base.as_str()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.channel.sender.client
    }

    /// Sends an admin request and reads the whole answer. Anything outside 2xx is an error.
    pub(crate) async fn execute(
        &self,
        request: reqwest::Request,
        op: &Operation,
        options: &CallOptions,
    ) -> Result<Response<Bytes>> {
        let span = Span::operation(op);
        let call = async {
            let started = Instant::now();
            let mut tally = Tally::default();
            let result = self.call(request, op, options, &mut tally).await;
            (result, tally, started.elapsed())
        };
        let (result, tally, elapsed) = span.clone().wrap(call).await;
        span.end(tally.status.map(|s| s.as_u16()), tally.attempts, elapsed);
        result
    }

    async fn call(
        &self,
        mut request: reqwest::Request,
        op: &Operation,
        options: &CallOptions,
        tally: &mut Tally,
    ) -> Result<Response<Bytes>> {
        self.prepare(&mut request, op, options)?;
        let sender = &self.channel.sender;
        let deadline = Deadline::after(options.timeout.unwrap_or(sender.settings.deadline));
        let own_authorization = request.headers().contains_key(AUTHORIZATION);
        let engine = self.engine.as_ref().filter(|_| !own_authorization);
        let method = request.method().clone();
        let changes_roles = self.changes_realms(&request);
        let path = self.channel.sender.base.below(request.url()).to_owned();
        let mut replayed = false;
        let mut may_be_done = false;
        loop {
            let lease = match engine {
                Some(engine) => {
                    let lease = engine.token(op, deadline).await?;
                    request.headers_mut().insert(AUTHORIZATION, lease.header());
                    Some((engine, lease))
                }
                None => None,
            };
            let spare = request.try_clone();
            let repeat = match method {
                Method::POST if options.harmless_twice => Repeat::HARMLESS,
                _ => Repeat::of(&method),
            };
            let limit = sender.settings.max_response_bytes;
            let bound = lease
                .as_ref()
                .and_then(|(_, lease)| FreshProof::of(&lease.token, &self.channel.discovery));
            let sent = match &bound {
                Some(proof) => {
                    sender
                        .send_fresh(request, proof, op, repeat, limit, deadline)
                        .await
                }
                None => sender.send(request, op, repeat, limit, deadline).await,
            };
            let answer = sent?;
            tally.attempts = tally.attempts.saturating_add(answer.attempts);
            tally.status = Some(answer.status());
            may_be_done |= answer.may_be_done;
            let forbidden = answer.status() == StatusCode::FORBIDDEN;
            let issued_by = lease
                .as_ref()
                .filter(|_| forbidden)
                .and_then(|(_, lease)| issuing_realm(lease.token.expose()));
            if answer.status() == StatusCode::UNAUTHORIZED
                && let Some((engine, lease)) = lease
            {
                match spare {
                    // A 401 is given before anything is executed, so any method may be replayed.
                    Some(spare) if !replayed && engine.is_renewable() => {
                        engine.invalidate(&lease);
                        replayed = true;
                        request = spare;
                        continue;
                    }
                    _ => engine.refused(&lease),
                }
            }
            let mut result = finish(answer, op, &method, may_be_done);
            if forbidden
                && let Some(hint) = missing_role(method.as_str(), &path, issued_by.as_deref())
            {
                result = result.map_err(|error| error.with_hint(hint));
            }
            if self.engine.is_none() {
                result = result.map_err(Error::of_anonymous);
            }
            if changes_roles
                && result.is_ok()
                && let Some(engine) = &self.engine
            {
                engine.invalidate_all();
            }
            return result;
        }
    }

    /// Creating or deleting a realm changes what an administrator may do, but not the token that
    /// is in use.
    fn changes_realms(&self, request: &reqwest::Request) -> bool {
        let path = self.channel.sender.base.below(request.url());
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        match *request.method() {
            Method::POST => matches!(segments.as_slice(), ["admin", "realms"]),
            Method::DELETE => matches!(segments.as_slice(), ["admin", "realms", _]),
            _ => false,
        }
    }

    fn prepare(
        &self,
        request: &mut reqwest::Request,
        op: &Operation,
        options: &CallOptions,
    ) -> Result<()> {
        options.check(op)?;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(error::invalid_argument(
                op,
                "calls need a running Tokio runtime",
            ));
        }
        if !self.channel.sender.base.covers(request.url()) {
            return Err(error::invalid_argument(
                op,
                "the request does not go to the base URL, so the token is not sent with it",
            ));
        }
        let bodiless = request.body().is_none();
        let expects_body = matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        );
        let headers = request.headers_mut();
        for (name, value) in &options.headers {
            headers.insert(name, value.clone());
        }
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        if bodiless && expects_body {
            // Proxies answer 411 without it.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(())
    }
}

fn finish(
    answer: Answer,
    op: &Operation,
    method: &Method,
    may_be_done: bool,
) -> Result<Response<Bytes>> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.response);
    }
    if status == StatusCode::NOT_FOUND && method == Method::DELETE && may_be_done {
        let said = ServerAnswer::read(answer.response.headers(), answer.response.body());
        // Keycloak itself says that it is gone: an earlier attempt has deleted it.
        if said.message.is_some() {
            let mut done = Response::new(Bytes::new());
            *done.status_mut() = StatusCode::NO_CONTENT;
            return Ok(done);
        }
    }
    Err(Error::from_response(
        op,
        status,
        answer.response.headers(),
        answer.response.body(),
    ))
}
