//! Between the facade and progenitor's client: one [`Call`] a handle, one [`Wire`] a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::StatusCode;
use http::header::{ACCEPT, HeaderValue, LOCATION};
use progenitor_client::{ByteStream, ClientHooks, ClientInfo, OperationInfo, ResponseValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::edits::EditGuard;
use super::wire;
use crate::http::operation::Operation;
use crate::http::options::CallOptions;
use crate::http::transport::Transport;
use crate::http::{json, segment};
use crate::{Error, Response, Result, error};

type Answer<T> = std::result::Result<ResponseValue<T>, progenitor_client::Error<ErrorAnswer>>;

/// The declared error answer. [`Transport`] turns every real one into an [`Error`] before
/// progenitor sees it.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorAnswer {}

/// An id as the server gave it; only this module makes one.
pub(crate) struct LocationId(pub(crate) String);

/// What a handle carries: the client and the options of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    transport: Arc<Transport>,
    options: CallOptions,
}

impl Call {
    pub(crate) fn new(transport: &Arc<Transport>) -> Self {
        Self {
            transport: Arc::clone(transport),
            options: CallOptions::default(),
        }
    }

    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.options.set_header(name, value);
    }

    /// Checks every path parameter and makes the client of one request.
    pub(crate) fn prepare(
        &self,
        operation: &'static Operation,
        path: &[(&'static str, &str)],
    ) -> Result<Wire> {
        for (name, value) in path {
            segment::check(operation, name, value)?;
        }
        let attempt = Attempt {
            transport: Arc::clone(&self.transport),
            operation,
            options: self.options.clone(),
            failure: Arc::default(),
        };
        let client = wire::Client::new_with_client(
            self.transport.base_url(),
            self.transport.http().clone(),
            attempt,
        );
        Ok(Wire { client })
    }

    /// Starts an OpenID Connect client of a realm on the same connections.
    #[cfg(feature = "oidc")]
    pub(crate) fn oidc(&self, realm: &str, client_id: String) -> crate::oidc::OidcBuilder {
        let channel = Arc::clone(&self.transport.channel);
        crate::oidc::OidcBuilder::new(channel, realm.to_owned(), client_id)
    }

    /// Waits until no other edit of this object runs in this client.
    pub(crate) async fn edit(&self, handle: &'static str, ids: &[&str]) -> EditGuard {
        self.transport.edits.lock(handle, ids).await
    }
}

/// One request, as progenitor's client carries it to [`ClientHooks::exec`].
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    transport: Arc<Transport>,
    operation: &'static Operation,
    options: CallOptions,
    /// `exec` can fail with `reqwest::Error` only; ours waits here.
    failure: Arc<Mutex<Option<Error>>>,
}

impl ClientHooks<Attempt> for wire::Client {
    async fn exec(
        &self,
        mut request: reqwest::Request,
        _: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let attempt = self.inner();
        // Progenitor's own, with the version of the document.
        request.headers_mut().remove("api-version");
        // Progenitor asks for JSON unless the answer is text or binary: then the server refuses
        // a request for JSON with 406.
        request
            .headers_mut()
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        let answer = attempt
            .transport
            .execute(request, attempt.operation, &attempt.options)
            .await;
        match answer {
            Ok(response) => Ok(response.into()),
            Err(error) => {
                *attempt
                    .failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error);
                let mut nothing = http::Response::new(Bytes::new());
                // Outside every range the generated client knows.
                *nothing.status_mut() =
                    StatusCode::from_u16(999).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Ok(nothing.into())
            }
        }
    }
}

/// A prepared request: the client to make it with, and the readers of its answer.
pub(crate) struct Wire {
    client: wire::Client,
}

impl Wire {
    pub(crate) fn client(&self) -> &wire::Client {
        &self.client
    }

    fn operation(&self) -> &'static Operation {
        self.client.inner().operation
    }

    /// The answer of a call that gives no value.
    pub(crate) fn nothing(self, answer: Answer<()>) -> Result<Response<()>> {
        answer
            .map(into_response)
            .map_err(|failure| self.failure::<()>(failure))
    }

    /// The answer's value.
    pub(crate) fn value<T: DeserializeOwned + 'static>(
        self,
        answer: Answer<T>,
    ) -> Result<Response<T>> {
        answer
            .map(into_response)
            .map_err(|failure| self.failure::<T>(failure))
    }

    /// The answer's value, or nothing when the server sends none.
    pub(crate) fn optional<T: DeserializeOwned + 'static>(
        self,
        answer: Answer<T>,
    ) -> Result<Response<Option<T>>> {
        match answer {
            Ok(answer) => Ok(map(into_response(answer), Some)),
            Err(progenitor_client::Error::InvalidResponsePayload(body, _)) if body.is_empty() => {
                Ok(Response::new(
                    StatusCode::NO_CONTENT,
                    http::HeaderMap::new(),
                    None,
                ))
            }
            Err(failure) => Err(self.failure::<T>(failure)),
        }
    }

    /// The id out of `Location`, or `given` where the server answers 204 without one.
    pub(crate) fn created<I: From<LocationId>>(
        self,
        answer: Answer<()>,
        given: Option<&str>,
    ) -> Result<Response<I>> {
        let operation = self.operation();
        let answer = self.nothing(answer)?;
        let id = match (answer.headers().get(LOCATION), given) {
            (Some(location), _) => segment::decode_location_id(operation, location)?,
            (None, Some(given)) if answer.status() == StatusCode::NO_CONTENT => given.to_owned(),
            (None, _) => {
                return Err(error::protocol(
                    "the server created the object but sent no Location, so its id is unknown: \
                     look it up by its name",
                )
                .with_operation(operation)
                .with_status(answer.status()));
            }
        };
        Ok(map(answer, |()| I::from(LocationId(id))))
    }

    /// A binary answer.
    pub(crate) async fn bytes(self, answer: Answer<ByteStream>) -> Result<Response<Bytes>> {
        let operation = self.operation();
        let answer = answer.map_err(|failure| self.failure::<()>(failure))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body: BytesMut = answer
            .into_inner_stream()
            .try_collect::<Vec<Bytes>>()
            .await
            .map_err(|failed| error::transport(operation, failed))?
            .concat()
            .as_slice()
            .into();
        Ok(Response::new(status, headers, body.freeze()))
    }

    /// A text answer.
    pub(crate) async fn text(self, answer: Answer<ByteStream>) -> Result<Response<String>> {
        let operation = self.operation();
        let answer = self.bytes(answer).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = String::from_utf8(answer.into_value().into())
            .map_err(|_| error::unexpected_body(operation, "the answer is not UTF-8 text"))?;
        Ok(Response::new(status, headers, text))
    }

    fn failure<T: DeserializeOwned + 'static>(
        &self,
        failure: progenitor_client::Error<ErrorAnswer>,
    ) -> Error {
        use progenitor_client::Error as Wired;

        let attempt = self.client.inner();
        let waiting = attempt
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(error) = waiting {
            return error;
        }
        let operation = attempt.operation;
        match failure {
            // Read once more, to learn which member it is.
            Wired::InvalidResponsePayload(body, failed) => json::decode::<T>(operation, &body)
                .err()
                .unwrap_or_else(|| error::decode(operation, None, &failed)),
            Wired::CommunicationError(failed)
            | Wired::ResponseBodyError(failed)
            | Wired::InvalidUpgrade(failed) => error::transport(operation, failed),
            Wired::InvalidRequest(what) | Wired::Custom(what) => {
                error::invalid_argument(operation, what)
            }
            Wired::ErrorResponse(answer) => {
                Error::from_response(operation, answer.status(), answer.headers(), b"")
            }
            Wired::UnexpectedResponse(answer) => {
                Error::from_response(operation, answer.status(), answer.headers(), b"")
            }
        }
    }
}

fn into_response<T>(answer: ResponseValue<T>) -> Response<T> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Response::new(status, headers, answer.into_inner())
}

fn map<T, U>(answer: Response<T>, change: impl FnOnce(T) -> U) -> Response<U> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Response::new(status, headers, change(answer.into_value()))
}
