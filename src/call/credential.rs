//! The credential of a call.

use http::header::HeaderValue;

use crate::BoxFuture;
use crate::error::Result;
use crate::token::AccessToken;
use crate::token::engine::{CachedToken, TokenEngine};

/// What a call sends in its `Authorization` header.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    None,
    /// A token that the engine keeps fresh.
    Engine(&'a TokenEngine),
    /// This token, which nothing replaces.
    Token(&'a AccessToken),
    /// Another header, such as a client's.
    Header(&'a HeaderValue),
    /// Tokens that the caller renews.
    Renewed(&'a dyn Renew),
}

/// A source of tokens that no engine keeps.
pub(crate) trait Renew: Send + Sync {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken>>;

    /// Returns a token to replace a refused one, or `None` if there is no other.
    fn renewed<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<Option<AccessToken>>>;
}

/// The credential that one request carries.
pub(super) enum SentCredential<'a> {
    Nothing,
    Cached(&'a TokenEngine, CachedToken),
    Token(std::borrow::Cow<'a, AccessToken>),
    Header(&'a HeaderValue),
}

impl SentCredential<'_> {
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
