//! Looks up objects by the name that people use.

use std::sync::Arc;

use super::call_request::FindCreated;
use super::handles;
use super::handles::{
    AuthenticationFlowByAlias, AuthenticationFlows, ClientProtocolMappers, ClientRoles,
    ClientScopeProtocolMappers, ClientScopes, Clients, Components, GroupChildren,
    IdentityProviderMappers, IdentityProviders, Organizations, Roles, Users, Workflows,
};
use super::ids::{IdentityProviderAlias, IntoId, RoleName};
use super::representations::{
    AuthenticationFlowRepresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, FlowCopyRepresentation, GroupRepresentation,
    IdentityProviderMapperRepresentation, IdentityProviderRepresentation,
    OrganizationRepresentation, ProtocolMapperRepresentation, RoleRepresentation,
    UserRepresentation, WorkflowRepresentation,
};
use crate::operation::Operation;
use crate::{Error, ErrorKind, Result, error};

/// The error of a lookup that matches several objects.
fn ambiguous(op: &Operation, what: &str, ids: &[Option<&str>]) -> Error {
    let ids: Vec<&str> = ids.iter().copied().flatten().collect();
    error::invalid_argument(
        op,
        format!(
            "{} objects have this {what}: choose one by its id ({})",
            ids.len(),
            ids.join(", ")
        ),
    )
    .with_kind(ErrorKind::Conflict)
}

/// Returns the only object of a list.
fn only<T>(
    op: &Operation,
    what: &str,
    mut found: Vec<T>,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Option<T>> {
    if found.len() > 1 {
        let ids: Vec<Option<&str>> = found.iter().map(id).collect();
        return Err(ambiguous(op, what, &ids));
    }
    Ok(found.pop())
}

/// Keycloak stores usernames and addresses in lower case.
fn is_same_name(kept: Option<&str>, asked: &str) -> bool {
    kept.is_some_and(|kept| kept.to_lowercase() == asked.to_lowercase())
}

impl Users {
    /// Finds the user with exactly this username, ignoring case. Returns `None` if it does not exist.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// let users = kc.realm("demo").users();
    /// let ada = users.find_by_username("ada").await?;
    /// let same = users.find_by_email("ada@example.org").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Conflict`](ErrorKind::Conflict) if several users have this username, which user storages
    ///   can cause.
    /// - Any other [`ErrorKind`] if the request fails.
    #[inline]
    pub async fn find_by_username(
        &self,
        username: impl AsRef<str> + Send,
    ) -> Result<Option<UserRepresentation>> {
        const OPERATION: &Operation = &Operation::new(
            "realm.users.find_by_username",
            "GET",
            "/admin/realms/{realm}/users",
        );
        let username = username.as_ref();
        let list = self.list().username(username).exact(true);
        let mut found = list.await?;
        found.retain(|user| is_same_name(user.username.as_deref(), username));
        only(OPERATION, "username", found, |user| user.id.as_deref())
    }

    /// Finds the user with exactly this e-mail address, ignoring case. Returns `None` if there is
    /// none.
    ///
    /// # Errors
    ///
    /// - [`Conflict`](ErrorKind::Conflict) if several users have this address, which a realm may
    ///   allow.
    /// - Any other [`ErrorKind`] if the request fails.
    #[inline]
    pub async fn find_by_email(
        &self,
        email: impl AsRef<str> + Send,
    ) -> Result<Option<UserRepresentation>> {
        const OPERATION: &Operation = &Operation::new(
            "realm.users.find_by_email",
            "GET",
            "/admin/realms/{realm}/users",
        );
        let email = email.as_ref();
        let mut found = self.list().email(email).exact(true).await?;
        found.retain(|user| is_same_name(user.email.as_deref(), email));
        only(OPERATION, "email", found, |user| user.id.as_deref())
    }
}

impl Clients {
    /// Finds the client with this `clientId`, the name that applications log in with. Returns
    /// `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_client_id(
        &self,
        client_id: impl AsRef<str> + Send,
    ) -> Result<Option<ClientRepresentation>> {
        let client_id = client_id.as_ref();
        let found = self.list().client_id(client_id).await?;
        Ok(found
            .into_iter()
            .find(|client| client.client_id.as_deref() == Some(client_id)))
    }
}

impl Roles {
    /// Finds the realm role with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl IntoId<RoleName>,
    ) -> Result<Option<RoleRepresentation>> {
        let role = handles::Role {
            call: self.call.clone(),
            realm: self.realm.clone(),
            role_name: name.into_id(),
        };
        role.find().await
    }
}

impl ClientRoles {
    /// Finds the client's role with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl IntoId<RoleName>,
    ) -> Result<Option<RoleRepresentation>> {
        let role = handles::ClientRole {
            call: self.call.clone(),
            realm: self.realm.clone(),
            client_uuid: self.client_uuid.clone(),
            role_name: name.into_id(),
        };
        role.find().await
    }
}

impl GroupChildren {
    /// Finds the direct child with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Option<GroupRepresentation>> {
        let name = name.as_ref();
        let list = self.list().search(name).exact(true);
        let found = list.brief_representation(false).all().await?;
        Ok(found
            .into_iter()
            .find(|group| group.name.as_deref() == Some(name)))
    }
}

impl ClientScopes {
    /// Finds the client scope with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Option<ClientScopeRepresentation>> {
        let (name, found) = (name.as_ref(), self.list().await?);
        Ok(found
            .into_iter()
            .find(|scope| scope.name.as_deref() == Some(name)))
    }
}

impl IdentityProviders {
    /// Finds the identity provider with this alias. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_alias(
        &self,
        alias: impl IntoId<IdentityProviderAlias>,
    ) -> Result<Option<IdentityProviderRepresentation>> {
        let provider = handles::IdentityProvider {
            call: self.call.clone(),
            realm: self.realm.clone(),
            alias: alias.into_id(),
        };
        provider.find().await
    }
}

impl AuthenticationFlows {
    /// Finds the flow with this alias. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_alias(
        &self,
        alias: impl AsRef<str> + Send,
    ) -> Result<Option<AuthenticationFlowRepresentation>> {
        let (alias, found) = (alias.as_ref(), self.list().await?);
        Ok(found
            .into_iter()
            .find(|flow| flow.alias.as_deref() == Some(alias)))
    }
}

impl AuthenticationFlowByAlias {
    /// Finds the copy that was just made. Releases before 26.4 send no `Location`, and an alias is
    /// unique in a realm (`AuthenticationManagementResource.copy`).
    pub(super) fn find_copy(&self, copy: &FlowCopyRepresentation) -> FindCreated {
        let flows = AuthenticationFlows {
            call: self.call.clone(),
            realm: self.realm.clone(),
        };
        let alias = copy.new_name.clone();
        Arc::new(move || {
            let (flows, alias) = (flows.clone(), alias.clone());
            Box::pin(async move {
                let Some(alias) = &alias else {
                    return Ok(None);
                };
                let found = flows.find_by_alias(alias).await?;
                Ok(found.and_then(|flow| flow.id))
            })
        })
    }
}

impl Organizations {
    /// Finds the organization with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Option<OrganizationRepresentation>> {
        let name = name.as_ref();
        let list = self.list().search(name).exact(true);
        let found = list.brief_representation(false).all().await?;
        let found = found
            .into_iter()
            .find(|organization| organization.name.as_deref() == Some(name));
        self.whole(found).await
    }

    /// Finds the organization with this internet domain. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_domain(
        &self,
        domain: impl AsRef<str> + Send,
    ) -> Result<Option<OrganizationRepresentation>> {
        let domain = domain.as_ref().to_lowercase();
        let list = self.list().search(&domain).exact(true);
        let found = list.brief_representation(false).all().await?;
        let found = found.into_iter().find(|organization| {
            let mut domains = organization.domains.iter().flatten();
            domains.any(|own| is_same_name(own.name.as_deref(), &domain))
        });
        self.whole(found).await
    }

    /// Finds the organization with this alias. Returns `None` if it does not exist. The server cannot
    /// search by alias, so this reads the list until it finds one.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_alias(
        &self,
        alias: impl AsRef<str> + Send,
    ) -> Result<Option<OrganizationRepresentation>> {
        let alias = alias.as_ref();
        let mut all = self.list().brief_representation(false).stream();
        while let Some(organization) = all.next().await {
            let organization = organization?;
            if organization.alias.as_deref() == Some(alias) {
                return self.whole(Some(organization)).await;
            }
        }
        Ok(None)
    }

    /// Reads the whole organization, because older servers list organizations without attributes.
    async fn whole(
        &self,
        found: Option<OrganizationRepresentation>,
    ) -> Result<Option<OrganizationRepresentation>> {
        let brief = found.as_ref().filter(|found| found.attributes.is_none());
        match brief.and_then(|found| found.id.clone()) {
            Some(id) => {
                let organization = handles::Organization {
                    call: self.call.clone(),
                    realm: self.realm.clone(),
                    org_id: id.into(),
                };
                organization.find().await
            }
            None => Ok(found),
        }
    }
}

/// For short lists that cannot be searched.
macro_rules! find_in_list {
    ($($handle:ident $item:ident $what:literal;)*) => {$(
        impl $handle {
            #[doc = concat!("Finds the ", $what, " with this name. Returns `None` if it does not exist.")]
            ///
            /// # Errors
            ///
            /// Returns an error if the request fails; see [`ErrorKind`].
            #[inline]
            pub async fn find_by_name(
                &self,
                name: impl AsRef<str> + Send,
            ) -> Result<Option<$item>> {
                let (name, found) = (name.as_ref(), self.list().await?);
                Ok(found
                    .into_iter()
                    .find(|item| item.name.as_deref() == Some(name)))
            }
        }
    )*};
}
find_in_list! {
    ClientProtocolMappers ProtocolMapperRepresentation "protocol mapper";
    ClientScopeProtocolMappers ProtocolMapperRepresentation "protocol mapper";
    IdentityProviderMappers IdentityProviderMapperRepresentation "mapper";
}

impl Components {
    /// Finds the component with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// - [`Conflict`](ErrorKind::Conflict) if several components have this name. Names are not
    ///   unique; [`list`](Self::list) also filters by parent and type.
    /// - Any other [`ErrorKind`] if the request fails.
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Option<ComponentRepresentation>> {
        const OPERATION: &Operation = &Operation::new(
            "realm.components.find_by_name",
            "GET",
            "/admin/realms/{realm}/components",
        );
        let name = name.as_ref();
        let mut found = self.list().name(name).await?;
        found.retain(|component| component.name.as_deref() == Some(name));
        only(OPERATION, "name", found, |component| {
            component.id.as_deref()
        })
    }
}

impl Workflows {
    /// Finds the workflow with this name. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails; see [`ErrorKind`].
    #[inline]
    pub async fn find_by_name(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Option<WorkflowRepresentation>> {
        let name = name.as_ref();
        let found = self.list().search(name).exact(true).all().await?;
        Ok(found
            .into_iter()
            .find(|workflow| workflow.name.as_deref() == Some(name)))
    }
}
