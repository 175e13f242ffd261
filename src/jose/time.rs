//! Times as tokens carry them (RFC 7519 section 2): seconds since 1970, with or without a fraction.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

/// Returns whole seconds since 1970; 0 for an earlier time.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Returns a claim that is a time, in seconds; `None` if it is missing or not a finite number.
pub(crate) fn seconds(claims: &Map<String, Value>, name: &str) -> Option<f64> {
    let seconds = claims.get(name)?.as_f64()?;
    seconds.is_finite().then_some(seconds)
}

/// Returns a claim that is a time; `None` also if `SystemTime` cannot represent it.
pub(crate) fn point(claims: &Map<String, Value>, name: &str) -> Option<SystemTime> {
    let seconds = seconds(claims, name)?;
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}
