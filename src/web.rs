//! Guards for web services: who calls, and whether the caller may; and sign-in for the pages of web
//! applications (`SignIn`, feature `signin`).
//!
//! A [`Guard`] reads the access token of a request, verifies it, and gives a [`Caller`] or a
//! [`Rejection`], which is a complete response. It knows no web framework: it takes the
//! [`Parts`](http::request::Parts) of a request. With the feature `tower` it makes layers, and with
//! the feature `axum` the caller is an extractor.
//!
//! ```no_run
//! # async fn show(kc: keycloak_kit::Keycloak, request: http::request::Parts) -> keycloak_kit::Result<()> {
//! use keycloak_kit::web::{Requirement, realm_role, scope};
//!
//! let guard = kc.oidc("demo", "api").build()?.guard().audience("api").build()?;
//! let auditors = realm_role("auditor").or(scope("reports:read"));
//! match guard.caller(&request).await.and_then(|caller| {
//!     caller.require(&auditors)?;
//!     Ok(caller)
//! }) {
//!     Ok(caller) => println!("{:?} reads reports", caller.subject()),
//!     Err(rejection) => println!("{}", rejection.status()),
//! }
//! # Ok(()) }
//! ```

mod address;
#[cfg(feature = "axum")]
mod axum;
mod caller;
mod certificate;
mod challenge;
mod credentials;
mod guard;
mod log;
mod nonce;
mod problem;
mod rejection;
mod requirement;
mod resource_metadata;
#[cfg(feature = "signin")]
mod signin;
mod tenants;
#[cfg(test)]
mod tests;
#[cfg(feature = "tower")]
mod tower;

pub use self::address::PublicAddress;
#[cfg(feature = "axum")]
pub use self::axum::Claims;
pub use self::caller::Caller;
pub use self::certificate::{CertificateHeader, ClientCertificate};
pub use self::guard::{Guard, GuardBuilder};
pub use self::rejection::{Rejection, RejectionKind};
#[cfg(feature = "signin")]
pub use self::requirement::user_policy;
pub use self::requirement::{
    Requirement, acr, any_of, claim, client_role, group, logged_in_within, organization, policy,
    realm_role, scope,
};
pub use self::resource_metadata::ResourceMetadata;
#[cfg(feature = "signin")]
pub use self::signin::{
    MemorySessionIndex, SessionIndex, SignIn, SignInBuilder, SignInLayer, SignInRejection,
    SignInRejectionKind, SignInService, User,
};
pub use self::tenants::TenantResolver;
#[cfg(feature = "tower")]
pub use self::tower::{GuardLayer, GuardService};
