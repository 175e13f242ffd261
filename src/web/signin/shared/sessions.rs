//! The sessions of tower-sessions in a shared store.

use std::collections::HashMap;
use std::time::Duration;

use cookie::time::OffsetDateTime;
use secrecy::zeroize::Zeroizing;
use serde_json::Value;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};

use super::{Shared, SharedEntry, SharedStore, TRIES, busy};
use crate::BoxFuture;
use crate::jose::hash;
use crate::web::signin::keys::SessionKeys;

/// A session store of tower-sessions 0.14 in a [`SharedStore`], where an application has no other.
/// What is kept in a session is encrypted, the application's own too, under a hash of the session's
/// id: who reads the store has neither. A session that was deleted is not written once more by a
/// slower request.
///
/// ```no_run
/// # fn show(store: impl keycloak_kit::web::SharedStore) -> keycloak_kit::Result<()> {
/// use keycloak_kit::web::{SessionKeys, SharedSessions};
/// use tower_sessions::SessionManagerLayer;
///
/// let keys = SessionKeys::from_env("SESSION_KEYS")?;
/// let layer = SessionManagerLayer::new(SharedSessions::new(store, keys));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SharedSessions {
    shared: Shared,
}

/// What is kept, and until when in seconds since 1970.
type Stored = (HashMap<String, Value>, i64);

impl SharedSessions {
    /// Makes a session store of a shared one, which may be that of a sign-in.
    #[must_use]
    pub fn new(store: impl SharedStore, keys: SessionKeys) -> Self {
        let store = std::sync::Arc::new(store);
        Self {
            shared: Shared { store, keys },
        }
    }

    async fn swap(&self, record: &Record, expected: Option<u64>) -> Result<bool> {
        let stored = (&record.data, record.expiry_date.unix_timestamp());
        let plain = serde_json::to_vec(&stored).map(Zeroizing::new);
        let plain = plain.map_err(|error| Error::Encode(error.to_string()))?;
        let sealed = self.shared.keys.seal(&place(&record.id), &plain);
        let entry = SharedEntry::new(
            expected.unwrap_or(0).wrapping_add(1),
            sealed.map_err(|error| failed(&error))?,
        );
        let left = record.expiry_date - OffsetDateTime::now_utc();
        let keep = Duration::try_from(left).unwrap_or_default();
        let key = key(&record.id);
        let store = &self.shared.store;
        let swapped = store.compare_and_swap(&key, expected, Some(entry), keep);
        swapped.await.map_err(|error| failed(&error))
    }

    async fn found(&self, id: &Id) -> Result<Option<SharedEntry>> {
        self.shared
            .one(&key(id))
            .await
            .map_err(|error| failed(&error))
    }
}

fn key(id: &Id) -> String {
    hash::sha256(place(id))
}

fn place(id: &Id) -> String {
    format!("stored session {id}")
}

fn failed(error: &crate::Error) -> Error {
    Error::Backend(error.to_string())
}

impl SessionStore for SharedSessions {
    fn create<'a, 'b, 'c>(&'a self, record: &'b mut Record) -> BoxFuture<'c, Result<()>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            while !self.swap(record, None).await? {
                record.id = Id::default();
            }
            Ok(())
        })
    }

    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> BoxFuture<'c, Result<()>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            for _ in 0..TRIES {
                let Some(entry) = self.found(&record.id).await? else {
                    return Ok(());
                };
                if self.swap(record, Some(entry.version())).await? {
                    return Ok(());
                }
            }
            Err(failed(&busy()))
        })
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> BoxFuture<'c, Result<Option<Record>>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let entry = self.found(id).await?;
            let plain = entry.and_then(|entry| self.shared.keys.open(&place(id), entry.value()));
            let stored: Option<Stored> =
                plain.and_then(|plain| serde_json::from_slice(&plain).ok());
            Ok(stored.and_then(|(data, expires)| {
                Some(Record {
                    id: *id,
                    data,
                    expiry_date: OffsetDateTime::from_unix_timestamp(expires).ok()?,
                })
            }))
        })
    }

    fn delete<'a, 'b, 'c>(&'a self, id: &'b Id) -> BoxFuture<'c, Result<()>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let removed = self.shared.remove(&key(id)).await;
            removed.map_err(|error| failed(&error))
        })
    }
}
