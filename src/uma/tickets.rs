//! Permission tickets (UMA 2.0 Federated Authorization section 4) and permission requests of users
//! (Keycloak's `permission/ticket`).

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{ProtectionCall, Uma};
use super::fault::ObjectKind;
use crate::Secret;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid_argument};
use crate::oidc::awaitable;
use crate::operation::Operation;
use crate::response::Response;

const PERMISSION: Endpoint = ("permission_endpoint", |m| m.permission_endpoint.as_deref());
const TICKET: Operation = Operation::new("uma.permission_ticket", "POST", "{permission_endpoint}");
const CREATE: Operation =
    Operation::new("uma.tickets.create", "POST", "{permission_endpoint}/ticket");
const LIST: Operation = Operation::new("uma.tickets", "GET", "{permission_endpoint}/ticket");
const COUNT: Operation = Operation::new(
    "uma.tickets.count",
    "GET",
    "{permission_endpoint}/ticket/count",
);
const UPDATE: Operation =
    Operation::new("uma.ticket.update", "PUT", "{permission_endpoint}/ticket");
const DELETE: Operation = Operation::new(
    "uma.ticket.delete",
    "DELETE",
    "{permission_endpoint}/ticket/{id}",
);
const NOTHING: Option<&()> = None;

/// A permission of a ticket: a resource and its scopes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketPermission {
    resource_id: String,
    resource_scopes: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<String, Vec<String>>,
}

impl TicketPermission {
    /// Creates a permission for a resource, by id.
    pub fn new(resource_id: impl Into<String>) -> Self {
        Self {
            resource_id: resource_id.into(),
            resource_scopes: Vec::new(),
            claims: BTreeMap::new(),
        }
    }

    /// Adds scopes of the resource.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.resource_scopes
            .extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Pushes a claim to the policies, such as the amount of a payment.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims
            .entry(name.into())
            .or_default()
            .push(value.into());
        self
    }
}

/// A user's permission request: a scope of a resource, requested or granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PermissionTicket {
    /// The id, set by the server.
    pub id: String,
    /// The id of the owner.
    pub owner: Option<String>,
    /// The owner's name, with [`with_names`](Tickets::with_names).
    pub owner_name: Option<String>,
    /// The id of the resource.
    pub resource: Option<String>,
    /// The resource's name, with [`with_names`](Tickets::with_names).
    pub resource_name: Option<String>,
    /// The id of the scope.
    pub scope: Option<String>,
    /// The scope's name, with [`with_names`](Tickets::with_names).
    pub scope_name: Option<String>,
    /// The id of the user who requests or has access.
    pub requester: Option<String>,
    /// The requester's name, with [`with_names`](Tickets::with_names).
    pub requester_name: Option<String>,
    /// Whether access was granted.
    pub granted: bool,
}

/// The permission requests of a resource server; see [`Uma::tickets`]. `.await` lists one page.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Tickets {
    uma: Uma,
    query: Vec<(&'static str, String)>,
}

/// A permission request; see [`Uma::ticket`].
#[derive(Debug, Clone)]
pub struct TicketHandle {
    uma: Uma,
    id: String,
}

impl Uma {
    /// Creates a permission ticket, with which a resource server responds to a request that lacks
    /// permissions. Send it in `WWW-Authenticate: UMA .., ticket=".."`; the client passes it to
    /// [`permissions`](crate::oidc::Oidc::permissions). A ticket can be used several times until it
    /// expires.
    ///
    /// ```no_run
    /// # async fn show(uma: keycloak_kit::uma::Uma, id: &str) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::uma::TicketPermission;
    ///
    /// let wanted = TicketPermission::new(id).scopes(["view"]).claim("amount", "12");
    /// let ticket = uma.permission_ticket([wanted]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error with [`UnknownResource`](crate::UmaFault::UnknownResource) or
    /// [`UnknownScope`](crate::UmaFault::UnknownScope) if a resource or scope does not exist.
    pub async fn permission_ticket(
        &self,
        permissions: impl IntoIterator<Item = TicketPermission> + Send,
    ) -> Result<Secret> {
        #[derive(Deserialize)]
        struct Made {
            ticket: Secret,
        }
        let permissions: Vec<TicketPermission> = permissions.into_iter().collect();
        if permissions.is_empty() {
            return Err(invalid_argument(
                &TICKET,
                "a permission ticket needs at least one permission",
            ));
        }
        let call = ProtectionCall {
            op: &TICKET,
            kind: ObjectKind::Resource,
            endpoint: PERMISSION,
            below: "",
            path: None,
            method: Method::POST,
            query: &[],
        };
        let made: Made = self.call(call, Some(&permissions)).await?;
        Ok(made.ticket)
    }

    /// Returns the permission requests of users. With an owner's token these are the requests for
    /// the owner's resources, with the resource server's token all requests.
    ///
    /// ```no_run
    /// # async fn show(uma: keycloak_kit::uma::Uma) -> keycloak_kit::Result<()> {
    /// for asked in uma.tickets().granted(false).with_names().await? {
    ///     println!("{:?} wants {:?}", asked.requester_name, asked.scope_name);
    ///     uma.ticket(&asked.id).grant().await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tickets(&self) -> Tickets {
        Tickets {
            uma: self.clone(),
            query: Vec::new(),
        }
    }

    /// Returns a handle for the permission request with this id.
    pub fn ticket(&self, id: impl Into<String>) -> TicketHandle {
        TicketHandle {
            uma: self.clone(),
            id: id.into(),
        }
    }
}

impl Tickets {
    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.into()));
        self
    }

    /// Lists only requests for this resource, by id.
    pub fn resource(self, id: impl Into<String>) -> Self {
        self.set("resourceId", id)
    }

    /// Lists only requests for this scope, by name or id.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set("scopeId", scope)
    }

    /// Lists only requests for resources of this user, by name or id.
    pub fn owner(self, user: impl Into<String>) -> Self {
        self.set("owner", user)
    }

    /// Lists only requests of this user, by name or id.
    pub fn requester(self, user: impl Into<String>) -> Self {
        self.set("requester", user)
    }

    /// Lists only granted requests, or only pending ones.
    pub fn granted(self, granted: bool) -> Self {
        self.set("granted", granted.to_string())
    }

    /// Includes the names of resource, scope, owner and requester.
    pub fn with_names(self) -> Self {
        self.set("returnNames", "true")
    }

    /// Skips this many requests.
    pub fn first(self, first: usize) -> Self {
        self.set("first", first.to_string())
    }

    /// Lists at most this many requests. The server's default is 100.
    pub fn max(self, max: usize) -> Self {
        self.set("max", max.to_string())
    }

    /// Counts the requests.
    ///
    /// # Errors
    /// Returns an error if the server refuses the token or cannot be reached.
    pub async fn count(self) -> Result<u64> {
        self.uma
            .call(self.call(&COUNT, "/ticket/count"), NOTHING)
            .await
    }

    /// Grants a user a scope of a resource, or creates a pending request if `granted` is `false`.
    /// The token must be the owner's or the resource server's; `requester` is a username.
    ///
    /// # Errors
    /// - Returns an error with [`AlreadyExists`](crate::UmaFault::AlreadyExists) if the scope was
    ///   already requested or granted.
    /// - Returns an error with [`NotOwner`](crate::UmaFault::NotOwner),
    ///   [`UnknownResource`](crate::UmaFault::UnknownResource),
    ///   [`UnknownScope`](crate::UmaFault::UnknownScope) or
    ///   [`UnknownRequester`](crate::UmaFault::UnknownRequester).
    pub async fn create(
        &self,
        resource_id: &str,
        scope: &str,
        requester: &str,
        granted: bool,
    ) -> Result<PermissionTicket> {
        let body = serde_json::json!({
            "resource": resource_id, "scopeName": scope, "requesterName": requester,
            "granted": granted,
        });
        let call = ProtectionCall {
            method: Method::POST,
            query: &[],
            ..self.call(&CREATE, "/ticket")
        };
        self.uma.call(call, Some(&body)).await
    }

    fn call<'a>(&'a self, op: &'static Operation, below: &'static str) -> ProtectionCall<'a> {
        ProtectionCall {
            op,
            kind: ObjectKind::Ticket,
            endpoint: PERMISSION,
            below,
            path: None,
            method: Method::GET,
            query: &self.query,
        }
    }

    async fn answered(self) -> Result<Response<Vec<PermissionTicket>>> {
        self.uma.list(self.call(&LIST, "/ticket")).await
    }
}

awaitable!(Tickets => Vec<PermissionTicket>);

impl TicketHandle {
    /// Grants the request.
    ///
    /// # Errors
    /// Returns an error with [`UnknownTicket`](crate::UmaFault::UnknownTicket) if there is no such
    /// request, or [`NotOwner`](crate::UmaFault::NotOwner) if the token is neither the owner's nor
    /// the resource server's.
    pub async fn grant(&self) -> Result<()> {
        self.set(true).await
    }

    /// Denies the request, or revokes the granted permission. The server then deletes the request.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`grant`](Self::grant).
    pub async fn deny(&self) -> Result<()> {
        self.set(false).await
    }

    /// Deletes the request and the granted permission. The requester may do that too.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`grant`](Self::grant).
    pub async fn delete(&self) -> Result<()> {
        let call = ProtectionCall {
            op: &DELETE,
            kind: ObjectKind::Ticket,
            endpoint: PERMISSION,
            below: "/ticket",
            path: Some(("ticket id", &self.id)),
            method: Method::DELETE,
            query: &[],
        };
        self.uma.call(call, NOTHING).await
    }

    async fn set(&self, granted: bool) -> Result<()> {
        let body = serde_json::json!({ "id": self.id, "granted": granted });
        let call = ProtectionCall {
            op: &UPDATE,
            kind: ObjectKind::Ticket,
            endpoint: PERMISSION,
            below: "/ticket",
            path: None,
            method: Method::PUT,
            query: &[],
        };
        self.uma.call(call, Some(&body)).await
    }
}
