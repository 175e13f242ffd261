// What README links to is defined before it: see `guide`.
#![cfg_attr(all(feature = "admin", feature = "oidc"), doc = include_str!("links.md"))]
#![cfg_attr(all(feature = "admin", feature = "oidc"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "admin", feature = "oidc")),
    doc = "Keycloak for Rust: start at [`Keycloak`]."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "oidc")]
pub mod account;
#[cfg(feature = "admin")]
pub mod admin;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
// OpenID Connect uses all of it.
#[cfg_attr(not(feature = "oidc"), allow(dead_code))]
mod call;
mod client_auth;
#[cfg(feature = "oidc")]
mod client_metadata;
mod discovery;
mod endpoint;
mod env;
mod error;
mod future;
#[cfg(all(any(doc, doctest), feature = "admin", feature = "oidc"))]
pub mod guide;
#[cfg(any(feature = "signin", feature = "testing", all(test, feature = "oidc")))]
mod html;
mod http;
#[cfg(feature = "oidc")]
pub mod jose;
mod kept;
mod keycloak;
mod login;
#[cfg(feature = "admin")]
mod newer;
#[cfg(feature = "oidc")]
pub mod oidc;
mod operation;
mod raw_request;
#[cfg(feature = "oidc")]
pub mod registration;
mod response;
mod scheme;
mod secret;
#[cfg(feature = "admin")]
mod shared;
#[cfg(any(feature = "admin", feature = "oidc"))]
#[cfg_attr(
    not(feature = "admin"),
    allow(dead_code, reason = "lists of UMA are paged in one way")
)]
mod stream;
#[cfg(test)]
mod test_support;
// The crate's own tests use it whatever features they are compiled with.
#[cfg(any(feature = "testing", all(test, feature = "oidc")))]
pub mod testing;
mod token;
#[cfg(feature = "oidc")]
pub mod uma;
#[cfg(feature = "web")]
pub mod web;

#[cfg(feature = "admin")]
pub use self::admin::representations;
pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

pub use self::builder::KeycloakBuilder;
pub use self::client_auth::{AssertionAudience, AssertionTarget, ClientAuth};
pub use self::discovery::ProviderMetadata;
#[cfg(feature = "oidc")]
pub use self::error::{CallbackFault, TokenFault, UmaFault};
pub use self::error::{Error, ErrorKind, FieldError, HttpError, HttpErrorKind, Result};
pub use self::future::BoxFuture;
pub use self::http::client_options::ClientOptions;
pub use self::http::proxy::Proxy;
pub use self::http::service::{HttpBody, HttpService};
pub use self::keycloak::Keycloak;
pub use self::login::{TokenContext, TokenSource};
pub use self::raw_request::RawRequest;
pub use self::response::Response;
pub use self::secret::Secret;
#[cfg(any(feature = "admin", feature = "oidc"))]
pub use self::stream::ItemStream;
pub use self::token::AccessToken;

/// Handles can be stored in application state and moved between tasks.
const _: () = {
    const fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    const fn moved<T: Send + 'static>() {}
    shared::<Keycloak>();
    shared::<AccessToken>();
    shared::<Secret>();
    shared::<Error>();
    shared::<ClientOptions>();
    moved::<HttpBody>();
    moved::<HttpError>();
    moved::<KeycloakBuilder>();
    moved::<RawRequest<serde_json::Value>>();
};
