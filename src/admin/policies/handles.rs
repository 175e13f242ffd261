//! Handles of the policies of one kind.

use std::marker::PhantomData;
use std::time::Duration;

use super::kind::{Links, PermissionType, PolicyKind, PolicyType, typed, untyped};
use super::list::ListPoliciesOf;
use super::operations::{Operations, PERMISSION, POLICY};
use http::{HeaderName, HeaderValue};

use crate::admin::handles::{
    ClientAuthorization, ClientAuthorizationPermission, ClientAuthorizationPermissionsOfType,
    ClientAuthorizationPoliciesOfType, ClientAuthorizationPolicy,
};
use crate::admin::ids::{IntoId, PolicyId};
use crate::admin::modify::EditTarget;
use crate::admin::representations::{
    PolicyRepresentation, ResourceRepresentation, ScopeRepresentation,
};
use crate::admin::{Modify, is_missing};
use crate::operation::Operation;
use crate::shared::EditGuard;
use crate::{BoxFuture, Error, Result};

/// The server's message for an unknown policy id (none before 25). A client without authorization
/// has the same message.
const NOT_FOUND: &[&str] = &["HTTP 404 Not Found"];

fn is_unexplained(error: &Error) -> bool {
    error.is_not_found() && error.server_message().is_none()
}

/// Makes the same call for a policy or a permission.
macro_rules! either {
    ($place:expr, $type:ident, $handle:ident => $call:expr) => {
        match $place {
            $type::Policy($handle) => $call,
            $type::Permission($handle) => $call,
        }
    };
}
pub(super) use either;

#[derive(Clone, Debug)]
enum ListHandle {
    Policy(ClientAuthorizationPoliciesOfType),
    Permission(ClientAuthorizationPermissionsOfType),
}

#[derive(Clone, Debug)]
enum ObjectHandle {
    Policy(ClientAuthorizationPolicy),
    Permission(ClientAuthorizationPermission),
}

impl ClientAuthorization {
    /// Returns the policies of one kind; see [`policies`](crate::admin::policies).
    ///
    /// ```no_run
    /// # async fn run(authz: keycloak_kit::admin::handles::ClientAuthorization)
    /// # -> keycloak_kit::Result<()> {
    /// use keycloak_kit::representations::UserPolicyRepresentation;
    ///
    /// let of_users = authz.policies_of::<UserPolicyRepresentation>();
    /// let mut all = of_users.list().stream();
    /// while let Some(policy) = all.next().await {
    ///     println!("{:?}", policy?.users);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn policies_of<P: PolicyType>(&self) -> PoliciesOf<P> {
        PoliciesOf {
            place: ListHandle::Policy(self.policies_of_type(P::KIND)),
            kind: PhantomData,
        }
    }

    /// Returns a policy of one kind.
    #[must_use]
    pub fn policy_of<P: PolicyType>(&self, id: impl IntoId<PolicyId>) -> PolicyOf<P> {
        PolicyOf {
            place: ObjectHandle::Policy(self.policy(P::KIND, id)),
            kind: PhantomData,
        }
    }

    /// Returns the permissions of one kind; see [`policies`](crate::admin::policies).
    #[must_use]
    pub fn permissions_of<P: PermissionType>(&self) -> PoliciesOf<P> {
        PoliciesOf {
            place: ListHandle::Permission(self.permissions_of_type(P::KIND)),
            kind: PhantomData,
        }
    }

    /// Returns a permission of one kind.
    #[must_use]
    pub fn permission_of<P: PermissionType>(&self, id: impl IntoId<PolicyId>) -> PolicyOf<P> {
        PolicyOf {
            place: ObjectHandle::Permission(self.permission(P::KIND, id)),
            kind: PhantomData,
        }
    }
}

/// The policies or permissions of one kind, returned by
/// [`policies_of`](ClientAuthorization::policies_of) and
/// [`permissions_of`](ClientAuthorization::permissions_of).
#[derive(Clone, Debug)]
pub struct PoliciesOf<P> {
    place: ListHandle,
    kind: PhantomData<fn() -> P>,
}

/// A policy or permission of one kind, returned by [`policy_of`](ClientAuthorization::policy_of)
/// and [`permission_of`](ClientAuthorization::permission_of).
#[derive(Clone, Debug)]
pub struct PolicyOf<P> {
    place: ObjectHandle,
    kind: PhantomData<fn() -> P>,
}

impl<P: PolicyKind> PoliciesOf<P> {
    /// Limits the total time of every call made through this handle, retries and waits included.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let place = match self.place {
            ListHandle::Policy(handle) => ListHandle::Policy(handle.timeout(timeout)),
            ListHandle::Permission(handle) => ListHandle::Permission(handle.timeout(timeout)),
        };
        Self { place, ..self }
    }

    /// Adds a header to every call made through this handle. An invalid name or value is reported
    /// when a call is made.
    #[must_use]
    pub fn header(self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Self {
        let place = match self.place {
            ListHandle::Policy(handle) => ListHandle::Policy(handle.header(name, value)),
            ListHandle::Permission(handle) => ListHandle::Permission(handle.header(name, value)),
        };
        Self { place, ..self }
    }

    fn operations(&self) -> &'static Operations {
        match self.place {
            ListHandle::Policy(_) => &POLICY,
            ListHandle::Permission(_) => &PERMISSION,
        }
    }

    /// Creates an object of this kind, and returns it as the server stores it, with its id.
    ///
    /// `POST .../authz/resource-server/policy/{type}`, or for a permission
    /// `POST .../authz/resource-server/permission/{type}`
    ///
    /// # Errors
    ///
    /// - [`Conflict`](crate::ErrorKind::Conflict) if a policy or permission of any kind has the
    ///   name.
    /// - Any other [`ErrorKind`](crate::ErrorKind) if the request fails.
    pub async fn create(&self, policy: &P) -> Result<P> {
        let operation = &self.operations().create;
        let body = untyped(operation, policy)?;
        let made = either!(&self.place, ListHandle, handle => handle.create(&body).await)?;
        typed(operation, made)
    }

    /// Lists the objects of this kind, with the members of the kind. `.await` returns one page;
    /// [`stream`](ListPoliciesOf::stream) and [`all`](ListPoliciesOf::all) read every page.
    pub fn list(&self) -> ListPoliciesOf<P> {
        match &self.place {
            ListHandle::Policy(handle) => ListPoliciesOf::policies(handle.list()),
            ListHandle::Permission(handle) => ListPoliciesOf::permissions(handle.list()),
        }
    }

    /// Finds the object of this kind with exactly this name. Returns `None` if it does not exist, or if
    /// it is of another kind.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn find_by_name(&self, name: impl Into<String>) -> Result<Option<P>> {
        let name = name.into();
        let found = either!(&self.place, ListHandle, handle => handle.by_name(name).await)?;
        found
            // The server searches all kinds.
            .filter(|policy| policy.type_.as_deref().is_none_or(|kind| kind == P::KIND))
            .map(|policy| typed(&self.operations().by_name, policy))
            .transpose()
    }
}

impl<P: PolicyKind> PolicyOf<P> {
    /// Limits the total time of every call made through this handle, retries and waits included.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let place = match self.place {
            ObjectHandle::Policy(handle) => ObjectHandle::Policy(handle.timeout(timeout)),
            ObjectHandle::Permission(handle) => ObjectHandle::Permission(handle.timeout(timeout)),
        };
        Self { place, ..self }
    }

    /// Adds a header to every call made through this handle. An invalid name or value is reported
    /// when a call is made.
    #[must_use]
    pub fn header(self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Self {
        let place = match self.place {
            ObjectHandle::Policy(handle) => ObjectHandle::Policy(handle.header(name, value)),
            ObjectHandle::Permission(handle) => {
                ObjectHandle::Permission(handle.header(name, value))
            }
        };
        Self { place, ..self }
    }

    fn operations(&self) -> &'static Operations {
        match self.place {
            ObjectHandle::Policy(_) => &POLICY,
            ObjectHandle::Permission(_) => &PERMISSION,
        }
    }

    /// Returns the object with the members of its kind. The server omits its policies, resources
    /// and scopes: see [`associated_policies`](Self::associated_policies),
    /// [`resources`](Self::resources) and [`scopes`](Self::scopes).
    ///
    /// `GET .../authz/resource-server/policy/{type}/{policy-id}`, or for a permission `GET
    /// .../authz/resource-server/permission/{type}/{policy-id}`
    ///
    /// # Errors
    ///
    /// - [`Config`](crate::ErrorKind::Config) if the id belongs to another kind.
    /// - Any other [`ErrorKind`](crate::ErrorKind) if the request fails.
    pub async fn get(&self) -> Result<P> {
        let found = either!(&self.place, ObjectHandle, handle => handle.get().await)?;
        typed(&self.operations().get, found)
    }

    /// Like [`get`](Self::get), but returns `None` if there is no such object. The response does
    /// not say what is missing, so this also checks whether the client has authorization enabled.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`get`](Self::get).
    pub async fn find(&self) -> Result<Option<P>> {
        match self.get().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error, NOT_FOUND) || is_unexplained(&error) => {
                let authorization = either!(&self.place, ObjectHandle, handle => ClientAuthorization {
                    call: handle.call.clone(),
                    realm: handle.realm.clone(),
                    client_uuid: handle.client_uuid.clone(),
                });
                match authorization.get().await {
                    Ok(_) => Ok(None),
                    Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces the object. Policies, resources and scopes that are `None` stay.
    ///
    /// `PUT .../authz/resource-server/policy/{type}/{policy-id}`, or for a permission `PUT
    /// .../authz/resource-server/permission/{type}/{policy-id}`
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn update(&self, policy: &P) -> Result<()> {
        let body = untyped(&self.operations().update, policy)?;
        either!(&self.place, ObjectHandle, handle => handle.update(&body).await)
    }

    /// Edits the object: reads it, including its policies, resources and scopes if its kind has
    /// them, passes it to `edit`, writes it if something changed, and reads it again.
    ///
    /// ```no_run
    /// # async fn run(authz: keycloak_kit::admin::handles::ClientAuthorization,
    /// #     id: keycloak_kit::admin::ids::PolicyId) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::representations::UserPolicyRepresentation;
    ///
    /// let policy = authz.policy_of::<UserPolicyRepresentation>(id);
    /// policy.modify(|policy| *policy = policy.clone().user("7d1a4b6e")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Protocol`](crate::ErrorKind::Protocol) if the server accepted the request but ignored an
    ///   edit; the error names the member.
    /// - Any other error of [`get`](Self::get) and [`update`](Self::update).
    pub fn modify<'a>(&self, edit: impl FnOnce(&mut P) + Send + 'a) -> Modify<'a, P> {
        Modify::new(self.clone(), edit)
    }

    /// Deletes the object.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn delete(&self) -> Result<()> {
        either!(&self.place, ObjectHandle, handle => handle.delete().await)
    }

    /// Returns the resources it applies to, with id and name.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn resources(&self) -> Result<Vec<ResourceRepresentation>> {
        either!(&self.place, ObjectHandle, handle => handle.resources().await)
    }

    /// Returns the authorization scopes it applies to.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn scopes(&self) -> Result<Vec<ScopeRepresentation>> {
        either!(&self.place, ObjectHandle, handle => handle.scopes().await)
    }

    /// Returns the policies that it uses, of any kind, without the members of their kinds.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn associated_policies(&self) -> Result<Vec<PolicyRepresentation>> {
        either!(&self.place, ObjectHandle, handle => handle.associated_policies().await)
    }

    /// Returns the policies and permissions that use it, without the members of their kinds.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`](crate::ErrorKind).
    pub async fn dependent_policies(&self) -> Result<Vec<PolicyRepresentation>> {
        either!(&self.place, ObjectHandle, handle => handle.dependent_policies().await)
    }

    /// Reads the object with what [`get`](Self::get) omits: what is not read could be neither
    /// edited nor confirmed.
    async fn whole(&self) -> Result<P> {
        let mut policy = self.get().await?;
        let Links {
            policies,
            resources,
            scopes,
        } = policy.links();
        if let Some(policies) = policies {
            let found = self.associated_policies().await?;
            *policies = Some(found.into_iter().filter_map(|one| one.id).collect());
        }
        if let Some(resources) = resources {
            let found = self.resources().await?;
            *resources = Some(found.into_iter().filter_map(|one| one.id).collect());
        }
        if let Some(scopes) = scopes {
            let found = self.scopes().await?;
            *scopes = Some(found.into_iter().filter_map(|one| one.id).collect());
        }
        Ok(policy)
    }
}

impl<P: PolicyKind> EditTarget<P> for PolicyOf<P> {
    fn operation(&self) -> &'static Operation {
        &self.operations().update
    }

    fn lock(&self) -> BoxFuture<'_, EditGuard> {
        Box::pin(async move {
            either!(&self.place, ObjectHandle, handle => {
                let ids = [
                    handle.realm.as_str(),
                    handle.client_uuid.as_str(),
                    handle.policy_id.as_str(),
                ];
                handle.call.edit("realm.client.authorization.policy", &ids).await
            })
        })
    }

    fn turn(&self) -> BoxFuture<'_, Option<EditGuard>> {
        Box::pin(std::future::ready(None))
    }

    fn read(&self) -> BoxFuture<'static, Result<P>> {
        let policy = self.clone();
        Box::pin(async move { policy.whole().await })
    }

    fn write(&self, _: &P, wanted: P) -> BoxFuture<'static, Result<()>> {
        let policy = self.clone();
        Box::pin(async move { policy.update(&wanted).await })
    }

    fn read_again(&self, _: &P) -> BoxFuture<'static, Result<P>> {
        self.read()
    }
}
