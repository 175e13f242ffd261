//! Between the facade and progenitor's client: one [`Call`] a handle, one [`Wire`] a request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use progenitor_client::{ByteStream, ClientHooks, ClientInfo, OperationInfo, ResponseValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::bodies::{self, Consent};
use super::content::Content;
use super::edits::EditGuard;
use super::unresolved;
use super::uploads::Form;
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
    consent: Consent,
}

impl Call {
    pub(crate) fn new(transport: &Arc<Transport>) -> Self {
        Self {
            transport: Arc::clone(transport),
            options: CallOptions::default(),
            consent: Consent::default(),
        }
    }

    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.options.set_header(name, value);
    }

    /// Keeps what a setter could not take, for when the call is made.
    pub(crate) fn refuse(&mut self, what: String) {
        self.options.refuse(what);
    }

    /// Ten asterisks are meant as a secret.
    pub(crate) fn set_masks_allowed(&mut self) {
        self.consent.masks = true;
    }

    /// The body was read, edited and compared.
    pub(crate) fn set_compared(&mut self) {
        self.consent.compared = true;
    }

    /// Executing a POST of this handle twice does what executing it once does.
    pub(crate) fn set_harmless_twice(&mut self) {
        self.options.harmless_twice = true;
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
            consent: self.consent,
            content_type: None,
            failure: Arc::default(),
            no_content: Arc::default(),
        };
        Ok(Wire::of(attempt))
    }

    /// Makes an operation's call in another media type than the generated client's.
    pub(crate) async fn in_media_type(
        &self,
        operation: &'static Operation,
        path: &[(&'static str, &str)],
        accept: &'static str,
        body: Option<(&str, Bytes)>,
    ) -> Result<Response<Bytes>> {
        let mut url = String::new();
        for part in operation.path.split('/').filter(|part| !part.is_empty()) {
            url.push('/');
            match path.iter().find(|(name, _)| {
                part.strip_prefix('{')
                    .and_then(|part| part.strip_suffix('}'))
                    == Some(name)
            }) {
                Some((name, value)) => {
                    segment::check(operation, name, value)?;
                    url.push_str(&segment::encode(value));
                }
                None => url.push_str(part),
            }
        }
        let url = self.transport.channel.sender.base.join(&url)?;
        let method = Method::from_bytes(operation.method.as_bytes())
            .map_err(|_| error::invalid_argument(operation, "the method is not one of HTTP"))?;
        let mut request = self
            .transport
            .http()
            .request(method, url)
            .header(ACCEPT, accept);
        if let Some((content_type, body)) = body {
            request = request.header(CONTENT_TYPE, content_type).body(body);
        }
        let request = request
            .build()
            .map_err(|failed| error::transport(operation, failed))?;
        let answer = self
            .transport
            .execute(request, operation, &self.options)
            .await?;
        let (parts, body) = answer.into_parts();
        Ok(Response::new(parts.status, parts.headers, body))
    }

    /// The connections that this call is made on.
    #[cfg(feature = "oidc")]
    pub(crate) fn channel(&self) -> &Arc<crate::http::channel::Channel> {
        &self.transport.channel
    }

    /// Starts an OpenID Connect client of a realm on the same connections.
    #[cfg(feature = "oidc")]
    pub(crate) fn oidc(&self, realm: &str, client_id: String) -> crate::oidc::OidcBuilder {
        let channel = Arc::clone(self.channel());
        crate::oidc::OidcBuilder::of_realm(channel, realm.to_owned(), client_id)
    }

    /// Waits until nothing else in this client writes this object, where an edit does not see to
    /// that itself.
    pub(crate) async fn turn(&self, handle: &'static str, ids: &[&str]) -> Option<EditGuard> {
        if self.consent.compared {
            return None;
        }
        let write = format!("{handle} written");
        Some(self.transport.edits.lock(&write, ids).await)
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
    consent: Consent,
    /// Of a multipart form, which progenitor takes for any bytes.
    content_type: Option<HeaderValue>,
    /// `exec` can fail with `reqwest::Error` only; ours waits here.
    failure: Arc<Mutex<Option<Error>>>,
    /// Whether the answer was 204: progenitor tells of one without a body no more than that.
    no_content: Arc<AtomicBool>,
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
        if let Some(content_type) = &attempt.content_type {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, content_type.clone());
        }
        let (transport, operation) = (&attempt.transport, attempt.operation);
        let mut options = attempt.options.clone();
        let checked = bodies::check(
            transport,
            operation,
            attempt.consent,
            &mut options,
            &mut request,
        )
        .await;
        let sent = operation.takes.and_then(|_| request.try_clone());
        let url = request.url().clone();
        let answer = match checked {
            Ok(()) => match transport.execute(request, operation, &options).await {
                Ok(answer) => bodies::confirm(transport, operation, &options, &url)
                    .await
                    .map(|()| answer),
                Err(failed) => Err(failed),
            },
            Err(refused) => Err(refused.or_operation(operation)),
        };
        match answer {
            Ok(response) => {
                let no_content = response.status() == StatusCode::NO_CONTENT;
                attempt.no_content.store(no_content, Ordering::Relaxed);
                Ok(response.into())
            }
            Err(error) => {
                let sent = sent.as_ref().and_then(|sent| sent.body()?.as_bytes());
                let error = bodies::explained(transport, operation, &options, sent, error).await;
                let error = unresolved::explain(operation, sent, error);
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
    fn of(attempt: Attempt) -> Self {
        let transport = Arc::clone(&attempt.transport);
        let client =
            wire::Client::new_with_client(transport.base_url(), transport.http().clone(), attempt);
        Self { client }
    }

    pub(crate) fn client(&self) -> &wire::Client {
        &self.client
    }

    /// Sends the body as the form it is.
    pub(crate) fn form(self, form: &Form) -> Self {
        let inner = Attempt {
            content_type: HeaderValue::from_str(&form.content_type).ok(),
            ..self.client.inner().clone()
        };
        Self::of(inner)
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

    /// The answer's list, which is empty when the server says so by 204.
    pub(crate) fn list<T: DeserializeOwned + 'static>(
        self,
        answer: Answer<Vec<T>>,
    ) -> Result<Response<Vec<T>>> {
        match answer {
            Err(progenitor_client::Error::InvalidResponsePayload(..)) if self.is_no_content() => {
                Ok(Response::new(
                    StatusCode::NO_CONTENT,
                    http::HeaderMap::new(),
                    Vec::new(),
                ))
            }
            answer => self.value(answer),
        }
    }

    /// The answer's value together with what its headers say.
    pub(crate) fn answer<T: DeserializeOwned + 'static, A: From<Response<T>>>(
        self,
        answer: Answer<T>,
    ) -> Result<Response<A>> {
        let answer = self.value(answer)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Response::new(status, headers, answer.into()))
    }

    fn is_no_content(&self) -> bool {
        self.client.inner().no_content.load(Ordering::Relaxed)
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

    /// The id out of `Location`, or what is found where an older server sends none.
    pub(crate) async fn created_or_found<I: From<LocationId>>(
        self,
        answer: Answer<()>,
        find: impl Future<Output = Result<Option<I>>> + Send,
    ) -> Result<Response<I>> {
        match &answer {
            Ok(created)
                if created.status() == StatusCode::CREATED
                    && !created.headers().contains_key(LOCATION) => {}
            _ => return self.created(answer, None),
        }
        match find.await? {
            Some(id) => {
                let answer = self.nothing(answer)?;
                Ok(map(answer, |()| id))
            }
            None => self.created(answer, None),
        }
    }

    /// The name out of `Location`; the one that was sent, where the server could not write it.
    pub(crate) fn created_by_name<I: From<LocationId>>(
        self,
        answer: Answer<()>,
        sent: Option<&str>,
    ) -> Result<Response<I>> {
        let operation = self.operation();
        let answer = self.nothing(answer)?;
        let location = answer.headers().get(LOCATION).ok_or_else(|| {
            error::protocol(
                "the server created the object but sent no Location: it has the name it was sent",
            )
            .with_operation(operation)
            .with_status(answer.status())
        })?;
        let name = segment::decode_location_id(operation, location)?;
        let name = match sent {
            Some(sent) if segment::is_garbled(sent, &name) => sent.to_owned(),
            _ => name,
        };
        Ok(map(answer, |()| I::from(LocationId(name))))
    }

    /// A file.
    pub(crate) async fn content(self, answer: Answer<ByteStream>) -> Result<Response<Content>> {
        let answer = self.bytes(answer).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let content = Content::new(&headers, answer.into_value());
        Ok(Response::new(status, headers, content))
    }

    async fn bytes(self, answer: Answer<ByteStream>) -> Result<Response<Bytes>> {
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
    pub(crate) async fn text<T: From<String>>(
        self,
        answer: Answer<ByteStream>,
    ) -> Result<Response<T>> {
        let operation = self.operation();
        let answer = self.bytes(answer).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = text_of(operation, answer.into_value())?;
        Ok(Response::new(status, headers, text.into()))
    }

    /// A text answer, or nothing when the server sends none.
    pub(crate) async fn optional_text(
        self,
        answer: Answer<ByteStream>,
    ) -> Result<Response<Option<String>>> {
        let answer = self.text(answer).await?;
        let empty = answer.status() == StatusCode::NO_CONTENT;
        Ok(map(answer, |text| (!empty).then_some(text)))
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

pub(crate) fn text_of(operation: &Operation, bytes: Bytes) -> Result<String> {
    String::from_utf8(bytes.into())
        .map_err(|_| error::unexpected_body(operation, "the answer is not UTF-8 text"))
}

fn into_response<T>(answer: ResponseValue<T>) -> Response<T> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Response::new(status, headers, answer.into_inner())
}

fn map<T, U>(answer: Response<T>, change: impl FnOnce(T) -> U) -> Response<U> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Response::new(status, headers, change(answer.into_value()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Reply, Server};

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
        // A body that got lost is no empty list, and no object is no object.
        assert!(realm.groups().list().await.is_err());
        assert!(realm.user("u1").get().await.is_err());
    }
}
