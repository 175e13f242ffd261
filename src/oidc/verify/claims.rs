//! Checks that all kinds of tokens have in common.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::issuer::Published;
use super::issuer_names::Names;
use super::registered::Registered;
use crate::error::{Error, Result, TokenFault, invalid_token};
use crate::jose::jws::Jws;
use crate::jose::time::{seconds, unix_seconds};

/// A kind of token: how messages name it, and the media types its header may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenKind {
    pub(super) name: &'static str,
    pub(super) media_types: &'static [&'static str],
    pub(super) algorithms: Published,
    /// The member of a registration that names its algorithm.
    pub(super) registered: Option<Registered>,
}

impl TokenKind {
    pub(super) fn refused(self, fault: TokenFault, why: &str) -> Error {
        let name = self.name;
        invalid_token(fault, format!("the {name} is refused: {why}"))
    }

    /// RFC 8725 section 3.11: a header that names another type is another token.
    pub(super) fn check_header(self, token: &Jws<'_>) -> Result<()> {
        match token.typ() {
            Some(typ) if !self.media_types.contains(&typ.as_str()) => {
                Err(self.refused(TokenFault::Type, "its header names another type"))
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

    /// `aud` has `wanted`.
    pub(in crate::oidc) fn audience(self, claims: &Map<String, Value>, wanted: &str) -> Result<()> {
        if self.audiences(claims)?.contains(&wanted) {
            Ok(())
        } else {
            Err(self.refused(TokenFault::Audience, "its audience is another one"))
        }
    }

    /// All of `aud`, which is a text or a list of texts and nothing else (RFC 7519 section 4.1.3):
    /// what cannot be read names somebody whom nobody has trusted.
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
                "its audience is not a text or a list of texts",
            ))
        }
    }

    /// `sub` is there and is one.
    pub(super) fn subject(self, claims: &Map<String, Value>, rule: Subjects) -> Result<&str> {
        let refused = |why| self.refused(TokenFault::Subject, why);
        let subject = match claims.get("sub") {
            None => return Err(refused("it has no subject")),
            Some(subject) => subject
                .as_str()
                .ok_or_else(|| refused("its subject is not a text"))?,
        };
        if subject.is_empty() {
            return Err(refused("its subject is empty"));
        }
        if subject.chars().any(char::is_control) {
            return Err(refused("its subject has a control character"));
        }
        match rule {
            Subjects::Any if subject.len() > MAX_SUBJECT => {
                Err(refused("its subject is longer than 4096 octets"))
            }
            Subjects::Strict if subject.len() > 255 || !subject.is_ascii() => Err(refused(
                "its subject is not at most 255 ASCII characters, which was asked for",
            )),
            _ => Ok(subject),
        }
    }

    /// Times: `exp` must be there and to come, `iat` and `nbf` must not be to come.
    pub(super) fn times(self, claims: &Map<String, Value>, at: CheckTime) -> Result<()> {
        let (now, leeway) = (at.now, at.leeway);
        let Some(expires) = self.time(claims, "exp")? else {
            return Err(self.refused(TokenFault::Expired, "it does not say when it expires"));
        };
        let issued = self.time(claims, "iat")?;
        // A short life is not stretched to double its length.
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

    /// `iat` and `nbf`, where they are, are not to come.
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

    /// A time that must be one where it is (RFC 7519 section 2 allows fractions).
    pub(super) fn time(self, claims: &Map<String, Value>, name: &str) -> Result<Option<f64>> {
        match (claims.get(name), seconds(claims, name)) {
            (None, _) => Ok(None),
            (Some(_), Some(time)) => Ok(Some(time)),
            (Some(_), None) => {
                Err(self.refused(TokenFault::Malformed, &format!("its {name} is no time")))
            }
        }
    }

    pub(super) fn required_time(self, claims: &Map<String, Value>, name: &str) -> Result<f64> {
        self.time(claims, name)?
            .ok_or_else(|| self.refused(TokenFault::Claim, &format!("it has no {name}")))
    }
}

/// A subject that is longer is none.
const MAX_SUBJECT: usize = 4096;

/// What a subject may be. Subjects are compared as they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Any characters but control characters: an id of a user storage, a mapped name.
    #[default]
    Any,
    /// OpenID Connect Core 1.0 section 2: at most 255 ASCII characters.
    Strict,
}

/// The time of a check, in seconds, and how far clocks may differ.
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

/// `aud` is one text or several.
pub(in crate::oidc) fn audience(claims: &Map<String, Value>) -> Vec<&str> {
    texts(claims.get("aud"))
}

/// One text or a list of them; what is no text is left out.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The scopes of a token or an answer: `scope`, or `scp` where it is missing, as a text with spaces
/// (RFC 9068 section 2.2.3) or as a list of texts.
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

/// Whether claims say that they are an ID token's or an event's.
pub(in crate::oidc) fn is_of_another_kind(claims: &Map<String, Value>) -> bool {
    ["nonce", "at_hash", "c_hash", "s_hash", "events"]
        .iter()
        .any(|name| claims.contains_key(*name))
}
