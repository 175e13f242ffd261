//! The checks common to all kinds of tokens.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::issuer::PublishedAlgorithms;
use super::issuer_names::Names;
use super::registered::Registered;
use crate::error::{Error, Result, TokenFault, invalid_token};
use crate::jose::jws::Jws;
use crate::jose::time::{seconds, unix_seconds};

/// A kind of token.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenKind {
    /// The name in error messages.
    pub(super) name: &'static str,
    /// The accepted values of the header `typ`.
    pub(super) media_types: &'static [&'static str],
    pub(super) algorithms: PublishedAlgorithms,
    /// The kind whose algorithm a registration has.
    pub(super) registered: Option<Registered>,
}

impl TokenKind {
    pub(super) fn refused(self, fault: TokenFault, why: &str) -> Error {
        let name = self.name;
        invalid_token(fault, format!("the {name} is refused: {why}"))
    }

    /// Checks the type in the header, if there is one (RFC 8725 section 3.11).
    pub(super) fn check_header(self, token: &Jws<'_>) -> Result<()> {
        match token.typ() {
            Some(typ) if !self.media_types.contains(&typ.as_str()) => {
                Err(self.refused(TokenFault::Type, "its header has another type"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn issuer(self, claims: &Map<String, Value>, issuer: &Names) -> Result<()> {
        if issuer.accept(claims) {
            Ok(())
        } else {
            Err(self.refused(TokenFault::Issuer, "its issuer is another one"))
        }
    }

    /// Checks that `aud` contains `wanted`.
    pub(in crate::oidc) fn audience(self, claims: &Map<String, Value>, wanted: &str) -> Result<()> {
        if self.audiences(claims)?.contains(&wanted) {
            Ok(())
        } else {
            Err(self.refused(TokenFault::Audience, "its audience is another one"))
        }
    }

    /// Returns the values of `aud`, a string or a list of strings (RFC 7519 section 4.1.3). A
    /// malformed value is an error, because it could be an untrusted audience.
    pub(super) fn audiences(self, claims: &Map<String, Value>) -> Result<Vec<&str>> {
        let readable = match claims.get("aud") {
            None | Some(Value::String(_)) => true,
            Some(Value::Array(all)) => all.iter().all(Value::is_string),
            Some(_) => false,
        };
        if readable {
            Ok(audience(claims))
        } else {
            Err(self.refused(
                TokenFault::Audience,
                "its audience is not a string or a list of strings",
            ))
        }
    }

    /// Checks and returns `sub`.
    pub(super) fn subject(self, claims: &Map<String, Value>, rule: Subjects) -> Result<&str> {
        let refused = |why| self.refused(TokenFault::Subject, why);
        let subject = match claims.get("sub") {
            None => return Err(refused("it has no subject")),
            Some(subject) => subject
                .as_str()
                .ok_or_else(|| refused("its subject is not a string"))?,
        };
        if subject.is_empty() {
            return Err(refused("its subject is empty"));
        }
        if subject.chars().any(char::is_control) {
            return Err(refused("its subject contains a control character"));
        }
        match rule {
            Subjects::Any if subject.len() > MAX_SUBJECT => {
                Err(refused("its subject is longer than 4096 bytes"))
            }
            Subjects::Strict if subject.len() > 255 || !subject.is_ascii() => Err(refused(
                "its subject is not ASCII or longer than 255 characters, and strict_subjects is set",
            )),
            _ => Ok(subject),
        }
    }

    /// Checks the times: `exp` is required and must be in the future, `iat` and `nbf` must not be.
    pub(super) fn times(self, claims: &Map<String, Value>, at: CheckTime) -> Result<()> {
        let (now, leeway) = (at.now, at.leeway);
        let Some(expires) = self.time(claims, "exp")? else {
            return Err(self.refused(TokenFault::Expired, "it has no exp"));
        };
        let issued = self.time(claims, "iat")?;
        // The leeway must not double a short lifetime.
        let leeway_after = match issued {
            Some(issued) => leeway.min(((expires - issued) / 2.0).max(0.0)),
            None => leeway,
        };
        if expires + leeway_after <= now {
            return Err(self
                .refused(TokenFault::Expired, "it has expired")
                .with_hint("if it is new, check this machine's clock"));
        }
        self.started(claims, at)
    }

    /// Checks that `iat` and `nbf`, if present, are not in the future.
    pub(super) fn started(self, claims: &Map<String, Value>, at: CheckTime) -> Result<()> {
        for name in ["iat", "nbf"] {
            let from = self.time(claims, name)?;
            if from.is_some_and(|from| from > at.now + at.leeway) {
                return Err(self
                    .refused(TokenFault::NotYetValid, "it is not valid yet")
                    .with_hint("check this machine's clock"));
            }
        }
        Ok(())
    }

    /// Returns a time claim, if present (RFC 7519 section 2 allows fractions).
    pub(super) fn time(self, claims: &Map<String, Value>, name: &str) -> Result<Option<f64>> {
        match (claims.get(name), seconds(claims, name)) {
            (None, _) => Ok(None),
            (Some(_), Some(time)) => Ok(Some(time)),
            (Some(_), None) => {
                Err(self.refused(TokenFault::Malformed, &format!("its {name} is not a time")))
            }
        }
    }

    pub(super) fn required_time(self, claims: &Map<String, Value>, name: &str) -> Result<f64> {
        self.time(claims, name)?
            .ok_or_else(|| self.refused(TokenFault::Claim, &format!("it has no {name}")))
    }
}

/// A longer subject is refused.
const MAX_SUBJECT: usize = 4096;

/// The accepted subjects. Subjects are compared byte by byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Any characters except control characters, as in ids of a user storage and mapped names.
    #[default]
    Any,
    /// At most 255 ASCII characters (OpenID Connect Core 1.0 section 2).
    Strict,
}

/// The time of a check, in seconds since the Unix epoch, and the tolerated clock difference in
/// seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckTime {
    pub(super) now: f64,
    pub(super) leeway: f64,
}

impl CheckTime {
    pub(super) fn new(now: SystemTime, leeway: Duration) -> Self {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let leeway = leeway.as_secs_f64();
        Self { now, leeway }
    }

    pub(super) fn of(time: SystemTime) -> f64 {
        unix_seconds(time) as f64
    }
}

pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Returns the values of `aud`, a string or a list of strings.
pub(in crate::oidc) fn audience(claims: &Map<String, Value>) -> Vec<&str> {
    texts(claims.get("aud"))
}

/// Returns a string or a list of strings; other values are skipped.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns the scopes of a token or a response: `scope`, or `scp` if that is missing, as a
/// space-separated string (RFC 9068 section 2.2.3) or a list of strings.
pub(in crate::oidc) fn scopes(claims: &Map<String, Value>) -> Vec<&str> {
    let found = ["scope", "scp"]
        .into_iter()
        .find_map(|name| claims.get(name).filter(|value| !value.is_null()));
    match found {
        Some(Value::String(all)) => all.split(' ').filter(|scope| !scope.is_empty()).collect(),
        Some(Value::Array(all)) => all
            .iter()
            .filter_map(Value::as_str)
            .filter(|scope| !scope.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns whether claims are recognizably those of an ID token or an event.
pub(in crate::oidc) fn is_of_another_kind(claims: &Map<String, Value>) -> bool {
    ["nonce", "at_hash", "c_hash", "s_hash", "events"]
        .iter()
        .any(|name| claims.contains_key(*name))
}

/// Whether a claim has this value, or is a list that has it.
pub(crate) fn has_claim(claims: &Map<String, Value>, name: &str, wanted: &Value) -> bool {
    match claims.get(name) {
        Some(Value::Array(all)) => all.contains(wanted) || wanted.as_array() == Some(all),
        found => found == Some(wanted),
    }
}
