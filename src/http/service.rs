//! What sends one request: the seam for tests and other HTTP clients.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use http::{Request, Response};

use crate::error::HttpError;
use crate::future::BoxFuture;

/// Sends one HTTP request and returns what comes back.
///
/// Every request of a client goes through its service, those for tokens, keys and well-known
/// documents included. The service that the crate brings along uses the connection settings of
/// [`ClientOptions`](crate::ClientOptions); [`ClientOptions::http_service`] sets another one: a
/// script for tests, another HTTP client, or a layer around the crate's own service.
///
/// # Contract
///
/// A call sends exactly one request, as it is given, and returns exactly its response:
///
/// - A redirect is not followed. It would carry the token or the password elsewhere, and what was
///   called elsewhere cannot be told from the response.
/// - Nothing is sent again, except what HTTP itself proves that the server has not read. Retries
///   are made by the client, for which each attempt is a call of its own: assertions and proofs are
///   good for one attempt.
/// - No cookie is kept, no response is taken from a cache, and no body is decompressed unless
///   `Content-Encoding` and `Content-Length` are removed with it.
/// - The body of the request is complete and in memory, uploads included. The service sets `Host`,
///   `Content-Length` and the headers of the connection; `Content-Length: 0` for a `POST`, `PUT` or
///   `PATCH` without a body.
/// - The response is returned as soon as its headers are there. The body is a stream, so that the
///   client's limits on time and size hold before all of it is read. A status outside 2xx is a
///   response, not an error.
/// - Dropping the future or the body ends the exchange. The client's time limits work that way.
///
/// Headers and bodies hold credentials: a service neither logs nor shows them in errors or `Debug`.
///
/// # Examples
///
/// A test without a server: the service has the responses, and counts the requests.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use bytes::Bytes;
/// use http::{Method, Request, Response, StatusCode};
/// use keycloak_kit::{BoxFuture, ClientOptions, HttpBody, HttpError, HttpService, Keycloak};
///
/// #[derive(Debug, Default)]
/// struct Script {
///     requests: AtomicUsize,
/// }
///
/// impl HttpService for Script {
///     fn call(
///         &self,
///         request: Request<Bytes>,
///     ) -> BoxFuture<'_, Result<Response<HttpBody>, HttpError>> {
///         self.requests.fetch_add(1, Ordering::Relaxed);
///         let mut response = match request.uri().path() {
///             "/admin/realms/demo/users/count" => Response::new(HttpBody::from("42")),
///             _ => Response::new(HttpBody::from(r#"{"error":"Realm not found."}"#)),
///         };
///         if !request.uri().path().starts_with("/admin/realms/demo/") {
///             *response.status_mut() = StatusCode::NOT_FOUND;
///         }
///         Box::pin(async { Ok(response) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> keycloak_kit::Result<()> {
/// let script = Arc::new(Script::default());
/// let kc = Keycloak::builder("https://sso.example")
///     .options(ClientOptions::new().http_service(script.clone()))
///     .access_token("test")
///     .build()?;
///
/// let count: u32 = kc.request(Method::GET, ["admin", "realms", "demo", "users", "count"]).await?;
/// assert_eq!(count, 42);
/// let other = kc.request::<u32>(Method::GET, ["admin", "realms", "other"]).await;
/// assert!(other.unwrap_err().is_not_found());
/// assert_eq!(script.requests.load(Ordering::Relaxed), 2);
/// # Ok(()) }
/// ```
///
/// A layer around the crate's own service, with its settings:
///
/// ```no_run
/// use std::sync::Arc;
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use keycloak_kit::{BoxFuture, ClientOptions, HttpBody, HttpError, HttpService};
///
/// #[derive(Debug)]
/// struct Logged(Arc<dyn HttpService>);
///
/// impl HttpService for Logged {
///     fn call(
///         &self,
///         request: Request<Bytes>,
///     ) -> BoxFuture<'_, Result<Response<HttpBody>, HttpError>> {
///         Box::pin(async move {
///             let method = request.method().clone();
///             let response = self.0.call(request).await?;
///             println!("{method} {}", response.status());
///             Ok(response)
///         })
///     }
/// }
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let connections = ClientOptions::new().no_proxy().build_http_service()?;
/// let options = ClientOptions::new().http_service(Logged(connections));
/// # let _ = options;
/// # Ok(()) }
/// ```
///
/// [`ClientOptions::http_service`]: crate::ClientOptions::http_service
pub trait HttpService: fmt::Debug + Send + Sync + 'static {
    /// Sends `request`, whose URI is absolute, and returns the response.
    ///
    /// # Errors
    /// An [`HttpError`] if there is no response. Its [kind](HttpError::kind) decides whether the
    /// request may be sent again.
    fn call(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<Response<HttpBody>, HttpError>>;
}

impl<S: HttpService + ?Sized> HttpService for Arc<S> {
    fn call(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, std::result::Result<Response<HttpBody>, HttpError>> {
        (**self).call(request)
    }
}

/// The body of a response: a stream of bytes.
///
/// Made from bytes or text that is at hand (`HttpBody::from("..")`), or from a stream.
pub struct HttpBody(Pin<Box<dyn Stream<Item = Chunk> + Send>>);

type Chunk = std::result::Result<Bytes, HttpError>;

impl HttpBody {
    /// Creates a body that arrives piece by piece. An error ends it.
    pub fn from_stream(
        stream: impl Stream<Item = std::result::Result<Bytes, HttpError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(stream))
    }

    /// Creates a body without a byte.
    pub fn empty() -> Self {
        Self(Box::pin(stream::empty()))
    }
}

impl Stream for HttpBody {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl From<Bytes> for HttpBody {
    fn from(bytes: Bytes) -> Self {
        Self(Box::pin(stream::iter([Ok(bytes)])))
    }
}

impl From<Vec<u8>> for HttpBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for HttpBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for HttpBody {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for HttpBody {
    // It may hold a secret, and has not been read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpBody")
    }
}
