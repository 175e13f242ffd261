//! The error that a response outside 2xx stands for.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::hint;
use super::role::missing_role;
use crate::error::{Error, ErrorKind};
use crate::http::error_body::{self, ErrorBody};
use crate::http::retry_after::retry_after;
use crate::operation::Operation;

/// Upper bound for `Retry-After` in an error.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Returns the error of a response outside 2xx. Reads every shape of error body that Keycloak sends.
pub(crate) fn response_error(
    op: &Operation,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Error {
    let body = ErrorBody::read(headers, body);
    let needs = missing_release(op, status, &body);
    let found = hint_for(op, status, &body, needs).or_else(|| body.foreign.map(Cow::Borrowed));
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
    match found {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Returns the release that has what the server lacks.
fn missing_release(op: &Operation, status: StatusCode, body: &ErrorBody) -> Option<&'static str> {
    let endpoint = || hint::lacking(op, status, body.message.as_deref(), body.old_wording);
    match status.as_u16() {
        404 | 405 => endpoint(),
        400 => endpoint()
            .or_else(|| hint::member_since(body.unknown_in.as_deref(), body.unknown_member()?)),
        _ => None,
    }
}

/// Returns what to check or do; `needs` is the release that has what the server lacks.
fn hint_for(
    op: &Operation,
    status: StatusCode,
    body: &ErrorBody,
    needs: Option<&'static str>,
) -> Option<Cow<'static, str>> {
    let message = body.message.as_deref();
    match status.as_u16() {
        401 => return Some(Cow::Borrowed(hint::REFUSED_TOKEN)),
        403 => return missing_role(op.method, op.path, None).map(Cow::Owned),
        400 => {
            if let Some(member) = body.unknown_member() {
                return Some(Cow::Owned(hint::unknown_member(needs, member)));
            }
        }
        _ => {}
    }
    let is_missing = needs.is_some() || hint::is_unknown_path(status, message);
    hint::unknown_path(needs, op.path)
        .filter(|_| is_missing)
        .or_else(|| hint::feature(status, message, op.path))
        .map(Cow::Owned)
}

/// Whether the response seems to come from a proxy or another server.
pub(crate) fn is_not_keycloaks(error: &Error) -> bool {
    error.hint() == Some(error_body::NOT_KEYCLOAK)
}

/// Drops the missing release from an error, because the server is new enough to have the endpoint.
#[cfg(feature = "admin")]
pub(crate) fn without_needs(error: Error, op: &Operation) -> Error {
    let error = error.with_needs(None).without_hint();
    match hint::unknown_path(None, op.path) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
