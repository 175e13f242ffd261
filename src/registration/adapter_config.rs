//! The configuration that Keycloak's provider `install` gives.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::oidc::{Discovered, Oidc, OidcBuilder};
use std::fmt;

/// A client's `keycloak.json`: realm, server, client and its credentials.
#[derive(Clone)]
pub struct AdapterConfig {
    pub(super) members: Map<String, Value>,
}

impl AdapterConfig {
    /// One member, such as `resource` or `credentials`. Keep the latter out of logs.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The file itself, the client's secret included.
    pub fn to_json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }

    /// Starts a client of the realm with it.
    ///
    /// ```no_run
    /// # async fn show(registration: keycloak_kit::registration::Registration) -> keycloak_kit::Result<()> {
    /// let config = registration.adapter_config("web", "s3cret").await?;
    /// let oidc = config.oidc()?.redirect_uri("https://web.example/callback").build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Oidc::builder_from_keycloak_json`].
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
