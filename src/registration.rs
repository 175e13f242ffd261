//! Dynamic client registration (RFC 7591), its management protocol (RFC 7592), and Keycloak's own
//! registration providers.
//!
//! ```no_run
//! # async fn show(kc: keycloak_kit::Keycloak, token: &str) -> keycloak_kit::Result<()> {
//! use keycloak_kit::registration::ClientMetadata;
//!
//! let registration = kc.registration("demo").initial_access_token(token);
//! let wanted = ClientMetadata::default()
//!     .client_name("Reports")
//!     .redirect_uris(["https://reports.example/callback"]);
//! let client = registration.create(&wanted).await?;
//! println!("{} {:?}", client.client_id(), client.client_secret());
//! let oidc = client.oidc()?.build()?; // ready to log in
//!
//! client.modify(|metadata| metadata.client_name = Some("Reports 2".into())).await?;
//! let saved = client.saved(); // to manage the client later: registration.resume(saved)
//! client.delete().await?;
//! # Ok(()) }
//! ```
//!
//! A server may replace the registration access token in each response, which makes the previous
//! token invalid. [`RegisteredClient`] always uses the newest one.

mod adapter_config;
mod call;
mod client;
mod document;
mod fault;
mod handle;
mod oidc;
#[cfg(test)]
mod tests;

pub use self::adapter_config::AdapterConfig;
pub use self::client::{RegisteredClient, SavedRegistration};
pub use self::document::ClientDocument;
pub use self::fault::RegistrationFault;
pub use self::handle::Registration;
pub use self::oidc::ClientKeys;
pub use crate::client_metadata::ClientMetadata;

#[cfg(feature = "admin")]
impl crate::admin::handles::Realm {
    /// Returns the client registration of this realm (RFC 7591), without a token.
    pub fn registration(&self) -> Registration {
        let channel = self.call.channel().clone();
        Registration::of_realm(channel, self.realm.as_str().to_owned())
    }
}
