//! The cache of recent decisions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use tokio::time::Instant;

use super::Access;
use crate::uma::RequestedPermission;

/// A hash of the token and the permissions, so that the cache holds no tokens.
pub(super) type Key = [u8; 32];

pub(super) struct Cache {
    entries: usize,
    age: Duration,
    cached: Mutex<CachedDecisions>,
}

#[derive(Default)]
struct CachedDecisions {
    /// The decisions, their times, and the remaining lifetimes of the tokens.
    decisions: HashMap<Key, (Access, Instant, Duration)>,
    /// The keys, oldest first.
    order: VecDeque<(Key, Instant)>,
}

impl Cache {
    pub(super) fn new(entries: usize, age: Duration) -> Self {
        Self {
            entries,
            age,
            cached: Mutex::default(),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Access> {
        let cached = self.lock();
        let (access, since, left) = cached.decisions.get(key)?;
        (since.elapsed() < self.age.min(*left)).then(|| access.clone())
    }

    /// Stores a decision. `left` is the token's remaining lifetime.
    pub(super) fn put(&self, key: Key, access: Access, left: Duration) {
        if self.entries == 0 || self.age.is_zero() {
            return;
        }
        let mut cached = self.lock();
        let now = Instant::now();
        cached.decisions.insert(key, (access, now, left));
        cached.order.push_back((key, now));
        while let Some((oldest, since)) = cached.order.front().copied() {
            let too_old = now.saturating_duration_since(since) >= self.age;
            if cached.order.len() <= self.entries && !too_old {
                break;
            }
            cached.order.pop_front();
            // The entry may have been replaced by a newer decision.
            if cached
                .decisions
                .get(&oldest)
                .is_some_and(|(_, at, _)| *at == since)
            {
                cached.decisions.remove(&oldest);
            }
        }
    }

    pub(super) fn clear(&self) {
        *self.lock() = CachedDecisions::default();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let cached = self.lock();
        cached.decisions.len().max(cached.order.len())
    }

    fn lock(&self) -> MutexGuard<'_, CachedDecisions> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn key(bearer: &str, wanted: &[RequestedPermission]) -> Key {
    let mut context = Context::new(&SHA256);
    let mut add = |text: &str| {
        context.update(&text.len().to_be_bytes());
        context.update(text.as_bytes());
    };
    add(bearer);
    for text in wanted.iter().flat_map(RequestedPermission::each) {
        add(&text);
    }
    let mut key = Key::default();
    key.copy_from_slice(context.finish().as_ref());
    key
}
