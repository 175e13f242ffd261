//! The response to a call.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::response_error;
use crate::error::{Error, ErrorKind, Result};
use crate::http::sender::Received;
use crate::operation::Operation;

/// A response of any status but 3xx.
#[derive(Debug)]
pub(crate) struct ServerResponse {
    pub(crate) response: Response<Bytes>,
    /// Whether an earlier attempt may have been executed although its response was lost.
    pub(crate) may_be_done: bool,
    /// The realm that issued the token; set for 403 only.
    issued_by: Option<String>,
    /// Adds to the error what a refusal by this endpoint means.
    explain: Option<fn(Error) -> Error>,
}

impl ServerResponse {
    pub(super) fn new(received: Received, may_be_done: bool) -> Self {
        Self {
            response: received.response,
            may_be_done,
            issued_by: None,
            explain: None,
        }
    }

    pub(super) fn set_issued_by(&mut self, realm: Option<String>) {
        self.issued_by = realm;
    }

    /// Sets the function that explains a refusal by this endpoint.
    pub(crate) fn explained_by(mut self, explain: fn(Error) -> Error) -> Self {
        self.explain = Some(explain);
        self
    }

    pub(crate) fn issued_by(&self) -> Option<&str> {
        self.issued_by.as_deref()
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the response if its status is 2xx, and its error otherwise.
    pub(crate) fn success(self, op: &Operation) -> Result<Self> {
        if self.status().is_success() {
            Ok(self)
        } else {
            Err(self.error(op))
        }
    }

    /// The error that this response outside 2xx stands for.
    pub(crate) fn error(&self, op: &Operation) -> Error {
        let error = response_error(
            op,
            self.status(),
            self.response.headers(),
            self.response.body(),
        );
        match self.explain {
            Some(explain) => explain(error),
            None => error,
        }
    }

    /// The error that this response stands for, whatever its status. Some servers refuse with 200
    /// and put `error` in the body in place of the member `instead_of`.
    pub(crate) fn refusal(&self, op: &Operation, instead_of: Option<&str>) -> Option<Error> {
        if !self.status().is_success() {
            return Some(self.error(op));
        }
        let members: Map<String, Value> = serde_json::from_slice(self.response.body()).ok()?;
        if instead_of.is_some_and(|name| members.contains_key(name)) {
            return None;
        }
        let code = members.get("error")?.as_str()?;
        (!code.is_empty()).then(|| self.error(op).with_kind(ErrorKind::Validation))
    }
}
