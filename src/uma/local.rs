//! Access decisions without the server, from exported authorization settings and a token.

mod identity;
mod model;
mod permission;
mod policy;
mod settings;
#[cfg(test)]
mod tests;
mod time;

pub use self::identity::Identity;
pub use self::permission::{LocalPermission, PolicyDecision, ScopeDecision};
pub use self::policy::Decision;
pub use self::settings::{AuthorizationSettings, load_authorization_config};
