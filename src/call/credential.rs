//! What a call shows to be let in.

use futures_util::future::BoxFuture;
use http::header::HeaderValue;

use crate::error::Result;
use crate::token::AccessToken;
use crate::token::engine::{CachedToken, TokenEngine};

/// What a call shows in its header `Authorization`.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    None,
    /// A token that is kept fresh.
    Engine(&'a TokenEngine),
    /// This token only.
    Token(&'a AccessToken),
    /// Another header, such as that of a client.
    Header(&'a HeaderValue),
    /// Tokens that the caller renews.
    Renewed(&'a dyn Renew),
}

/// Where the tokens of a call come from that no engine keeps.
pub(crate) trait Renew: Send + Sync {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken>>;

    /// A token in place of one that was refused; `None` where there is no other.
    fn renewed<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<Option<AccessToken>>>;
}

/// The token of one sending, as it is shown.
pub(super) enum Shown<'a> {
    Nothing,
    Cached(&'a TokenEngine, CachedToken),
    Token(std::borrow::Cow<'a, AccessToken>),
    Header(&'a HeaderValue),
}

impl Shown<'_> {
    pub(super) fn header(&self) -> Result<Option<HeaderValue>> {
        Ok(match self {
            Self::Nothing => None,
            Self::Cached(_, cached) => Some(cached.header()),
            Self::Token(token) => Some(token.header()?),
            Self::Header(header) => Some((*header).clone()),
        })
    }

    pub(super) fn token(&self) -> Option<&AccessToken> {
        match self {
            Self::Cached(_, cached) => Some(&cached.token),
            Self::Token(token) => Some(token),
            Self::Nothing | Self::Header(_) => None,
        }
    }
}
