//! The typed admin client, generated from Keycloak's OpenAPI document when the crate is built.
//!
//! ```no_run
//! # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
//! use keycloak_kit::representations::UserRepresentation;
//!
//! let realm = kc.realm("demo");
//! let id = realm.users().create(&UserRepresentation::default().username("ada")).await?;
//! let user = realm.user(&id).get().await?;
//! let first = realm.users().list().search("ada").max(50).await?;
//! # Ok(()) }
//! ```
//!
//! **Handles** ([`handles`]) name a place: `kc.realm("demo").user(&id).role_mappings()`. They are
//! owned, `Clone + Send + Sync + 'static`, cost a few strings, and do no network. An id that would
//! change the path it stands in (`""`, `.`, `..`, a control character) is refused when a call is
//! made; everything else is percent-encoded.
//!
//! **Calls** take path parameters and bodies as arguments, so that none can be forgotten. Every call
//! is a [`Request`]: a value that is sent by `.await` or, for status and headers too, by
//! `.send().await`. A call with optional parameters has a request of its own ([`requests`]) with a
//! setter for each of them. Time limit and headers are set on the request, or on the handle for all
//! of its calls: `.timeout(..)`, `.header(..)`.
//!
//! **Representations** ([`representations`]) keep Keycloak's names. Every member is optional:
//! `None` leaves it, `Some(vec![])` clears a list, `Some(..)` sets it. Members that this crate does
//! not know are kept in `extra` and written back. Times are milliseconds since the epoch where the
//! name ends in `Timestamp`, `Date` or `time` of an event, and durations are seconds.
//!
//! **Updates** leave alone what is left out, as `None` says. Where the server would reset or clear
//! it (a realm, an identity provider, an organization, a flow, ..), the call reads the object first
//! and completes the body; lists and maps that are set take the place of what is there, unless the
//! call says otherwise. What the server would ignore, mistake, or could not read any more is refused
//! with the way that works. Two writers of one object lose updates, and the server tells neither:
//! within a client (and its clones) they take turns, so let one process write an object.
//!
//! What is forgotten or mixed up does not compile. A missing body or id:
//!
//! ```compile_fail,E0061
//! # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
//! realm.users().create().await?;
//! # Ok(()) }
//! ```
//! ```compile_fail,E0061
//! # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
//! realm.user().get().await?;
//! # Ok(()) }
//! ```
//!
//! The id of another kind of object:
//!
//! ```compile_fail,E0277
//! # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
//! let group = realm.groups().create(&Default::default()).await?;
//! realm.user(&group).get().await?;
//! # Ok(()) }
//! ```
//!
//! And a bare string for a client, which has two ids: its UUID, and the `clientId` that
//! `client_by_client_id` takes.
//!
//! ```compile_fail,E0277
//! # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
//! realm.client("web").get().await?;
//! # Ok(()) }
//! ```
//! ```no_run
//! # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
//! use keycloak_kit::admin::ids::ClientUuid;
//!
//! let group = realm.groups().create(&Default::default()).await?;
//! realm.group(&group).get().await?;
//! realm.client_by_client_id("web").await?.get().await?;
//! realm.client(ClientUuid::new("7d1a4b6e-2f5b-4f3e-9a51-5f2f2a0c1b7e")).get().await?;
//! # Ok(()) }
//! ```
//!
//! What each call is named is decided in `openapi/names.toml`; names follow the crate's versions.

mod bodies;
mod bulk;
pub(crate) mod call;
mod call_request;
pub(crate) mod call_response;
mod change;
mod client_scopes;
mod content;
mod declared;
mod ensure;
mod extensions;
mod find;
mod follow;
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    rustdoc::invalid_html_tags,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_rust_codeblocks
)]
mod facade {
    include!(concat!(env!("OUT_DIR"), "/facade.rs"));
}
mod group_place;
mod handle_settings;
mod id_types;
mod impersonation;
mod import;
mod localization_text;
mod modify;
mod one_or_many;
mod open_enum;
mod paging;
pub mod policies;
mod repeats;
mod representation_ids;
pub mod representations;
pub(crate) mod request;
mod role_names;
mod search;
mod stream;
mod support;
mod tree;
mod unresolved;
pub mod uploads;
mod variants;
mod version;
use std::future::Future;
use std::pin::Pin;

use crate::Error;

pub use bulk::{Bulk, Done, Progress, bulk};
pub use change::{Changes, MemberChange};
pub use content::Content;
pub use ensure::{Ensure, Ensured};
pub use facade::{handles, ids, requests};
pub use follow::{EventCursor, EventStream};
pub use group_place::GroupPlace;
pub use impersonation::{Impersonation, ImpersonationCookie};
pub use import::{Existing, ImportCounts, ImportOutcome, ImportReport, ImportUsers, ImportedUser};
pub use localization_text::LocalizationText;
pub use modify::{Modify, Preview};
pub use one_or_many::OneOrMany;
pub use request::Request;
pub use role_names::NamedRoles;
pub use stream::ItemStream;
pub use tree::{GroupNode, GroupTree};

pub(crate) use crate::shared::EditGuard;
pub(crate) use call::Call;
pub(crate) use modify::Target;
pub(crate) use open_enum::open_enum;
pub(crate) use stream::End;

/// The future of a request.
pub type Sending<T> = Pin<Box<dyn Future<Output = crate::Result<T>> + Send + 'static>>;

/// Whether a 404 says that the object itself is missing, by the texts the server has for that.
///
/// Only the text tells: an unknown realm, a missing parent, a feature that is off and an endpoint
/// that an older server lacks are 404 too.
pub(crate) fn is_missing(error: &Error, messages: &[&str]) -> bool {
    error.is_not_found()
        && error.needs_keycloak().is_none()
        && error
            .server_message()
            .is_some_and(|message| messages.contains(&message))
}
