//! What the engine remembers between calls.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Lease;
use super::obtain::Obtained;
use crate::AccessToken;
use crate::error::{Error, Result};
use crate::http::trace;
use crate::token::Renewal;
use crate::token::lifetime::Marks;

/// After a failed refresh the token in use is left alone this long.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) current: Option<Lease>,
    pub(super) renewal: Option<Renewal>,
    pub(super) flight: Option<Flight>,
    /// What a server did not accept any more, until a new token is asked for.
    pub(super) refused: Option<AccessToken>,
    marks: Marks,
    generation: u64,
    flights: u64,
    quiet_until: Option<Instant>,
}

/// A token request under way.
#[derive(Debug)]
pub(super) struct Flight {
    id: u64,
    pub(super) landing: watch::Receiver<Option<Landing>>,
    /// Everything known was dropped after it took off.
    stale: bool,
}

/// How a token request ended, for those who wait for it.
#[derive(Debug, Clone)]
pub(super) enum Landing {
    Lease(Lease),
    Failed(Error),
    Stale,
}

impl State {
    pub(super) fn start_at(&mut self, token: AccessToken) -> Result<()> {
        self.marks = Marks::of(&token);
        self.current = Some(Lease::new(token, self.generation)?);
        Ok(())
    }

    /// The token in use, unless its end is near.
    pub(super) fn usable(&self, now: Instant) -> Option<Lease> {
        self.current
            .clone()
            .filter(|_| self.marks.hard.is_none_or(|hard| now < hard))
    }

    /// The token in use that has not ended, and how long it is good for.
    pub(super) fn ending(&self, now: Instant) -> Option<(Lease, Duration)> {
        let lease = self.current.clone()?;
        let left = lease.token.end()?.checked_duration_since(now)?;
        (!left.is_zero()).then_some((lease, left))
    }

    pub(super) fn wants_renewal(&self, now: Instant) -> bool {
        self.marks.soft.is_some_and(|soft| now >= soft)
            && self.quiet_until.is_none_or(|until| now >= until)
            && self.flight.as_ref().is_none_or(|flight| !flight.is_alive())
    }

    pub(super) fn take_off(&mut self, landing: watch::Receiver<Option<Landing>>) -> u64 {
        self.flights = self.flights.wrapping_add(1);
        self.flight = Some(Flight {
            id: self.flights,
            landing,
            stale: false,
        });
        self.flights
    }

    /// Stores what flight `id` brought.
    pub(super) fn land(&mut self, id: u64, obtained: Obtained) -> Landing {
        let flight = self.flight.take_if(|flight| flight.id == id);
        let stale = flight.is_some_and(|flight| flight.stale);
        if obtained.renewal_spent {
            self.renewal = None;
        }
        let failure = match obtained.result {
            Ok(granted) => {
                // Kept even when stale: with rotation the one before it is worth nothing now.
                if granted.renewal.is_some() {
                    self.renewal = granted.renewal;
                }
                self.quiet_until = None;
                if stale {
                    return Landing::Stale;
                }
                self.generation = self.generation.wrapping_add(1);
                match Lease::new(granted.token, self.generation) {
                    Ok(lease) => {
                        trace::token("obtained");
                        self.marks = Marks::of(&lease.token);
                        self.current = Some(lease.clone());
                        return Landing::Lease(lease);
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        trace::token("not obtained");
        let now = Instant::now();
        self.quiet_until = now.checked_add(QUIET);
        match &self.current {
            Some(lease) if !stale && lease.token.end().is_none_or(|end| now < end) => {
                Landing::Lease(lease.clone())
            }
            _ => Landing::Failed(failure),
        }
    }

    pub(super) fn drop_generation(&mut self, generation: u64) -> bool {
        let dropped = self.current.take_if(|lease| lease.generation == generation);
        let found = dropped.is_some();
        if let Some(lease) = dropped {
            self.refused = Some(lease.token);
        }
        found
    }

    #[cfg(feature = "oidc")]
    pub(super) fn drop_token(&mut self, token: &AccessToken) -> bool {
        let found = self
            .current
            .as_ref()
            .filter(|lease| lease.token.expose() == token.expose());
        match found.map(|lease| lease.generation) {
            Some(generation) => self.drop_generation(generation),
            None => false,
        }
    }

    pub(super) fn drop_everything(&mut self) {
        self.current = None;
        if let Some(flight) = &mut self.flight {
            flight.stale = true;
        }
    }
}
