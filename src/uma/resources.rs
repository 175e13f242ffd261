//! Resources of a resource server (UMA 2.0 Federated Authorization section 3).

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{ProtectionCall, Uma};
use super::fault::ObjectKind;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid_argument};
use crate::oidc::awaitable;
use crate::operation::Operation;
use crate::response::Response;
use crate::stream::{End, ItemStream};

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
/// The default page size of a list or stream.
const PAGE: usize = 100;
const NOTHING: Option<&()> = None;

/// A protected resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "RawResource", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Resource {
    /// The id, set by the server.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name, unique among the resources of the owner.
    pub name: String,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The paths or URIs of the resource, or patterns such as `/albums/{id}` and `/albums/*`.
    pub uris: Vec<String>,
    /// The type, such as `urn:photos:album`. Resources of the same type can share policies.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// The scopes. The server creates scopes that do not exist yet.
    #[serde(rename = "resource_scopes")]
    pub scopes: Vec<String>,
    /// The URI of an icon.
    #[serde(rename = "icon_uri", skip_serializing_if = "Option::is_none")]
    pub icon_uri: Option<String>,
    /// The owner, set by the server: the user whose token created the resource, or the client.
    #[serde(skip_serializing)]
    pub owner: Option<ResourceOwner>,
    /// Whether the owner manages access to the resource.
    pub owner_managed_access: bool,
    /// The attributes.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// The user or client that a resource belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResourceOwner {
    /// The internal id of the user or client.
    pub id: Option<String>,
    /// The username, or the client id.
    pub name: Option<String>,
}

impl Resource {
    /// Creates a resource with a name.
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

    /// Sets the type.
    #[must_use]
    pub fn type_(mut self, type_: impl Into<String>) -> Self {
        self.type_ = Some(type_.into());
        self
    }

    /// Sets the display name.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Sets the URI of an icon.
    #[must_use]
    pub fn icon_uri(mut self, uri: impl Into<String>) -> Self {
        self.icon_uri = Some(uri.into());
        self
    }

    /// Sets whether the owner manages access to the resource.
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

/// A resource as servers send it: with either name of the scopes, and with scopes as names or
/// objects.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RawResource {
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

impl From<RawResource> for Resource {
    fn from(raw: RawResource) -> Self {
        let scopes = raw.resource_scopes.or(raw.scopes).unwrap_or_default();
        Self {
            id: raw.id,
            name: raw.name,
            display_name: raw.display_name,
            uris: raw.uris.unwrap_or_else(|| raw.uri.into_iter().collect()),
            type_: raw.type_,
            scopes: scopes
                .into_iter()
                .map(|scope| match scope {
                    ScopeName::Name(name) | ScopeName::Scope { name } => name,
                })
                .collect(),
            icon_uri: raw.icon_uri,
            owner: raw.owner.map(|owner| match owner {
                OwnerName::Owner(owner) => owner,
                OwnerName::Name(name) => ResourceOwner {
                    id: None,
                    name: Some(name),
                },
            }),
            owner_managed_access: raw.owner_managed_access.unwrap_or_default(),
            attributes: raw.attributes.unwrap_or_default(),
        }
    }
}

/// The resources of a resource server; see [`Uma::resources`].
#[derive(Debug, Clone)]
pub struct Resources {
    uma: Uma,
}

/// A resource; see [`Uma::resource`].
#[derive(Debug, Clone)]
pub struct ResourceHandle {
    uma: Uma,
    id: String,
}

impl Uma {
    /// Returns the resources of this resource server.
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

    /// Returns a handle for the resource with this id.
    pub fn resource(&self, id: impl Into<String>) -> ResourceHandle {
        ResourceHandle {
            uma: self.clone(),
            id: id.into(),
        }
    }
}

impl Resources {
    /// Registers a resource, and returns it with its id. The owner is the user or client of the
    /// token; `owner` is not sent.
    ///
    /// # Errors
    /// Returns an error with [`AlreadyExists`](crate::UmaFault::AlreadyExists) if the owner has a
    /// resource with this name.
    pub async fn create(&self, resource: &Resource) -> Result<Resource> {
        if resource.name.is_empty() {
            return Err(invalid_argument(&CREATE, "the resource has no name"));
        }
        let call = ProtectionCall {
            op: &CREATE,
            kind: ObjectKind::Resource,
            endpoint: ENDPOINT,
            below: "",
            path: None,
            method: Method::POST,
            query: &[],
        };
        // The server's response omits the attributes.
        let made: Resource = self.uma.call(call, Some(resource)).await?;
        Ok(Resource {
            attributes: resource.attributes.clone(),
            ..made
        })
    }

    /// Lists resources, all or those that match every filter. `.await` returns one page.
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
    /// Reads the resource.
    ///
    /// # Errors
    /// Returns an error with [`UnknownResource`](crate::UmaFault::UnknownResource) if there is no
    /// such resource.
    pub async fn get(&self) -> Result<Resource> {
        self.uma.call(self.call(&GET, Method::GET), NOTHING).await
    }

    /// Replaces the resource, except for its owner.
    ///
    /// # Errors
    /// Returns an error with [`NotOwner`](crate::UmaFault::NotOwner) if the token is neither the
    /// owner's nor the resource server's.
    pub async fn update(&self, resource: &Resource) -> Result<()> {
        let resource = Resource {
            id: Some(self.id.clone()),
            ..resource.clone()
        };
        let call = self.call(&UPDATE, Method::PUT);
        self.uma.call(call, Some(&resource)).await
    }

    /// Deletes the resource and the permissions granted for it.
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
            kind: ObjectKind::Resource,
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

    /// Lists only resources whose name contains `part`.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.set("name", part)
    }

    /// Lists only resources with this name.
    pub fn exact_name(self, name: impl Into<String>) -> Self {
        self.set("name", name).set("exactName", "true")
    }

    /// Lists only resources with this registered URI.
    pub fn uri(self, uri: impl Into<String>) -> Self {
        self.set("uri", uri)
    }

    /// Matches the [`uri`](Self::uri) against the patterns of registered URIs, and returns the best
    /// match.
    pub fn matching_uri(self) -> Self {
        self.set("matchingUri", "true")
    }

    /// Lists only resources of this user (username or id) or client (client id or internal id).
    pub fn owner(self, owner: impl Into<String>) -> Self {
        self.set("owner", owner)
    }

    /// Lists only resources of this type.
    pub fn type_(self, type_: impl Into<String>) -> Self {
        self.set("type", type_)
    }

    /// Lists only resources with this scope.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set("scope", scope)
    }

    /// Skips this many resources.
    pub fn first(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// Lists at most this many resources, 100 by default. For a stream, this is the page size.
    pub fn max(mut self, max: usize) -> Self {
        self.max = Some(max);
        self
    }

    /// Lists only the ids.
    ///
    /// # Errors
    /// Returns an error if the server refuses the token or cannot be reached.
    pub async fn ids(self) -> Result<Vec<String>> {
        let ids = self.page(self.first, false).await?;
        Ok(ids.into_value())
    }

    /// Returns a stream of all resources, which fetches pages as needed.
    pub fn stream(self) -> ItemStream<Resource> {
        let number = |items| i32::try_from(items).unwrap_or(i32::MAX);
        let first = number(self.first);
        let size = self.max.map(number);
        ItemStream::paged(Some(first), size, End::ShortPage, move |first, max| {
            let mut page = self.clone();
            page.first = usize::try_from(first).unwrap_or_default();
            page.max = usize::try_from(max).ok();
            Box::pin(async move { Ok(page.page(page.first, true).await?.into_value()) })
        })
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
            kind: ObjectKind::Resource,
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
