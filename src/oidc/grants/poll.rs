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
            interval: interval.unwrap_or(INTERVAL),
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
    mut pace: Pace,
) -> Result<Granted> {
    loop {
        let wake = Instant::now().checked_add(pace.interval);
        if let (Some(end), Some(wake)) = (pace.end, wake)
            && wake >= end
        {
            return Err(expired(op));
        }
        tokio::time::sleep(pace.interval).await;
        let error = match once(oidc, op, params).await {
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
