//! How a call is sent: its span, its token, one replay where that is refused.

use std::borrow::Cow;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{Method, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::CallBuilder;
use super::answer::Answer;
use super::credential::{Credential, Shown};
use crate::error::{self, Result, ServerAnswer};
use crate::http::addresses::Addresses;
use crate::http::deadline::Deadline;
use crate::http::per_attempt::PerAttempt;
use crate::http::request::{HttpRequest, JSON};
use crate::http::sender::Attempts;
use crate::http::trace::Span;
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::dpop::{DPOP, Dpop};

pub(super) fn is_unauthorized(answer: &Answer, _: &Operation) -> bool {
    answer.status() == StatusCode::UNAUTHORIZED
}

/// How a call went, for its span.
#[derive(Debug, Default)]
struct Tally {
    attempts: u32,
    status: Option<StatusCode>,
}

pub(super) async fn send(mut call: CallBuilder<'_>) -> Result<Answer> {
    prepare(&mut call)?;
    let span = Span::operation(call.start.op);
    let sending = async {
        let started = Instant::now();
        let mut tally = Tally::default();
        let result = authorized(call, &mut tally).await;
        (result, tally, started.elapsed())
    };
    let (result, tally, elapsed) = span.clone().wrap(sending).await;
    span.end(tally.status.map(|s| s.as_u16()), tally.attempts, elapsed);
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
        // Who sets it shows what it says.
        call.start.credential = Credential::None;
    }
    Ok(())
}

async fn authorized(call: CallBuilder<'_>, tally: &mut Tally) -> Result<Answer> {
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
    let mut shown = match start.credential {
        Credential::None => Shown::Nothing,
        Credential::Engine(engine) => Shown::Leased(engine, engine.token(op, deadline).await?),
        Credential::Token(token) => Shown::Token(Cow::Borrowed(token)),
        Credential::Header(header) => Shown::Header(header),
        Credential::Renewed(source) => {
            Shown::Token(Cow::Owned(in_time(source.token(), op, deadline).await?))
        }
    };
    let mut replayed = false;
    let mut may_be_done = false;
    loop {
        if let Some(header) = shown.header()? {
            request.headers.insert(AUTHORIZATION, header);
        }
        let proof = shown
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
        tally.attempts = tally.attempts.saturating_add(received.attempts);
        tally.status = Some(received.response.status());
        may_be_done |= received.may_be_done;
        let answer = Answer::new(received, may_be_done);
        // It is refused before anything is executed, so any method may be sent again.
        if (call.is_refusal)(&answer, op)
            && replace(&mut shown, start.credential, replayed, op, deadline).await?
        {
            replayed = true;
            continue;
        }
        return Ok(finish(answer, &request, &shown));
    }
}

/// Puts another token in place of one that was refused; `false` where there is no other.
async fn replace<'a>(
    shown: &mut Shown<'a>,
    credential: Credential<'a>,
    replayed: bool,
    op: &Operation,
    deadline: Deadline,
) -> Result<bool> {
    match (shown, credential) {
        (Shown::Leased(engine, lease), _) if replayed || !engine.is_renewable() => {
            engine.refused(lease);
            Ok(false)
        }
        (Shown::Leased(engine, lease), _) => {
            engine.invalidate(lease);
            *lease = engine.token(op, deadline).await?;
            Ok(true)
        }
        (Shown::Token(token), Credential::Renewed(source)) if !replayed => {
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

/// A realm that is not there says nothing of what was to be deleted in it.
const NO_REALM: &str = "Realm not found.";

fn is_realm(url: &Url) -> bool {
    let mut segments = url.path_segments().into_iter().flatten().rev();
    segments.nth(1) == Some("realms")
}

fn finish(mut answer: Answer, request: &HttpRequest, shown: &Shown<'_>) -> Answer {
    if answer.status() == StatusCode::FORBIDDEN {
        answer.set_issued_by(shown.token().and_then(|t| error::issuing_realm(t.expose())));
    }
    let lost_delete = answer.status() == StatusCode::NOT_FOUND
        && request.method == Method::DELETE
        // What a body names may be missing while the rest is still there.
        && request.body.is_none()
        && answer.may_be_done;
    if lost_delete {
        let said = ServerAnswer::read(answer.response.headers(), answer.response.body());
        // Keycloak itself says that it is gone: an earlier attempt has deleted it.
        let missing = said.message.as_deref();
        if missing.is_some_and(|said| said != NO_REALM || is_realm(&request.url)) {
            let mut done = Response::new(Bytes::new());
            *done.status_mut() = StatusCode::NO_CONTENT;
            answer.response = done;
        }
    }
    answer
}

/// The proof that a token is bound to a key, made for each attempt.
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
