//! Realms with something of everything in them.

mod admin_ui;
mod authentication;
mod authorization;
mod clients;
mod federation;
mod groups;
mod identity_providers;
mod organizations;
mod realm;
mod roles;
mod ssf;
mod users;
mod verifiable_credentials;
mod workflows;

use serde_json::Value;

use super::suite::Suite;

/// What later parts need of earlier ones.
#[derive(Debug, Default)]
pub struct World {
    pub realm: String,
    /// Settings of the mail server.
    pub mail: Value,
    pub user: String,
    pub other_user: String,
    pub group: String,
    /// Representation of a realm role.
    pub role: Value,
    pub other_role: Value,
    /// UUID of the client that users log in to.
    pub client: String,
    pub client_id: String,
    /// Representation of a role of that client.
    pub client_role: Value,
    pub client_scope: String,
    pub identity_provider: String,
}

/// The text of a value that is one. Where a call gave nothing it is the id of nothing, so that the
/// calls that need it are still sent.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or("none").to_owned()
}

/// The value with one more member; one that a failed call did not give stays nothing.
pub fn with(mut value: Value, name: &str, member: impl Into<Value>) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), member.into());
    }
    value
}

/// Every part, in an order in which each finds what it needs.
pub async fn run(suite: &mut Suite) -> World {
    let mut world = World::default();
    realm::create(suite, &mut world).await;
    roles::run(suite, &mut world).await;
    groups::run(suite, &mut world).await;
    users::run(suite, &mut world).await;
    clients::run(suite, &mut world).await;
    roles::composites(suite, &world).await;
    roles::mappings(suite, &world).await;
    clients::scopes(suite, &mut world).await;
    users::sessions(suite, &world).await;
    authorization::run(suite, &world).await;
    authentication::run(suite, &world).await;
    identity_providers::run(suite, &mut world).await;
    users::after_identity_providers(suite, &world).await;
    organizations::run(suite, &world).await;
    federation::run(suite, &world).await;
    admin_ui::run(suite, &world).await;
    workflows::run(suite, &world).await;
    ssf::run(suite, &world).await;
    verifiable_credentials::run(suite, &world).await;
    realm::settings(suite, &world).await;
    world
}

/// What is deleted at the end, the realm last.
pub async fn end(suite: &mut Suite, world: &World) {
    users::end(suite, world).await;
    roles::end(suite, world).await;
    clients::end(suite, world).await;
    realm::end(suite, world).await;
}
