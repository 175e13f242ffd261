//! Times as tokens carry them (RFC 7519 section 2): seconds since 1970, with fractions or without.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

/// Whole seconds; a clock before 1970 is at 0.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A claim that is a time, as seconds; `None` when it is missing, no number, or no finite one.
pub(crate) fn seconds(claims: &Map<String, Value>, name: &str) -> Option<f64> {
    let seconds = claims.get(name)?.as_f64()?;
    seconds.is_finite().then_some(seconds)
}

/// The same as a point in time; what no clock can show is left out.
pub(crate) fn point(claims: &Map<String, Value>, name: &str) -> Option<SystemTime> {
    let seconds = seconds(claims, name)?;
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}
