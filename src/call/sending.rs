//! How a call is sent: its span, its token, and one replay if the token is refused.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{Method, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::CallBuilder;
use super::credential::{Credential, SentCredential};
use super::role;
use super::server_response::ServerResponse;
use crate::BoxFuture;
use crate::error::{self, Result};
use crate::http::addresses::Addresses;
use crate::http::deadline::Deadline;
use crate::http::error_body::ErrorBody;
use crate::http::per_attempt::PerAttempt;
use crate::http::request::{HttpRequest, JSON};
use crate::http::sender::Attempts;
use crate::http::trace::Span;
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::dpop::{DPOP, Dpop};

pub(super) fn is_unauthorized(response: &ServerResponse, _: &Operation) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
}

/// What the span of a call reports.
#[derive(Debug, Default)]
struct SpanReport {
    attempts: u32,
    status: Option<StatusCode>,
}

pub(super) async fn send(mut call: CallBuilder<'_>) -> Result<ServerResponse> {
    prepare(&mut call)?;
    let span = Span::operation(call.start.op);
    let sending = async {
        let started = Instant::now();
        let mut report = SpanReport::default();
        let result = authorized(call, &mut report).await;
        (result, report, started.elapsed())
    };
    let (result, report, elapsed) = span.clone().wrap(sending).await;
    span.end(report.status.map(|s| s.as_u16()), report.attempts, elapsed);
    result
}

fn prepare(call: &mut CallBuilder<'_>) -> Result<()> {
    let op = call.start.op;
    if let Some(error) = call.failed.take() {
        return Err(error.or_operation(op));
    }
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(error::invalid_argument(
            op,
            "calls need a running Tokio runtime",
        ));
    }
    let headers = &mut call.request.headers;
    headers.entry(ACCEPT).or_insert(JSON);
    if headers.contains_key(AUTHORIZATION) {
        // A caller that sets the header decides what it says.
        call.start.credential = Credential::None;
    }
    Ok(())
}

async fn authorized(call: CallBuilder<'_>, report: &mut SpanReport) -> Result<ServerResponse> {
    let CallBuilder {
        start, mut request, ..
    } = call;
    let op = start.op;
    let deadline = call.deadline.unwrap_or_else(|| Deadline::after(call.total));
    if call.elsewhere {
        start.sender.complete_elsewhere(&mut request.headers);
    } else {
        start.sender.complete(&mut request.headers);
    }
    let mut sent = match start.credential {
        Credential::None => SentCredential::Nothing,
        Credential::Engine(engine) => {
            SentCredential::Cached(engine, engine.token(op, deadline).await?)
        }
        Credential::Token(token) => SentCredential::Token(Cow::Borrowed(token)),
        Credential::Header(header) => SentCredential::Header(header),
        Credential::Renewed(source) => {
            SentCredential::Token(Cow::Owned(in_time(source.token(), op, deadline).await?))
        }
    };
    let mut replayed = false;
    let mut may_be_done = false;
    loop {
        if let Some(header) = sent.header()? {
            request.headers.insert(AUTHORIZATION, header);
        }
        let proof = sent
            .token()
            .and_then(|token| Proof::of(token, start.sender.addresses()));
        let attempts = Attempts {
            op,
            per_attempt: match &proof {
                Some(proof) => Some(proof),
                None => call.per_attempt,
            },
            retry: call.retry,
            max_bytes: call.max_bytes,
            deadline,
        };
        let received = start.sender.send(&mut request, attempts).await?;
        report.attempts = report.attempts.saturating_add(received.attempts);
        report.status = Some(received.response.status());
        may_be_done |= received.may_be_done;
        let response = ServerResponse::new(received, may_be_done);
        // The server refuses the token before it executes anything, so any method may be sent
        // again.
        if (call.is_refusal)(&response, op)
            && replace(&mut sent, start.credential, replayed, op, deadline).await?
        {
            replayed = true;
            continue;
        }
        return Ok(finish(response, &request, &sent));
    }
}

/// Replaces a refused token; returns `false` if there is no other.
async fn replace<'a>(
    sent: &mut SentCredential<'a>,
    credential: Credential<'a>,
    replayed: bool,
    op: &Operation,
    deadline: Deadline,
) -> Result<bool> {
    match (sent, credential) {
        (SentCredential::Cached(engine, cached), _) if replayed || !engine.is_renewable() => {
            engine.refused(cached);
            Ok(false)
        }
        (SentCredential::Cached(engine, cached), _) => {
            engine.invalidate(cached);
            *cached = engine.token(op, deadline).await?;
            Ok(true)
        }
        (SentCredential::Token(token), Credential::Renewed(source)) if !replayed => {
            let next = in_time(source.renewed(token), op, deadline).await?;
            let is_replaced = next.is_some();
            if let Some(next) = next {
                *token = Cow::Owned(next);
            }
            Ok(is_replaced)
        }
        _ => Ok(false),
    }
}

async fn in_time<T>(
    future: BoxFuture<'_, Result<T>>,
    op: &Operation,
    deadline: Deadline,
) -> Result<T> {
    match deadline.limit(future).await {
        Some(outcome) => outcome,
        None => Err(error::timeout(op, deadline.total)),
    }
}

/// The message for a missing realm, which says nothing about the object to delete.
const NO_REALM: &str = "Realm not found.";

fn is_realm(url: &Url) -> bool {
    let mut segments = url.path_segments().into_iter().flatten().rev();
    segments.nth(1) == Some("realms")
}

fn finish(
    mut response: ServerResponse,
    request: &HttpRequest,
    sent: &SentCredential<'_>,
) -> ServerResponse {
    if response.status() == StatusCode::FORBIDDEN {
        response.set_issued_by(sent.token().and_then(|t| role::issuing_realm(t.expose())));
    }
    let lost_delete = response.status() == StatusCode::NOT_FOUND
        && request.method == Method::DELETE
        // An object named in the body may be missing while the rest is still there.
        && request.body.is_none()
        && response.may_be_done;
    if lost_delete {
        let said = ErrorBody::read(response.response.headers(), response.response.body());
        // Keycloak itself says that the object is gone: an earlier attempt has deleted it.
        let missing = said.message.as_deref();
        if missing.is_some_and(|said| said != NO_REALM || is_realm(&request.url)) {
            let mut done = Response::new(Bytes::new());
            *done.status_mut() = StatusCode::NO_CONTENT;
            response.response = done;
        }
    }
    response
}

/// The DPoP proof for a token that is bound to a key, made for each attempt.
struct Proof<'a> {
    dpop: &'a Dpop,
    token: &'a AccessToken,
    addresses: &'a Addresses,
}

impl<'a> Proof<'a> {
    /// `None` for a bearer token.
    fn of(token: &'a AccessToken, addresses: &'a Addresses) -> Option<Self> {
        Some(Self {
            dpop: token.dpop()?,
            token,
            addresses,
        })
    }
}

impl PerAttempt for Proof<'_> {
    fn prepare<'a>(&'a self, request: &'a mut HttpRequest) -> BoxFuture<'a, Result<()>> {
        let url = self.addresses.published(&request.url);
        let proof = self
            .dpop
            .proof(&request.method, &url, Some(self.token.expose()));
        Box::pin(std::future::ready(proof.map(|proof| {
            request.headers.insert(DPOP, proof);
        })))
    }

    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool {
        self.dpop.answered(&self.addresses.published(url), response)
    }
}
