//! What is known of a fetched thing, and what to do at which age. Nothing here waits or sends.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The ages at which a fetched thing is treated differently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// Up to here it is used without a renewal.
    pub(crate) fresh: Duration,
    /// Up to here it is used at once and renewed beside the call. From here on it is renewed first.
    pub(crate) beside: Duration,
    /// Up to here it is used where the renewal fails or takes too long.
    pub(crate) at_most: Duration,
    /// Between a failed fetch and the next renewal.
    pub(crate) pause: Duration,
}

/// A fetch that has not ended after this time is given up: its task may be on a runtime that no
/// longer runs.
const LOST: Duration = Duration::from_secs(300);

/// What a caller does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<T> {
    /// Uses what is at hand.
    Use(Arc<T>),
    /// Uses what is at hand; a fetch is due beside the call.
    Renew(Arc<T>),
    /// Waits for a fetch up to this moment, then uses what is at hand.
    RenewFirst(Arc<T>, Instant),
    /// Needs a fetch.
    Fetch,
}

#[derive(Debug)]
pub(super) struct State<T> {
    at_hand: Option<AtHand<T>>,
    failed: Option<Instant>,
    /// From this moment on, what fetches before this one brought is doubted.
    doubt: Option<(u64, Instant)>,
    flight: Option<Flight>,
    /// Numbers the fetches.
    next: u64,
}

#[derive(Debug)]
struct AtHand<T> {
    value: Arc<T>,
    /// When the fetch that brought it began: it may be as old as that.
    since: Instant,
    flight: u64,
    /// A later fetch failed in a way that says that it is wrong.
    refused: bool,
}

/// The fetch under way.
#[derive(Debug, Clone, Copy)]
struct Flight {
    id: u64,
    since: Instant,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            at_hand: None,
            failed: None,
            doubt: None,
            flight: None,
            next: 0,
        }
    }
}

impl<T> State<T> {
    /// What a caller does at this moment, who waits no longer than `wait` for a renewal.
    pub(super) fn step(&self, ages: &Ages, now: Instant, wait: Duration) -> Step<T> {
        let Some(known) = self.used(ages, now) else {
            return Step::Fetch;
        };
        let value = Arc::clone(&known.value);
        let flight = self.flight(now);
        match self.renewed_first_from(ages, known) {
            Some(from) if now >= from => {
                let failed = self
                    .failed
                    .is_some_and(|at| at >= from && age(at, now) < ages.pause);
                if failed && flight.is_none() {
                    return Step::Use(value);
                }
                // All who wait for one fetch wait up to the same moment; later ones do not wait.
                let start = flight.map_or(now, |flight| flight.since.max(from));
                match start.checked_add(wait) {
                    Some(until) if until <= now && flight.is_some() => Step::Use(value),
                    Some(until) if until <= now => Step::Renew(value),
                    Some(until) => Step::RenewFirst(value, until),
                    None => Step::RenewFirst(value, now + LOST),
                }
            }
            _ if age(known.since, now) < ages.fresh => Step::Use(value),
            _ if flight.is_some() || self.pause(ages, now).is_some() => Step::Use(value),
            _ => Step::Renew(value),
        }
    }

    /// From when on a renewal comes before what is at hand; `None` for a moment that no clock shows.
    fn renewed_first_from(&self, ages: &Ages, known: &AtHand<T>) -> Option<Instant> {
        match self.doubt {
            Some((from, at)) if known.flight < from => Some(at),
            _ => known.since.checked_add(ages.beside),
        }
    }

    /// How long no renewal begins, because the last fetch failed.
    pub(super) fn pause(&self, ages: &Ages, now: Instant) -> Option<Duration> {
        let left = ages.pause.checked_sub(age(self.failed?, now))?;
        (!left.is_zero()).then_some(left)
    }

    /// Whether a fetch is under way.
    pub(super) fn is_fetching(&self, now: Instant) -> bool {
        self.flight(now).is_some()
    }

    fn flight(&self, now: Instant) -> Option<Flight> {
        self.flight.filter(|flight| age(flight.since, now) < LOST)
    }

    /// A fetch begins.
    pub(super) fn take_off(&mut self, now: Instant) -> u64 {
        let id = self.next;
        self.next += 1;
        self.flight = Some(Flight { id, since: now });
        id
    }

    /// The fetch has brought something.
    pub(super) fn land(&mut self, id: u64, value: Arc<T>) {
        // One that was given up before is not followed any more.
        let Some(flight) = self.flight.take_if(|flight| flight.id == id) else {
            return;
        };
        self.failed = None;
        self.at_hand = Some(AtHand {
            value,
            since: flight.since,
            flight: id,
            refused: false,
        });
    }

    /// The fetch has failed. `wrong`: in a way that says that what is at hand is not right any more.
    pub(super) fn fail(&mut self, id: u64, now: Instant, wrong: bool) {
        if self.flight.take_if(|flight| flight.id == id).is_none() {
            return;
        }
        self.failed = Some(now);
        if let Some(known) = &mut self.at_hand {
            known.refused |= wrong;
        }
    }

    /// The fetch has ended without a result.
    pub(super) fn lose(&mut self) {
        self.flight = None;
    }

    /// Something speaks against what is at hand: it is renewed before it is used again.
    pub(super) fn doubt(&mut self, now: Instant) {
        self.doubt = Some((self.next, now));
    }

    /// What was fetched last, however old, and when that fetch began.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(super) fn last(&self) -> Option<(&Arc<T>, Instant)> {
        self.at_hand
            .as_ref()
            .map(|known| (&known.value, known.since))
    }

    /// Whether what is at hand can be used on, at this moment.
    pub(super) fn usable(&self, ages: &Ages, now: Instant) -> Option<Arc<T>> {
        self.used(ages, now).map(|known| Arc::clone(&known.value))
    }

    fn used(&self, ages: &Ages, now: Instant) -> Option<&AtHand<T>> {
        self.at_hand
            .as_ref()
            .filter(|known| !known.refused && age(known.since, now) < ages.at_most)
    }
}

fn age(since: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(since)
}
