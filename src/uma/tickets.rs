//! Permission tickets (UMA 2.0 Federated Authorization section 4) and the requests that users make
//! with them (Keycloak's `permission/ticket`).

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{ProtectionCall, Uma};
use super::fault::About;
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

/// What a permission ticket is for: one resource and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketPermission {
    resource_id: String,
    resource_scopes: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<String, Vec<String>>,
}

impl TicketPermission {
    /// For a resource, by its id.
    pub fn new(resource_id: impl Into<String>) -> Self {
        Self {
            resource_id: resource_id.into(),
            resource_scopes: Vec::new(),
            claims: BTreeMap::new(),
        }
    }

    /// Adds scopes of it.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.resource_scopes
            .extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Pushes a claim to the policies that decide, such as the amount of a payment.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims
            .entry(name.into())
            .or_default()
            .push(value.into());
        self
    }
}

/// What a user asked for or was given: a scope of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PermissionTicket {
    /// Given by the server.
    pub id: String,
    /// The id of the owner.
    pub owner: Option<String>,
    /// The owner's name, where names were asked for.
    pub owner_name: Option<String>,
    /// The id of the resource.
    pub resource: Option<String>,
    /// Its name, where names were asked for.
    pub resource_name: Option<String>,
    /// The id of the scope.
    pub scope: Option<String>,
    /// Its name, where names were asked for.
    pub scope_name: Option<String>,
    /// The id of the user who has or wants access.
    pub requester: Option<String>,
    /// The user's name, where names were asked for.
    pub requester_name: Option<String>,
    /// Whether access was granted.
    pub granted: bool,
}

/// The permission requests of a resource server; see [`Uma::tickets`]. `.await` lists them, one
/// page.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Tickets {
    uma: Uma,
    query: Vec<(&'static str, String)>,
}

/// One permission request; see [`Uma::ticket`].
#[derive(Debug, Clone)]
pub struct TicketHandle {
    uma: Uma,
    id: String,
}

impl Uma {
    /// Makes a permission ticket, as a resource server does when a request comes without the
    /// permissions it needs. Send it back in `WWW-Authenticate: UMA .., ticket=".."`; the client
    /// shows it to [`permissions`](crate::oidc::Oidc::permissions). It can be used until it
    /// expires, more than once.
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
    /// With [`UnknownResource`](crate::UmaFault::UnknownResource) or
    /// [`UnknownScope`](crate::UmaFault::UnknownScope).
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
                "a permission ticket is for one resource at least: name one",
            ));
        }
        let call = ProtectionCall {
            op: &TICKET,
            about: About::Resource,
            endpoint: PERMISSION,
            below: "",
            path: None,
            method: Method::POST,
            query: &[],
        };
        let made: Made = self.call(call, Some(&permissions)).await?;
        Ok(made.ticket)
    }

    /// What users asked for and were given. An owner's token sees the owner's resources, the
    /// resource server's all.
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

    /// The permission request with this id.
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

    /// For this resource, by its id.
    pub fn resource(self, id: impl Into<String>) -> Self {
        self.set("resourceId", id)
    }

    /// For this scope, by name or id.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set("scopeId", scope)
    }

    /// For resources of this user, by name or id.
    pub fn owner(self, user: impl Into<String>) -> Self {
        self.set("owner", user)
    }

    /// Of this user, by name or id.
    pub fn requester(self, user: impl Into<String>) -> Self {
        self.set("requester", user)
    }

    /// Granted ones alone, or those that wait.
    pub fn granted(self, granted: bool) -> Self {
        self.set("granted", granted.to_string())
    }

    /// With the names of resource, scope, owner and requester.
    pub fn with_names(self) -> Self {
        self.set("returnNames", "true")
    }

    /// Leaves out as many.
    pub fn first(self, first: usize) -> Self {
        self.set("first", first.to_string())
    }

    /// As many at most; the server gives a hundred unless set.
    pub fn max(self, max: usize) -> Self {
        self.set("max", max.to_string())
    }

    /// How many there are.
    ///
    /// # Errors
    /// As any call of the protection API.
    pub async fn count(self) -> Result<u64> {
        self.uma
            .call(self.call(&COUNT, "/ticket/count"), NOTHING)
            .await
    }

    /// Gives a user a scope of a resource, or asks for it where `granted` is false. By the owner
    /// or the resource server; `requester` is a user name.
    ///
    /// # Errors
    /// With [`AlreadyExists`](crate::UmaFault::AlreadyExists) when it was asked for or granted
    /// before, [`NotOwner`](crate::UmaFault::NotOwner),
    /// [`UnknownResource`](crate::UmaFault::UnknownResource),
    /// [`UnknownScope`](crate::UmaFault::UnknownScope) or
    /// [`UnknownRequester`](crate::UmaFault::UnknownRequester).
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
            about: About::Ticket,
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
    /// Grants it.
    ///
    /// # Errors
    /// With [`UnknownTicket`](crate::UmaFault::UnknownTicket), or
    /// [`NotOwner`](crate::UmaFault::NotOwner) when the token is neither the owner's nor the
    /// resource server's.
    pub async fn grant(&self) -> Result<()> {
        self.set(true).await
    }

    /// Refuses it, or takes back what was granted. The server then forgets the request.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`grant`](Self::grant).
    pub async fn deny(&self) -> Result<()> {
        self.set(false).await
    }

    /// Deletes the request, and with it what was granted. The requester may do that too.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`grant`](Self::grant).
    pub async fn delete(&self) -> Result<()> {
        let call = ProtectionCall {
            op: &DELETE,
            about: About::Ticket,
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
            about: About::Ticket,
            endpoint: PERMISSION,
            below: "/ticket",
            path: None,
            method: Method::PUT,
            query: &[],
        };
        self.uma.call(call, Some(&body)).await
    }
}
