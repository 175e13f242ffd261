//! Stores of used token ids.

mod memory;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use self::memory::ReplayMemory;
use crate::BoxFuture;
use crate::error::Result;

/// A store of the ids (`jti`) of tokens that may be used only once. Implement it over a store that
/// all instances of a service share.
///
/// ```
/// use std::time::SystemTime;
///
/// use keycloak_kit::oidc::ReplayStore;
/// use keycloak_kit::{BoxFuture, Result};
///
/// #[derive(Debug)]
/// struct Shared; // a pool of connections
///
/// impl ReplayStore for Shared {
///     fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
///         // SET jti:{id} 1 NX EXAT {until}
///         Box::pin(async move { Ok(true) })
///     }
/// }
/// ```
pub trait ReplayStore: fmt::Debug + Send + Sync + 'static {
    /// Stores `id` until at least `until`, and returns whether it is new. The operation must be
    /// atomic: of two concurrent calls with the same id, one returns `false`.
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>>;

    /// Like [`first_use`](Self::first_use), for the id of a DPoP proof. A sender can create any
    /// number of proofs, so a store of limited capacity should count the ids of each sender, and
    /// return an error for a sender that has used up its share. The default implementation does not
    /// count.
    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<bool>> {
        let _ = sender;
        self.first_use(id, until)
    }
}

/// A store that several verifiers share.
impl<T: ReplayStore + ?Sized> ReplayStore for Arc<T> {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        (**self).first_use(id, until)
    }

    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<bool>> {
        (**self).first_use_by(sender, id, until)
    }
}

/// The sender of a proof, by which [`ReplayStore::first_use_by`] counts.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReplaySender<'a> {
    /// The issuer, and the client to which the access token was issued, or the token's subject if
    /// it names no client.
    pub client: &'a str,
    /// The thumbprint of the key that signs the proof (RFC 7638).
    pub key: &'a str,
}
