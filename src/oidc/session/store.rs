//! Tokens that several processes share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::error::Result;
use crate::oidc::{SavedTokens, TokenSet};

/// What the calls of a [`TokenStore`] return.
pub type TokenStoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A place for the tokens of one login that several processes share: a row of a database, a key of
/// a cache. What it keeps is as secret as a password.
///
/// With rotation a refresh token is good once, and a server may end the session of whoever shows it
/// twice. So a process that wants to refresh first says so in the store, with
/// [`compare_and_swap`](Self::compare_and_swap), and writes what it got in the same way; the others
/// wait for that. Its claim ends by itself after 30 s, should it never come back.
pub trait TokenStore: Send + Sync + fmt::Debug + 'static {
    /// What is there now.
    ///
    /// # Errors
    /// Whatever prevents it.
    fn load(&self) -> TokenStoreFuture<'_, Option<StoredTokens>>;

    /// Writes `tokens` if what is there has the version `expected` (`None`: if nothing is there),
    /// in one step; `None` for `tokens` removes it. Gives whether it was written.
    ///
    /// # Errors
    /// Whatever prevents it.
    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> TokenStoreFuture<'_, bool>;
}

/// Tokens as a store keeps them. `Debug` shows none of them; as JSON they are written out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredTokens {
    version: u64,
    /// The same after every refresh, and another after every login.
    login: String,
    tokens: SavedTokens,
    /// Somebody refreshes these tokens until then, in milliseconds since 1970.
    claimed_until: Option<u64>,
    /// The user logs out: nobody gets tokens of this login any more.
    #[serde(default)]
    ending: bool,
}

const CLAIM: Duration = Duration::from_secs(30);
/// A refresh that takes longer is given up: its claim must not end before it does.
pub(super) const TURN: Duration = Duration::from_secs(25);

impl StoredTokens {
    /// The same tokens, for this process to refresh.
    pub(super) fn claimed(&self) -> Self {
        let until = now().saturating_add(CLAIM);
        Self {
            version: self.version.wrapping_add(1),
            claimed_until: u64::try_from(until.as_millis()).ok(),
            ..self.clone()
        }
    }

    /// The same tokens, for anybody to refresh with this token.
    pub(super) fn released(&self, refresh_token: Option<&Secret>) -> Self {
        let mut released = self.clone();
        released.version = self.version.wrapping_add(1);
        released.tokens.refresh_token = refresh_token.cloned();
        released.claimed_until = None;
        released
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.claimed_until.is_some_and(|until| {
            let until = Duration::from_millis(until);
            // A claim that lasts too long was made by a clock that is off.
            until.checked_sub(now()).is_some_and(|left| left <= CLAIM)
        })
    }

    pub(in crate::oidc) fn new(version: u64, login: &str, tokens: &TokenSet) -> Self {
        Self {
            version,
            login: login.to_owned(),
            tokens: tokens.saved(),
            claimed_until: None,
            ending: false,
        }
    }

    /// The same tokens, only to log out with.
    pub(super) fn to_end(&self) -> Self {
        Self {
            version: self.version.wrapping_add(1),
            claimed_until: None,
            ending: true,
            ..self.clone()
        }
    }

    /// Whether a logout has begun that has not succeeded yet: [`Oidc::session_from`] then gives a
    /// session that has no tokens to give, and that [`Session::logout`] is to be called of again.
    ///
    /// [`Oidc::session_from`]: crate::oidc::Oidc::session_from
    /// [`Session::logout`]: crate::oidc::Session::logout
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// Counts the changes: the number that [`TokenStore::compare_and_swap`] compares.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The tokens, such as for the time after which a store may forget them.
    pub fn tokens(&self) -> &SavedTokens {
        &self.tokens
    }

    pub(super) fn login(&self) -> &str {
        &self.login
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
