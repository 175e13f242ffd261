//! Tokens that several processes share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::error::Result;
use crate::oidc::TokenSet;

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
    access_token: Secret,
    /// Seconds since 1970.
    expires_at: Option<u64>,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
    scope: Option<String>,
    /// Somebody refreshes these tokens until then, in milliseconds since 1970.
    claimed_until: Option<u64>,
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
        Self {
            version: self.version.wrapping_add(1),
            refresh_token: refresh_token.cloned(),
            claimed_until: None,
            ..self.clone()
        }
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.claimed_until.is_some_and(|until| {
            let until = Duration::from_millis(until);
            // A claim that lasts too long was made by a clock that is off.
            until.checked_sub(now()).is_some_and(|left| left <= CLAIM)
        })
    }

    pub(in crate::oidc) fn new(version: u64, login: &str, tokens: &TokenSet) -> Self {
        let seconds = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Some(since.as_secs())
        };
        Self {
            version,
            login: login.to_owned(),
            access_token: tokens.access_token().secret().into(),
            expires_at: tokens.access_token().expires_at().and_then(seconds),
            refresh_token: tokens.refresh_token().cloned(),
            id_token: tokens.id_token().map(|token| token.raw().clone()),
            scope: tokens.scope().map(str::to_owned),
            claimed_until: None,
        }
    }

    /// Counts the changes: the number that [`TokenStore::compare_and_swap`] compares.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn login(&self) -> &str {
        &self.login
    }

    pub(super) fn access_token(&self) -> &Secret {
        &self.access_token
    }

    pub(super) fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    pub(super) fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    pub(super) fn scope(&self) -> Option<String> {
        self.scope.clone()
    }

    /// What is left of the access token's life; `None` when its end is not known.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.expires_at?))?;
        Some(end.duration_since(SystemTime::now()).unwrap_or_default())
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
