//! A client-wide allowance of retries, so that a sick server is not hammered.

use std::sync::atomic::{AtomicU32, Ordering};

const FULL: u32 = 500;

/// What one retry costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    Failure = 5,
    /// A hanging server is worse off than one that answers.
    Timeout = 10,
}

/// A bucket of permits: retries take some, successes give one back.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// Whether the retry is paid for.
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
