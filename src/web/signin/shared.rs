//! What the processes of one application share.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod sessions;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use self::sessions::SharedSessions;
use super::builder::LOGIN_LIFETIME;
use super::index::SessionIndex;
use super::keys::SessionKeys;
use super::record::seconds;
use crate::BoxFuture;
use crate::error::{Result, config, unavailable};
use crate::jose::hash;
use crate::oidc::{LoginAttempt, LoginStore, ReplayStore, StoredTokens, TokenStore};

/// How often a write is tried again when another process was faster.
const TRIES: usize = 50;

/// No store keeps an entry for longer: a year.
#[cfg(any(feature = "postgres", feature = "redis"))]
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// A store that all processes of an application share: logins in progress, tokens, notes of sessions
/// that have ended, ids of used logout tokens. Each is an entry of some bytes.
///
/// Keys are texts of 43 characters from the alphabet of base64url. Keys are hashes, and values are
/// encrypted with the sign-in's [`SessionKeys`](super::SessionKeys) where they are secret.
/// [`PostgresStore`](super::PostgresStore) (feature `postgres`) and
/// [`RedisStore`](super::RedisStore) (feature `redis`) are such stores.
pub trait SharedStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the entries under these keys, in their order; `None` for an entry that does not exist
    /// or has expired. A replica that lags behind must not be read.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be read. Requests are refused then.
    fn load<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SharedEntry>>>>;

    /// Replaces the entry under `key` with `entry` if its version is `expected` (`None`: if there is
    /// no entry or it has expired), in one atomic step, and returns whether it did. `None` for
    /// `entry` removes it. The entry expires after `keep`.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be written.
    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<u64>,
        entry: Option<SharedEntry>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool>>;
}

impl<T: SharedStore + ?Sized> SharedStore for Arc<T> {
    fn load<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SharedEntry>>>> {
        (**self).load(keys)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<u64>,
        entry: Option<SharedEntry>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        (**self).compare_and_swap(key, expected, entry, keep)
    }
}

/// An entry of a [`SharedStore`]. `Debug` shows its version and length.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedEntry {
    version: u64,
    value: Vec<u8>,
}

impl SharedEntry {
    /// Makes an entry of what a store has kept.
    #[must_use]
    pub fn new(version: u64, value: Vec<u8>) -> Self {
        Self { version, value }
    }

    /// Returns the number that [`SharedStore::compare_and_swap`] compares.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the bytes to keep.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Makes the entry that replaces another one.
    fn after(before: Option<&Self>, value: Vec<u8>) -> Self {
        let version = before.map_or(0, Self::version);
        Self::new(version.wrapping_add(1), value)
    }
}

impl fmt::Debug for SharedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedEntry")
            .field("version", &self.version)
            .field("bytes", &self.value.len())
            .finish()
    }
}

/// What becomes of an entry.
enum Change {
    Leave,
    Remove,
    Write(SharedEntry),
}

/// All that a sign-in keeps in a shared store.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn SharedStore>,
    pub(super) keys: SessionKeys,
}

impl Shared {
    async fn one(&self, key: &str) -> Result<Option<SharedEntry>> {
        let found = self.store.load(&[key.to_owned()]).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// Changes an entry, whichever process writes it at the time: `change` sees the entry anew after
    /// each write of another one.
    async fn change(
        &self,
        key: &str,
        keep: Duration,
        change: impl Fn(Option<&SharedEntry>) -> Change + Send + Sync,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let before = self.one(key).await?;
            let entry = match change(before.as_ref()) {
                Change::Leave => return Ok(()),
                Change::Remove => None,
                Change::Write(entry) => Some(entry),
            };
            let version = before.map(|before| before.version);
            let changed = self.store.compare_and_swap(key, version, entry, keep);
            if changed.await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn remove(&self, key: &str) -> Result<()> {
        let change = |before: Option<&_>| before.map_or(Change::Leave, |_| Change::Remove);
        self.change(key, Duration::ZERO, change).await
    }

    /// The tokens of one login.
    pub(super) fn tokens(&self, login: &str, keep: Duration) -> SharedTokens {
        SharedTokens {
            shared: self.clone(),
            key: hash::sha256(format!("tokens {login}")),
            keep,
        }
    }
}

/// The key of a login in progress is in a cookie, and only its hash in the store.
fn key_of_attempt(key: &str) -> String {
    hash::sha256(place_of_attempt(key))
}

fn place_of_attempt(key: &str) -> String {
    format!("attempt {key}")
}

impl LoginStore for Shared {
    fn keep<'a>(&'a self, key: &'a str, attempt: LoginAttempt) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let sealed = self.keys.seal_json(&place_of_attempt(key), &attempt)?;
            let entry = Some(SharedEntry::new(1, sealed));
            let stored = key_of_attempt(key);
            let kept = self
                .store
                .compare_and_swap(&stored, None, entry, LOGIN_LIFETIME);
            if kept.await? { Ok(()) } else { Err(busy()) }
        })
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<LoginAttempt>>> {
        Box::pin(async move {
            let stored = key_of_attempt(key);
            let Some(entry) = self.one(&stored).await? else {
                return Ok(None);
            };
            let taken =
                self.store
                    .compare_and_swap(&stored, Some(entry.version), None, Duration::ZERO);
            if !taken.await? {
                return Ok(None);
            }
            Ok(self.keys.open_json(&place_of_attempt(key), &entry.value))
        })
    }
}

impl SessionIndex for Shared {
    fn end<'a>(
        &'a self,
        key: &'a str,
        until: SystemTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(key, keep, move |before| {
            let noted = before.and_then(time_of);
            let latest = noted.map_or(until, |noted| noted.max(until));
            let value = seconds(latest).to_be_bytes().to_vec();
            Change::Write(SharedEntry::after(before, value))
        }))
    }

    fn ended<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SystemTime>>>> {
        Box::pin(async move {
            let found = self.store.load(keys).await?;
            if found.len() != keys.len() {
                return Err(config(
                    "the shared store does not return one entry for each key: correct its load",
                ));
            }
            Ok(found
                .iter()
                .map(|entry| entry.as_ref().and_then(time_of))
                .collect())
        })
    }
}

fn time_of(entry: &SharedEntry) -> Option<SystemTime> {
    let bytes = entry.value.as_slice().try_into().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_be_bytes(bytes)))
}

impl ReplayStore for Shared {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let key = hash::sha256(format!("used {id}"));
            let left = until.duration_since(SystemTime::now()).unwrap_or_default();
            let keep = left.saturating_add(Duration::from_secs(1));
            let entry = Some(SharedEntry::new(1, Vec::new()));
            self.store.compare_and_swap(&key, None, entry, keep).await
        })
    }
}

/// The tokens of one login, which the processes take turns to refresh.
#[derive(Debug, Clone)]
pub(super) struct SharedTokens {
    shared: Shared,
    key: String,
    keep: Duration,
}

impl SharedTokens {
    fn place(&self) -> String {
        format!("tokens {}", self.key)
    }

    /// Removes the tokens.
    pub(super) async fn remove(&self) -> Result<()> {
        self.shared.remove(&self.key).await
    }
}

impl TokenStore for SharedTokens {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        Box::pin(async move {
            let entry = self.shared.one(&self.key).await?;
            let (keys, place) = (&self.shared.keys, self.place());
            Ok(entry.and_then(|entry| keys.open_json(&place, &entry.value)))
        })
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let entry = tokens.map(|tokens| {
                let sealed = self.shared.keys.seal_json(&self.place(), &tokens)?;
                Ok::<_, crate::Error>(SharedEntry::new(tokens.version(), sealed))
            });
            let (store, entry) = (&self.shared.store, entry.transpose()?);
            store
                .compare_and_swap(&self.key, expected, entry, self.keep)
                .await
        })
    }
}

fn busy() -> crate::Error {
    unavailable(
        "an entry of the shared store was written by others at every attempt",
        Some(Duration::from_secs(1)),
    )
}
