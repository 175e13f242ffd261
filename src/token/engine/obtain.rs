//! The source of an engine's tokens.

use std::fmt;

use crate::BoxFuture;
use crate::error::Result;
use crate::token::{AccessToken, Granted, Renewal};

/// A source of tokens for a [`TokenEngine`](super::TokenEngine).
pub(crate) trait Obtain: Send + Sync + fmt::Debug {
    /// Returns whether a token can be obtained without a refresh token.
    fn can_grant(&self) -> bool;

    /// Obtains a token, with the last token's refresh token if there is one. `refused` is the token
    /// that a server refused, if that is why a new one is needed.
    fn obtain(
        &self,
        renewal: Option<Renewal>,
        refused: Option<AccessToken>,
    ) -> BoxFuture<'_, Obtained>;
}

/// The result of a token request.
#[derive(Debug)]
pub(crate) struct Obtained {
    pub(crate) result: Result<Granted>,
    /// Whether the refresh token that was used can no longer be used.
    pub(crate) renewal_spent: bool,
}
