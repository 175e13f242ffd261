//! Where an engine gets its tokens.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::token::{AccessToken, Granted, Renewal};

/// Where an engine gets its tokens.
pub(crate) trait Obtain: Send + Sync + fmt::Debug {
    /// Returns whether a token can be obtained without a refresh token.
    fn can_grant(&self) -> bool;

    /// Gets a token, with the refresh token of the last one where there is one. `refused` is the
    /// token that a server did not accept any more, when that is why a new one is wanted.
    fn obtain(
        &self,
        renewal: Option<Renewal>,
        refused: Option<AccessToken>,
    ) -> BoxFuture<'_, Obtained>;
}

/// The outcome of a request for a token, and what became of the refresh token.
#[derive(Debug)]
pub(crate) struct Obtained {
    pub(crate) result: Result<Granted>,
    /// The refresh token that was tried is worth nothing any more.
    pub(crate) renewal_spent: bool,
}
