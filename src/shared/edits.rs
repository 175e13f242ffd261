//! One edit at a time for each object.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Held while an object is read, changed and written.
pub(crate) type EditGuard = OwnedMutexGuard<()>;

/// The objects that are being edited.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    running: Mutex<HashMap<Vec<String>, Weak<AsyncMutex<()>>>>,
}

impl Edits {
    /// Waits for the object's turn.
    pub(crate) async fn lock(&self, handle: &str, ids: &[&str]) -> EditGuard {
        let key: Vec<String> = std::iter::once(handle)
            .chain(ids.iter().copied())
            .map(str::to_owned)
            .collect();
        let turn = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(turn) = running.get(&key).and_then(Weak::upgrade) {
                turn
            } else {
                running.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::new(AsyncMutex::new(()));
                running.insert(key, Arc::downgrade(&turn));
                turn
            }
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn edits_of_one_object_take_turns_and_leave_nothing_behind() {
        let edits = Arc::new(Edits::default());
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (edits, inside) = (Arc::clone(&edits), Arc::clone(&inside));
                tokio::spawn(async move {
                    let _turn = edits.lock("realm.user", &["demo", "ada"]).await;
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let _other = edits.lock("realm.user", &["demo", "bob"]).await;
        assert_eq!(edits.running.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn other_objects_do_not_wait() {
        let edits = Edits::default();
        let _one = edits.lock("realm.user", &["demo", "ada"]).await;
        let _other = edits.lock("realm.user", &["demo", "bob"]).await;
        let _kind = edits.lock("realm.group", &["demo", "ada"]).await;
    }
}
