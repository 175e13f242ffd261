//! Reads the response to an admin call.

use bytes::Bytes;
use http::StatusCode;
use http::header::LOCATION;
use serde::de::DeserializeOwned;

use super::content::Content;
use crate::http::{json, segment};
use crate::operation::Operation;
use crate::{Response, Result, error};

/// An id from the server. Only this module creates one.
pub(crate) struct LocationId(String);

impl LocationId {
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The 2xx response to a call.
pub(crate) struct CallResponse {
    operation: &'static Operation,
    response: http::Response<Bytes>,
    /// What the response does not say about the object: its name or id.
    known: Option<String>,
    found: Option<String>,
}

impl CallResponse {
    pub(crate) fn new(
        operation: &'static Operation,
        response: http::Response<Bytes>,
        known: Option<String>,
    ) -> Self {
        Self {
            operation,
            response,
            known,
            found: None,
        }
    }

    /// Returns a substitute for the 404 that means that this very object is missing.
    pub(crate) fn missing(operation: &'static Operation) -> Self {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        Self::new(operation, response, None)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn has_location(&self) -> bool {
        self.response.headers().contains_key(LOCATION)
    }

    /// Sets the id of a new object that was looked up because the server sent none.
    pub(crate) fn set_found(&mut self, id: Option<String>) {
        self.found = id;
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

    /// Reads a response without a value.
    pub(crate) fn nothing(self) -> Result<Response<()>> {
        Ok(self.with(()))
    }

    /// Reads the value.
    pub(crate) fn value<T: DeserializeOwned + 'static>(self) -> Result<Response<T>> {
        self.read(|operation, body| json::decode(operation, &body))
    }

    /// Reads the list, which is empty if the server returns 204.
    pub(crate) fn list<T: DeserializeOwned + 'static>(self) -> Result<Response<Vec<T>>> {
        if self.status() == StatusCode::NO_CONTENT {
            return Ok(self.with(Vec::new()));
        }
        self.value()
    }

    /// Reads the value together with what the headers say.
    pub(crate) fn with_headers<T: DeserializeOwned + 'static, A: From<Response<T>>>(
        self,
    ) -> Result<Response<A>> {
        let response = self.value::<T>()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response::new(status, headers, response.into()))
    }

    /// Reads the value, or `None` if the body is empty.
    pub(crate) fn optional<T: DeserializeOwned + 'static>(self) -> Result<Response<Option<T>>> {
        self.read(|operation, body| {
            if body.is_empty() {
                return Ok(None);
            }
            json::decode(operation, &body).map(Some)
        })
    }

    /// Reads the response with `read`, or `None` if the object is missing.
    pub(crate) fn found<T>(
        self,
        read: fn(Self) -> Result<Response<T>>,
    ) -> Result<Response<Option<T>>> {
        if self.status() == StatusCode::NOT_FOUND {
            return Ok(self.with(None));
        }
        read(self).map(|response| response.map(Some))
    }

    /// Reads the id from `Location`, or uses the known one if the server returns 204 without it.
    pub(crate) fn created<I: From<LocationId>>(mut self) -> Result<Response<I>> {
        let known = self.known.take();
        let known = known.filter(|_| self.status() == StatusCode::NO_CONTENT);
        let found = self.found.take();
        let Some(id) = self.location()?.or(found).or(known) else {
            return Err(self.without_location(
                "the server created the object but sent no Location, so its id is unknown: look \
                 it up by its name",
            ));
        };
        Ok(self.with(I::from(LocationId(id))))
    }

    /// Reads the name from `Location`, or uses the one that was sent if the server garbled it.
    pub(crate) fn created_by_name<I: From<LocationId>>(mut self) -> Result<Response<I>> {
        let Some(name) = self.location()? else {
            return Err(self.without_location(
                "the server created the object but sent no Location: the object has the name that \
                 was sent",
            ));
        };
        let name = match self.known.take() {
            Some(sent) if segment::is_garbled(&sent, &name) => sent,
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

    /// Reads a file.
    pub(crate) fn content(self) -> Result<Response<Content>> {
        let (parts, body) = self.response.into_parts();
        let content = Content::new(&parts.headers, body);
        Ok(Response::new(parts.status, parts.headers, content))
    }

    /// Reads text.
    pub(crate) fn text<T: From<String>>(self) -> Result<Response<T>> {
        self.read(|operation, body| {
            let text = String::from_utf8(body.into());
            text.map(T::from)
                .map_err(|_| error::unexpected_body(operation, "the response is not UTF-8 text"))
        })
    }

    /// Reads text, or `None` if the server returns 204.
    pub(crate) fn optional_text(self) -> Result<Response<Option<String>>> {
        if self.response.status() == StatusCode::NO_CONTENT {
            return Ok(self.with(None));
        }
        self.text().map(|response| response.map(Some))
    }

    /// Reads a count.
    pub(crate) fn count<T: DeserializeOwned + 'static>(
        self,
        number: fn(T) -> i64,
    ) -> Result<Response<u64>> {
        let operation = self.operation;
        let response = self.value::<T>()?.map(number);
        let (status, headers, number) = response.into_parts();
        let number = u64::try_from(number).map_err(|_| {
            error::unexpected_body(operation, "the server returned a negative count")
        })?;
        Ok(Response::new(status, headers, number))
    }
}
#[cfg(test)]
mod tests {
    use crate::test_support::{Reply, Server};

    #[tokio::test]
    async fn a_list_is_empty_where_the_server_says_so_without_a_body() {
        let server = Server::keycloak(|seen, _| match &seen.target {
            target if target.ends_with("/sessions") => Some(Reply::status(204)),
            target if target.contains("/users?") => Some(Reply::status(204)),
            target if target.contains("/groups") => Some(Reply::status(200)),
            target if target.ends_with("/users/u1") => Some(Reply::status(204)),
            _ => None,
        })
        .await;
        let realm = server.client().realm("demo");
        assert!(realm.user("u1").sessions().await.unwrap().is_empty());
        assert!(realm.users().list().max(5).await.unwrap().is_empty());
        assert!(realm.users().list().all().await.unwrap().is_empty());
        // A lost body is not an empty list, and a missing object is not an empty one.
        assert!(realm.groups().list().await.is_err());
        assert!(realm.user("u1").get().await.is_err());
    }
}
