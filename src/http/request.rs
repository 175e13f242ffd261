//! A request whose body is in memory, so that it can be sent again.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::InvalidUri;
use http::{HeaderMap, Method, Uri};
use serde::Serialize;
use url::Url;

use crate::error::{HttpError, HttpErrorKind, Result, invalid_argument};
use crate::operation::Operation;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// An HTTP request that can be sent again.
#[derive(Clone)]
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

impl HttpRequest {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// Adds parameters to the query: pairs, a map or a struct.
    pub(crate) fn set_query<Q: Serialize + ?Sized>(
        &mut self,
        op: &Operation,
        query: &Q,
    ) -> Result<()> {
        {
            let mut pairs = self.url.query_pairs_mut();
            let pairs = serde_urlencoded::Serializer::new(&mut pairs);
            query.serialize(pairs).map_err(|failed| {
                invalid_argument(op, format!("the query cannot be written: {failed}"))
            })?;
        }
        if self.url.query() == Some("") {
            self.url.set_query(None);
        }
        Ok(())
    }

    pub(crate) fn set_json<B: Serialize + ?Sized>(
        &mut self,
        op: &Operation,
        body: &B,
    ) -> Result<()> {
        let body = serde_json::to_vec(body).map_err(|failed| {
            invalid_argument(op, format!("the body cannot be written as JSON: {failed}"))
        })?;
        self.set_body(JSON, body);
        Ok(())
    }

    pub(crate) fn set_form<B: Serialize + ?Sized>(
        &mut self,
        op: &Operation,
        body: &B,
    ) -> Result<()> {
        let body = serde_urlencoded::to_string(body).map_err(|failed| {
            invalid_argument(
                op,
                format!("the body cannot be written as a form: {failed}"),
            )
        })?;
        self.set_body(FORM, body);
        Ok(())
    }

    pub(crate) fn set_body(&mut self, media_type: HeaderValue, body: impl Into<Bytes>) {
        self.headers.insert(CONTENT_TYPE, media_type);
        self.body = Some(body.into());
    }

    /// Returns the request of one attempt.
    pub(crate) fn attempt(&self) -> Result<http::Request<Bytes>, HttpError> {
        let uri: Uri = self
            .url
            .as_str()
            .parse()
            .map_err(|failed: InvalidUri| HttpError::new(HttpErrorKind::Request, failed))?;
        let mut request = http::Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }
}

impl fmt::Debug for HttpRequest {
    // Headers, query and body may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
