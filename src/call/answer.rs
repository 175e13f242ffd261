//! What came back.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::response_error;
use crate::error::{Error, ErrorKind, Result};
use crate::http::sender::Received;
use crate::operation::Operation;

/// An answer of any status but 3xx.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    /// An earlier attempt may have been executed although its answer was lost.
    pub(crate) may_be_done: bool,
    /// Of 403: the realm that has issued the token.
    issued_by: Option<String>,
    /// What a refusal of this endpoint means.
    explain: Option<fn(Error) -> Error>,
}

impl Answer {
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

    /// Says what a refusal means where it comes from.
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

    /// The answer, where it is 2xx.
    pub(crate) fn success(self, op: &Operation) -> Result<Self> {
        if self.status().is_success() {
            Ok(self)
        } else {
            Err(self.error(op))
        }
    }

    /// The error of an answer outside 2xx.
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

    /// The error that an answer of any status is. Some servers refuse with 200 and put `error` into
    /// the body, `instead_of` the member that a good answer has.
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
