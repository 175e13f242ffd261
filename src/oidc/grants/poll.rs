//! Polls the token endpoint until the user has decided elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::form::Params;
use crate::oidc::verify::Expected;
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::token::Granted;

/// The default interval (RFC 8628 section 3.2 and CIBA section 7.3).
pub(super) const INTERVAL: Duration = Duration::from_secs(5);
/// Added to the interval by `slow_down` (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// Longest poll interval.
const LONGEST: Duration = Duration::from_secs(300);
/// Shortest poll interval.
const SHORTEST: Duration = Duration::from_millis(100);
/// How long the user has if the server sets no limit.
const LIFETIME: Duration = Duration::from_secs(1800);

/// When to poll, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) interval: Duration,
    /// When the server forgets the request.
    end: Option<Instant>,
}

impl Pace {
    pub(super) fn new(interval: Option<Duration>, lifetime: Option<Duration>) -> Self {
        Self {
            interval: interval.unwrap_or(INTERVAL).clamp(SHORTEST, LONGEST),
            end: Instant::now().checked_add(lifetime.unwrap_or(LIFETIME)),
        }
    }

    pub(super) fn left(&self) -> Option<Duration> {
        Some(self.end?.saturating_duration_since(Instant::now()))
    }

    /// Returns the wait after a failed attempt; `None` if waiting does not help.
    fn after(&mut self, error: &Error) -> Option<Duration> {
        match error.oauth_code() {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval = self.interval.saturating_add(SLOW_DOWN),
            // The server is overloaded or away, and the user has time until the end. The interval
            // doubles, as RFC 8628 section 3.5 requires after a lost connection.
            _ if error.is_retryable() || error.status().is_some_and(|s| s.is_server_error()) => {
                self.interval = self.interval.saturating_mul(2);
            }
            _ => return None,
        }
        self.interval = self.interval.min(LONGEST);
        Some(self.interval.max(error.retry_after().unwrap_or_default()))
    }
}

/// Polls until the grant succeeds, the user refuses, or the time is over.
///
/// A poll whose response was lost is repeated like any other (RFC 8628 section 3.5). If that
/// response had tokens, they are lost and the server refuses the next poll.
pub(super) async fn until_granted(
    oidc: &Oidc,
    op: &'static Operation,
    params: &Params,
    pace: Pace,
    max_issue_age: Option<Duration>,
) -> Result<TokenSet> {
    let granted = at_pace(op, pace, || request_tokens(oidc, op, params)).await?;
    verified(oidc, op, granted, max_issue_age).await
}

/// Polls once, for a caller that waits between polls itself; `None` if the user has not decided
/// yet.
pub(super) async fn poll_once(
    oidc: &Oidc,
    op: &'static Operation,
    params: &Params,
    slow_downs: &SlowDowns,
    max_issue_age: Option<Duration>,
) -> Result<Option<TokenSet>> {
    match slow_downs.evaluate(request_tokens(oidc, op, params).await)? {
        Some(granted) => verified(oidc, op, granted, max_issue_age).await.map(Some),
        None => Ok(None),
    }
}

async fn verified(
    oidc: &Oidc,
    op: &'static Operation,
    granted: Granted,
    max_issue_age: Option<Duration>,
) -> Result<TokenSet> {
    let expected = Expected::new().or_max_issue_age(max_issue_age);
    oidc.inner.token_set(op, granted, expected, None).await
}

async fn at_pace<T, F>(
    op: &'static Operation,
    mut pace: Pace,
    mut poll: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut wait = pace.interval;
    loop {
        let wake = Instant::now().checked_add(wait);
        if let (Some(end), Some(wake)) = (pace.end, wake)
            && wake >= end
        {
            return Err(expired(op));
        }
        tokio::time::sleep(wait).await;
        let error = match poll().await {
            Ok(granted) => return Ok(granted),
            Err(error) => error,
        };
        let Some(next) = pace.after(&error) else {
            return Err(explain(error));
        };
        wait = next;
    }
}

/// Sends one token request.
async fn request_tokens(oidc: &Oidc, op: &'static Operation, params: &Params) -> Result<Granted> {
    oidc.inner
        .grant(op, GrantKind::Custom, RetryPolicy::NEVER, params)
        .await
}

/// How often the server has told a caller that polls itself to slow down.
#[derive(Debug, Clone, Default)]
pub(super) struct SlowDowns(Arc<AtomicU32>);

impl SlowDowns {
    /// Returns the pace with the interval lengthened so far.
    pub(super) fn pace(&self, pace: Pace) -> Pace {
        let times = self.0.load(Ordering::Relaxed);
        let more = SLOW_DOWN.saturating_mul(times);
        Pace {
            interval: pace.interval.saturating_add(more).min(LONGEST),
            ..pace
        }
    }

    /// Evaluates one poll; `None` if the user has not decided yet.
    fn evaluate(&self, polled: Result<Granted>) -> Result<Option<Granted>> {
        match polled {
            Ok(granted) => Ok(Some(granted)),
            Err(error) => match error.oauth_code() {
                Some("authorization_pending") => Ok(None),
                Some("slow_down") => {
                    self.0.fetch_add(1, Ordering::Relaxed);
                    Ok(None)
                }
                _ => Err(explain(error)),
            },
        }
    }
}

fn expired(op: &Operation) -> Error {
    crate::error::unauthorized("the user did not decide in time")
        .with_operation(op)
        .with_oauth_code("expired_token")
        .with_hint("start the login again")
}

fn explain(error: Error) -> Error {
    let hint = match error.oauth_code() {
        Some("access_denied") => "the user refused the login",
        Some("expired_token") => "the user did not decide in time: start the login again",
        Some("invalid_grant") => "the code was already used or is unknown: start the login again",
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
        crate::call::response_error(&OP, status, &headers, body.as_bytes())
    }

    /// The seconds at which the server is polled if it responds with these refusals, one after the
    /// other, and then with tokens; and the result.
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
            // Five seconds more from then on.
            (
                every(3),
                vec![slow_down(), pending(), slow_down()],
                vec![3, 11, 19, 32],
            ),
            // Twice as long after a failure, from then on.
            (
                every(3),
                vec![refusal(503, "x", None), pending()],
                vec![3, 9, 15],
            ),
            // As long as the server says, once.
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
        for (code, hint) in [
            ("access_denied", "refused the login"),
            ("expired_token", "did not decide in time"),
            ("invalid_grant", "was already used"),
            ("invalid_client", ""),
        ] {
            let (at, result) = asked_at(every(3), vec![refusal(400, code, None)]).await;
            assert_eq!(at, [3], "{code}");
            let error = result.unwrap_err();
            assert_eq!(error.oauth_code(), Some(code));
            let ended = code != "invalid_client";
            assert_eq!(error.kind() == ErrorKind::Unauthorized, ended, "{error}");
            assert!(error.hint().unwrap_or_default().contains(hint), "{error}");
        }
    }

    /// No login waits past its end, and every login has one.
    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_past_the_end() {
        let start = Instant::now();
        let short = Pace::new(Some(Duration::from_secs(3)), Some(Duration::from_secs(30)));
        let busy = vec![refusal(503, "x", Some("3000"))];
        let (at, result) = asked_at(short, busy).await;
        assert_eq!((at, start.elapsed().as_secs()), (vec![3], 3));
        assert_eq!(result.unwrap_err().oauth_code(), Some("expired_token"));
        let away = (0..).map(|_| refusal(500, "x", None)).take(1000).collect();
        let (at, result) = asked_at(Pace::new(None, None), away).await;
        assert!(at.last().unwrap() < &1800, "{at:?}");
        assert_eq!(result.unwrap_err().oauth_code(), Some("expired_token"));
        let forever = Pace::new(Some(Duration::from_secs(86_400)), None);
        assert_eq!(forever.interval, LONGEST);
    }

    /// `slow_down` applies to callers that poll themselves, too.
    #[test]
    fn slow_down_lengthens_the_interval_of_polls_by_hand() {
        let (pace, slow_downs) = (every(3), SlowDowns::default());
        let interval = || slow_downs.pace(pace).interval.as_secs();
        let poll = |code| slow_downs.evaluate(Err(refusal(400, code, None)));
        assert!(poll("authorization_pending").unwrap().is_none());
        assert_eq!(interval(), 3);
        assert!(poll("slow_down").unwrap().is_none());
        assert!(poll("slow_down").unwrap().is_none());
        assert_eq!(interval(), 13);
        let refused = poll("access_denied").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unauthorized);
        for _ in 0..100 {
            poll("slow_down").unwrap();
        }
        assert_eq!(interval(), 300);
    }

    #[tokio::test(start_paused = true)]
    async fn no_server_is_asked_in_a_hot_loop() {
        let start = Instant::now();
        let pending = (0..10).map(|_| refusal(400, "authorization_pending", None));
        let zero = Pace::new(Some(Duration::ZERO), None);
        asked_at(zero, pending.collect()).await.1.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(1));
        // However slow the server wants the client to be, there is a limit.
        let slow = (0..80).map(|_| refusal(400, "slow_down", None));
        let (at, _) = asked_at(every(1), slow.collect()).await;
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] <= 300));
    }
}
