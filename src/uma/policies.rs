//! Policies of owners for their own resources (Keycloak's `uma-policy`).

use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{ProtectionCall, Uma};
use super::fault::ObjectKind;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::oidc::awaitable;
use crate::operation::Operation;
use crate::response::Response;

const ENDPOINT: Endpoint = ("policy_endpoint", |m| m.policy_endpoint.as_deref());
const CREATE: Operation = Operation::new(
    "uma.policies.create",
    "POST",
    "{policy_endpoint}/{resource}",
);
const LIST: Operation = Operation::new("uma.policies", "GET", "{policy_endpoint}");
const GET: Operation = Operation::new("uma.policy.get", "GET", "{policy_endpoint}/{id}");
const UPDATE: Operation = Operation::new("uma.policy.update", "PUT", "{policy_endpoint}/{id}");
const DELETE: Operation = Operation::new("uma.policy.delete", "DELETE", "{policy_endpoint}/{id}");
const NOTHING: Option<&()> = None;

/// An owner's policy, which grants scopes of a resource to everyone in one of its lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct OwnerPolicy {
    /// The id, set by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name, unique in the resource server.
    pub name: String,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The granted scopes; all scopes of the resource if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Usernames.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Paths of groups, such as `/staff`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Realm roles, or client roles as `client/role`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Client ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The id of the owner, set by the server.
    #[serde(skip_serializing)]
    pub owner: Option<String>,
}

impl OwnerPolicy {
    /// Creates a policy that grants access to nobody yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Adds a scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Grants access to a user, by name.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.users.push(name.into());
        self
    }

    /// Grants access to a group, by path.
    #[must_use]
    pub fn group(mut self, path: impl Into<String>) -> Self {
        self.groups.push(path.into());
        self
    }

    /// Grants access to users with a realm role, or a client role as `client/role`.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Grants access to users of a client.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        self.clients.push(client_id.into());
        self
    }
}

/// The policies of owners; see [`Uma::policies`]. `.await` lists one page.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is awaited"]
pub struct OwnerPolicies {
    uma: Uma,
    query: Vec<(&'static str, String)>,
}

/// A policy; see [`Uma::policy`].
#[derive(Debug, Clone)]
pub struct OwnerPolicyHandle {
    uma: Uma,
    id: String,
}

impl Uma {
    /// Returns the policies for resources of the token's user. Use the owner's token
    /// ([`with_token`](Self::with_token)).
    ///
    /// ```no_run
    /// # async fn show(of_ada: keycloak_kit::uma::Uma, album: &str) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::uma::OwnerPolicy;
    ///
    /// let friends = OwnerPolicy::new("friends").scope("view").user("bob").group("/friends");
    /// let made = of_ada.policies().create(album, &friends).await?;
    /// let mine = of_ada.policies().resource(album).await?;
    /// # Ok(()) }
    /// ```
    pub fn policies(&self) -> OwnerPolicies {
        OwnerPolicies {
            uma: self.clone(),
            query: Vec::new(),
        }
    }

    /// Returns a handle for the policy with this id.
    pub fn policy(&self, id: impl Into<String>) -> OwnerPolicyHandle {
        OwnerPolicyHandle {
            uma: self.clone(),
            id: id.into(),
        }
    }
}

impl OwnerPolicies {
    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.into()));
        self
    }

    /// Lists only policies of this resource, by id.
    pub fn resource(self, id: impl Into<String>) -> Self {
        self.set("resource", id)
    }

    /// Lists only policies whose name contains `part`.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.set("name", part)
    }

    /// Lists only policies with this scope.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set("scope", scope)
    }

    /// Skips this many policies.
    pub fn first(self, first: usize) -> Self {
        self.set("first", first.to_string())
    }

    /// Lists at most this many policies.
    pub fn max(self, max: usize) -> Self {
        self.set("max", max.to_string())
    }

    /// Creates a policy for a resource with `owner_managed_access`.
    ///
    /// # Errors
    /// - Returns an error with [`NotOwner`](crate::UmaFault::NotOwner),
    ///   [`UnknownResource`](crate::UmaFault::UnknownResource),
    ///   [`UnknownScope`](crate::UmaFault::UnknownScope) or
    ///   [`AlreadyExists`](crate::UmaFault::AlreadyExists).
    /// - Returns an error of kind `Server` if a user of the policy does not exist, because Keycloak
    ///   fails then.
    pub async fn create(&self, resource_id: &str, policy: &OwnerPolicy) -> Result<OwnerPolicy> {
        let path = Some(("resource id", resource_id));
        let call = call(&CREATE, Method::POST, path, &[]);
        self.uma.call(call, Some(policy)).await
    }

    async fn answered(self) -> Result<Response<Vec<OwnerPolicy>>> {
        let call = call(&LIST, Method::GET, None, &self.query);
        self.uma.list(call).await
    }
}

awaitable!(OwnerPolicies => Vec<OwnerPolicy>);

impl OwnerPolicyHandle {
    /// Reads the policy.
    ///
    /// # Errors
    /// Returns an error with [`UnknownPolicy`](crate::UmaFault::UnknownPolicy) if there is no such
    /// policy.
    pub async fn get(&self) -> Result<OwnerPolicy> {
        let call = call(&GET, Method::GET, self.path(), &[]);
        self.uma.call(call, NOTHING).await
    }

    /// Replaces the policy.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`OwnerPolicies::create`].
    pub async fn update(&self, policy: &OwnerPolicy) -> Result<()> {
        let policy = OwnerPolicy {
            id: Some(self.id.clone()),
            ..policy.clone()
        };
        let call = call(&UPDATE, Method::PUT, self.path(), &[]);
        self.uma.call(call, Some(&policy)).await
    }

    /// Deletes the policy.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`get`](Self::get).
    pub async fn delete(&self) -> Result<()> {
        let call = call(&DELETE, Method::DELETE, self.path(), &[]);
        self.uma.call(call, NOTHING).await
    }

    fn path(&self) -> Option<(&'static str, &str)> {
        Some(("policy id", &self.id))
    }
}

fn call<'a>(
    op: &'static Operation,
    method: Method,
    path: Option<(&'static str, &'a str)>,
    query: &'a [(&'static str, String)],
) -> ProtectionCall<'a> {
    ProtectionCall {
        op,
        kind: ObjectKind::Policy,
        endpoint: ENDPOINT,
        below: "",
        path,
        method,
        query,
    }
}
