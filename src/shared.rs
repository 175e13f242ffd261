//! State shared by all handles of a client.

mod edits;
mod version;

pub(crate) use self::edits::EditGuard;
use self::edits::Edits;
pub(crate) use self::version::Version;

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) edits: Edits,
    /// The server's version, once a call has asked for it.
    pub(crate) version: tokio::sync::OnceCell<Option<Version>>,
}
