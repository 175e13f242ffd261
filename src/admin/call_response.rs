//! Readers of the answer to an admin call.

use bytes::Bytes;
use http::StatusCode;
use http::header::LOCATION;
use serde::de::DeserializeOwned;

use super::content::Content;
use crate::http::operation::Operation;
use crate::http::{json, segment};
use crate::{Response, Result, error};

/// An id as the server gave it; only this module makes one.
pub(crate) struct LocationId(String);

impl LocationId {
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The answer of a call, always 2xx.
pub(crate) struct CallResponse {
    operation: &'static Operation,
    response: http::Response<Bytes>,
}

impl CallResponse {
    pub(crate) fn new(operation: &'static Operation, response: http::Response<Bytes>) -> Self {
        Self {
            operation,
            response,
        }
    }

    fn read<T>(self, read: impl FnOnce(&Operation, Bytes) -> Result<T>) -> Result<Response<T>> {
        let (parts, body) = self.response.into_parts();
        let value = read(self.operation, body)?;
        Ok(Response::new(parts.status, parts.headers, value))
    }

    fn with<T>(self, value: T) -> Response<T> {
        let (parts, _) = self.response.into_parts();
        Response::new(parts.status, parts.headers, value)
    }

    /// The answer of a call that gives no value.
    pub(crate) fn nothing(self) -> Result<Response<()>> {
        Ok(self.with(()))
    }

    /// The answer's value.
    pub(crate) fn value<T: DeserializeOwned + 'static>(self) -> Result<Response<T>> {
        self.read(|operation, body| json::decode(operation, &body))
    }

    /// The answer's value, or nothing when the server sends none.
    pub(crate) fn optional<T: DeserializeOwned + 'static>(self) -> Result<Response<Option<T>>> {
        self.read(|operation, body| {
            if body.is_empty() {
                return Ok(None);
            }
            json::decode(operation, &body).map(Some)
        })
    }

    /// The id out of `Location`, or `given` where the server answers 204 without one.
    pub(crate) fn created<I: From<LocationId>>(self, given: Option<&str>) -> Result<Response<I>> {
        let id = match (self.location()?, given) {
            (Some(id), _) => id,
            (None, Some(given)) if self.response.status() == StatusCode::NO_CONTENT => {
                given.to_owned()
            }
            (None, _) => {
                return Err(self.without_location(
                    "the server created the object but sent no Location, so its id is unknown: \
                     look it up by its name",
                ));
            }
        };
        Ok(self.with(I::from(LocationId(id))))
    }

    /// The id out of `Location`, or what is found where an older server sends none.
    pub(crate) async fn created_or_found<I: From<LocationId>>(
        self,
        find: impl Future<Output = Result<Option<I>>> + Send,
    ) -> Result<Response<I>> {
        let is_created = self.response.status() == StatusCode::CREATED;
        if !is_created || self.response.headers().contains_key(LOCATION) {
            return self.created(None);
        }
        match find.await? {
            Some(id) => Ok(self.with(id)),
            None => self.created(None),
        }
    }

    /// The name out of `Location`; the one that was sent, where the server could not write it.
    pub(crate) fn created_by_name<I: From<LocationId>>(
        self,
        sent: Option<&str>,
    ) -> Result<Response<I>> {
        let Some(name) = self.location()? else {
            return Err(self.without_location(
                "the server created the object but sent no Location: it has the name it was sent",
            ));
        };
        let name = match sent {
            Some(sent) if segment::is_garbled(sent, &name) => sent.to_owned(),
            _ => name,
        };
        Ok(self.with(I::from(LocationId(name))))
    }

    fn location(&self) -> Result<Option<String>> {
        let location = self.response.headers().get(LOCATION);
        location
            .map(|location| segment::decode_location_id(self.operation, location))
            .transpose()
    }

    fn without_location(&self, what: &'static str) -> crate::Error {
        error::protocol(what)
            .with_operation(self.operation)
            .with_status(self.response.status())
    }

    /// A file.
    pub(crate) fn content(self) -> Result<Response<Content>> {
        let (parts, body) = self.response.into_parts();
        let content = Content::new(&parts.headers, body);
        Ok(Response::new(parts.status, parts.headers, content))
    }

    /// A text answer.
    pub(crate) fn text<T: From<String>>(self) -> Result<Response<T>> {
        self.read(|operation, body| {
            let text = String::from_utf8(body.into());
            text.map(T::from)
                .map_err(|_| error::unexpected_body(operation, "the answer is not UTF-8 text"))
        })
    }

    /// A text answer, or nothing when the server sends none.
    pub(crate) fn optional_text(self) -> Result<Response<Option<String>>> {
        if self.response.status() == StatusCode::NO_CONTENT {
            return Ok(self.with(None));
        }
        self.text::<String>().map(|answer| {
            let (status, headers) = (answer.status(), answer.headers().clone());
            Response::new(status, headers, Some(answer.into_value()))
        })
    }
}
