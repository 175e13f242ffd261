//! How far a program has read a realm's events.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How far a program has read a realm's events. [`EventStream::cursor`](super::EventStream::cursor)
/// returns it, and [`follow`](super::super::handles::Events::follow) resumes from it.
///
/// It serializes, so a program can save it with the rest of its state. It holds the ids of the
/// events of the last window (for servers older than 26.4.7, whose events have no id, a hash of the
/// content), and no other data of events.
///
/// ```
/// use keycloak_kit::admin::EventCursor;
///
/// let cursor = EventCursor::beginning();
/// let saved = serde_json::to_string(&cursor).unwrap();
/// assert_eq!(serde_json::from_str::<EventCursor>(&saved).unwrap(), cursor);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCursor {
    /// The time of the newest event that was returned, in milliseconds since the epoch. `None`
    /// until the first poll of a cursor that starts after the existing events.
    time: Option<i64>,
    /// `seen` is complete from this time on.
    complete_from: i64,
    /// When the server was last asked for everything, by this machine's clock, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    /// The events returned so far that are within the window, with their times.
    seen: BTreeMap<String, i64>,
}

impl EventCursor {
    /// Starts with the oldest event that the server has kept.
    pub fn beginning() -> Self {
        Self::from_millis(0, None)
    }

    /// Starts with what happens after the first poll.
    pub fn latest() -> Self {
        Self {
            time: None,
            ..Self::from_millis(0, None)
        }
    }

    /// Starts at this time, by the server's clock.
    pub fn at(time: SystemTime) -> Self {
        let millis = millis(time);
        Self::from_millis(millis, Some(millis))
    }

    fn from_millis(time: i64, asked: Option<i64>) -> Self {
        Self {
            time: Some(time),
            complete_from: time,
            asked,
            seen: BTreeMap::new(),
        }
    }

    /// The time of the newest event that was returned.
    pub fn time(&self) -> Option<SystemTime> {
        let millis = u64::try_from(self.time?)
            .ok()
            .filter(|millis| *millis > 0)?;
        UNIX_EPOCH.checked_add(std::time::Duration::from_millis(millis))
    }

    /// Where the next poll starts; `None` to start after the existing events.
    pub(super) fn fetch_from(&self, window: i64) -> Option<i64> {
        let back = self.time?.saturating_sub(window);
        Some(back.max(self.complete_from))
    }

    pub(super) fn asked(&self) -> Option<i64> {
        self.asked
    }

    pub(super) fn seen(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn knows(&self, key: &str) -> bool {
        self.seen.contains_key(key)
    }

    /// Records that an event was returned.
    pub(super) fn give(&mut self, key: String, time: i64) {
        self.time = Some(self.time.map_or(time, |newest| newest.max(time)));
        self.seen.insert(key, time);
    }

    /// Records that the server was asked for everything at `asked`, and that all of it was
    /// returned.
    pub(super) fn finish(&mut self, asked: i64) {
        self.asked = Some(self.asked.map_or(asked, |before| before.max(asked)));
    }

    /// Starts after these events, which are complete back to `from`.
    pub(super) fn begin_after(
        &mut self,
        events: impl IntoIterator<Item = (String, i64)>,
        from: i64,
    ) {
        self.complete_from = from;
        self.time = Some(from);
        for (key, time) in events {
            self.give(key, time);
        }
    }

    /// Forgets what is older than the window.
    pub(super) fn prune(&mut self, window: i64) {
        let Some(from) = self.fetch_from(window) else {
            return;
        };
        self.seen.retain(|_, time| *time >= from);
        self.complete_from = from;
    }
}

impl From<SystemTime> for EventCursor {
    fn from(time: SystemTime) -> Self {
        Self::at(time)
    }
}

/// Milliseconds since the epoch; 0 for earlier times.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
