//! The failures that a request may be sent again after.

use http::{Method, StatusCode};

use super::budget::Cost;
use crate::error::{HttpError, HttpErrorKind};

/// Why an attempt did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: the server has seen nothing.
    NotSent,
    /// The connection broke after sending began, or the response was cut short.
    Lost,
    /// No response in time.
    TimedOut,
    /// 429: the server, or a limiter in front of it, turned the request away.
    TurnedAway,
    /// 503 with `Retry-After`.
    Busy,
    /// 503 without `Retry-After`: the server is away, or a proxy has lost it.
    Away,
    /// 502 or 504: a proxy did not get the server's response.
    Gateway,
    /// 500: a bug in the server, or a race in it that the next attempt does not meet.
    Internal,
    /// Sending again cannot help.
    Final,
}

impl Failure {
    /// Returns the failure that a status means. `asked` says whether the response has
    /// `Retry-After`.
    pub(crate) fn of(status: StatusCode, asked: bool) -> Option<Self> {
        match status.as_u16() {
            429 => Some(Self::TurnedAway),
            503 if asked => Some(Self::Busy),
            503 => Some(Self::Away),
            502 | 504 => Some(Self::Gateway),
            500 => Some(Self::Internal),
            _ => None,
        }
    }

    pub(crate) fn of_error(error: &HttpError) -> Self {
        match error.kind() {
            HttpErrorKind::Connect | HttpErrorKind::ConnectTimeout => Self::NotSent,
            HttpErrorKind::Timeout => Self::TimedOut,
            HttpErrorKind::Tls | HttpErrorKind::Request => Self::Final,
            HttpErrorKind::Interrupted => Self::Lost,
        }
    }

    pub(crate) fn cost(self) -> Cost {
        if self == Self::TimedOut {
            Cost::Timeout
        } else {
            Cost::Failure
        }
    }

    /// Returns `true` if the server may have executed the request.
    pub(crate) fn may_be_done(self) -> bool {
        matches!(
            self,
            Self::Lost | Self::TimedOut | Self::Busy | Self::Away | Self::Gateway | Self::Internal
        )
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not connected",
            Self::Lost => "connection broke",
            Self::TimedOut => "timed out",
            Self::TurnedAway => "turned away",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Gateway => "bad gateway",
            Self::Internal => "server error",
            Self::Final => "final",
        }
    }
}

/// How many times a request may be sent again after each kind of failure. After
/// [`Failure::NotSent`] it always may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    lost: u32,
    turned_away: u32,
    busy: u32,
    away: u32,
    gateway: u32,
    internal: u32,
}

impl RetryPolicy {
    /// For a request that does the same if it is executed twice.
    pub(crate) const IDEMPOTENT: Self = Self {
        lost: u32::MAX,
        turned_away: u32::MAX,
        busy: u32::MAX,
        away: u32::MAX,
        gateway: u32::MAX,
        internal: 1,
    };
    /// For a request that must not be executed twice.
    pub(crate) const NEVER: Self = Self {
        lost: 0,
        turned_away: 0,
        busy: 0,
        away: 0,
        gateway: 0,
        internal: 0,
    };
    /// For client credentials: another token does no harm.
    pub(crate) const CLIENT_CREDENTIALS: Self = Self {
        lost: u32::MAX,
        turned_away: u32::MAX,
        busy: u32::MAX,
        away: u32::MAX,
        gateway: 1,
        internal: 1,
    };
    /// For a refresh. With rotation the first attempt may have used up the refresh token: one more
    /// attempt, and `invalid_grant` then says that it has.
    pub(crate) const REFRESH: Self = Self {
        lost: 1,
        turned_away: u32::MAX,
        busy: u32::MAX,
        away: u32::MAX,
        gateway: 1,
        internal: 1,
    };

    /// For what is used up or counted when it is executed: an assertion, a one-time code, a wrong
    /// password, a registration. Sent again only after 429, which comes before execution. A 503 does
    /// not: proxies return it too if the server has closed the connection.
    pub(crate) const SINGLE_USE: Self = Self {
        lost: 0,
        turned_away: u32::MAX,
        busy: 0,
        away: 0,
        gateway: 0,
        internal: 0,
    };

    /// For a request that does no harm if it is executed twice: sent again after 429, and after 503
    /// with `Retry-After`.
    #[cfg_attr(not(feature = "admin"), allow(dead_code))]
    pub(crate) const HARMLESS: Self = Self {
        turned_away: u32::MAX,
        busy: u32::MAX,
        ..Self::NEVER
    };

    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS => {
                Self::IDEMPOTENT
            }
            _ => Self::SINGLE_USE,
        }
    }

    /// Takes one retry after `failure`. Returns `false` if there is none left.
    pub(crate) fn take(&mut self, failure: Failure) -> bool {
        let left = match failure {
            Failure::NotSent => return true,
            Failure::Final => return false,
            Failure::Lost | Failure::TimedOut => &mut self.lost,
            Failure::TurnedAway => &mut self.turned_away,
            Failure::Busy => &mut self.busy,
            Failure::Away => &mut self.away,
            Failure::Gateway => &mut self.gateway,
            Failure::Internal => &mut self.internal,
        };
        match left.checked_sub(1) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }
}
