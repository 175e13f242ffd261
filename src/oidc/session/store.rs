//! Stores for tokens that several processes share.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::oidc::{SavedTokens, TokenSet};
use crate::{BoxFuture, Secret};

/// A store for the tokens of one login that several processes share, such as a database row or a
/// key of a cache. Its content is as secret as a password.
///
/// With rotation a refresh token is valid once, and a server may end the session if it is used
/// twice. So a process claims the refresh in the store first, with
/// [`compare_and_swap`](Self::compare_and_swap), and writes the new tokens the same way; the others
/// wait for that. A claim expires after 30 s if the process does not come back.
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the current entry.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be read.
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>>;

    /// Replaces the entry with `tokens` if its version is `expected` (`None`: if there is no
    /// entry), in one atomic step, and returns whether it did. `None` for `tokens` removes the
    /// entry.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be written.
    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>>;
}

/// Tokens as a store keeps them. `Debug` shows no tokens; the JSON contains them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredTokens {
    version: u64,
    /// The same after every refresh, and different after every login.
    login: String,
    tokens: SavedTokens,
    /// Until when a process refreshes these tokens, in milliseconds since 1970.
    claimed_until: Option<u64>,
    /// The user is logging out: no process may use the tokens of this login for anything else.
    #[serde(default)]
    ending: bool,
}

const CLAIM_LIFETIME: Duration = Duration::from_secs(30);
/// The limit of a refresh, which must end before its claim expires.
pub(super) const REFRESH_LIMIT: Duration = Duration::from_secs(25);

impl StoredTokens {
    /// Returns the same tokens, claimed for a refresh by this process.
    pub(super) fn claimed(&self) -> Self {
        let until = now().saturating_add(CLAIM_LIFETIME);
        Self {
            version: self.version.wrapping_add(1),
            claimed_until: u64::try_from(until.as_millis()).ok(),
            ..self.clone()
        }
    }

    /// Returns the same tokens with this refresh token, without a claim.
    pub(super) fn released(&self, refresh_token: Option<&Secret>) -> Self {
        let mut released = self.clone();
        released.version = self.version.wrapping_add(1);
        released.tokens.refresh_token = refresh_token.cloned();
        released.claimed_until = None;
        released
    }

    pub(crate) fn is_claimed(&self) -> bool {
        self.claimed_until.is_some_and(|until| {
            let until = Duration::from_millis(until);
            // A claim that lasts too long was made with a wrong clock.
            until
                .checked_sub(now())
                .is_some_and(|left| left <= CLAIM_LIFETIME)
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

    /// Returns the same tokens, which may only be used to log out.
    pub(super) fn ending(&self) -> Self {
        Self {
            version: self.version.wrapping_add(1),
            claimed_until: None,
            ending: true,
            ..self.clone()
        }
    }

    /// Returns whether a logout has begun but not succeeded yet. [`Oidc::session_from`] then
    /// returns a session without tokens, on which [`Session::logout`] can be called again.
    ///
    /// [`Oidc::session_from`]: crate::oidc::Oidc::session_from
    /// [`Session::logout`]: crate::oidc::Session::logout
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// Returns the number of changes, which [`TokenStore::compare_and_swap`] compares.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the tokens, for example to find out when a store may forget them.
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
