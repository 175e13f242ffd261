//! The claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::error::{Error, Result, protocol};

/// What an ID token must say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// Of an earlier token of the same session.
    pub(crate) subject: Option<&'a str>,
    /// For clocks that differ.
    pub(crate) leeway: Duration,
    pub(crate) now: SystemTime,
}

/// Checks the claims of a token whose signature is good.
pub(crate) fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(refused("its issuer is another one"));
    }
    check_audience(claims, expected.client_id)?;
    // Keycloak says in the payload what a token is; an access token is no ID token.
    if text("typ").is_some_and(|typ| typ != "ID") {
        return Err(refused("it is a token of another type"));
    }
    let subject = text("sub").filter(|sub| !sub.is_empty());
    if subject.is_none() {
        return Err(refused("it has no subject"));
    }
    if expected.subject.is_some() && subject != expected.subject {
        return Err(refused("its subject is another one than before"));
    }
    check_times(claims, expected)
}

fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<()> {
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audience.contains(&client_id) {
        return Err(refused("its audience is another client"));
    }
    match claims.get("azp") {
        None if audience.len() > 1 => Err(refused("it is for several clients and names none")),
        Some(azp) if azp.as_str() != Some(client_id) => {
            Err(refused("it was issued to another client"))
        }
        _ => Ok(()),
    }
}

fn check_times(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<()> {
    // RFC 7519 section 2 allows fractions.
    let time = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_f64)
            .filter(|t| t.is_finite())
    };
    let (Some(expires), Some(issued)) = (time("exp"), time("iat")) else {
        return Err(refused(
            "it does not say when it was issued and when it expires",
        ));
    };
    let now = expected
        .now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    // A short life is not stretched to double its length.
    let leeway = expected
        .leeway
        .as_secs_f64()
        .min(((expires - issued) / 2.0).max(0.0));
    let not_yet = |from: f64| from > now + expected.leeway.as_secs_f64();
    if expires + leeway <= now {
        return Err(refused("it has expired").with_hint("check this machine's clock"));
    }
    if not_yet(issued) || time("nbf").is_some_and(not_yet) {
        return Err(refused("it is not valid yet").with_hint("check this machine's clock"));
    }
    Ok(())
}

fn refused(why: &str) -> Error {
    protocol(format!("the ID token is refused: {why}"))
}
