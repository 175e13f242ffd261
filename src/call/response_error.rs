//! The error that a response outside 2xx is.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::hint;
use super::role::missing_role;
use crate::error::{Error, ErrorKind};
use crate::http::error_body::{self, ServerAnswer};
use crate::http::retry_after::retry_after;
use crate::operation::Operation;

/// Upper bound of the wait that an error reports.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Reads every shape of error body that Keycloak sends.
pub(crate) fn response_error(
    op: &Operation,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Error {
    let body = ServerAnswer::read(headers, body);
    let (needs, hint) = explain(op, status, &body);
    let mut error = Error::new(ErrorKind::of(status), body.summary())
        .with_operation(op)
        .with_status(status)
        .with_needs(needs)
        .with_retry_after(retry_after(headers, LONGEST_WAIT))
        .with_server_message(body.message)
        .with_field_errors(body.fields);
    if let Some(code) = body.code {
        error = error.with_oauth_code(code);
    }
    match hint.or_else(|| body.foreign.map(Cow::Borrowed)) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

type Hint = Cow<'static, str>;

/// The release that has what the server lacks, and what to check or to do.
fn explain(
    op: &Operation,
    status: StatusCode,
    body: &ServerAnswer,
) -> (Option<&'static str>, Option<Hint>) {
    let message = body.message.as_deref();
    let lacking = || hint::lacking(op, status, message, body.old_wording);
    let feature = || hint::feature(status, message, op.path).map(Cow::Owned);
    match status.as_u16() {
        401 => (None, Some(Cow::Borrowed(hint::REFUSED_TOKEN))),
        403 => (None, missing_role(op.method, op.path, None).map(Cow::Owned)),
        404 | 405 => {
            let needs = lacking();
            let hint = hint::unknown_path(needs, op.path)
                .filter(|_| needs.is_some() || hint::is_unknown_path(status, message))
                .map(Cow::Owned);
            (needs, hint.or_else(feature))
        }
        400 if lacking().is_some() => {
            let hint = hint::unknown_path(op.since, op.path).map(Cow::Owned);
            (op.since, hint)
        }
        400 => match body.unknown_member() {
            Some(member) => {
                let needs = hint::member_since(body.unknown_in.as_deref(), member);
                (needs, Some(hint::unknown_member(needs, member).into()))
            }
            None => (None, feature()),
        },
        _ => (None, feature()),
    }
}

/// Whether the response was taken for that of a proxy or another server.
pub(crate) fn is_not_keycloaks(error: &Error) -> bool {
    error.hint() == Some(error_body::NOT_KEYCLOAK)
}

/// The same error where the server is new enough to have the endpoint after all.
#[cfg(feature = "admin")]
pub(crate) fn without_needs(error: Error, op: &Operation) -> Error {
    let error = error.with_needs(None).without_hint();
    match hint::unknown_path(None, op.path) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
