//! Items that a list has already returned.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

/// The number of items that are remembered, besides those of the last page.
pub(super) const REMEMBERED: i32 = 1000;

/// The items that a stream has already returned.
pub(super) struct SeenItems<T> {
    hash: fn(&T) -> Option<u64>,
    early: HashSet<u64>,
    last: HashSet<u64>,
}

impl<T> SeenItems<T> {
    pub(super) fn new() -> Self
    where
        T: Serialize,
    {
        Self {
            hash,
            early: HashSet::new(),
            last: HashSet::new(),
        }
    }

    /// Removes items already seen, remembers the rest, and returns how many were removed.
    pub(super) fn remove_seen(&mut self, page: &mut Vec<T>) -> usize {
        let length = page.len();
        let mut present = HashSet::new();
        page.retain(|item| {
            let Some(hash) = (self.hash)(item) else {
                return true;
            };
            present.insert(hash);
            !self.early.contains(&hash) && !self.last.contains(&hash)
        });
        let remembered = usize::try_from(REMEMBERED).unwrap_or_default();
        let room = remembered.saturating_sub(self.early.len());
        self.early.extend(present.iter().take(room));
        self.last = present;
        length - page.len()
    }
}

fn hash<T: Serialize>(item: &T) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(item).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}
