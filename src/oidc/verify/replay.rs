//! Remembering what was used.

mod memory;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

pub use self::memory::ReplayMemory;
use crate::error::Result;

/// What [`ReplayStore::first_use`] gives.
pub type ReplayFuture<'a> = Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>>;

/// Remembers the ids of tokens that may be used once (`jti`). Implement it over a store that all
/// instances of a service share.
///
/// ```
/// use std::time::SystemTime;
///
/// use keycloak_kit::oidc::{ReplayFuture, ReplayStore};
///
/// #[derive(Debug)]
/// struct Shared; // a pool of connections
///
/// impl ReplayStore for Shared {
///     fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a> {
///         // SET jti:{id} 1 NX EXAT {until}
///         Box::pin(async move { Ok(true) })
///     }
/// }
/// ```
pub trait ReplayStore: fmt::Debug + Send + Sync + 'static {
    /// Whether `id` was never seen before; from then on it was. It may be forgotten at `until`.
    /// Both must be one step: of two calls at the same time one gets `false`.
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a>;

    /// The same for the id of a DPoP proof, of which a sender makes as many as it likes. A store
    /// whose room is limited counts them for each sender, and refuses a sender that has filled its
    /// share without touching the others. Counts nothing unless implemented.
    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> ReplayFuture<'a> {
        let _ = sender;
        self.first_use(id, until)
    }
}

/// A store that several verifiers share.
impl<T: ReplayStore + ?Sized> ReplayStore for Arc<T> {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a> {
        (**self).first_use(id, until)
    }

    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> ReplayFuture<'a> {
        (**self).first_use_by(sender, id, until)
    }
}

/// Who has sent a proof: what [`ReplayStore::first_use_by`] counts by.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReplaySender<'a> {
    /// The client that the access token was issued to, with its issuer; the subject where the
    /// token names no client.
    pub client: &'a str,
    /// The thumbprint of the key that the proof is made with (RFC 7638).
    pub key: &'a str,
}
