//! The refresh token grant (RFC 6749 section 6), with rotation and detection of reuse as in a realm
//! that revokes refresh tokens (RFC 9700 section 4.14.2).

use super::super::clients::TestClient;
use super::super::state::{RefreshRecord, State, now};
use super::super::tokens::{self, Issue, has_scope};
use super::{Grant, Outcome, Reply, invalid_grant, refused};

pub(super) fn exchange(state: &mut State, grant: &Grant<'_>) -> Outcome {
    let (client, params) = (grant.client, grant.params);
    let Some(text) = params.get("refresh_token") else {
        return Err(refused("invalid_request", "No refresh token"));
    };
    let record = check(state, client, text)?;
    if record.dpop_key.is_some() && record.dpop_key.as_deref() != grant.dpop_key {
        return Err(invalid_grant(
            "DPoP proof and token binding verification failed",
        ));
    }
    let requested = params.get("scope");
    let more = |scope: &str| !has_scope(&record.scope, scope);
    if requested.is_some_and(|requested| requested.split_whitespace().any(more)) {
        return Err(refused("invalid_scope", "Invalid scopes"));
    }
    if let Some(record) = state.refresh_tokens.get_mut(text) {
        record.used = true;
    }
    let issue = Issue {
        client,
        session: &record.session,
        login: &record.login,
        scope: requested.unwrap_or(&record.scope),
        // Keycloak's ID tokens of a refresh have none.
        nonce: None,
        grant: "rt",
        dpop_key: grant.dpop_key,
    };
    Ok(tokens::issue(state, &issue))
}

/// Returns what is known of a refresh token that the client may use.
fn check(state: &mut State, client: &TestClient, text: &str) -> Result<RefreshRecord, Reply> {
    let Some(record) = state.refresh_tokens.get(text).cloned() else {
        return Err(invalid_grant("Invalid refresh token"));
    };
    if record.client_id != client.id {
        let description = "Invalid refresh token. Token client and authorized client don't match";
        return Err(invalid_grant(description));
    }
    if record.expires <= now() {
        return Err(invalid_grant("Token is not active"));
    }
    if !record.offline {
        let Some(session) = state.sessions.get(&record.session) else {
            return Err(invalid_grant("Session not active"));
        };
        if !session.clients.contains(&client.id) {
            return Err(invalid_grant("Session doesn't have required client"));
        }
    }
    if record.used {
        // One of the two who used it has stolen it: all tokens of the login end.
        state.detach(&record.session, &client.id);
        let description = "Maximum allowed refresh token reuse exceeded";
        return Err(invalid_grant(description));
    }
    if state.user(&record.login.username).is_none() {
        return Err(invalid_grant("Invalid refresh token"));
    }
    Ok(record)
}
