//! When a token is due for renewal.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::AccessToken;

const SOFT: Duration = Duration::from_secs(30);
const HARD: Duration = Duration::from_secs(5);
/// Longer lifetimes are shortened to this: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The two points in time before a token expires. For short lifetimes, such as the 60 s of admin
/// tokens, the margins are a fraction of the lifetime.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// From this time on the token is renewed in the background while callers keep using it.
    pub(super) soft: Option<Instant>,
    /// From this time on callers wait for the new token.
    pub(super) hard: Option<Instant>,
}

impl Marks {
    pub(super) fn of(token: &AccessToken) -> Self {
        let (Some(lifetime), Some(expiry)) = (token.lifetime(), token.expiry()) else {
            return Self::default();
        };
        let before = |margin: Duration| Some(expiry.checked_sub(margin).unwrap_or(expiry));
        Self {
            soft: before(SOFT.min(lifetime / 2)),
            hard: before(HARD.min(lifetime / 10)),
        }
    }
}

/// Reads `expires_in` as servers and proxies write it: seconds, as a number or a numeric string.
/// Zero or a negative number means already expired; any other value counts as absent.
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
