//! When a token is renewed.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::AccessToken;

const SOFT: Duration = Duration::from_secs(30);
const HARD: Duration = Duration::from_secs(5);
/// Longer lifetimes are taken for this long: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The two marks before the end of a token. Both are a share of short lifetimes: admin tokens
/// live 60 s.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// From here on it is renewed while callers keep using it.
    pub(super) soft: Option<Instant>,
    /// From here on callers wait for the new one.
    pub(super) hard: Option<Instant>,
}

impl Marks {
    pub(super) fn of(token: &AccessToken) -> Self {
        let (Some(lifetime), Some(end)) = (token.lifetime(), token.end()) else {
            return Self::default();
        };
        let before = |margin: Duration| Some(end.checked_sub(margin).unwrap_or(end));
        Self {
            soft: before(SOFT.min(lifetime / 2)),
            hard: before(HARD.min(lifetime / 10)),
        }
    }
}

/// `expires_in` as servers and proxies write it: a number or a numeric string, of seconds. Zero
/// and less mean that it has expired already; anything else counts as absent.
pub(crate) fn seconds(value: Option<&Value>) -> Option<Duration> {
    let seconds = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    if seconds.is_nan() {
        return None;
    }
    Some(
        Duration::try_from_secs_f64(seconds.max(0.0))
            .unwrap_or(LONGEST)
            .min(LONGEST),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lifetimes_of_every_form_are_read() {
        let of = |value: Value| seconds(Some(&value));
        assert_eq!(of(json!(60)), Some(Duration::from_secs(60)));
        assert_eq!(of(json!("60")), Some(Duration::from_secs(60)));
        assert_eq!(of(json!(60.5)), Some(Duration::from_millis(60_500)));
        assert_eq!(of(json!(0)), Some(Duration::ZERO));
        assert_eq!(of(json!(-5)), Some(Duration::ZERO));
        for huge in [json!(u64::MAX), json!(1e300), json!("1e99"), json!("inf")] {
            assert_eq!(of(huge), Some(LONGEST));
        }
        for absent in [
            json!(null),
            json!("soon"),
            json!("NaN"),
            json!([60]),
            json!(true),
        ] {
            assert_eq!(of(absent), None);
        }
        assert_eq!(seconds(None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn margins_are_a_share_of_short_lifetimes() {
        for (lifetime, soft, hard) in [(60, 30, 55), (300, 270, 295), (10, 5, 9), (0, 0, 0)] {
            let now = Instant::now();
            let token = AccessToken::new("t").with_lifetime(Duration::from_secs(lifetime));
            let marks = Marks::of(&token);
            assert_eq!(marks.soft.unwrap() - now, Duration::from_secs(soft));
            assert_eq!(marks.hard.unwrap() - now, Duration::from_secs(hard));
        }
        assert!(Marks::of(&AccessToken::new("t")).soft.is_none());
        let huge = AccessToken::new("t").with_lifetime(Duration::MAX);
        assert!(Marks::of(&huge).soft.is_none());
    }
}
