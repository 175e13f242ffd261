//! Keycloak's representation types, under Keycloak's names.
//!
//! Each type has `Default`, a setter for every member, and keeps members that this crate does not
//! know in `extra`:
//!
//! ```
//! use keycloak_kit::representations::UserRepresentation;
//!
//! let user = UserRepresentation::default()
//!     .username("ada")
//!     .enabled(true)
//!     .groups(["/staff"])
//!     .attribute("team", ["core"]);
//! assert_eq!(user.username.as_deref(), Some("ada"));
//! ```
//!
//! Leaving, clearing and setting a member are three different requests:
//!
//! ```
//! # use keycloak_kit::representations::ClientRepresentation;
//! let mut client = ClientRepresentation::default();      // {}
//! client.redirect_uris = Some(vec![]);                   // {"redirectUris":[]}
//! assert_eq!(serde_json::to_string(&client)?, r#"{"redirectUris":[]}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Enums are open: a newer server's value decodes as `Other` and is written back unchanged. `Debug`
//! omits what is not set and shows no secrets; of maps that may contain secrets it shows only the
//! keys.

// Keycloak's document says nothing of most members.
#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    rustdoc::invalid_html_tags,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_rust_codeblocks
)]

use super::support;

include!(concat!(env!("OUT_DIR"), "/representations.rs"));
