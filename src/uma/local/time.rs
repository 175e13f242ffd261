//! Time policies.

use std::time::SystemTime;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::model::Policy;
use crate::jose::time::unix_seconds;

/// Returns whether a time policy grants access at `at`, or `None` if the policy has a format that
/// only the server may understand.
pub(super) fn allows(policy: &Policy, at: SystemTime, utc_offset: i32) -> Option<bool> {
    let seconds = unix_seconds(at);
    let at = DateTime::from_timestamp(seconds, 0)?.naive_utc();
    let at = at.checked_add_signed(TimeDelta::seconds(utc_offset.into()))?;
    if let Some(text) = policy.text("nbf")
        && at < moment(text)?
    {
        return Some(false);
    }
    if let Some(text) = policy.text("noa")
        && at > moment(text)?
    {
        return Some(false);
    }
    let fields = [
        ("dayMonth", "dayMonthEnd", i64::from(at.day())),
        ("month", "monthEnd", i64::from(at.month())),
        ("year", "yearEnd", i64::from(at.year())),
        ("hour", "hourEnd", i64::from(at.hour())),
        ("minute", "minuteEnd", i64::from(at.minute())),
    ];
    for (start, end, now) in fields {
        let Some(start) = policy.config.get(start) else {
            continue;
        };
        let start: i64 = start.parse().ok()?;
        let end: i64 = match policy.config.get(end) {
            Some(end) => end.parse().ok()?,
            None => start,
        };
        if now < start || now > end {
            return Some(false);
        }
    }
    Some(true)
}

/// Parses a time; a date without a time means its first second.
fn moment(text: &str) -> Option<NaiveDateTime> {
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) => date.and_hms_opt(0, 0, 0),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok(),
    }
}
