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
//! owned values, `Clone + Send + Sync + 'static`, consist of a few strings, and send no requests. A
//! call refuses an id that would change the path (`""`, `.`, `..`, a control character); everything
//! else is percent-encoded.
//!
//! **Calls** accept path parameters and bodies as arguments, so none can be forgotten. Every call
//! returns a [`Request`], a value that is sent by `.await` or, to also get status and headers, by
//! `.send().await`. A call with optional parameters has its own request type ([`requests`]) with a
//! setter for each. Set a time limit or headers on the request, or on the handle for all its calls:
//! `.timeout(..)`, `.header(..)`.
//!
//! **Representations** ([`representations`]) keep Keycloak's names. Every member is optional:
//! `None` leaves it unchanged, `Some(vec![])` clears a list, `Some(..)` sets it. Members that this
//! crate does not know are kept in `extra` and written back. Times are milliseconds since the epoch
//! if the name ends in `Timestamp`, `Date` or, in events, `time`; durations are seconds.
//!
//! **Updates** leave a member unchanged if it is `None`. Where the server would reset or clear the
//! member (in a realm, an identity provider, an organization, a flow and others), the call reads
//! the object first and completes the body. A list or map that is set replaces the existing one,
//! unless the call says otherwise. A body that the server would ignore, misread or be unable to
//! read back is refused with an error that names the right call. Two writers of one object lose
//! updates, and the server reports it to neither. Within a client and its clones writers take
//! turns, so let one process write an object.
//!
//! Mistakes do not compile. A missing body or id:
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
//! A bare string for a client, which has two ids: its UUID, and the `clientId` that
//! `client_by_client_id` accepts.
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
//! The name of each call is decided in `openapi/names.toml`; names follow the crate's versions.

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
mod representation_ids;
pub mod representations;
pub(crate) mod request;
mod role_names;
mod search;
mod support;
mod tree;
mod unresolved;
pub mod uploads;
mod variants;
mod version;
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
pub use tree::{GroupNode, GroupTree};

pub(crate) use crate::shared::EditGuard;
pub(crate) use crate::stream::End;
pub(crate) use call::Call;
pub(crate) use modify::EditTarget;
pub(crate) use open_enum::open_enum;

/// Whether a 404 says that the object itself is missing, judged by the server's messages for that.
///
/// Only the message tells: an unknown realm, a missing parent, a disabled feature and an endpoint
/// that an older server lacks are 404 too.
pub(crate) fn is_missing(error: &Error, messages: &[&str]) -> bool {
    error.is_not_found()
        && error.needs_keycloak().is_none()
        && error
            .server_message()
            .is_some_and(|message| messages.contains(&message))
}
