//! The list of the policies of one kind.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use super::handles::either;
use super::kind::{PolicyKind, typed};
use super::operations::{PERMISSION, POLICY};
use http::{HeaderName, HeaderValue};

use crate::admin::requests::{
    ClientAuthorizationPermissionsOfTypeList, ClientAuthorizationPoliciesOfTypeList,
};
use crate::stream::End;
use crate::stream::ItemStream;
use crate::{BoxFuture, Response, Result};

#[derive(Clone, Debug)]
enum ListRequest {
    Policy(ClientAuthorizationPoliciesOfTypeList),
    Permission(ClientAuthorizationPermissionsOfTypeList),
}

/// A list of the policies or permissions of one kind, returned by
/// [`PoliciesOf::list`](super::PoliciesOf::list). `.await` returns one page; `.send()` also returns
/// status and headers.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ListPoliciesOf<P> {
    request: ListRequest,
    kind: PhantomData<fn() -> P>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $ty:ty),*);)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $($argument: $ty),*) -> Self {
            self.request = match self.request {
                ListRequest::Policy(request) => ListRequest::Policy(request.$name($($argument),*)),
                ListRequest::Permission(request) => ListRequest::Permission(request.$name($($argument),*)),
            };
            self
        }
    )*};
}

impl<P: PolicyKind> ListPoliciesOf<P> {
    pub(super) fn policies(request: ClientAuthorizationPoliciesOfTypeList) -> Self {
        Self {
            request: ListRequest::Policy(request),
            kind: PhantomData,
        }
    }

    pub(super) fn permissions(request: ClientAuthorizationPermissionsOfTypeList) -> Self {
        Self {
            request: ListRequest::Permission(request),
            kind: PhantomData,
        }
    }

    setters! {
        /// Only those whose name contains this text.
        name(name: impl Into<String>);
        /// Only those of this owner: a user's id.
        owner(owner: impl Into<String>);
        /// Only those about this resource: its id or name.
        resource(resource: impl Into<String>);
        /// Only those about resources of this type.
        resource_type(resource_type: impl Into<String>);
        /// Only those about this authorization scope: its id or name.
        scope(scope: impl Into<String>);
        /// How many items to skip at the start.
        first(first: i32);
        /// The page size. The server's default is 100.
        max(max: i32);
        /// Limits the total time of this call, retries and waits included.
        timeout(timeout: Duration);
        /// Sets a header. An invalid name or value is reported when the request is sent.
        header(name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>);
    }

    /// Sends the request and returns status and headers with the value.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<Vec<P>>> {
        let operation = match self.request {
            ListRequest::Policy(_) => &POLICY.list,
            ListRequest::Permission(_) => &PERMISSION.list,
        };
        let response = either!(self.request, ListRequest, request => request.send().await)?;
        let (status, headers, read) = response.into_parts();
        let read = read.into_iter();
        let policies = read
            .map(|policy| typed(operation, policy))
            .collect::<Result<_>>()?;
        Ok(Response::new(status, headers, policies))
    }

    /// Streams every item, page by page. `first` is where the stream starts, `max` the page size
    /// (default 100).
    ///
    /// Paging is by offset, so items that are added or removed meanwhile can be missed or returned
    /// twice.
    pub fn stream(self) -> ItemStream<P> {
        let number =
            |name| either!(&self.request, ListRequest, list => list.request.inner().number(name));
        let (first, max) = (number("first"), number("max"));
        ItemStream::paged(first, max, End::ShortPage, move |first, max| {
            self.clone().first(first).max(max).into_future()
        })
    }

    /// Reads every item of [`stream`](Self::stream) into a list.
    ///
    /// # Errors
    ///
    /// Returns the error of the first page that fails.
    pub async fn all(self) -> Result<Vec<P>> {
        self.stream().collect().await
    }
}

impl<P: PolicyKind> IntoFuture for ListPoliciesOf<P> {
    type Output = Result<Vec<P>>;
    type IntoFuture = BoxFuture<'static, Result<Vec<P>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_value) })
    }
}
