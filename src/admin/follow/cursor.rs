//! How far a program has read the events of a realm.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How far a program has read the events of a realm: what
/// [`EventStream::cursor`](super::EventStream::cursor) returns, and where the next
/// [`follow`](super::super::handles::Events::follow) resumes.
///
/// It serializes, so that a program keeps it where it keeps the rest of its state. It holds the ids
/// of the events of the last window (a hash of the content for servers older than 26.4.7, whose
/// events have no id), and no other data of events.
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
    /// The time of the newest event that was given, in milliseconds since the epoch. `None` until
    /// the first look of a cursor that begins behind what the server has.
    time: Option<i64>,
    /// From this time on `seen` is complete.
    complete_from: i64,
    /// When the server was asked for everything, by the clock of this machine, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    /// The events given so far that are not older than the window, with their times.
    seen: BTreeMap<String, i64>,
}

impl EventCursor {
    /// Everything that the server has kept, the oldest first.
    pub fn beginning() -> Self {
        Self::from_millis(0, None)
    }

    /// Only what happens from the first look on.
    pub fn latest() -> Self {
        Self {
            time: None,
            ..Self::from_millis(0, None)
        }
    }

    /// Everything that happened at this time of the server or later.
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

    /// The time of the newest event that was given.
    pub fn time(&self) -> Option<SystemTime> {
        let millis = u64::try_from(self.time?)
            .ok()
            .filter(|millis| *millis > 0)?;
        UNIX_EPOCH.checked_add(std::time::Duration::from_millis(millis))
    }

    /// Where the next look begins; `None` for what happens from now on.
    pub(super) fn look_from(&self, window: i64) -> Option<i64> {
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

    /// An event is given out.
    pub(super) fn give(&mut self, key: String, time: i64) {
        self.time = Some(self.time.map_or(time, |newest| newest.max(time)));
        self.seen.insert(key, time);
    }

    /// What there is was asked for at `asked`, and all of it was given out.
    pub(super) fn finish(&mut self, asked: i64) {
        self.asked = Some(self.asked.map_or(asked, |before| before.max(asked)));
    }

    /// Begins behind these events, which are everything back to `from`.
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
        let Some(from) = self.look_from(window) else {
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

/// Milliseconds since the epoch; 0 for what was before it.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
