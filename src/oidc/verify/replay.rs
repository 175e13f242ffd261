//! Remembering what was used.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::error::{Result, config};

/// What [`ReplayStore::first_use`] gives.
pub type ReplayFuture<'a> = Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>>;

/// Remembers the ids of tokens that may be used once (`jti`). Implement it over a store that all
/// instances of a service share.
///
/// ```
/// use std::time::SystemTime;
///
/// use keycloak_kit::oidc::{ReplayFuture, ReplayStore};
///
/// #[derive(Debug)]
/// struct Shared; // a pool of connections
///
/// impl ReplayStore for Shared {
///     fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a> {
///         // SET jti:{id} 1 NX EXAT {until}
///         Box::pin(async move { Ok(true) })
///     }
/// }
/// ```
pub trait ReplayStore: fmt::Debug + Send + Sync + 'static {
    /// Whether `id` was never seen before; from then on it was. It may be forgotten at `until`.
    /// Both must be one step: of two calls at the same time one gets `false`.
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a>;
}

/// How many ids are kept at most.
const MAX_IDS: usize = 100_000;

/// Remembers in memory: enough for one process.
#[derive(Default)]
pub struct ReplayMemory(Mutex<HashMap<String, SystemTime>>);

impl ReplayMemory {
    fn note(&self, id: &str, until: SystemTime, now: SystemTime) -> Result<bool> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(id).is_some_and(|end| *end > now) {
            return Ok(false);
        }
        if seen.len() >= MAX_IDS {
            seen.retain(|_, end| *end > now);
        }
        if seen.len() >= MAX_IDS {
            // Forgetting one would let it be used again.
            return Err(config("too many tokens are remembered at once")
                .with_hint("use a replay store of your own"));
        }
        seen.insert(id.to_owned(), until);
        Ok(true)
    }
}

impl ReplayStore for ReplayMemory {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> ReplayFuture<'a> {
        Box::pin(ready(self.note(id, until, SystemTime::now())))
    }
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayMemory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// What is remembered is bounded: nothing is forgotten before its time, and all of it after.
    #[test]
    fn ids_fill_no_memory() {
        let memory = ReplayMemory::default();
        for id in 0..MAX_IDS {
            assert!(memory.note(&id.to_string(), at(10), at(0)).unwrap());
        }
        let full = memory.note("new", at(20), at(9)).unwrap_err();
        assert!(full.hint().unwrap().contains("of your own"), "{full}");
        assert!(!memory.note("0", at(20), at(9)).unwrap());
        assert!(memory.note("new", at(20), at(10)).unwrap());
        assert_eq!(memory.0.lock().unwrap().len(), 1);
        assert!(!memory.note("new", at(30), at(19)).unwrap());
        assert!(memory.note("new", at(30), at(20)).unwrap());
        assert_eq!(format!("{memory:?}"), "ReplayMemory { .. }");
    }
}
