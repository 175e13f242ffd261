//! Assigns and removes roles by name.

use std::fmt;
use std::future::IntoFuture;

use super::bulk;
#[cfg(keycloak_handle = "realm.organization.group.role_mappings")]
use super::handles::OrganizationGroup;
use super::handles::{Client, ClientRole, Group, Realm, Role, RoleById, User};
use super::ids::ClientUuid;
use super::representations::RoleRepresentation;
use crate::operation::Operation;
use crate::{BoxFuture, ErrorKind, Result, error};

/// An assignment or removal of roles.
pub(crate) trait RoleChange: Send + Sync {
    fn operation(&self) -> &'static Operation;
    /// Applies the change to roles of the realm (`client` is `None`) or of a client.
    fn apply(
        &self,
        client: Option<ClientUuid>,
        roles: Vec<RoleRepresentation>,
    ) -> BoxFuture<'static, Result<()>>;
}

/// Roles by name, to assign or remove; see [`User::assign_roles`].
///
/// `.await` looks up all roles first. If a name is unknown, nothing is changed and the error lists
/// every unknown name. Returns the roles that were assigned or removed. Roles that were assigned
/// already, or already missing, are not an error.
#[must_use = "nothing is changed until it is awaited"]
pub struct NamedRoles {
    change: Box<dyn RoleChange>,
    realm: Realm,
    names: Vec<String>,
    of_clients: Vec<(String, Vec<String>)>,
}

impl fmt::Debug for NamedRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedRoles")
            .field("operation", &self.change.operation().name)
            .field("realm_roles", &self.names)
            .field("client_roles", &self.of_clients)
            .finish_non_exhaustive()
    }
}

/// The roles found by name.
#[derive(Default)]
struct Resolved {
    realm: Vec<RoleRepresentation>,
    clients: Vec<(ClientUuid, Vec<RoleRepresentation>)>,
    unknown: Vec<String>,
}

impl NamedRoles {
    fn new(
        change: impl RoleChange + 'static,
        realm: Realm,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            change: Box::new(change),
            realm,
            names: names.into_iter().map(Into::into).collect(),
            of_clients: Vec::new(),
        }
    }

    /// Adds roles of the client with this `clientId`.
    pub fn of_client(
        mut self,
        client_id: impl Into<String>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.of_clients.push((client_id.into(), names));
        self
    }

    async fn resolve(&self) -> Result<Resolved> {
        let mut resolved = Resolved::default();
        let roles = self.realm.roles();
        let found = bulk(&self.names, |name| roles.find_by_name(name)).await;
        for (name, found) in self.names.iter().zip(found) {
            match found? {
                Some(role) => resolved.realm.push(role),
                None => resolved.unknown.push(format!("role {name:?}")),
            }
        }
        for (client_id, names) in &self.of_clients {
            let client = self.realm.clients().find_by_client_id(client_id).await?;
            let Some(client) = client else {
                resolved.unknown.push(format!("client {client_id:?}"));
                continue;
            };
            let uuid = client.client_uuid()?;
            let roles = self.realm.client(&uuid).roles();
            let mut of_client = Vec::new();
            let found = bulk(names, |name| roles.find_by_name(name)).await;
            for (name, found) in names.iter().zip(found) {
                match found? {
                    Some(role) => of_client.push(role),
                    None => {
                        let unknown = format!("role {name:?} of client {client_id:?}");
                        resolved.unknown.push(unknown);
                    }
                }
            }
            resolved.clients.push((uuid, of_client));
        }
        Ok(resolved)
    }

    async fn run(self) -> Result<Vec<RoleRepresentation>> {
        let Resolved {
            realm,
            clients,
            unknown,
        } = self.resolve().await?;
        if !unknown.is_empty() {
            return Err(error::invalid_argument(
                self.change.operation(),
                format!("nothing was changed: there is no {}", unknown.join(", no ")),
            )
            .with_kind(ErrorKind::NotFound));
        }
        let mut all = realm.clone();
        if !realm.is_empty() {
            self.change.apply(None, realm).await?;
        }
        for (uuid, roles) in clients {
            if !roles.is_empty() {
                all.extend(roles.iter().cloned());
                self.change.apply(Some(uuid), roles).await?;
            }
        }
        Ok(all)
    }
}

impl IntoFuture for NamedRoles {
    type Output = Result<Vec<RoleRepresentation>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Implements `assign_roles` and `remove_roles` of a handle.
macro_rules! named_roles {
    (
        $handle:ident, $chain:literal at $path:literal, $what:literal;
        $assign:ident $remove:ident
        |$this:ident, $client:ident, $roles:ident| add $add:expr; remove $take:expr;
        $($example:literal)?
    ) => {
        const _: () = {
            struct Assign($handle);
            struct Remove($handle);

            impl RoleChange for Assign {
                #[inline]
                fn operation(&self) -> &'static Operation {
                    const OPERATION: &Operation =
                        &Operation::new(concat!($chain, ".", stringify!($assign)), "POST", $path);
                    OPERATION
                }

                #[inline]
                fn apply(
                    &self,
                    $client: Option<ClientUuid>,
                    $roles: Vec<RoleRepresentation>,
                ) -> BoxFuture<'static, Result<()>> {
                    let $this = self.0.clone();
                    Box::pin(async move { $add })
                }
            }

            impl RoleChange for Remove {
                #[inline]
                fn operation(&self) -> &'static Operation {
                    const OPERATION: &Operation =
                        &Operation::new(concat!($chain, ".", stringify!($remove)), "DELETE", $path);
                    OPERATION
                }

                #[inline]
                fn apply(
                    &self,
                    $client: Option<ClientUuid>,
                    $roles: Vec<RoleRepresentation>,
                ) -> BoxFuture<'static, Result<()>> {
                    let $this = self.0.clone();
                    Box::pin(async move { $take })
                }
            }

            impl $handle {
                #[doc = concat!("Assigns realm roles to ", $what, ", by name. Add roles of clients with [`of_client`](NamedRoles::of_client).")]
                $(#[doc = $example])?
                ///
                /// # Errors
                ///
                /// - [`NotFound`](ErrorKind::NotFound) if a name is unknown; the error lists every
                ///   unknown name, and nothing is changed.
                /// - Any other [`ErrorKind`] if a request fails.
                #[inline]
                pub fn $assign(
                    &self,
                    names: impl IntoIterator<Item = impl Into<String>>,
                ) -> NamedRoles {
                    NamedRoles::new(Assign(self.clone()), self.realm_handle(), names)
                }

                #[doc = concat!("Removes realm roles from ", $what, ", by name. Add roles of clients with [`of_client`](NamedRoles::of_client).")]
                ///
                /// # Errors
                ///
                /// - [`NotFound`](ErrorKind::NotFound) if a name is unknown; the error lists every
                ///   unknown name, and nothing is changed.
                /// - Any other [`ErrorKind`] if a request fails.
                #[inline]
                pub fn $remove(
                    &self,
                    names: impl IntoIterator<Item = impl Into<String>>,
                ) -> NamedRoles {
                    NamedRoles::new(Remove(self.clone()), self.realm_handle(), names)
                }

                #[inline]
                fn realm_handle(&self) -> Realm {
                    Realm {
                        call: self.call.clone(),
                        realm: self.realm.clone(),
                    }
                }
            }
        };
    };
}

named_roles! {
    User, "realm.user" at "/admin/realms/{realm}/users/{user-id}/role-mappings", "the user";
    assign_roles remove_roles
    |user, client, roles|
    add match client {
        None => user.role_mappings().realm().add(&roles).await,
        Some(client) => user.role_mappings().client(client).add(&roles).await,
    };
    remove match client {
        None => user.role_mappings().realm().remove(&roles).await,
        Some(client) => user.role_mappings().client(client).remove(&roles).await,
    };
    "
```no_run
# async fn run(user: keycloak_kit::admin::handles::User) -> keycloak_kit::Result<()> {
user.assign_roles([\"reader\", \"writer\"]).of_client(\"web\", [\"editor\"]).await?;
user.remove_roles([\"guest\"]).await?;
# Ok(()) }
```"
}

named_roles! {
    Group, "realm.group" at "/admin/realms/{realm}/groups/{group-id}/role-mappings", "the group (and so its members)";
    assign_roles remove_roles
    |group, client, roles|
    add match client {
        None => group.role_mappings().realm().add(&roles).await,
        Some(client) => group.role_mappings().client(client).add(&roles).await,
    };
    remove match client {
        None => group.role_mappings().realm().remove(&roles).await,
        Some(client) => group.role_mappings().client(client).remove(&roles).await,
    };
}

// Releases before 26.7 do not have this handle.
#[cfg(keycloak_handle = "realm.organization.group.role_mappings")]
named_roles! {
    OrganizationGroup, "realm.organization.group" at "/admin/realms/{realm}/organizations/{org-id}/groups/{group-id}/role-mappings", "the group (and so its members)";
    assign_roles remove_roles
    |group, client, roles|
    add match client {
        None => group.role_mappings().realm().add(&roles).await,
        Some(client) => group.role_mappings().client(client).add(&roles).await,
    };
    remove match client {
        None => group.role_mappings().realm().remove(&roles).await,
        Some(client) => group.role_mappings().client(client).remove(&roles).await,
    };
}

named_roles! {
    Role, "realm.role" at "/admin/realms/{realm}/roles/{role-name}/composites", "the role (which then is a composite)";
    assign_roles remove_roles
    |role, _client, roles|
    add role.composites().add(&roles).await;
    remove role.composites().remove(&roles).await;
}

named_roles! {
    RoleById, "realm.role_by_id" at "/admin/realms/{realm}/roles-by-id/{role-id}/composites", "the role (which then is a composite)";
    assign_roles remove_roles
    |role, _client, roles|
    add role.composites().add(&roles).await;
    remove role.composites().remove(&roles).await;
}

named_roles! {
    ClientRole, "realm.client.role" at "/admin/realms/{realm}/clients/{client-uuid}/roles/{role-name}/composites", "the role (which then is a composite)";
    assign_roles remove_roles
    |role, _client, roles|
    add role.composites().add(&roles).await;
    remove role.composites().remove(&roles).await;
}

named_roles! {
    Client, "realm.client" at "/admin/realms/{realm}/users/{user-id}/role-mappings", "the client's service account";
    assign_service_account_roles remove_service_account_roles
    |client, of, roles|
    add {
        let user = client.service_account_user().await?.user_id()?;
        let mappings = client.realm_handle().user(user).role_mappings();
        match of {
            None => mappings.realm().add(&roles).await,
            Some(of) => mappings.client(of).add(&roles).await,
        }
    };
    remove {
        let user = client.service_account_user().await?.user_id()?;
        let mappings = client.realm_handle().user(user).role_mappings();
        match of {
            None => mappings.realm().remove(&roles).await,
            Some(of) => mappings.client(of).remove(&roles).await,
        }
    };
}
