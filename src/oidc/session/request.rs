//! Requests to a protected service with the tokens of a session.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::Session;
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
use crate::{AccessToken, BoxFuture};

/// A request to a protected service; see [`Session::request`]. `.await` sends it and returns the
/// decoded value.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct ServiceRequest<T> {
    session: Session,
    op: Operation,
    /// The URL without its query, for errors.
    url: String,
    request: Result<HttpRequest>,
    options: CallOptions,
    value: PhantomData<fn() -> T>,
}

impl Session {
    /// Calls a protected service with a fresh access token of this session: as a bearer token, or
    /// with a DPoP proof and the nonce that the service requires (RFC 9449). The request uses the
    /// connections of the provider's client, with its certificate if tokens are bound to it (RFC
    /// 8705). After a 401 the tokens are refreshed and the request is sent once more.
    ///
    /// The token is sent to this address only: redirects are not followed, and plain HTTP is
    /// allowed to this machine only. Headers configured for every request to the provider are not
    /// sent. Requests are repeated only if that is safe, like those of
    /// [`Keycloak::request`](crate::Keycloak::request): a `POST` that may have been executed is not
    /// repeated.
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
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the address is not an `https` URL, or
    ///   an `http` URL of this machine.
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the session has ended or
    ///   the service refuses its token.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the service redirects.
    /// - The kind of the status if the service returns any other status than 2xx.
    pub fn request<T>(&self, method: Method, url: impl AsRef<str>) -> ServiceRequest<T> {
        let op = Operation::new("session.request", method_name(&method), "");
        let target = target(&op, url.as_ref());
        let shown = match &target {
            Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
            Err(_) => String::new(),
        };
        ServiceRequest {
            session: self.clone(),
            op,
            url: shown,
            request: target.map(|url| HttpRequest::new(method, url)),
            options: CallOptions::default(),
            value: PhantomData,
        }
    }
}

/// Returns the URL if a token may be sent there.
fn target(op: &Operation, text: &str) -> Result<Url> {
    let fail = |problem: &'static str| Err(invalid_argument(op, problem));
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return fail("the address of the service contains white space or control characters");
    }
    let Ok(url) = Url::parse(text) else {
        return fail("the address of the service is not an absolute URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return fail("the address of the service contains user information, which is not sent");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => fail("the address of the service uses plain HTTP, which would expose the token"),
        _ => fail("the address of the service is not an https URL"),
    }
}

setters!(ServiceRequest);

impl<T> ServiceRequest<T> {
    /// Sets a header. Sending the request returns an error if the header is invalid, or is
    /// `Authorization` or `DPoP`, which the session sets.
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.options.set_header(name, value);
        self
    }

    /// Sends the request and returns the status, the headers and the body's bytes, for responses
    /// that are not JSON.
    ///
    /// # Errors
    /// Same as [`Session::request`].
    pub async fn send_bytes(self) -> Result<Response<Bytes>> {
        self.answer(HeaderValue::from_static("*/*")).await
    }

    async fn answer(self, accept: HeaderValue) -> Result<Response<Bytes>> {
        let name = format!("{} {}", self.op.method, self.url);
        let Self {
            session,
            op,
            request,
            options,
            ..
        } = self;
        let mut request = request?;
        let renewable = session.shared.state.tokens().refresh_token().is_some();
        if let Some(name) = [AUTHORIZATION, DPOP]
            .iter()
            .find(|name| options.headers.contains_key(*name))
        {
            return Err(invalid_argument(
                &op,
                format!("the header {name} is set by the session: remove it"),
            ));
        }
        request.headers.insert(ACCEPT, accept);
        let sender = &session.shared.oidc.inner.channel.sender;
        let call = sender.call(&op).with(Credential::Renewed(&session));
        let answer = call.request(request).options(&options).elsewhere().send();
        let answer = answer.await;
        // A failure to get a token is the login's own error.
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
            if self.shared.state.tokens().refresh_token().is_none() {
                return Ok(None);
            }
            self.refresh_refused(refused).await.map(Some)
        })
    }
}

impl<T: DeserializeOwned + 'static> ServiceRequest<T> {
    /// Sends the request and returns the value with the response's status and headers.
    ///
    /// # Errors
    /// Same as [`Session::request`], and [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the
    /// response is not JSON of a `T`.
    pub async fn send(self) -> Result<Response<T>> {
        let op = self.op;
        let name = format!("{} {}", op.method, self.url);
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

/// Adds a hint. `renewable` is whether a refused token was replaced with a fresh one.
fn explain(error: Error, renewable: bool) -> Error {
    match error.status() {
        Some(status) if status.is_redirection() => error.with_hint(
            "redirects are not followed, because they would receive the token: use the final address",
        ),
        Some(StatusCode::UNAUTHORIZED) if !renewable => error.with_hint(
            "the service refuses this token, and there is no refresh token to get a fresh one: log \
             in again, or check the token's audience and that the service trusts the issuer",
        ),
        Some(StatusCode::UNAUTHORIZED) => error.with_hint(
            "the service refuses this token and a fresh one: check the token's audience, and that \
             the service trusts the issuer",
        ),
        Some(StatusCode::FORBIDDEN) => {
            error.with_hint("the token lacks a scope or a role that the service requires")
        }
        _ => error,
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for ServiceRequest<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_value) })
    }
}

impl<T> fmt::Debug for ServiceRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRequest")
            .field("method", &self.op.method)
            .field("url", &self.url)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
