//! Which sessions have ended, although their records are still there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::BoxFuture;
use crate::error::Result;
use crate::jose::hash;

/// Remembers which sessions have ended. The session store cannot be searched, so a session that the
/// provider ends is not removed from the store: its end is noted here, and it is refused at its
/// next request.
///
/// Keys are hashes: of issuer and session, of issuer and user, or of a single login. They are texts
/// of 43 characters from the alphabet of base64url.
pub trait SessionIndex: fmt::Debug + Send + Sync + 'static {
    /// Notes that the sessions under `key` that began until `until` have ended. Of two notes under
    /// one key the later time stays. A note must be kept for `keep`, as long as a session may live.
    ///
    /// # Errors
    /// Returns the index's error if it cannot be written.
    fn end<'a>(
        &'a self,
        key: &'a str,
        until: SystemTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<()>>;

    /// Returns for each key until when sessions under the key have ended, in the order of the keys;
    /// `None` for one without a note.
    ///
    /// # Errors
    /// Returns the index's error if it cannot be read. Requests are refused then.
    fn ended<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SystemTime>>>>;
}

/// The key of all sessions of a user.
pub(super) fn key_of_user(issuer: &str, subject: &str) -> String {
    key("sub", issuer, subject)
}

/// The key of one session of the provider.
pub(super) fn key_of_session(issuer: &str, session_id: &str) -> String {
    key("sid", issuer, session_id)
}

/// The key of one login at this application.
pub(super) fn key_of_login(issuer: &str, login: &str) -> String {
    key("login", issuer, login)
}

/// The length stands before the issuer, so that no two pairs have one text.
fn key(kind: &str, issuer: &str, value: &str) -> String {
    hash::sha256(format!("{kind} {} {issuer} {value}", issuer.len()))
}

/// A [`SessionIndex`] in this process's memory: for a single process, and for tests.
#[derive(Default)]
pub struct MemorySessionIndex {
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    all: HashMap<String, Note>,
    /// How many notes there may be before those that are no longer needed are looked for.
    look_at: usize,
}

struct Note {
    until: SystemTime,
    forget: SystemTime,
}

impl MemorySessionIndex {
    /// Creates an empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl SessionIndex for MemorySessionIndex {
    fn end<'a>(
        &'a self,
        key: &'a str,
        until: SystemTime,
        keep: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        let now = SystemTime::now();
        let forget = now.checked_add(keep).unwrap_or(now);
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.all.len() >= notes.look_at {
            notes.all.retain(|_, note| note.forget > now);
            notes.look_at = (2 * notes.all.len()).max(1024);
        }
        let note = notes
            .all
            .entry(key.to_owned())
            .or_insert(Note { until, forget });
        note.until = note.until.max(until);
        note.forget = note.forget.max(forget);
        Box::pin(std::future::ready(Ok(())))
    }

    fn ended<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SystemTime>>>> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys
            .iter()
            .map(|key| notes.all.get(key).map(|note| note.until))
            .collect();
        Box::pin(std::future::ready(Ok(found)))
    }
}

impl fmt::Debug for MemorySessionIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("MemorySessionIndex")
            .field("notes", &notes.all.len())
            .finish()
    }
}
