//! Authorization policies and permissions, each kind with its own members.
//!
//! A policy decides; a permission says which policies decide about which resources and scopes.
//! Keycloak has one base representation for all of them, [`PolicyRepresentation`], and another type
//! for each kind:
//!
//! | Kind | Type | Decides by |
//! |---|---|---|
//! | `role` | [`RolePolicyRepresentation`] | the roles of the user |
//! | `user` | [`UserPolicyRepresentation`] | who the user is |
//! | `group` | [`GroupPolicyRepresentation`] | the groups of the user |
//! | `client` | [`AuthzClientPolicyRepresentation`] | the requesting client |
//! | `client-scope` | [`ClientScopePolicyRepresentation`] | the client scopes of the token |
//! | `time` | [`TimePolicyRepresentation`] | the time of day, week, year |
//! | `regex` | [`RegexPolicyRepresentation`] | a claim that matches a pattern |
//! | `js` | [`JSPolicyRepresentation`] | a script deployed to the server |
//! | `aggregate` | [`AggregatePolicyRepresentation`] | other policies |
//! | `resource` | [`ResourcePermissionRepresentation`] | a permission for resources |
//! | `scope` | [`ScopePermissionRepresentation`] | a permission for scopes |
//! | `uma` | [`UmaPermissionRepresentation`] | a permission granted by a resource's owner |
//!
//! ```no_run
//! # async fn run(kc: keycloak_kit::Keycloak, editor: keycloak_kit::admin::ids::RoleId,
//! #     report: keycloak_kit::admin::ids::ResourceId) -> keycloak_kit::Result<()> {
//! use keycloak_kit::representations::{
//!     ResourcePermissionRepresentation, RolePolicyRepresentation,
//! };
//!
//! let authz = kc.realm("demo").client_by_client_id("app").await?.authorization();
//! let editors = RolePolicyRepresentation::new("editors").required_role(editor);
//! let editors = authz.policies_of::<RolePolicyRepresentation>().create(&editors).await?;
//!
//! let edit = ResourcePermissionRepresentation::new("edit the report")
//!     .resource(report)
//!     .policy(editors.policy_id()?);
//! authz.permissions_of::<ResourcePermissionRepresentation>().create(&edit).await?;
//! # Ok(()) }
//! ```
//!
//! A policy is not a permission, and vice versa:
//!
//! ```compile_fail,E0277
//! # fn run(authz: keycloak_kit::admin::handles::ClientAuthorization) {
//! use keycloak_kit::representations::RolePolicyRepresentation;
//!
//! authz.permissions_of::<RolePolicyRepresentation>();
//! # }
//! ```
//!
//! Lists of mixed kinds consist of [`Policy`]. Keycloak's Java classes are those of
//! `org.keycloak.representations.idm.authorization`.
//!
//! [`PolicyRepresentation`]: super::representations::PolicyRepresentation
//! [`RolePolicyRepresentation`]: super::representations::RolePolicyRepresentation
//! [`UserPolicyRepresentation`]: super::representations::UserPolicyRepresentation
//! [`GroupPolicyRepresentation`]: super::representations::GroupPolicyRepresentation
//! [`AuthzClientPolicyRepresentation`]: super::representations::AuthzClientPolicyRepresentation
//! [`ClientScopePolicyRepresentation`]: super::representations::ClientScopePolicyRepresentation
//! [`TimePolicyRepresentation`]: super::representations::TimePolicyRepresentation
//! [`RegexPolicyRepresentation`]: super::representations::RegexPolicyRepresentation
//! [`JSPolicyRepresentation`]: super::representations::JSPolicyRepresentation
//! [`AggregatePolicyRepresentation`]: super::representations::AggregatePolicyRepresentation
//! [`ResourcePermissionRepresentation`]: super::representations::ResourcePermissionRepresentation
//! [`ScopePermissionRepresentation`]: super::representations::ScopePermissionRepresentation
//! [`UmaPermissionRepresentation`]: super::representations::UmaPermissionRepresentation

mod build;
mod handles;
mod kind;
mod list;
mod mixed;
mod operations;

pub use handles::{PoliciesOf, PolicyOf};
pub use kind::{PermissionType, PolicyKind, PolicyType};
pub use list::ListPoliciesOf;
pub use mixed::Policy;
