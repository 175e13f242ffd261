//! The sessions of tower-sessions in a shared store.

use std::collections::HashMap;
use std::time::Duration;

use cookie::time::OffsetDateTime;
use serde_json::Value;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};

use super::{Change, Shared, SharedEntry, SharedStore};
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

    /// Encrypts a record for its id, and says how long it is kept.
    fn sealed(&self, record: &Record) -> Result<(Vec<u8>, Duration)> {
        let stored = (&record.data, record.expiry_date.unix_timestamp());
        let sealed = self.shared.keys.seal_json(&place(&record.id), &stored);
        let left = record.expiry_date - OffsetDateTime::now_utc();
        let keep = Duration::try_from(left).unwrap_or_default();
        Ok((sealed.map_err(|error| failed(&error))?, keep))
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
            loop {
                let (sealed, keep) = self.sealed(record)?;
                let entry = Some(SharedEntry::after(None, sealed));
                let (store, key) = (&self.shared.store, key(&record.id));
                let created = store.compare_and_swap(&key, None, entry, keep).await;
                if created.map_err(|error| failed(&error))? {
                    return Ok(());
                }
                record.id = Id::default();
            }
        })
    }

    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> BoxFuture<'c, Result<()>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let (sealed, keep) = self.sealed(record)?;
            let change = |before: Option<&SharedEntry>| match before {
                None => Change::Leave,
                Some(_) => Change::Write(SharedEntry::after(before, sealed.clone())),
            };
            let saved = self.shared.change(&key(&record.id), keep, change).await;
            saved.map_err(|error| failed(&error))
        })
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> BoxFuture<'c, Result<Option<Record>>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let entry = self.shared.one(&key(id)).await;
            let entry = entry.map_err(|error| failed(&error))?;
            let keys = &self.shared.keys;
            let stored = entry.and_then(|entry| keys.open_json(&place(id), entry.value()));
            Ok(stored.and_then(|(data, expires): Stored| {
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
