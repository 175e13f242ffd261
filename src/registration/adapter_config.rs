//! The configuration file from Keycloak's provider `install`.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::oidc::{Discovered, Oidc, OidcBuilder};
use std::fmt;

/// A client's `keycloak.json`: the realm, the server, the client and its credentials.
#[derive(Clone)]
pub struct AdapterConfig {
    pub(super) members: Map<String, Value>,
}

impl AdapterConfig {
    /// Returns a member, such as `resource` or `credentials`. Keep `credentials` out of logs.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Returns the whole file as JSON, including the client's secret.
    pub fn to_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// Returns a builder for a client with this configuration.
    ///
    /// ```no_run
    /// # async fn show(registration: keycloak_kit::registration::Registration) -> keycloak_kit::Result<()> {
    /// let config = registration.adapter_config("web", "s3cret").await?;
    /// let oidc = config.oidc()?.redirect_uri("https://web.example/callback").build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Oidc::builder_from_keycloak_json`].
    pub fn oidc(&self) -> Result<OidcBuilder<Discovered>> {
        Oidc::builder_from_keycloak_json(&self.to_json())
    }
}

impl fmt::Debug for AdapterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdapterConfig")
            .field("realm", &self.member("realm"))
            .field("resource", &self.member("resource"))
            .field("members", &self.members.keys().collect::<Vec<_>>())
            .finish()
    }
}
