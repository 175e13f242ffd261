//! What a request needs anew at every attempt: assertions and proofs are good for one use.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Response;
use url::Url;

use super::request::HttpRequest;
use crate::error::Result;

/// Completes a request before each of its attempts.
pub(crate) trait Fresh: Send + Sync {
    /// Adds to the request, in place of what an earlier attempt was given; an error ends the call.
    fn prepare<'a>(&'a self, request: &'a mut HttpRequest) -> BoxFuture<'a, Result<()>>;

    /// Reads an answer to the request for `url`. `true` asks for one more attempt at once: the
    /// server has executed nothing and only wants something else added.
    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool;
}
