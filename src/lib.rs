//! Keycloak for Rust: a typed admin client that is generated from Keycloak's own OpenAPI
//! document, and OpenID Connect by discovery, behind one entry type, [`Keycloak`].
//!
//! ```no_run
//! # async fn show() -> keycloak_kit::Result<()> {
//! use keycloak_kit::{Keycloak, Method};
//!
//! let kc = Keycloak::builder("https://sso.example")
//!     .client_credentials("automation", std::env::var("SECRET").unwrap_or_default())
//!     .build()?; // no network until the first call
//! kc.login().await?; // or check the credentials at once
//!
//! // Any endpoint, with the same token, retries and errors:
//! let info: serde_json::Value = kc.request(Method::GET, ["admin", "serverinfo"]).await?;
//! # Ok(()) }
//! ```
//!
//! # Features
//! - `admin` (default): the typed admin client.
//! - `oidc` (default): log in, verify, refresh and log out through the endpoints a realm publishes.
//! - `tracing` (default): a span for every operation, an event for every retry and refresh.
//! - `schemars`: `JsonSchema` on the representation types.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "admin")]
pub mod admin;
mod builder;
mod discovery;
mod env;
mod error;
mod http;
#[cfg(feature = "oidc")]
mod jose;
mod keycloak;
#[cfg(feature = "oidc")]
pub mod oidc;
mod request;
mod response;
mod secret;
#[cfg(test)]
mod testing;
mod token;

#[cfg(feature = "admin")]
#[cfg_attr(docsrs, doc(cfg(feature = "admin")))]
pub use self::admin::representations;
pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

pub use self::builder::KeycloakBuilder;
pub use self::discovery::ProviderMetadata;
pub use self::error::{Error, ErrorKind, FieldError, Result};
pub use self::keycloak::Keycloak;
pub use self::request::Request;
pub use self::response::Response;
pub use self::secret::Secret;
pub use self::token::{AccessToken, TokenContext, TokenFuture, TokenSource};

/// Handles can be stored in application state and moved between tasks.
const _: () = {
    const fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    const fn moved<T: Send + 'static>() {}
    shared::<Keycloak>();
    shared::<AccessToken>();
    shared::<Secret>();
    shared::<Error>();
    moved::<KeycloakBuilder>();
    moved::<Request<serde_json::Value>>();
};
