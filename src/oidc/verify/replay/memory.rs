//! A replay store in memory.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{ReplaySender, ReplayStore};
use crate::BoxFuture;
use crate::error::{Error, Result, unavailable};
use crate::jose::hash;

/// The maximum `retry_after` of an error.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// A replay store in memory, for a single process. No id is removed before its time.
///
/// The number of DPoP proof ids is limited per client, per key and in total. When the store is
/// nearly full, the rest is reserved for clients with few ids. Other ids, such as those of logout
/// tokens, are stored separately. At a limit, calls return an error of kind `Unavailable`: respond
/// with 503 and `Retry-After`.
///
/// The id of a proof is stored for 30 s plus twice the leeway, 90 s by default.
///
/// ```
/// use keycloak_kit::oidc::ReplayMemory;
///
/// // A gateway that one client calls 2,000 times a second.
/// let memory = ReplayMemory::new().per_client(200_000).per_key(200_000).capacity(250_000);
/// ```
pub struct ReplayMemory {
    limits: Limits,
    proofs: Mutex<SeenIds>,
    others: Mutex<SeenIds>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    all: usize,
    client: usize,
    key: usize,
}

impl ReplayMemory {
    /// Creates a store for 100,000 ids of proofs, at most 20,000 per client and 10,000 per key, and
    /// for 100,000 other ids.
    pub fn new() -> Self {
        Self {
            limits: Limits {
                all: 100_000,
                client: 20_000,
                key: 10_000,
            },
            proofs: Mutex::default(),
            others: Mutex::default(),
        }
    }

    /// Sets the maximum number of DPoP proof ids, and of other ids. An id takes about 200 bytes.
    #[must_use]
    pub fn capacity(mut self, ids: usize) -> Self {
        self.limits.all = ids;
        self
    }

    /// Sets the maximum number of DPoP proof ids of a client.
    #[must_use]
    pub fn per_client(mut self, ids: usize) -> Self {
        self.limits.client = ids;
        self
    }

    /// Sets the maximum number of DPoP proof ids of a key.
    #[must_use]
    pub fn per_key(mut self, ids: usize) -> Self {
        self.limits.key = ids;
        self
    }

    pub(in crate::oidc::verify) fn note(
        &self,
        sender: Option<ReplaySender<'_>>,
        id: &str,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<bool> {
        let room = match sender {
            Some(_) => &self.proofs,
            None => &self.others,
        };
        let mut seen = room.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now);
        // The sender chooses the length of an id, so its hash is stored.
        let id = hash::sha256(id);
        if seen.ids.contains_key(id.as_str()) {
            return Ok(false);
        }
        let full = |why: &'static str| Err(seen.full(why, now));
        if seen.ids.len() >= self.limits.all {
            return full("the replay store is full");
        }
        let mut owners = Vec::new();
        if let Some(sender) = sender {
            let client: Arc<str> = format!("client {}", sender.client).into();
            let key: Arc<str> = format!("key {}", sender.key).into();
            let of_client = seen.count(&client);
            if of_client >= self.limits.client {
                return full("the client has sent too many DPoP proofs");
            }
            if seen.count(&key) >= self.limits.key {
                return full("too many DPoP proofs were signed with the same key");
            }
            let reserve = self.limits.all / 10;
            let is_nearly_full = seen.ids.len() >= self.limits.all - reserve;
            if is_nearly_full && of_client >= (self.limits.client / 100).max(1) {
                return full("the replay store is nearly full");
            }
            owners = vec![client, key];
        }
        seen.add(id.into(), owners, until);
        Ok(true)
    }
}

/// The stored ids, with their owners and expiry times.
#[derive(Default)]
struct SeenIds {
    ids: HashMap<Arc<str>, Vec<Arc<str>>>,
    ends: BTreeSet<(SystemTime, Arc<str>)>,
    counts: HashMap<Arc<str>, usize>,
}

impl SeenIds {
    fn count(&self, owner: &str) -> usize {
        self.counts.get(owner).copied().unwrap_or_default()
    }

    fn add(&mut self, id: Arc<str>, owners: Vec<Arc<str>>, until: SystemTime) {
        for owner in &owners {
            *self.counts.entry(Arc::clone(owner)).or_default() += 1;
        }
        self.ends.insert((until, Arc::clone(&id)));
        self.ids.insert(id, owners);
    }

    /// Removes expired ids.
    fn forget(&mut self, now: SystemTime) {
        while self.ends.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, id)) = self.ends.pop_first() else {
                return;
            };
            for owner in self.ids.remove(&id).unwrap_or_default() {
                if let Some(count) = self.counts.get_mut(&owner) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.counts.remove(&owner);
                    }
                }
            }
        }
    }

    /// Creates the error for a full store. When the last current id expires, the store is empty.
    fn full(&self, why: &'static str, now: SystemTime) -> Error {
        let last = self
            .ends
            .last()
            .and_then(|(end, _)| end.duration_since(now).ok());
        let wait = last.unwrap_or_default().min(MAX_RETRY_AFTER);
        unavailable(why, Some(wait.max(Duration::from_secs(1)))).with_hint(
            "respond with 503 and Retry-After; for more calls, raise the limits of ReplayMemory or \
             implement ReplayStore",
        )
    }
}

impl Default for ReplayMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplayStore for ReplayMemory {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        Box::pin(ready(self.note(None, id, until, SystemTime::now())))
    }

    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(ready(self.note(Some(sender), id, until, SystemTime::now())))
    }
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayMemory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn by<'a>(client: &'a str, key: &'a str) -> Option<ReplaySender<'a>> {
        Some(ReplaySender { client, key })
    }

    /// The store is bounded: ids are removed at their expiry, and not before.
    #[test]
    fn ids_fill_no_memory() {
        let memory = ReplayMemory::new().capacity(1_000);
        for id in 0..1_000 {
            assert!(memory.note(None, &id.to_string(), at(10), at(0)).unwrap());
        }
        let full = memory.note(None, "new", at(20), at(4)).unwrap_err();
        assert!(full.is_unavailable(), "{full}");
        assert_eq!(full.retry_after(), Some(Duration::from_secs(6)));
        assert!(full.hint().unwrap().contains("ReplayStore"), "{full}");
        assert!(!memory.note(None, "0", at(20), at(9)).unwrap());
        assert!(memory.note(None, "new", at(20), at(10)).unwrap());
        assert_eq!(memory.others.lock().unwrap().ids.len(), 1);
        assert!(!memory.note(None, "new", at(30), at(19)).unwrap());
        assert!(memory.note(None, "new", at(30), at(20)).unwrap());
        assert_eq!(format!("{memory:?}"), "ReplayMemory { .. }");
    }

    /// A client with any number of keys can use up only its own share, and so can a key.
    #[test]
    fn each_sender_has_a_share() {
        let memory = ReplayMemory::new().per_client(100).per_key(10);
        let keys: Vec<String> = (0..11).map(|key| key.to_string()).collect();
        for id in 0..100 {
            let key = &keys[id / 10];
            assert!(
                memory
                    .note(by("busy", key), &id.to_string(), at(10), at(0))
                    .unwrap()
            );
        }
        for (client, key) in [("busy", "10"), ("other", "0")] {
            let full = memory
                .note(by(client, key), "x", at(10), at(0))
                .unwrap_err();
            assert!(full.is_unavailable(), "{full}");
        }
        assert!(memory.note(by("other", "10"), "x", at(10), at(0)).unwrap());
        // Refused proofs are not stored, and used ones still are.
        assert!(!memory.note(by("busy", "0"), "0", at(10), at(9)).unwrap());
        assert!(memory.note(None, "logout", at(10), at(0)).unwrap());
        assert!(memory.note(by("busy", "0"), "x2", at(20), at(10)).unwrap());
        let seen = memory.proofs.lock().unwrap();
        assert_eq!(
            (seen.ids.len(), seen.ends.len(), seen.counts.len()),
            (1, 1, 2)
        );
    }

    /// Many clients together leave room for clients with few proofs.
    #[test]
    fn the_last_of_the_room_is_for_small_senders() {
        let memory = ReplayMemory::new()
            .capacity(1_000)
            .per_client(300)
            .per_key(300);
        for id in 0..900 {
            let client = ["a", "b", "c"][id / 300];
            assert!(
                memory
                    .note(by(client, client), &id.to_string(), at(10), at(0))
                    .unwrap()
            );
        }
        for id in ["1", "2", "3"] {
            assert!(
                memory
                    .note(by("small", "k"), &format!("s{id}"), at(10), at(0))
                    .unwrap()
            );
        }
        assert!(memory.note(by("small", "k"), "s4", at(10), at(0)).is_err());
        assert!(
            memory
                .note(by("another", "l"), "s5", at(10), at(0))
                .unwrap()
        );
    }
}
