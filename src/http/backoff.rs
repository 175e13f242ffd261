//! How long to wait before sending again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The waits between attempts, as many as there are retries: between `first` and twice that at
/// first, twice as long each time, at most 5 s.
///
/// `backon` adds up to the delay itself as jitter, so the delay is set to half of what is meant.
pub(crate) fn delays(max_retries: u32, first: Duration) -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(Duration::from_millis(2500))
        .with_factor(2.0)
        .with_max_times(usize::try_from(max_retries).unwrap_or(usize::MAX))
        .with_jitter()
        // Its own generator starts from a constant when built without `std`.
        .with_jitter_seed(RandomState::new().build_hasher().finish())
        .build()
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), at most `cap`. Anything else,
/// zero and the past included, counts as absent.
pub(crate) fn retry_after(headers: &HeaderMap, cap: Duration) -> Option<Duration> {
    parse_retry_after(
        headers.get(RETRY_AFTER)?.to_str().ok()?.trim(),
        SystemTime::now(),
    )
    .map(|wait| wait.min(cap))
    .filter(|wait| !wait.is_zero())
}

fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // Digits that do not fit are a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    httpdate::parse_http_date(text)
        .ok()?
        .duration_since(now)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(50);

    #[test]
    fn delays_grow_jittered_and_end() {
        let all: Vec<_> = delays(12, FIRST).collect();
        assert_eq!(all.len(), 12);
        let mut low = 50;
        for delay in all {
            let low_ms = Duration::from_millis(low);
            assert!(
                delay >= low_ms && delay <= low_ms * 2,
                "{delay:?} {low_ms:?}"
            );
            low = (low * 2).min(2500);
        }
        assert_eq!(delays(0, FIRST).count(), 0);
        let runs: std::collections::HashSet<_> = (0..8).map(|_| delays(1, FIRST).next()).collect();
        assert!(runs.len() > 1, "clients must not wait in step");
    }

    #[test]
    fn retry_after_forms() {
        let cap = Duration::from_secs(30);
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, cap)
        };
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("3600"), Some(cap));
        assert_eq!(wait("99999999999999999999999999"), Some(cap));
        for ignored in [
            "0",
            "-5",
            "+5",
            "1.5",
            "soon",
            "",
            "Wed, 21 Oct 2015 07:28:00 GMT",
        ] {
            assert_eq!(wait(ignored), None, "{ignored}");
        }
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        assert_eq!(
            parse_retry_after("Wed, 21 Oct 2015 07:28:09 GMT", now),
            Some(Duration::from_secs(9))
        );
        assert_eq!(retry_after(&HeaderMap::new(), cap), None);
    }
}
