//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0).

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::TokenVerifier;
use super::claims::{CheckTime, TokenKind, text};
use super::jwks_cache::TokenOrigin;
use super::registered::Registered;
use crate::error::{Result, TokenFault};
use crate::jose::time::point;

const KIND: TokenKind = TokenKind {
    name: "logout token",
    // OpenID Connect Back-Channel Logout 1.0 section 2.4; older servers send `JWT`.
    media_types: &["logout+jwt", "jwt"],
    algorithms: |metadata| metadata.id_token_signing_alg_values_supported.as_ref(),
    registered: Some(Registered::LogoutToken),
};

pub(super) const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A token with a longer id is refused.
const MAX_ID: usize = 1024;

/// A verified logout token, which ends one session or all sessions of a user. `Debug` shows only
/// the names of the claims.
#[derive(Clone)]
pub struct LogoutToken {
    claims: Map<String, Value>,
}

impl LogoutToken {
    /// Returns the user. Without a [`session_id`](Self::session_id), all sessions of the user end.
    pub fn subject(&self) -> Option<&str> {
        text(&self.claims, "sub")
    }

    /// Returns the id of the session that ends.
    pub fn session_id(&self) -> Option<&str> {
        text(&self.claims, "sid")
    }

    /// Returns the id of the token (`jti`).
    pub fn id(&self) -> &str {
        text(&self.claims, "jti").unwrap_or_default()
    }

    /// Returns whether the session's offline tokens are revoked too (`revoke_offline_access`, a
    /// Keycloak extension).
    pub fn revokes_offline_access(&self) -> bool {
        self.events()
            .and_then(|events| events.get("revoke_offline_access"))
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// Returns all events, including the logout.
    pub fn events(&self) -> Option<&Map<String, Value>> {
        self.claims.get("events").and_then(Value::as_object)
    }

    /// Returns all claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

impl fmt::Debug for LogoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutToken")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

pub(super) async fn verify(verifier: &TokenVerifier, token: &str) -> Result<LogoutToken> {
    // If the client's ID tokens are encrypted, logout tokens may be encrypted too.
    let encrypted = token.split('.').count() == 5;
    let keys = if encrypted {
        verifier.id_token_keys.as_slice()
    } else {
        &[]
    };
    let opened = verifier
        .open(token, KIND, TokenOrigin::Anybody, keys)
        .await?;
    let claims = opened.claims()?;
    KIND.issuer(&claims, &opened.issuer)?;
    KIND.audience(&claims, &verifier.client_id)?;
    check_type(&claims)?;
    let at = CheckTime::new(verifier.now(), verifier.leeway);
    KIND.times(&claims, at)?;
    KIND.required_time(&claims, "iat")?;
    match claims.get("sid") {
        // A malformed session must not count as absent, because then all sessions would end.
        Some(sid) if sid.as_str().is_none_or(str::is_empty) => {
            return Err(KIND.refused(TokenFault::Claim, "its sid is empty or not a string"));
        }
        None if !claims.contains_key("sub") => {
            return Err(KIND.refused(TokenFault::Claim, "it names neither a user nor a session"));
        }
        _ => {}
    }
    if claims.contains_key("sub") {
        KIND.subject(&claims, verifier.subjects)?;
    }
    let Some(id) = text(&claims, "jti").filter(|id| !id.is_empty() && id.len() <= MAX_ID) else {
        return Err(KIND.refused(TokenFault::Claim, "it has no id"));
    };
    // Ids are unique per issuer. After its expiry and the leeway the token is refused anyway.
    let id = format!("{} {id}", text(&claims, "iss").unwrap_or_default());
    let until = point(&claims, "exp")
        .and_then(|end| end.checked_add(verifier.leeway.saturating_add(Duration::from_secs(1))))
        .unwrap_or_else(|| verifier.now() + Duration::from_secs(86_400));
    let until: SystemTime = until;
    if !verifier.replay.first_use(&id, until).await? {
        return Err(KIND.refused(TokenFault::Replayed, "it was used before"));
    }
    Ok(LogoutToken { claims })
}

fn check_type(claims: &Map<String, Value>) -> Result<()> {
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(KIND.refused(TokenFault::Type, "it has no logout event"));
    }
    // Section 2.4: a nonce is prohibited, so that no ID token passes as a logout token.
    if claims.contains_key("nonce") {
        return Err(KIND.refused(TokenFault::Type, "it has a nonce"));
    }
    if claims.get("typ").is_some_and(|typ| typ != "Logout") {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    Ok(())
}
