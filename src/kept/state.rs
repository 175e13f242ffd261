//! The state of a cached value, and what to do at which age. Nothing here waits or sends requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The ages at which a cached value is treated differently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// Up to this age the value is used without renewal.
    pub(crate) fresh: Duration,
    /// Up to this age the value is used at once and renewed in the background. An older value is
    /// renewed before use.
    pub(crate) background: Duration,
    /// Up to this age the value is used if its renewal fails or takes too long.
    pub(crate) at_most: Duration,
    /// The time between a failed fetch and the next one.
    pub(crate) pause: Duration,
}

/// A fetch that has not ended after this time is abandoned, because its runtime may no longer run.
const LOST: Duration = Duration::from_secs(300);

/// What a caller has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<T> {
    /// Use the cached value.
    Use(Arc<T>),
    /// Use the cached value, and start a fetch in the background.
    Renew(Arc<T>),
    /// Wait for a fetch until the given time, then use the cached value.
    RenewFirst(Arc<T>, Instant),
    /// Wait for a fetch; no value can be used.
    Fetch,
}

#[derive(Debug)]
pub(super) struct KeptState<T> {
    at_hand: Option<AtHand<T>>,
    failed: Option<Instant>,
    /// Since this time, values of fetches before this one are doubted.
    doubt: Option<(u64, Instant)>,
    running: Option<RunningFetch>,
    /// Numbers the fetches.
    next: u64,
}

#[derive(Debug)]
struct AtHand<T> {
    value: Arc<T>,
    /// When the fetch of the value began, from which its age counts.
    since: Instant,
    fetch: u64,
    /// Whether a later failure has proved that the value is wrong.
    refused: bool,
}

/// The fetch in progress.
#[derive(Debug, Clone, Copy)]
struct RunningFetch {
    id: u64,
    since: Instant,
}

impl<T> Default for KeptState<T> {
    fn default() -> Self {
        Self {
            at_hand: None,
            failed: None,
            doubt: None,
            running: None,
            next: 0,
        }
    }
}

impl<T> KeptState<T> {
    /// Returns what a caller has to do that waits up to `wait` for a renewal.
    pub(super) fn step(&self, ages: &Ages, now: Instant, wait: Duration) -> Step<T> {
        let Some(at_hand) = self.used(ages, now) else {
            return Step::Fetch;
        };
        let value = Arc::clone(&at_hand.value);
        let running = self.running(now);
        match self.renewed_first_from(ages, at_hand) {
            Some(from) if now >= from => {
                let failed = self
                    .failed
                    .is_some_and(|at| at >= from && age(at, now) < ages.pause);
                if failed && running.is_none() {
                    return Step::Use(value);
                }
                // All callers wait for a fetch until the same time; later callers do not wait.
                let start = running.map_or(now, |running| running.since.max(from));
                match start.checked_add(wait) {
                    Some(until) if until <= now && running.is_some() => Step::Use(value),
                    Some(until) if until <= now => Step::Renew(value),
                    Some(until) => Step::RenewFirst(value, until),
                    None => Step::RenewFirst(value, now + LOST),
                }
            }
            _ if age(at_hand.since, now) < ages.fresh => Step::Use(value),
            _ if running.is_some() || self.pause(ages, now).is_some() => Step::Use(value),
            _ => Step::Renew(value),
        }
    }

    /// Returns the time from which the value is renewed before use; `None` if the clock cannot
    /// represent it.
    fn renewed_first_from(&self, ages: &Ages, at_hand: &AtHand<T>) -> Option<Instant> {
        match self.doubt {
            Some((from, at)) if at_hand.fetch < from => Some(at),
            _ => at_hand.since.checked_add(ages.background),
        }
    }

    /// Returns how long to wait before the next fetch, if the last one failed recently.
    pub(super) fn pause(&self, ages: &Ages, now: Instant) -> Option<Duration> {
        let left = ages.pause.checked_sub(age(self.failed?, now))?;
        (!left.is_zero()).then_some(left)
    }

    /// Returns whether a fetch is in progress.
    pub(super) fn is_fetching(&self, now: Instant) -> bool {
        self.running(now).is_some()
    }

    fn running(&self, now: Instant) -> Option<RunningFetch> {
        self.running
            .filter(|running| age(running.since, now) < LOST)
    }

    /// Records the start of a fetch, and returns its id.
    pub(super) fn begin(&mut self, now: Instant) -> u64 {
        let id = self.next;
        self.next += 1;
        self.running = Some(RunningFetch { id, since: now });
        id
    }

    /// Records the value of fetch `id`.
    pub(super) fn succeed(&mut self, id: u64, value: Arc<T>) {
        // The result of an abandoned fetch is ignored.
        let Some(running) = self.running.take_if(|running| running.id == id) else {
            return;
        };
        self.failed = None;
        self.at_hand = Some(AtHand {
            value,
            since: running.since,
            fetch: id,
            refused: false,
        });
    }

    /// Records that fetch `id` failed. `wrong` says whether that proves the cached value wrong.
    pub(super) fn fail(&mut self, id: u64, now: Instant, wrong: bool) {
        if self.running.take_if(|running| running.id == id).is_none() {
            return;
        }
        self.failed = Some(now);
        if let Some(at_hand) = &mut self.at_hand {
            at_hand.refused |= wrong;
        }
    }

    /// Records that the fetch ended without a result.
    pub(super) fn abandon(&mut self) {
        self.running = None;
    }

    /// Requires a renewal before the value is used again.
    pub(super) fn doubt(&mut self, now: Instant) {
        self.doubt = Some((self.next, now));
    }

    /// Returns the last fetched value, whatever its age, and the start time of its fetch.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(super) fn last(&self) -> Option<(&Arc<T>, Instant)> {
        self.at_hand
            .as_ref()
            .map(|at_hand| (&at_hand.value, at_hand.since))
    }

    /// Returns the value if it may be used when a renewal fails.
    pub(super) fn usable(&self, ages: &Ages, now: Instant) -> Option<Arc<T>> {
        self.used(ages, now)
            .map(|at_hand| Arc::clone(&at_hand.value))
    }

    fn used(&self, ages: &Ages, now: Instant) -> Option<&AtHand<T>> {
        self.at_hand
            .as_ref()
            .filter(|at_hand| !at_hand.refused && age(at_hand.since, now) < ages.at_most)
    }
}

fn age(since: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(since)
}
