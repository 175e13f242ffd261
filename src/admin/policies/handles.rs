//! Handles of the policies of one kind.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
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
use crate::admin::modify::Target;
use crate::admin::representations::{
    PolicyRepresentation, ResourceRepresentation, ScopeRepresentation,
};
use crate::admin::{Modify, Sending, is_missing};
use crate::operation::Operation;
use crate::shared::EditGuard;
use crate::{Error, Result};

/// What the server says to an id that no policy has (nothing before 25); a client without
/// authorization says it too.
const NOT_FOUND: &[&str] = &["HTTP 404 Not Found"];

fn is_unexplained(error: &Error) -> bool {
    error.is_not_found() && error.server_message().is_none()
}

/// One and the same call, of policies or of permissions.
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
enum Many {
    Policy(ClientAuthorizationPoliciesOfType),
    Permission(ClientAuthorizationPermissionsOfType),
}

#[derive(Clone, Debug)]
enum One {
    Policy(ClientAuthorizationPolicy),
    Permission(ClientAuthorizationPermission),
}

impl ClientAuthorization {
    /// The policies of one kind; see [`policies`](crate::admin::policies).
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
            place: Many::Policy(self.policies_of_type(P::KIND)),
            kind: PhantomData,
        }
    }

    /// A policy of one kind.
    #[must_use]
    pub fn policy_of<P: PolicyType>(&self, id: impl IntoId<PolicyId>) -> PolicyOf<P> {
        PolicyOf {
            place: One::Policy(self.policy(P::KIND, id)),
            kind: PhantomData,
        }
    }

    /// The permissions of one kind; see [`policies`](crate::admin::policies).
    #[must_use]
    pub fn permissions_of<P: PermissionType>(&self) -> PoliciesOf<P> {
        PoliciesOf {
            place: Many::Permission(self.permissions_of_type(P::KIND)),
            kind: PhantomData,
        }
    }

    /// A permission of one kind.
    #[must_use]
    pub fn permission_of<P: PermissionType>(&self, id: impl IntoId<PolicyId>) -> PolicyOf<P> {
        PolicyOf {
            place: One::Permission(self.permission(P::KIND, id)),
            kind: PhantomData,
        }
    }
}

/// The policies or permissions of one kind, as
/// [`policies_of`](ClientAuthorization::policies_of) and
/// [`permissions_of`](ClientAuthorization::permissions_of) give it.
#[derive(Clone, Debug)]
pub struct PoliciesOf<P> {
    place: Many,
    kind: PhantomData<fn() -> P>,
}

/// One policy or permission of a kind, as [`policy_of`](ClientAuthorization::policy_of) and
/// [`permission_of`](ClientAuthorization::permission_of) give it.
#[derive(Clone, Debug)]
pub struct PolicyOf<P> {
    place: One,
    kind: PhantomData<fn() -> P>,
}

impl<P: PolicyKind> PoliciesOf<P> {
    /// The longest a call made through this handle may take, retries included.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let place = match self.place {
            Many::Policy(handle) => Many::Policy(handle.timeout(timeout)),
            Many::Permission(handle) => Many::Permission(handle.timeout(timeout)),
        };
        Self { place, ..self }
    }

    /// Adds a header to every call made through this handle. A name or value that HTTP does not
    /// take is the error of the next call.
    #[must_use]
    pub fn header(self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Self {
        let place = match self.place {
            Many::Policy(handle) => Many::Policy(handle.header(name, value)),
            Many::Permission(handle) => Many::Permission(handle.header(name, value)),
        };
        Self { place, ..self }
    }

    fn operations(&self) -> &'static Operations {
        match self.place {
            Many::Policy(_) => &POLICY,
            Many::Permission(_) => &PERMISSION,
        }
    }

    /// Creates an object of this kind, and gives it as the server keeps it, with its id.
    ///
    /// `POST .../authz/resource-server/policy/{type}`, of a permission
    /// `POST .../authz/resource-server/permission/{type}`
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) when a policy or permission of any kind has the
    /// name; see also [`ErrorKind`](crate::ErrorKind).
    pub async fn create(&self, policy: &P) -> Result<P> {
        let operation = &self.operations().create;
        let body = untyped(operation, policy)?;
        let made = either!(&self.place, Many, handle => handle.create(&body).await)?;
        typed(operation, made)
    }

    /// The objects of this kind, with the members of the kind: `.await` gives one page, and
    /// [`stream`](ListPoliciesOf::stream) and [`all`](ListPoliciesOf::all) read every page.
    pub fn list(&self) -> ListPoliciesOf<P> {
        match &self.place {
            Many::Policy(handle) => ListPoliciesOf::policies(handle.list()),
            Many::Permission(handle) => ListPoliciesOf::permissions(handle.list()),
        }
    }

    /// The object of this kind with exactly this name; `None` when there is none, or it is of
    /// another kind.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn find_by_name(&self, name: impl Into<String>) -> Result<Option<P>> {
        let name = name.into();
        let found = either!(&self.place, Many, handle => handle.by_name(name).await)?;
        found
            // The server looks through all kinds.
            .filter(|policy| policy.type_.as_deref().is_none_or(|kind| kind == P::KIND))
            .map(|policy| typed(&self.operations().by_name, policy))
            .transpose()
    }
}

impl<P: PolicyKind> PolicyOf<P> {
    /// The longest a call made through this handle may take, retries included.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let place = match self.place {
            One::Policy(handle) => One::Policy(handle.timeout(timeout)),
            One::Permission(handle) => One::Permission(handle.timeout(timeout)),
        };
        Self { place, ..self }
    }

    /// Adds a header to every call made through this handle. A name or value that HTTP does not
    /// take is the error of the next call.
    #[must_use]
    pub fn header(self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Self {
        let place = match self.place {
            One::Policy(handle) => One::Policy(handle.header(name, value)),
            One::Permission(handle) => One::Permission(handle.header(name, value)),
        };
        Self { place, ..self }
    }

    fn operations(&self) -> &'static Operations {
        match self.place {
            One::Policy(_) => &POLICY,
            One::Permission(_) => &PERMISSION,
        }
    }

    /// The object with the members of its kind. The server leaves out which policies, resources
    /// and scopes it has: see [`associated_policies`](Self::associated_policies),
    /// [`resources`](Self::resources) and [`scopes`](Self::scopes).
    ///
    /// `GET .../authz/resource-server/policy/{type}/{policy-id}`, of a permission
    /// `GET .../authz/resource-server/permission/{type}/{policy-id}`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) when the id is that of another kind; see also
    /// [`ErrorKind`](crate::ErrorKind).
    pub async fn get(&self) -> Result<P> {
        let found = either!(&self.place, One, handle => handle.get().await)?;
        typed(&self.operations().get, found)
    }

    /// Like [`get`](Self::get), `None` when there is no such object. The answer for it does not
    /// tell what is missing, so that it is looked up whether the client has authorization.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn find(&self) -> Result<Option<P>> {
        match self.get().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error, NOT_FOUND) || is_unexplained(&error) => {
                let authorization = either!(&self.place, One, handle => ClientAuthorization {
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

    /// Replaces the object. Policies, resources and scopes that are left out (`None`) stay.
    ///
    /// `PUT .../authz/resource-server/policy/{type}/{policy-id}`, of a permission
    /// `PUT .../authz/resource-server/permission/{type}/{policy-id}`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn update(&self, policy: &P) -> Result<()> {
        let body = untyped(&self.operations().update, policy)?;
        either!(&self.place, One, handle => handle.update(&body).await)
    }

    /// Changes the object: reads it, with its policies, resources and scopes where its kind has
    /// them, hands it to `edit`, writes it where something changed, and reads it again.
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
    /// As [`get`](Self::get) and [`update`](Self::update); and
    /// [`Protocol`](crate::ErrorKind::Protocol), naming the member, when the server took the
    /// request but ignored an edit.
    pub fn modify<'a>(&self, edit: impl FnOnce(&mut P) + Send + 'a) -> Modify<'a, P> {
        Modify::new(self.clone(), edit)
    }

    /// Deletes the object.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn delete(&self) -> Result<()> {
        either!(&self.place, One, handle => handle.delete().await)
    }

    /// The resources it is about, with id and name.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn resources(&self) -> Result<Vec<ResourceRepresentation>> {
        either!(&self.place, One, handle => handle.resources().await)
    }

    /// The authorization scopes it is about.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn scopes(&self) -> Result<Vec<ScopeRepresentation>> {
        either!(&self.place, One, handle => handle.scopes().await)
    }

    /// The policies it is made of, of whatever kind and without the members of their kinds.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn associated_policies(&self) -> Result<Vec<PolicyRepresentation>> {
        either!(&self.place, One, handle => handle.associated_policies().await)
    }

    /// The policies and permissions that use it, without the members of their kinds.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn dependent_policies(&self) -> Result<Vec<PolicyRepresentation>> {
        either!(&self.place, One, handle => handle.dependent_policies().await)
    }

    /// The object with what [`get`](Self::get) leaves out: what is not read could be neither
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

impl<P: PolicyKind> Target<P> for PolicyOf<P> {
    fn operation(&self) -> &'static Operation {
        &self.operations().update
    }

    fn lock(&self) -> Pin<Box<dyn Future<Output = EditGuard> + Send + '_>> {
        Box::pin(async move {
            either!(&self.place, One, handle => {
                let ids = [
                    handle.realm.as_str(),
                    handle.client_uuid.as_str(),
                    handle.policy_id.as_str(),
                ];
                handle.call.edit("realm.client.authorization.policy", &ids).await
            })
        })
    }

    fn turn(&self) -> Pin<Box<dyn Future<Output = Option<EditGuard>> + Send + '_>> {
        Box::pin(std::future::ready(None))
    }

    fn read(&self) -> Sending<P> {
        let policy = self.clone();
        Box::pin(async move { policy.whole().await })
    }

    fn write(&self, _: &P, wanted: P) -> Sending<()> {
        let policy = self.clone();
        Box::pin(async move { policy.update(&wanted).await })
    }

    fn read_again(&self, _: &P) -> Sending<P> {
        self.read()
    }
}
