//! Values of the last moments: so many and so old at most, and the oldest goes first.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A map whose size and whose ages are bounded.
pub(crate) struct Recent<K, V> {
    entries: usize,
    age: Duration,
    known: Mutex<Known<K, V>>,
}

struct Known<K, V> {
    values: HashMap<K, (V, Instant)>,
    /// The keys, oldest first.
    order: VecDeque<(K, Instant)>,
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    /// Creates an empty map that keeps `entries` values for less than `age`.
    pub(crate) fn new(entries: usize, age: Duration) -> Self {
        Self {
            entries,
            age,
            known: Mutex::default(),
        }
    }

    /// Returns a value and its age.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<(V, Duration)>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let known = self.lock();
        let (value, since) = known.values.get(key)?;
        let age = since.elapsed();
        (age < self.age).then(|| (value.clone(), age))
    }

    /// Stores a value, and drops those that are too many or too old.
    pub(crate) fn put(&self, key: K, value: V) {
        let mut known = self.lock();
        let now = Instant::now();
        known.values.insert(key.clone(), (value, now));
        known.order.push_back((key, now));
        while let Some((_, since)) = known.order.front() {
            let too_old = now.saturating_duration_since(*since) >= self.age;
            if known.order.len() <= self.entries && !too_old {
                break;
            }
            let Some((oldest, since)) = known.order.pop_front() else {
                break;
            };
            // The value may have been replaced since.
            if known
                .values
                .get(&oldest)
                .is_some_and(|(_, at)| *at == since)
            {
                known.values.remove(&oldest);
            }
        }
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Known::default();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let known = self.lock();
        known.values.len().max(known.order.len())
    }

    fn lock(&self) -> MutexGuard<'_, Known<K, V>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
