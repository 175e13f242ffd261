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
use crate::admin::stream::End;
use crate::admin::{ItemStream, Sending};
use crate::{Response, Result};

#[derive(Clone, Debug)]
enum Listing {
    Policy(ClientAuthorizationPoliciesOfTypeList),
    Permission(ClientAuthorizationPermissionsOfTypeList),
}

/// The policies or permissions of one kind, as [`PoliciesOf::list`](super::PoliciesOf::list) gives
/// it: `.await` gives one page, `.send()` status and headers beside it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ListPoliciesOf<P> {
    request: Listing,
    kind: PhantomData<fn() -> P>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $ty:ty),*);)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $($argument: $ty),*) -> Self {
            self.request = match self.request {
                Listing::Policy(request) => Listing::Policy(request.$name($($argument),*)),
                Listing::Permission(request) => Listing::Permission(request.$name($($argument),*)),
            };
            self
        }
    )*};
}

impl<P: PolicyKind> ListPoliciesOf<P> {
    pub(super) fn policies(request: ClientAuthorizationPoliciesOfTypeList) -> Self {
        Self {
            request: Listing::Policy(request),
            kind: PhantomData,
        }
    }

    pub(super) fn permissions(request: ClientAuthorizationPermissionsOfTypeList) -> Self {
        Self {
            request: Listing::Permission(request),
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
        /// How many to leave out at the start.
        first(first: i32);
        /// The size of a page. The server's default is 100.
        max(max: i32);
        /// The longest this call may take, retries included.
        timeout(timeout: Duration);
        /// Adds a header. A name or value that HTTP does not take is the error of the call.
        header(name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>);
    }

    /// Sends the request and gives status and headers beside the value.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<Vec<P>>> {
        let operation = match self.request {
            Listing::Policy(_) => &POLICY.list,
            Listing::Permission(_) => &PERMISSION.list,
        };
        let answer = either!(self.request, Listing, request => request.send().await)?;
        let (status, headers, read) = answer.into_parts();
        let read = read.into_iter();
        let policies = read
            .map(|policy| typed(operation, policy))
            .collect::<Result<_>>()?;
        Ok(Response::new(status, headers, policies))
    }

    /// Every item, page by page: `first` is where it starts, `max` the size of a page (100 when
    /// not set).
    ///
    /// Paging is by offset: items added or removed meanwhile can be missed or seen twice.
    pub fn stream(self) -> ItemStream<P> {
        let number =
            |name| either!(&self.request, Listing, list => list.request.inner().number(name));
        let (first, max) = (number("first"), number("max"));
        ItemStream::paged(first, max, End::ShortPage, move |first, max| {
            self.clone().first(first).max(max).into_future()
        })
    }

    /// Every item of [`stream`](Self::stream) in one list.
    ///
    /// # Errors
    ///
    /// The first error of a page.
    pub async fn all(self) -> Result<Vec<P>> {
        self.stream().collect().await
    }
}

impl<P: PolicyKind> IntoFuture for ListPoliciesOf<P> {
    type Output = Result<Vec<P>>;
    type IntoFuture = Sending<Vec<P>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_value) })
    }
}
