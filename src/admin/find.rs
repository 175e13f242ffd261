//! Looking objects up by the name that people know them by.

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

/// What a look-up that matches several objects answers.
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

/// The one object of a list.
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

/// Keycloak keeps usernames and addresses in lower case.
fn is_same_name(kept: Option<&str>, asked: &str) -> bool {
    kept.is_some_and(|kept| kept.to_lowercase() == asked.to_lowercase())
}

impl Users {
    /// The user with exactly this username, in upper or lower case; `None` when there is none.
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
    /// [`Conflict`](ErrorKind::Conflict) when several users have it, as a user storage may bring
    /// about; see also [`ErrorKind`].
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

    /// The user with exactly this e-mail address, in upper or lower case; `None` when there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) when several users have it (a realm may allow that); see
    /// also [`ErrorKind`].
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
    /// The client with this `clientId`, the name that applications log in with; `None` when there
    /// is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The realm role with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The client's role with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The group with this name directly below; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The client scope with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The identity provider with this alias; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The flow with this alias; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// The copy that was just made: releases before 26.4 send no `Location`, and an alias is one
    /// flow's own in a realm (`AuthenticationManagementResource.copy`).
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
    /// The organization with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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

    /// The organization that has this internet domain; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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

    /// The organization with this alias; `None` when there is none. The server has no search for
    /// it: this reads the list until it is found.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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

    /// An older server lists organizations without their attributes.
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

/// Lists that are short and have no search.
macro_rules! find_in_list {
    ($($handle:ident $item:ident $what:literal;)*) => {$(
        impl $handle {
            #[doc = concat!("The ", $what, " with this name; `None` when there is none.")]
            ///
            /// # Errors
            ///
            /// See [`ErrorKind`].
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
    /// The component with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) when several components have it: names are unique
    /// nowhere, see [`list`](Self::list) for parent and type. See also [`ErrorKind`].
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
    /// The workflow with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
