//! Responses that say what is wrong (RFC 9457).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

/// `Retry-After` of what is not available at present, in seconds.
pub(super) const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// A response of type `application/problem+json` that no cache keeps. `members` are those beside title
/// and status; one without a value is left out.
pub(super) fn problem(status: StatusCode, members: &[(&str, Option<&str>)]) -> Response<Bytes> {
    let title = status.canonical_reason().unwrap_or("Refused");
    let mut body = Map::new();
    body.insert("title".into(), title.into());
    body.insert("status".into(), status.as_u16().into());
    for (name, value) in members {
        if let Some(value) = value {
            body.insert((*name).to_owned(), (*value).into());
        }
    }
    let mut response = Response::new(Bytes::from(Value::Object(body).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let problem = HeaderValue::from_static("application/problem+json");
    headers.insert(CONTENT_TYPE, problem);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
