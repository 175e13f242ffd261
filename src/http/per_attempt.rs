//! What a request needs anew for each attempt: client assertions and proofs are good for one use.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Response;
use url::Url;

use super::request::HttpRequest;
use crate::error::Result;

/// Completes a request before each of its attempts.
pub(crate) trait PerAttempt: Send + Sync {
    /// Adds to the request, and replaces what it added for an earlier attempt. An error ends the
    /// call.
    fn prepare<'a>(&'a self, request: &'a mut HttpRequest) -> BoxFuture<'a, Result<()>>;

    /// Reads a response to the request for `url`. Returns `true` to ask for one more attempt at
    /// once: the server has executed nothing and only wants something else added.
    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool;
}
