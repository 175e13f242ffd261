//! What is logged of a rejected token: why, and which one, but not the token.

use super::rejection::Rejection;

/// Logs a rejection with the reason and a hash of the token's id.
#[cfg(feature = "tracing")]
pub(super) fn rejected(rejection: &Rejection, reason: &str, token: &str) {
    use crate::jose::hash::sha256;
    use crate::jose::jws::Jws;

    let claims = Jws::parse(token)
        .ok()
        .and_then(|token| token.unverified_claims().ok());
    let id = claims
        .as_ref()
        .and_then(|claims| claims.get("jti")?.as_str());
    let hash = sha256(id.unwrap_or(token));
    tracing::info!(
        status = rejection.status().as_u16(),
        reason,
        token.hash = %hash,
        "a token was rejected"
    );
}

#[cfg(not(feature = "tracing"))]
pub(super) fn rejected(_: &Rejection, _: &str, _: &str) {}

/// Logs that a rejection is a mistake of the application.
pub(super) fn misconfigured(what: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!("{what}");
    #[cfg(not(feature = "tracing"))]
    let _ = what;
}

/// Logs what has failed and why; errors of this crate show no secrets.
#[cfg(feature = "signin")]
pub(super) fn failed(what: &str, error: &crate::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%error, "{what}");
    #[cfg(not(feature = "tracing"))]
    let _ = (what, error);
}

/// Logs that a session has ended.
#[cfg(feature = "signin")]
pub(super) fn signed_out(what: &str, error: &crate::Error) {
    #[cfg(feature = "tracing")]
    tracing::info!(reason = %error, "{what}");
    #[cfg(not(feature = "tracing"))]
    let _ = (what, error);
}
