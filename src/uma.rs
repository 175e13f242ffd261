//! UMA 2.0 and Keycloak's authorization services: protected resources, permissions, policies.
//!
//! ```no_run
//! # async fn show(kc: keycloak_kit::Keycloak, secret: &str, bearer: &str) -> keycloak_kit::Result<()> {
//! use keycloak_kit::uma::{Resource, TicketPermission};
//!
//! // A resource server registers its resources:
//! let uma = kc.uma("demo", "photos").client_secret(secret).build()?;
//! let album = Resource::new("album 1").uri("/albums/1").scopes(["view", "edit"]);
//! let album = uma.resources().create(&album).await?;
//!
//! // and checks whether a user has access:
//! let status = uma.oidc().has_access(bearer, ["album 1#view"]).await?;
//! println!("{} {:?}", status.authorized, status.missing);
//! # Ok(()) }
//! ```

mod access;
mod client;
mod enforcer;
mod entitlement;
mod fault;
mod local;
mod parts;
mod permission_request;
mod permissions;
mod policies;
mod requested;
mod resources;
mod rpt;
mod subject;
#[cfg(test)]
mod tests;
mod tickets;

pub use self::access::AuthStatus;
pub use self::client::{Uma, UmaBuilder};
pub use self::enforcer::{Access, PathEnforcer, PathEnforcerBuilder, PathRule};
pub use self::local::{
    AuthorizationSettings, Decision, Identity, LocalPermission, PolicyDecision, ScopeDecision,
    load_authorization_config,
};
pub use self::permissions::Permissions;
pub use self::policies::{OwnerPolicies, OwnerPolicy, OwnerPolicyHandle};
pub use self::requested::RequestedPermission;
pub use self::resources::{Resource, ResourceHandle, ResourceList, ResourceOwner, Resources};
pub use self::rpt::{Rpt, RptIntrospection};
pub use self::tickets::{PermissionTicket, TicketHandle, TicketPermission, Tickets};
pub use crate::oidc::Permission;

impl crate::Keycloak {
    /// Returns a builder for UMA 2.0 as the resource server `client_id` of `realm`.
    pub fn uma(&self, realm: impl Into<String>, client_id: impl Into<String>) -> UmaBuilder {
        UmaBuilder::new(self.oidc(realm, client_id))
    }
}

#[cfg(feature = "admin")]
impl crate::admin::handles::Realm {
    /// Returns a builder for UMA 2.0 in this realm, as the resource server `client_id`.
    pub fn uma(&self, client_id: impl Into<String>) -> UmaBuilder {
        UmaBuilder::new(self.oidc(client_id))
    }
}
