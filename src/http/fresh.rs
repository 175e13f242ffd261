//! What a request needs anew at every attempt: assertions and proofs are good for one use.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Response;
use reqwest::{Request, Url};

use crate::AccessToken;
use crate::discovery::Discovery;
use crate::error::Result;
use crate::token::dpop::{DPOP, Dpop};

/// Completes a request before each of its attempts.
pub(crate) trait Fresh: Send + Sync {
    /// Adds to a copy of the request; an error ends the call.
    fn prepare<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>>;

    /// Reads an answer to the request for `url`. `true` asks for one more attempt at once: the
    /// server has executed nothing and only wants something else added.
    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool;
}

/// For requests that are complete as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Complete;

impl Fresh for Complete {
    fn prepare<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn answered(&self, _: &Url, _: &Response<Bytes>) -> bool {
        false
    }
}

/// For requests with a token that is bound to a key.
pub(crate) struct FreshProof<'a> {
    dpop: &'a Dpop,
    token: &'a AccessToken,
    discovery: &'a Discovery,
}

impl<'a> FreshProof<'a> {
    /// `None` for a bearer token.
    pub(crate) fn of(token: &'a AccessToken, discovery: &'a Discovery) -> Option<Self> {
        Some(Self {
            dpop: token.dpop()?,
            token,
            discovery,
        })
    }
}

impl Fresh for FreshProof<'_> {
    fn prepare<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        let url = self.discovery.published(request.url());
        let proof = self
            .dpop
            .proof(request.method(), &url, Some(self.token.expose()));
        Box::pin(std::future::ready(proof.map(|proof| {
            request.headers_mut().insert(DPOP, proof);
        })))
    }

    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool {
        self.dpop.answered(&self.discovery.published(url), response)
    }
}
