//! Introspection responses in a JWT.

use serde_json::{Map, Value};

use super::TokenVerifier;
use super::claims::{CheckTime, TokenKind, text};
use super::jwks_cache::TokenOrigin;
use super::registered::Registered;
use crate::error::{Result, TokenFault};

const KIND: TokenKind = TokenKind {
    name: "introspection response",
    media_types: &["token-introspection+jwt", "jwt", "at+jwt"],
    algorithms: |_| None,
    registered: Some(Registered::Introspection),
};

/// The media type of a response of RFC 9701, which has the token's claims in a separate member.
pub(super) const STANDARD: &str = "token-introspection+jwt";

pub(super) async fn verify(
    verifier: &TokenVerifier,
    jwt: &str,
    from: TokenOrigin,
) -> Result<Map<String, Value>> {
    let opened = verifier.open(jwt, KIND, from, &[]).await?;
    let mut claims = opened.claims()?;
    KIND.issuer(&claims, &opened.issuer)?;
    let at = CheckTime::new(verifier.now(), verifier.leeway);
    if opened.typ.as_deref() == Some(STANDARD) {
        // RFC 9701 section 5.
        KIND.audience(&claims, &verifier.client_id)?;
        KIND.required_time(&claims, "iat")?;
        KIND.started(&claims, at)?;
        return match claims.remove("token_introspection") {
            Some(Value::Object(answer)) => Ok(answer),
            _ => Err(KIND.refused(TokenFault::Claim, "it has no token_introspection")),
        };
    }
    // Keycloak responds with the access token itself and all its claims.
    if !matches!(text(&claims, "typ"), Some("Bearer" | "DPoP")) {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    KIND.times(&claims, at)?;
    Ok(claims)
}
