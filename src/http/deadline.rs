//! The time limit of a whole call.

use std::time::Duration;

use tokio::time::Instant;

/// The time when a call ends, fixed at its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// `None` if the limit is beyond what the clock can represent.
    at: Option<Instant>,
    pub(crate) total: Duration,
}

impl Deadline {
    pub(crate) fn after(total: Duration) -> Self {
        Self {
            at: Instant::now().checked_add(total),
            total,
        }
    }

    pub(crate) fn remaining(&self) -> Duration {
        match self.at {
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }

    /// Waits for `future`. Returns `None` if the deadline comes first.
    pub(crate) async fn limit<F: Future>(&self, future: F) -> Option<F::Output> {
        tokio::time::timeout(self.remaining(), future).await.ok()
    }
}
