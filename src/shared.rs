//! What all handles of one client share.

mod edits;
mod version;

pub(crate) use self::edits::EditGuard;
use self::edits::Edits;
pub(crate) use self::version::Version;

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) edits: Edits,
    /// The server's version, once it was asked for.
    pub(crate) version: tokio::sync::OnceCell<Option<Version>>,
}
