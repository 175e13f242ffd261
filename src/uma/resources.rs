//! Resources of a resource server (UMA 2.0 Federated Authorization section 3).

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::StreamExt;
use futures_util::stream::{self, TryStreamExt};
use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{ProtectionCall, Uma};
use super::fault::About;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid_argument};
use crate::oidc::awaitable;
use crate::operation::Operation;
use crate::response::Response;

const ENDPOINT: Endpoint = ("resource_registration_endpoint", |m| {
    m.resource_registration_endpoint.as_deref()
});
const PATH: &str = "{resource_registration_endpoint}";
const ONE: &str = "{resource_registration_endpoint}/{id}";
const CREATE: Operation = Operation::new("uma.resources.create", "POST", PATH);
const LIST: Operation = Operation::new("uma.resources.list", "GET", PATH);
const GET: Operation = Operation::new("uma.resource.get", "GET", ONE);
const UPDATE: Operation = Operation::new("uma.resource.update", "PUT", ONE);
const DELETE: Operation = Operation::new("uma.resource.delete", "DELETE", ONE);
/// How many resources a stream asks for at once.
const PAGE: usize = 100;
const NOTHING: Option<&()> = None;

/// A protected resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Resource {
    /// Given by the server.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One of its kind among the resources of its owner.
    pub name: String,
    /// What people are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Paths or URIs it is reached at, with patterns such as `/albums/{id}` and `/albums/*`.
    pub uris: Vec<String>,
    /// Resources of one type can share policies, such as `urn:photos:album`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// What can be done with it. The server makes scopes that it does not have yet.
    #[serde(rename = "resource_scopes")]
    pub scopes: Vec<String>,
    /// An image.
    #[serde(rename = "icon_uri", skip_serializing_if = "Option::is_none")]
    pub icon_uri: Option<String>,
    /// Whose it is: the user whose token created it, or the client. Set by the server.
    #[serde(skip_serializing)]
    pub owner: Option<ResourceOwner>,
    /// Whether the owner decides who has access.
    pub owner_managed_access: bool,
    /// What else is known about it.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// The user or client that a resource belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResourceOwner {
    /// The id of the user, or of the client.
    pub id: Option<String>,
    /// The user name, or the `clientId`.
    pub name: Option<String>,
}

impl Resource {
    /// A resource with a name and nothing else.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Adds a path or URI.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uris.push(uri.into());
        self
    }

    /// Adds scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The type.
    #[must_use]
    pub fn type_(mut self, type_: impl Into<String>) -> Self {
        self.type_ = Some(type_.into());
        self
    }

    /// What people are shown.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// An image.
    #[must_use]
    pub fn icon_uri(mut self, uri: impl Into<String>) -> Self {
        self.icon_uri = Some(uri.into());
        self
    }

    /// Lets the owner decide who has access.
    #[must_use]
    pub fn owner_managed_access(mut self, managed: bool) -> Self {
        self.owner_managed_access = managed;
        self
    }

    /// Adds a value of an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes
            .entry(name.into())
            .or_default()
            .push(value.into());
        self
    }
}

/// A resource as servers write it: scopes under either name, as names or as objects.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "_id")]
    id: Option<String>,
    name: String,
    display_name: Option<String>,
    uris: Option<Vec<String>>,
    uri: Option<String>,
    #[serde(rename = "type")]
    type_: Option<String>,
    #[serde(rename = "resource_scopes")]
    resource_scopes: Option<Vec<ScopeName>>,
    scopes: Option<Vec<ScopeName>>,
    #[serde(rename = "icon_uri")]
    icon_uri: Option<String>,
    owner: Option<OwnerName>,
    owner_managed_access: Option<bool>,
    attributes: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ScopeName {
    Name(String),
    Scope { name: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OwnerName {
    Name(String),
    Owner(ResourceOwner),
}

impl From<Wire> for Resource {
    fn from(wire: Wire) -> Self {
        let scopes = wire.resource_scopes.or(wire.scopes).unwrap_or_default();
        Self {
            id: wire.id,
            name: wire.name,
            display_name: wire.display_name,
            uris: wire.uris.unwrap_or_else(|| wire.uri.into_iter().collect()),
            type_: wire.type_,
            scopes: scopes
                .into_iter()
                .map(|scope| match scope {
                    ScopeName::Name(name) | ScopeName::Scope { name } => name,
                })
                .collect(),
            icon_uri: wire.icon_uri,
            owner: wire.owner.map(|owner| match owner {
                OwnerName::Owner(owner) => owner,
                OwnerName::Name(name) => ResourceOwner {
                    id: None,
                    name: Some(name),
                },
            }),
            owner_managed_access: wire.owner_managed_access.unwrap_or_default(),
            attributes: wire.attributes.unwrap_or_default(),
        }
    }
}

/// The resources of a resource server; see [`Uma::resources`].
#[derive(Debug, Clone)]
pub struct Resources {
    uma: Uma,
}

/// One resource; see [`Uma::resource`].
#[derive(Debug, Clone)]
pub struct ResourceHandle {
    uma: Uma,
    id: String,
}

impl Uma {
    /// The resources of this resource server.
    ///
    /// ```no_run
    /// # async fn show(uma: keycloak_kit::uma::Uma) -> keycloak_kit::Result<()> {
    /// let albums = uma.resources().list().type_("urn:photos:album").scope("view").await?;
    /// let at = uma.resources().list().uri("/albums/7").matching_uri().await?;
    /// let mut all = uma.resources().list().stream();
    /// while let Some(resource) = all.next().await {
    ///     println!("{}", resource?.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn resources(&self) -> Resources {
        Resources { uma: self.clone() }
    }

    /// The resource with this id.
    pub fn resource(&self, id: impl Into<String>) -> ResourceHandle {
        ResourceHandle {
            uma: self.clone(),
            id: id.into(),
        }
    }
}

impl Resources {
    /// Registers a resource and gives it with its id. Its owner is whoever the token is of:
    /// `owner` is not sent.
    ///
    /// # Errors
    /// With [`AlreadyExists`](crate::UmaFault::AlreadyExists) when the owner has one of this name.
    pub async fn create(&self, resource: &Resource) -> Result<Resource> {
        if resource.name.is_empty() {
            return Err(invalid_argument(&CREATE, "the resource has no name"));
        }
        let call = ProtectionCall {
            op: &CREATE,
            about: About::Resource,
            endpoint: ENDPOINT,
            below: "",
            path: None,
            method: Method::POST,
            query: &[],
        };
        // What the server answers leaves attributes out.
        let made: Resource = self.uma.call(call, Some(resource)).await?;
        Ok(Resource {
            attributes: resource.attributes.clone(),
            ..made
        })
    }

    /// Lists resources, all or those that fit every filter. `.await` gives one page.
    pub fn list(&self) -> ResourceList {
        ResourceList {
            uma: self.uma.clone(),
            query: Vec::new(),
            first: 0,
            max: None,
        }
    }
}

impl ResourceHandle {
    /// Reads it.
    ///
    /// # Errors
    /// With [`UnknownResource`](crate::UmaFault::UnknownResource) when there is none.
    pub async fn get(&self) -> Result<Resource> {
        self.uma.call(self.call(&GET, Method::GET), NOTHING).await
    }

    /// Replaces all of it but its owner.
    ///
    /// # Errors
    /// With [`NotOwner`](crate::UmaFault::NotOwner) when the token is neither the owner's nor the
    /// resource server's.
    pub async fn update(&self, resource: &Resource) -> Result<()> {
        let resource = Resource {
            id: Some(self.id.clone()),
            ..resource.clone()
        };
        let call = self.call(&UPDATE, Method::PUT);
        self.uma.call(call, Some(&resource)).await
    }

    /// Deletes it, with the permissions that were granted for it.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`update`](Self::update).
    pub async fn delete(&self) -> Result<()> {
        let call = self.call(&DELETE, Method::DELETE);
        self.uma.call(call, NOTHING).await
    }

    fn call<'a>(&'a self, op: &'static Operation, method: Method) -> ProtectionCall<'a> {
        ProtectionCall {
            op,
            about: About::Resource,
            endpoint: ENDPOINT,
            below: "",
            path: Some(("resource id", &self.id)),
            method,
            query: &[],
        }
    }
}

/// A search for resources; see [`Resources::list`].
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ResourceList {
    uma: Uma,
    query: Vec<(&'static str, String)>,
    first: usize,
    max: Option<usize>,
}

impl ResourceList {
    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.into()));
        self
    }

    /// Whose name contains this.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.set("name", part)
    }

    /// Whose name is this.
    pub fn exact_name(self, name: impl Into<String>) -> Self {
        self.set("name", name).set("exactName", "true")
    }

    /// With this URI, as it is registered.
    pub fn uri(self, uri: impl Into<String>) -> Self {
        self.set("uri", uri)
    }

    /// Takes the patterns of registered URIs as such: the one that fits best is found.
    pub fn matching_uri(self) -> Self {
        self.set("matchingUri", "true")
    }

    /// Of this user (name or id) or client (`clientId` or id).
    pub fn owner(self, owner: impl Into<String>) -> Self {
        self.set("owner", owner)
    }

    /// Of this type.
    pub fn type_(self, type_: impl Into<String>) -> Self {
        self.set("type", type_)
    }

    /// With this scope.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set("scope", scope)
    }

    /// Leaves out as many.
    pub fn first(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// As many at most; a hundred unless set. For a stream: as many at once.
    pub fn max(mut self, max: usize) -> Self {
        self.max = Some(max);
        self
    }

    /// The ids alone.
    ///
    /// # Errors
    /// As any call of the protection API.
    pub async fn ids(self) -> Result<Vec<String>> {
        let ids = self.page(self.first, false).await?;
        Ok(ids.into_value())
    }

    /// All of them, page by page as they are asked for.
    pub fn stream(self) -> ResourceStream {
        let size = self.max.unwrap_or(PAGE).max(1);
        let start = (self.first, false);
        let pages = stream::try_unfold((self, start), move |(list, (first, ended))| async move {
            if ended {
                return Ok(None);
            }
            let page: Vec<Resource> = list.page(first, true).await?.into_value();
            let ended = page.len() < size;
            let next = first.saturating_add(page.len());
            Ok::<_, crate::Error>(Some((page, (list, (next, ended)))))
        });
        let items = pages
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten();
        ResourceStream {
            items: items.boxed(),
        }
    }

    async fn page<T: serde::de::DeserializeOwned + 'static>(
        &self,
        first: usize,
        deep: bool,
    ) -> Result<Response<Vec<T>>> {
        let mut query = self.query.clone();
        query.push(("deep", deep.to_string()));
        query.push(("first", first.to_string()));
        query.push(("max", self.max.unwrap_or(PAGE).to_string()));
        let call = ProtectionCall {
            op: &LIST,
            about: About::Resource,
            endpoint: ENDPOINT,
            below: "",
            path: None,
            method: Method::GET,
            query: &query,
        };
        self.uma.list(call).await
    }

    async fn answered(self) -> Result<Response<Vec<Resource>>> {
        self.page(self.first, true).await
    }
}

awaitable!(ResourceList => Vec<Resource>);

/// Resources, fetched page by page; see [`ResourceList::stream`].
#[must_use = "a stream does nothing until it is polled"]
pub struct ResourceStream {
    items: BoxStream<'static, Result<Resource>>,
}

impl ResourceStream {
    /// The next resource, without a stream library at hand.
    pub async fn next(&mut self) -> Option<Result<Resource>> {
        self.items.next().await
    }
}

#[cfg(feature = "blocking")]
crate::blocking::items!(ResourceStream);

impl Stream for ResourceStream {
    type Item = Result<Resource>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(context)
    }
}

impl fmt::Debug for ResourceStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceStream").finish_non_exhaustive()
    }
}
