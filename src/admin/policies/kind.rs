//! What the types of policies and permissions have in common.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::admin::ids::PolicyId;
use crate::admin::representations::{
    AggregatePolicyRepresentation, AuthzClientPolicyRepresentation,
    ClientScopePolicyRepresentation, GroupPolicyRepresentation, JSPolicyRepresentation,
    PolicyRepresentation, RegexPolicyRepresentation, ResourcePermissionRepresentation,
    RolePolicyRepresentation, ScopePermissionRepresentation, TimePolicyRepresentation,
    UmaPermissionRepresentation, UserPolicyRepresentation,
};
use crate::operation::Operation;
use crate::{Result, error};

mod sealed {
    pub trait Sealed {
        /// The members that reading the object omits, to be filled in.
        fn links(&mut self) -> Links<'_>;
    }

    type Ids<'a> = Option<&'a mut Option<Vec<String>>>;

    /// `None` if the kind does not have the member, or if the server sets it.
    #[derive(Debug, Default)]
    pub struct Links<'a> {
        pub policies: Ids<'a>,
        pub resources: Ids<'a>,
        pub scopes: Ids<'a>,
    }
}

pub(super) use sealed::{Links, Sealed};

/// A kind of policy or permission: one of the types listed in [`policies`](super).
///
/// Sealed: the server's kinds are known. A kind added by a provider of your own is available
/// through `policies_of_type("its-kind")`.
pub trait PolicyKind:
    Sealed + Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static
{
    /// The kind as Keycloak spells it: `role`, `client-scope`.
    const KIND: &'static str;
}

/// A kind of policy: how to decide.
pub trait PolicyType: PolicyKind {}

/// A kind of permission: what is decided about, and by which policies.
pub trait PermissionType: PolicyKind {}

macro_rules! kinds {
    ($($trait:ident $type:ident $kind:literal [$($link:ident),*];)*) => {$(
        impl Sealed for $type {
            fn links(&mut self) -> Links<'_> {
                #[allow(clippy::needless_update, reason = "some kinds have every member")]
                Links { $($link: Some(&mut self.$link),)* ..Links::default() }
            }
        }

        impl PolicyKind for $type {
            const KIND: &'static str = $kind;
        }

        impl $trait for $type {}

        impl $type {
            #[doc = concat!("Creates an object of kind `", $kind, "`. The name must be unique in the resource server.")]
            #[must_use]
            pub fn new(name: impl Into<String>) -> Self {
                Self::default().name(name)
            }

            /// Returns the id in the type that [`PolicyOf`](crate::admin::policies::PolicyOf)
            /// accepts.
            ///
            /// # Errors
            ///
            /// Returns an error of kind [`Config`](crate::ErrorKind::Config) if the object has no
            /// id, because it did not come from a server.
            pub fn policy_id(&self) -> Result<PolicyId> {
                crate::admin::extensions::required(self.id.as_ref(), stringify!($type))
                    .map(PolicyId::new)
            }
        }
    )*};
}
kinds! {
    PolicyType RolePolicyRepresentation "role" [];
    PolicyType UserPolicyRepresentation "user" [];
    PolicyType GroupPolicyRepresentation "group" [];
    PolicyType AuthzClientPolicyRepresentation "client" [];
    PolicyType ClientScopePolicyRepresentation "client-scope" [];
    PolicyType TimePolicyRepresentation "time" [];
    PolicyType RegexPolicyRepresentation "regex" [];
    PolicyType JSPolicyRepresentation "js" [];
    PolicyType AggregatePolicyRepresentation "aggregate" [policies];
    PermissionType ResourcePermissionRepresentation "resource" [policies, resources];
    PermissionType ScopePermissionRepresentation "scope" [policies, resources, scopes];
    // The server derives these policies from what an owner has granted.
    PermissionType UmaPermissionRepresentation "uma" [resources, scopes];
}

/// Reads a response as the requested kind.
pub(super) fn typed<P: PolicyKind>(op: &Operation, found: PolicyRepresentation) -> Result<P> {
    if let Some(kind) = &found.type_
        && kind != P::KIND
    {
        // The server ignores the kind in the path when it looks up an id.
        let name = found.name.as_deref().unwrap_or_default();
        return Err(error::invalid_argument(
            op,
            format!(
                "{name:?} is of kind {kind:?}, not {:?}: use the type of its kind",
                P::KIND
            ),
        ));
    }
    let read = serde_json::to_value(found).and_then(serde_json::from_value);
    read.map_err(|failed| error::decode(op, None, &failed))
}

/// Writes an object as the base representation; the members of its kind are in `extra`.
pub(super) fn untyped<P: PolicyKind>(op: &Operation, policy: &P) -> Result<PolicyRepresentation> {
    serde_json::to_value(policy)
        .and_then(serde_json::from_value)
        .map_err(|failed| {
            error::invalid_argument(op, format!("the policy cannot be written: {failed}"))
        })
}
