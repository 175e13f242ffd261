//! Items that a list gives a second time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

/// Items up to here are remembered, beside those of the last page.
pub(super) const REMEMBERED: i32 = 1000;

/// What a stream has given already.
pub(super) struct Repeats<T> {
    hash: fn(&T) -> Option<u64>,
    early: HashSet<u64>,
    last: HashSet<u64>,
}

impl<T> Repeats<T> {
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

    /// Takes out of a page what was given before, and remembers the rest. How much that was.
    pub(super) fn take_out(&mut self, page: &mut Vec<T>) -> usize {
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
