//! The retries that a client has in all, so that a failing server is not flooded.

use std::sync::atomic::{AtomicU32, Ordering};

const FULL: u32 = 500;

/// The permits that one retry takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    Failure = 5,
    /// A server that hangs is worse off than one that responds.
    Timeout = 10,
}

/// A bucket of permits. A retry takes some, a success returns one.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// Takes the permits of one retry. Returns `false` if there are too few.
    pub(crate) fn take(&self, cost: Cost) -> bool {
        let cost = cost as u32;
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(cost)
            })
            .is_ok()
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn success(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left < FULL).then(|| left + 1)
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_dry_and_fills_up_by_successes_only_to_the_brim() {
        let budget = Budget::full();
        assert_eq!((0..200).filter(|_| budget.take(Cost::Failure)).count(), 100);
        for _ in 0..10 {
            budget.success();
        }
        assert!(budget.take(Cost::Timeout));
        assert!(!budget.take(Cost::Failure));
        for _ in 0..2000 {
            budget.success();
        }
        assert_eq!((0..200).filter(|_| budget.take(Cost::Timeout)).count(), 50);
    }
}
