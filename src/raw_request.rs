//! A call of any endpoint.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BoxFuture;
use crate::call::Authorized;
use crate::error::{self, Error, Result};
use crate::http::json;
use crate::http::options::CallOptions;
use crate::http::request::{HttpRequest, JSON};
use crate::http::segment;
use crate::operation::Operation;
use crate::response::Response;

/// Setters shared by the requests to any address.
macro_rules! setters {
    ($request:ident) => {
        impl<T> $request<T> {
            /// Adds query parameters: pairs, a map or a struct. Can be called more than once.
            pub fn query<Q: Serialize + ?Sized>(self, query: &Q) -> Self {
                self.with(|request, op| request.set_query(op, query))
            }

            /// Limits the total time of this call, retries and waits included.
            pub fn timeout(mut self, total: Duration) -> Self {
                self.options.timeout = Some(total);
                self
            }

            /// Sends `body` as JSON.
            pub fn json<B: Serialize + ?Sized>(self, body: &B) -> Self {
                self.with(|request, op| request.set_json(op, body))
            }

            /// Sends `body` as `application/x-www-form-urlencoded`.
            pub fn form<B: Serialize + ?Sized>(self, body: &B) -> Self {
                self.with(|request, op| request.set_form(op, body))
            }

            /// Sends `body` as `content_type`.
            pub fn bytes(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
                self.options.set_header(CONTENT_TYPE, content_type);
                self.with(|request, _| {
                    request.body = Some(body.into());
                    Ok(())
                })
            }

            fn with(
                mut self,
                change: impl FnOnce(&mut HttpRequest, &Operation) -> Result<()>,
            ) -> Self {
                if let Ok(request) = &mut self.request
                    && let Err(failed) = change(request, &self.op)
                {
                    self.request = Err(failed);
                }
                self
            }
        }
    };
}

#[cfg(feature = "oidc")]
pub(crate) use setters;

setters!(RawRequest);

/// A request under construction; see [`Keycloak::request`](crate::Keycloak::request).
///
/// `.await` sends it and returns the decoded value. `()` accepts any response. An empty response is
/// read as `null`, so `Option<_>` and `serde_json::Value` accept it.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct RawRequest<T> {
    authorized: Arc<Authorized>,
    op: Operation,
    /// Without the query: shown in errors.
    path: String,
    request: Result<HttpRequest>,
    options: CallOptions,
    value: PhantomData<fn() -> T>,
}

impl<T> RawRequest<T> {
    pub(crate) fn new(
        authorized: Arc<Authorized>,
        method: Method,
        segments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let op = Operation::new("request", method_name(&method), "");
        let mut path = String::new();
        let mut checked = Ok(());
        for part in segments {
            let part = part.as_ref();
            checked = checked.and_then(|()| segment::check(&op, "path segment", part));
            path.push('/');
            path.push_str(&segment::encode(part));
        }
        if path.is_empty() {
            checked = Err(error::invalid_argument(&op, "the path has no segments"));
        }
        let base = authorized.sender().addresses().base();
        let request = checked.map(|()| HttpRequest::new(method, base.join(&path)));
        Self {
            authorized,
            op,
            path,
            request,
            options: CallOptions::default(),
            value: PhantomData,
        }
    }

    /// Sets a header. An invalid name or value is reported when the request is sent.
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.options.set_header(name, value);
        self
    }

    /// Sends `body` as `text/plain`.
    pub fn text(self, body: impl Into<String>) -> Self {
        self.bytes("text/plain; charset=utf-8", body.into())
    }

    /// Sends the request and returns status, headers and the raw bytes of the response, for content
    /// other than JSON. Accepts any media type, unless an `Accept` header is set.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no response, or its status is not 2xx.
    pub async fn send_bytes(self) -> Result<Response<Bytes>> {
        self.receive(HeaderValue::from_static("*/*")).await
    }

    /// The server rejects an unsupported media type with 406.
    async fn receive(self, accept: HeaderValue) -> Result<Response<Bytes>> {
        let Self {
            authorized,
            op,
            path,
            request,
            options,
            ..
        } = self;
        let name = |error: Error| error.with_operation_name(format!("{} {path}", op.method));
        let mut request = request.map_err(name)?;
        request.headers.entry(ACCEPT).or_insert(accept);
        match authorized.execute(request, &op, &options).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                Ok(Response::new(parts.status, parts.headers, body))
            }
            // A failed token request is an error of the login.
            Err(error) if error.operation() != Some(op.name) => Err(error),
            Err(error) => Err(name(error)),
        }
    }
}

impl<T: DeserializeOwned + 'static> RawRequest<T> {
    /// Sends the request and returns status and headers with the value.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no response, its status is not 2xx, or its body is not a `T`.
    pub async fn send(self) -> Result<Response<T>> {
        let op = self.op;
        let name = format!("{} {}", op.method, self.path);
        let response = self.receive(JSON).await?;
        let value =
            json::decode(&op, response.value()).map_err(|error| error.with_operation_name(name))?;
        Ok(response.map(|_| value))
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for RawRequest<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_value) })
    }
}

impl<T> fmt::Debug for RawRequest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("method", &self.op.method)
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

pub(crate) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
