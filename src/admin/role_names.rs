//! Roles given and taken by their names.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

#[cfg(keycloak_handle = "realm.organization.group.role_mappings")]
use super::handles::OrganizationGroup;
use super::handles::{Client, ClientRole, Group, Realm, Role, RoleById, User};
use super::ids::ClientUuid;
use super::representations::RoleRepresentation;
use super::{Sending, bulk};
use crate::operation::Operation;
use crate::{ErrorKind, Result, error};

/// What has roles.
pub(crate) trait Holder: Send + Sync {
    fn operation(&self) -> &'static Operation;
    /// Gives or takes roles of the realm (`client` is `None`) or of a client.
    fn change(&self, client: Option<ClientUuid>, roles: Vec<RoleRepresentation>) -> Sending<()>;
}

/// Roles by name, to be given or taken: see [`User::assign_roles`].
///
/// `.await` looks all of them up first. Where one is unknown nothing is changed, and the error
/// names every unknown one. It gives the roles that were given or taken; those that were (or were
/// not) there before are no error.
#[must_use = "nothing is changed until it is awaited"]
pub struct NamedRoles {
    holder: Box<dyn Holder>,
    realm: Realm,
    names: Vec<String>,
    of_clients: Vec<(String, Vec<String>)>,
}

impl fmt::Debug for NamedRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedRoles")
            .field("operation", &self.holder.operation().name)
            .field("realm_roles", &self.names)
            .field("client_roles", &self.of_clients)
            .finish_non_exhaustive()
    }
}

/// What was found under the names.
#[derive(Default)]
struct Resolved {
    realm: Vec<RoleRepresentation>,
    clients: Vec<(ClientUuid, Vec<RoleRepresentation>)>,
    unknown: Vec<String>,
}

impl NamedRoles {
    fn new(
        holder: impl Holder + 'static,
        realm: Realm,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            holder: Box::new(holder),
            realm,
            names: names.into_iter().map(Into::into).collect(),
            of_clients: Vec::new(),
        }
    }

    /// Roles of the client with this `clientId` too.
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
                self.holder.operation(),
                format!("nothing was changed: there is no {}", unknown.join(", no ")),
            )
            .with_kind(ErrorKind::NotFound));
        }
        let mut all = realm.clone();
        if !realm.is_empty() {
            self.holder.change(None, realm).await?;
        }
        for (uuid, roles) in clients {
            if !roles.is_empty() {
                all.extend(roles.iter().cloned());
                self.holder.change(Some(uuid), roles).await?;
            }
        }
        Ok(all)
    }
}

impl IntoFuture for NamedRoles {
    type Output = Result<Vec<RoleRepresentation>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// `assign_roles` and `remove_roles` of a handle.
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

            impl Holder for Assign {
                #[inline]
                fn operation(&self) -> &'static Operation {
                    const OPERATION: &Operation =
                        &Operation::new(concat!($chain, ".", stringify!($assign)), "POST", $path);
                    OPERATION
                }

                #[inline]
                fn change(
                    &self,
                    $client: Option<ClientUuid>,
                    $roles: Vec<RoleRepresentation>,
                ) -> Sending<()> {
                    let $this = self.0.clone();
                    Box::pin(async move { $add })
                }
            }

            impl Holder for Remove {
                #[inline]
                fn operation(&self) -> &'static Operation {
                    const OPERATION: &Operation =
                        &Operation::new(concat!($chain, ".", stringify!($remove)), "DELETE", $path);
                    OPERATION
                }

                #[inline]
                fn change(
                    &self,
                    $client: Option<ClientUuid>,
                    $roles: Vec<RoleRepresentation>,
                ) -> Sending<()> {
                    let $this = self.0.clone();
                    Box::pin(async move { $take })
                }
            }

            impl $handle {
                #[doc = concat!("Gives ", $what, " these realm roles, by their names; roles of clients with [`of_client`](NamedRoles::of_client).")]
                $(#[doc = $example])?
                ///
                /// # Errors
                ///
                /// [`NotFound`](ErrorKind::NotFound) with every name that is unknown, before
                /// anything is changed; see also [`ErrorKind`].
                #[inline]
                pub fn $assign(
                    &self,
                    names: impl IntoIterator<Item = impl Into<String>>,
                ) -> NamedRoles {
                    NamedRoles::new(Assign(self.clone()), self.realm_handle(), names)
                }

                #[doc = concat!("Takes these realm roles from ", $what, ", by their names; roles of clients with [`of_client`](NamedRoles::of_client).")]
                ///
                /// # Errors
                ///
                /// [`NotFound`](ErrorKind::NotFound) with every name that is unknown, before
                /// anything is changed; see also [`ErrorKind`].
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

// Releases before 26.7 do not have it.
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
