//! A request to a protected service, with the tokens of a session.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::Session;
use crate::AccessToken;
use crate::call::{Credential, Renew};
use crate::error::{Error, Result, invalid_argument};
use crate::http::json;
use crate::http::options::CallOptions;
use crate::http::request::{HttpRequest, JSON};
use crate::oidc::builder::is_loopback;
use crate::operation::Operation;
use crate::raw_request::{method_name, setters};
use crate::response::Response;
use crate::token::dpop::DPOP;

/// A request to a protected service; see [`Session::request`]. `.await` sends it and gives the
/// decoded value.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct ServiceRequest<T> {
    session: Session,
    op: Operation,
    /// Without query: shown in errors.
    place: String,
    request: Result<HttpRequest>,
    options: CallOptions,
    value: PhantomData<fn() -> T>,
}

impl Session {
    /// Calls a protected service with the tokens of this session: a fresh access token, as a bearer
    /// token or with a DPoP proof and the nonce that the service wants (RFC 9449), over the
    /// connections of the provider's client, which show its certificate where tokens are bound to
    /// it (RFC 8705). After a 401 the tokens are refreshed and the request is sent once more.
    ///
    /// The token goes to this address only: never over a redirect, and over plain HTTP to this
    /// machine only. Headers that are set for every request to the provider do not go along.
    /// Executed twice is only what can be: as [`Keycloak::request`](crate::Keycloak::request), a
    /// `POST` that may have been executed is not repeated.
    ///
    /// ```no_run
    /// # async fn show(session: keycloak_kit::oidc::Session) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::Method;
    ///
    /// let albums: serde_json::Value = session.request(Method::GET, "https://api.example/albums").await?;
    /// let () = session
    ///     .request(Method::POST, "https://api.example/albums")
    ///     .json(&serde_json::json!({ "name": "summer" }))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Of kind `Config` when the address is not an `https` URL, or `http` to this machine;
    /// `Unauthorized` when the session has ended, or the service does not take its token; of the
    /// kind of its status when the service answers anything but 2xx; `Protocol` when it redirects.
    pub fn request<T>(&self, method: Method, url: impl AsRef<str>) -> ServiceRequest<T> {
        let op = Operation::new("session.request", method_name(&method), "");
        let target = target(&op, url.as_ref());
        let place = match &target {
            Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
            Err(_) => String::new(),
        };
        ServiceRequest {
            session: self.clone(),
            op,
            place,
            request: target.map(|url| HttpRequest::new(method, url)),
            options: CallOptions::default(),
            value: PhantomData,
        }
    }
}

/// Where a token may be sent.
fn target(op: &Operation, text: &str) -> Result<Url> {
    let fail = |problem: &'static str| Err(invalid_argument(op, problem));
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return fail("the address of the service has white space or control characters");
    }
    let Ok(url) = Url::parse(text) else {
        return fail("the address of the service is not an absolute URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return fail("the address of the service has user information, which is not sent");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => fail(
            "the address of the service has plain HTTP: the token would be readable on the way",
        ),
        _ => fail("the address of the service is not an https URL"),
    }
}

setters!(ServiceRequest);

impl<T> ServiceRequest<T> {
    /// Sets a header. One that HTTP does not allow is reported when the request is sent, and so are
    /// `Authorization` and `DPoP`, which the session sets.
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.options.set_header(name, value);
        self
    }

    /// Sends it and gives status, headers and the answer's bytes as they came: for what is not
    /// JSON.
    ///
    /// # Errors
    /// As [`Session::request`].
    pub async fn send_bytes(self) -> Result<Response<Bytes>> {
        self.answer(HeaderValue::from_static("*/*")).await
    }

    async fn answer(self, accept: HeaderValue) -> Result<Response<Bytes>> {
        let name = format!("{} {}", self.op.method, self.place);
        let Self {
            session,
            op,
            request,
            options,
            ..
        } = self;
        let mut request = request?;
        let renewable = session.shared.keeper.tokens().refresh_token().is_some();
        if let Some(name) = [AUTHORIZATION, DPOP]
            .iter()
            .find(|name| options.headers.contains_key(*name))
        {
            return Err(invalid_argument(
                &op,
                format!("the header {name} is set by the session: do not set it"),
            ));
        }
        request.headers.insert(ACCEPT, accept);
        let sender = &session.shared.oidc.inner.channel.sender;
        let call = sender.call(&op).with(Credential::Renewed(&session));
        let answer = call.request(request).options(&options).elsewhere().send();
        let answer = answer.await;
        // A token that could not be had is the login's failure.
        let own = |error: Error| match error.operation() {
            Some(named) if named != op.name => error,
            _ => explain(error, renewable).with_operation_name(name.clone()),
        };
        let answer = answer.map_err(own)?;
        if answer.status().is_success() {
            let (parts, body) = answer.response.into_parts();
            return Ok(Response::new(parts.status, parts.headers, body));
        }
        Err(own(answer.error(&op).without_hint()))
    }
}

impl Renew for Session {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken>> {
        Box::pin(self.access_token())
    }

    fn renewed<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<Option<AccessToken>>> {
        Box::pin(async move {
            if self.shared.keeper.tokens().refresh_token().is_none() {
                return Ok(None);
            }
            self.refresh_refused(refused).await.map(Some)
        })
    }
}

impl<T: DeserializeOwned + 'static> ServiceRequest<T> {
    /// Sends it and gives status and headers beside the value.
    ///
    /// # Errors
    /// As [`Session::request`]; of kind `Decode` when the answer is JSON that is no `T`.
    pub async fn send(self) -> Result<Response<T>> {
        let op = self.op;
        let name = format!("{} {}", op.method, self.place);
        let answer = self.answer(JSON).await?;
        let value =
            json::decode(&op, answer.value()).map_err(|error| error.with_operation_name(name))?;
        Ok(Response::new(
            answer.status(),
            answer.headers().clone(),
            value,
        ))
    }
}

/// `renewable` where a refused token was replaced by a fresh one.
fn explain(error: Error, renewable: bool) -> Error {
    match error.status() {
        Some(status) if status.is_redirection() => error.with_hint(
            "redirects are not followed, because the token would go along: name the address itself",
        ),
        Some(StatusCode::UNAUTHORIZED) if !renewable => error.with_hint(
            "the service does not take this token, and there is no refresh token to get a fresh one \
             with: log in again, or check its audience and that the service trusts the issuer",
        ),
        Some(StatusCode::UNAUTHORIZED) => error.with_hint(
            "the service does not take this token, or a fresh one: check its audience, and that the \
             service trusts the issuer",
        ),
        Some(StatusCode::FORBIDDEN) => {
            error.with_hint("the token lacks a scope or a role that the service wants")
        }
        _ => error,
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for ServiceRequest<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_value) })
    }
}

impl<T> fmt::Debug for ServiceRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRequest")
            .field("method", &self.op.method)
            .field("place", &self.place)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
