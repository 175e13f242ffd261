//! The cache of recent decisions.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};

use super::Access;
use crate::kept::Recent;
use crate::uma::RequestedPermission;

/// A hash of the token and the permissions, so that the cache holds no tokens.
pub(super) type Key = [u8; 32];

/// Decisions, each with the remaining lifetime of its token.
pub(super) struct Cache(Recent<Key, (Access, Duration)>);

impl Cache {
    pub(super) fn new(entries: usize, age: Duration) -> Self {
        Self(Recent::new(entries, age))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Access> {
        let ((access, left), age) = self.0.get(key)?;
        (age < left).then_some(access)
    }

    /// Stores a decision. `left` is the token's remaining lifetime.
    pub(super) fn put(&self, key: Key, access: Access, left: Duration) {
        self.0.put(key, (access, left));
    }

    pub(super) fn clear(&self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
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
