//! Requests: calls of the admin API that are set up and then sent.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::call::Call;
use super::call_request::{CallRequest, FindCreated, Hiding};
use super::call_response::CallResponse;
use super::paging;
use super::uploads::Upload;
use crate::operation::Operation;
use crate::stream::ItemStream;
use crate::{BoxFuture, Response, Result};

/// A call of the admin API that returns a `T` and has not been sent yet.
///
/// `.await` sends it and returns the value; [`send`](Self::send) also returns status and headers. A
/// request owns its data: it can be cloned, stored, spawned and sent more than once.
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// use std::time::Duration;
///
/// let realm = kc.realm("demo");
/// let settings = realm.get().timeout(Duration::from_secs(2)).await?;
/// let response = realm.get().header("x-trace", "1").send().await?;
/// println!("{}: {:?}", response.status(), settings.display_name);
///
/// let task = tokio::spawn(realm.users().count().send());
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct Request<T> {
    inner: CallRequest,
    read: fn(CallResponse) -> Result<Response<T>>,
}

impl<T> Request<T> {
    /// Limits the total time of this call, retries and waits included.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.inner.set_timeout(total);
        self
    }

    /// Sets a header. An invalid name or value is reported when the request is sent.
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.inner.set_header(name, value);
        self
    }

    /// Allows ten asterisks, the mask that Keycloak shows in place of a secret, as a secret.
    /// Without this setting a request that would store them is refused.
    pub fn allow_masked_secrets(mut self) -> Self {
        self.inner.set_masks_allowed();
        self
    }
}

impl<T: 'static> Request<T> {
    /// Sends the request and returns status and headers with the value.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    #[inline]
    pub fn send(self) -> impl Future<Output = Result<Response<T>>> + Send + 'static {
        let Self { inner, read } = self;
        let sent = inner.send();
        async move { read(sent.await?) }
    }
}

impl<T: 'static> IntoFuture for Request<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        let Self { inner, read } = self;
        let sent = inner.send();
        Box::pin(async move { read(sent.await?).map(Response::into_value) })
    }
}

impl<T> Clone for Request<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            read: self.read,
        }
    }
}

impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Used by generated code.
impl<T> Request<T> {
    pub(crate) fn new(
        call: &Call,
        operation: &'static Operation,
        path: &[(&'static str, &str)],
        read: fn(CallResponse) -> Result<Response<T>>,
    ) -> Self {
        Self {
            inner: CallRequest::new(call, operation, path),
            read,
        }
    }

    pub(crate) fn inner(&self) -> &CallRequest {
        &self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut CallRequest {
        &mut self.inner
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.set(name, value.into());
        self
    }

    pub(crate) fn hiding(mut self, hiding: Hiding) -> Self {
        self.inner.set_hiding(hiding);
        self
    }

    pub(crate) fn json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.inner.set_json(body);
        self
    }

    pub(crate) fn form<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.inner.set_form(body);
        self
    }

    pub(crate) fn upload(mut self, upload: &impl Upload) -> Self {
        self.inner.set_upload(upload);
        self
    }

    pub(crate) fn text(mut self, media_type: &str, body: impl Into<String>) -> Self {
        self.inner.set_bytes(media_type, body.into());
        self
    }

    pub(crate) fn accept(mut self, media_type: &'static str) -> Self {
        self.inner.set_accept(media_type);
        self
    }

    /// Sets what the response does not say about a new object: its name or id.
    pub(crate) fn known(mut self, known: Option<&str>) -> Self {
        self.inner.set_known(known);
        self
    }

    /// Sets the object that this request writes. Writers of one object in one client take turns.
    pub(crate) fn turn(mut self, object: &'static str, ids: &[&str]) -> Self {
        self.inner.set_turn(object, ids);
        self
    }

    pub(crate) fn find_created(mut self, find: FindCreated) -> Self {
        self.inner.set_find_created(find);
        self
    }

    /// Never repeats the request, even if that would be harmless.
    pub(crate) fn single_use(mut self) -> Self {
        self.inner.set_single_use();
        self
    }

    /// Treats a 404 with one of these messages as a response; see
    /// [`CallResponse::found`](super::call_response::CallResponse::found).
    pub(crate) fn missing(mut self, messages: &'static [&'static str]) -> Self {
        self.inner.set_missing(messages);
        self
    }
}

/// Used by generated code for lists that page by `first` and `max`.
impl<T: Send + Serialize + 'static> Request<Vec<T>> {
    #[inline]
    pub(crate) fn paged(self, end: super::End<T>) -> ItemStream<T> {
        let (first, max) = (self.inner.number("first"), self.inner.number("max"));
        ItemStream::paged(first, max, end, move |first, max| {
            let page = self.clone();
            let page = page.query("first", first.to_string());
            page.query("max", max.to_string()).into_future()
        })
    }

    #[inline]
    pub(crate) fn whole(mut self) -> ItemStream<T> {
        let first = self.inner.number("first");
        self.inner.unset("first");
        self.inner.unset("max");
        ItemStream::whole(first, self.into_future())
    }

    /// Returns the request that counts what this one lists. `filters` are the parameters that both
    /// have, by their names here and there; `others` are those that only the list has.
    pub(crate) fn counted<N>(
        &self,
        operation: &'static Operation,
        read: fn(CallResponse) -> Result<Response<N>>,
        filters: &[(&str, &'static str)],
        others: &[&str],
    ) -> Result<Request<N>> {
        let set = others.iter().copied();
        let set: Vec<&str> = set.filter(|name| self.inner.get(name).is_some()).collect();
        paging::refuse(operation, &set)?;
        self.inner.check_hiding(operation)?;
        let mut inner = CallRequest::new(self.inner.call(), operation, &[]);
        inner.take_path(&self.inner);
        inner.take_over(&self.inner, filters);
        Ok(Request { inner, read })
    }
}

/// Implements the setters and ways to send that request types with parameters of their own share.
macro_rules! request_with_parameters {
    ($name:ident, $output:ty) => {
        impl $name {
            /// Limits the total time of this call, retries and waits included.
            pub fn timeout(self, total: ::std::time::Duration) -> Self {
                Self {
                    request: self.request.timeout(total),
                }
            }

            /// Sets a header. An invalid name or value is reported when the request is sent.
            pub fn header(
                self,
                name: impl TryInto<::http::HeaderName>,
                value: impl TryInto<::http::HeaderValue>,
            ) -> Self {
                Self {
                    request: self.request.header(name, value),
                }
            }

            /// Sends the request and returns status and headers with the value.
            ///
            /// # Errors
            ///
            /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
            #[inline]
            pub fn send(
                self,
            ) -> impl ::std::future::Future<Output = crate::Result<crate::Response<$output>>>
            + Send
            + 'static {
                self.request.send()
            }
        }

        impl ::std::future::IntoFuture for $name {
            type Output = crate::Result<$output>;
            type IntoFuture = $crate::BoxFuture<'static, $crate::Result<$output>>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                self.request.into_future()
            }
        }

        impl ::std::convert::From<$name> for crate::admin::Request<$output> {
            fn from(request: $name) -> Self {
                request.request
            }
        }
    };
}

pub(crate) use request_with_parameters;
