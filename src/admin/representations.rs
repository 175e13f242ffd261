//! Keycloak's representation types, under Keycloak's names.
//!
//! Each has `Default`, a setter for every member that takes what people write, and keeps members
//! this crate does not know in `extra`:
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
//! Leave, clear and set are three different requests:
//!
//! ```
//! # use keycloak_kit::representations::ClientRepresentation;
//! let mut client = ClientRepresentation::default();      // {}
//! client.redirect_uris = Some(vec![]);                   // {"redirectUris":[]}
//! assert_eq!(serde_json::to_string(&client)?, r#"{"redirectUris":[]}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Enums are open: a value of a newer server decodes as `Other` and is written back as it came.
//! `Debug` leaves out what is not set and shows no secret; of maps that may carry secrets it shows
//! the keys.

#![allow(
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
