//! Waits between attempts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Returns the waits between attempts, as many as there are retries. The first is between `first`
/// and twice that, each next one is twice as long, and none is longer than 5 s.
///
/// `backon` adds a jitter of up to the delay itself, so the delay is set to half of the longest wait.
pub(crate) fn delays(max_retries: u32, first: Duration) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(Duration::from_millis(2500))
        .with_factor(2.0)
        .with_max_times(usize::try_from(max_retries).unwrap_or(usize::MAX))
        .with_jitter()
        // Its own generator starts from a constant when built without `std`.
        .with_jitter_seed(RandomState::new().build_hasher().finish())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(50);

    #[test]
    fn delays_grow_jittered_and_end() {
        let all: Vec<_> = delays(12, FIRST).collect();
        assert_eq!(all.len(), 12);
        let mut low = 50;
        for delay in all {
            let low_ms = Duration::from_millis(low);
            assert!(
                delay >= low_ms && delay <= low_ms * 2,
                "{delay:?} {low_ms:?}"
            );
            low = (low * 2).min(2500);
        }
        assert_eq!(delays(0, FIRST).count(), 0);
        let runs: std::collections::HashSet<_> = (0..8).map(|_| delays(1, FIRST).next()).collect();
        assert!(runs.len() > 1, "clients must not wait in step");
    }
}
