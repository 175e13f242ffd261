//! Asking the token endpoint until the user has decided somewhere else.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::oidc::Oidc;
use crate::oidc::form::Params;
use crate::token::GrantKind;
use crate::token::grant::Granted;

/// RFC 8628 section 3.2 and CIBA section 7.3: without `interval` it is five seconds.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// However slow the server wants it.
const LONGEST: Duration = Duration::from_secs(300);
/// However fast the server lets it.
const SHORTEST: Duration = Duration::from_millis(100);

/// When to ask, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) interval: Duration,
    /// When the server forgets the request.
    pub(super) end: Option<Instant>,
}

impl Pace {
    pub(super) fn new(interval: Option<Duration>, lifetime: Option<Duration>) -> Self {
        Self {
            interval: interval.unwrap_or(INTERVAL).max(SHORTEST),
            end: lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime)),
        }
    }

    /// The wait after a failed attempt; `None` when waiting does not help.
    fn after(&mut self, error: &Error) -> Option<Duration> {
        match error.oauth_code() {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval = self.interval.saturating_add(SLOW_DOWN),
            // The server is busy or away for a moment; the user has time until the end. The
            // interval doubles, as RFC 8628 section 3.5 wants it after a lost connection.
            _ if error.is_retryable() || error.status().is_some_and(|s| s.is_server_error()) => {
                self.interval = self.interval.saturating_mul(2);
            }
            _ => return None,
        }
        self.interval = self.interval.min(LONGEST);
        Some(self.interval.max(error.retry_after().unwrap_or_default()))
    }
}

/// Asks until there is a grant, the user refuses, or the time is over.
///
/// A poll whose answer was lost is asked again like any other (RFC 8628 section 3.5): tokens that
/// it may have brought are lost, and the server then says so.
pub(super) async fn until_granted(
    oidc: &Oidc,
    op: &'static Operation,
    params: &Params,
    pace: Pace,
) -> Result<Granted> {
    at_pace(op, pace, || once(oidc, op, params)).await
}

async fn at_pace<T, F>(
    op: &'static Operation,
    mut pace: Pace,
    mut ask: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    loop {
        let wake = Instant::now().checked_add(pace.interval);
        if let (Some(end), Some(wake)) = (pace.end, wake)
            && wake >= end
        {
            return Err(expired(op));
        }
        tokio::time::sleep(pace.interval).await;
        let error = match ask().await {
            Ok(granted) => return Ok(granted),
            Err(error) => error,
        };
        let before = pace.interval;
        let Some(wait) = pace.after(&error) else {
            return Err(explain(error));
        };
        if let Some(more) = wait.checked_sub(pace.interval.max(before)) {
            tokio::time::sleep(more).await;
        }
    }
}

/// Asks once.
pub(super) async fn once(oidc: &Oidc, op: &'static Operation, params: &Params) -> Result<Granted> {
    oidc.inner
        .grant(op, GrantKind::Custom, Repeat::NEVER, params)
        .await
}

pub(super) fn is_pending(error: &Error) -> bool {
    matches!(
        error.oauth_code(),
        Some("authorization_pending" | "slow_down")
    )
}

fn expired(op: &Operation) -> Error {
    crate::error::unauthorized("the user did not decide in time")
        .with_operation(op)
        .with_oauth_code("expired_token")
        .with_hint("start the login again")
}

fn explain(error: Error) -> Error {
    let hint = match error.oauth_code() {
        Some("access_denied") => "the user has refused",
        Some("expired_token") => "the user did not decide in time: start the login again",
        Some("invalid_grant") => "the code was used already or is not known: start the login again",
        _ => return error,
    };
    error.with_kind(ErrorKind::Unauthorized).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode, header};

    use super::*;

    const OP: Operation = Operation::new("oidc.device.tokens", "POST", "{token_endpoint}");

    fn refusal(status: u16, code: &str, retry_after: Option<&'static str>) -> Error {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        let body = format!(r#"{{"error":"{code}"}}"#);
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_response(&OP, status, &headers, body.as_bytes())
    }

    /// The seconds at which the server is asked that answers with these refusals, one after the
    /// other, then with tokens; and what came of it.
    async fn asked_at(pace: Pace, refusals: Vec<Error>) -> (Vec<u64>, Result<()>) {
        let start = Instant::now();
        let mut at = Vec::new();
        let mut refusals = refusals.into_iter();
        let result = at_pace(&OP, pace, || {
            at.push(start.elapsed().as_secs());
            std::future::ready(refusals.next().map_or(Ok(()), Err))
        })
        .await;
        (at, result)
    }

    fn every(seconds: u64) -> Pace {
        Pace::new(Some(Duration::from_secs(seconds)), None)
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_pace_is_kept() {
        let pending = || refusal(400, "authorization_pending", None);
        let slow_down = || refusal(400, "slow_down", None);
        for (pace, refusals, wanted) in [
            (every(3), vec![], vec![3]),
            (every(3), vec![pending(), pending()], vec![3, 6, 9]),
            // Five seconds more, from then on.
            (
                every(3),
                vec![slow_down(), pending(), slow_down()],
                vec![3, 11, 19, 32],
            ),
            // Twice as long after a failure, for good.
            (
                every(3),
                vec![refusal(503, "x", None), pending()],
                vec![3, 9, 15],
            ),
            // As long as it says, once.
            (
                every(3),
                vec![refusal(503, "x", Some("20")), pending()],
                vec![3, 23, 29],
            ),
            (
                every(3),
                vec![refusal(400, "slow_down", Some("60")), pending()],
                vec![3, 63, 71],
            ),
            (Pace::new(None, None), vec![pending()], vec![5, 10]),
        ] {
            let shown = format!("{pace:?} {refusals:?}");
            let (at, result) = asked_at(pace, refusals).await;
            assert_eq!(at, wanted, "{shown}");
            result.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_code_or_with_a_refusal() {
        let pending = (0..9).map(|_| refusal(400, "authorization_pending", None));
        let short = Pace::new(Some(Duration::from_secs(3)), Some(Duration::from_secs(10)));
        let (at, result) = asked_at(short, pending.collect()).await;
        assert_eq!(at, [3, 6, 9]);
        let error = result.unwrap_err();
        assert_eq!(error.oauth_code(), Some("expired_token"), "{error}");
        for code in [
            "access_denied",
            "expired_token",
            "invalid_grant",
            "invalid_client",
        ] {
            let (at, result) = asked_at(every(3), vec![refusal(400, code, None)]).await;
            assert_eq!(at, [3], "{code}");
            assert_eq!(result.unwrap_err().oauth_code(), Some(code));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_server_is_asked_in_a_hot_loop() {
        let start = Instant::now();
        let pending = (0..10).map(|_| refusal(400, "authorization_pending", None));
        let zero = Pace::new(Some(Duration::ZERO), None);
        asked_at(zero, pending.collect()).await.1.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(1));
        // And however slow it wants us, not for ever.
        let slow = (0..80).map(|_| refusal(400, "slow_down", None));
        let (at, _) = asked_at(every(1), slow.collect()).await;
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] <= 300));
    }
}
