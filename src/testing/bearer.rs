//! Which tokens are good.

use super::state::{AccessRecord, State, now};

/// Why an access token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    /// Its session has ended, or the client lost its tokens.
    SessionGone,
}

impl Refused {
    /// Keycloak's `error_description`.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Unknown => "Token verification failed",
            Self::SessionGone => "user_session_not_found",
        }
    }
}

/// Returns what is known of an access token that is good now.
pub(super) fn access_token(state: &State, token: &str) -> Result<AccessRecord, Refused> {
    let record = state.access_tokens.get(token).ok_or(Refused::Unknown)?;
    check(state, record)?;
    Ok(record.clone())
}

/// Checks the lifetime and the session of a token.
pub(super) fn check(state: &State, record: &AccessRecord) -> Result<(), Refused> {
    let time = |name: &str| record.claims.get(name).and_then(serde_json::Value::as_i64);
    let now = now();
    if time("exp").is_none_or(|end| end <= now) || time("nbf").is_some_and(|start| start > now) {
        return Err(Refused::Unknown);
    }
    let Some(session) = &record.session else {
        return Ok(());
    };
    let client = record.claims.get("azp").and_then(serde_json::Value::as_str);
    let session = state.sessions.get(session).ok_or(Refused::SessionGone)?;
    if client.is_some_and(|client| session.clients.contains(client)) {
        Ok(())
    } else {
        Err(Refused::SessionGone)
    }
}
