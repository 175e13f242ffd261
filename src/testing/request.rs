//! A request as the provider received it.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use url::form_urlencoded;

/// A request that a [`TestProvider`](super::TestProvider) received. `Debug` shows only its method
/// and path.
#[derive(Clone)]
pub struct RecordedRequest {
    method: Method,
    path: String,
    raw_query: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl RecordedRequest {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self {
            method: head.method,
            path: head.uri.path().to_owned(),
            raw_query: head.uri.query().unwrap_or_default().to_owned(),
            query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
            headers: head.headers,
            body,
        }
    }

    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path, such as `/realms/test/protocol/openid-connect/token`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the first value of a parameter in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the first value of a header; `None` if it is missing or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the first value of a parameter in the form of the body.
    pub fn form(&self, name: &str) -> Option<String> {
        let form = pairs(&self.body);
        first(&form, name).map(str::to_owned)
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the path and the query.
    pub(super) fn target(&self) -> String {
        match self.raw_query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Returns the parameters of the query.
    pub(super) fn query_params(&self) -> Params {
        Params(self.query.clone())
    }

    /// Returns the parameters of the body.
    pub(super) fn form_params(&self) -> Params {
        Params(pairs(&self.body))
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The parameters of a request. `Debug` shows no values.
#[derive(Clone, Default)]
pub(super) struct Params(pub(super) Vec<(String, String)>);

impl Params {
    /// Returns the first value that is not empty (RFC 6749 section 3.1: an empty parameter counts as
    /// omitted).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        first(&self.0, name).filter(|value| !value.is_empty())
    }

    /// Returns whether a parameter is repeated (RFC 6749 sections 3.1 and 3.2).
    pub(super) fn has_duplicate(&self) -> bool {
        let names: BTreeSet<_> = self.0.iter().map(|(name, _)| name).collect();
        names.len() < self.0.len()
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(known, _)| known == name)?;
    Some(value)
}
