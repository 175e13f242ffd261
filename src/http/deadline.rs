//! The total time of a call.

use std::time::Duration;

use tokio::time::Instant;

/// The end of a call, fixed when it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// `None` when the limit lies beyond what the clock can say.
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

    /// Waits for `future` until the deadline; `None` when it comes first.
    pub(crate) async fn limit<F: Future>(&self, future: F) -> Option<F::Output> {
        tokio::time::timeout(self.remaining(), future).await.ok()
    }
}
