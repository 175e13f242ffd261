//! Userinfo responses in a JWT.

use serde_json::{Map, Value};

use super::TokenVerifier;
use super::claims::{CheckTime, TokenKind};
use super::jwks_cache::TokenOrigin;
use super::registered::Registered;
use crate::error::{Error, Result, TokenFault};

const KIND: TokenKind = TokenKind {
    name: "userinfo response",
    media_types: &["jwt"],
    algorithms: |metadata| metadata.userinfo_signing_alg_values_supported.as_ref(),
    registered: Some(Registered::UserInfo),
};

pub(super) async fn verify(
    verifier: &TokenVerifier,
    jwt: &str,
    subject: Option<&str>,
    from: TokenOrigin,
) -> Result<Map<String, Value>> {
    let opened = verifier
        .open(jwt, KIND, from, &verifier.userinfo_keys)
        .await?;
    let claims = opened.claims()?;
    let lenient = verifier.unaddressed_userinfo;
    if claims.contains_key("iss") {
        KIND.issuer(&claims, &opened.issuer)?;
    } else if !lenient {
        return Err(unaddressed(
            TokenFault::Issuer,
            "it does not name its issuer",
        ));
    }
    if claims.contains_key("aud") {
        KIND.audience(&claims, &verifier.client_id)?;
    } else if !lenient {
        return Err(unaddressed(
            TokenFault::Audience,
            "it does not name its audience",
        ));
    }
    // A userinfo response is the only Keycloak JWT without a type; one with a type is another
    // token.
    if ["typ", "events", "nonce", "at_hash"]
        .iter()
        .any(|name| claims.contains_key(*name))
    {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    let found = KIND.subject(&claims, verifier.subjects)?;
    // OpenID Connect Core 1.0 section 5.3.2: otherwise the response must not be used.
    if subject.is_some_and(|subject| subject != found) {
        return Err(KIND.refused(
            TokenFault::Subject,
            "it is about another user than the ID token",
        ));
    }
    // Keycloak sends no times here.
    let at = CheckTime::new(verifier.now(), verifier.leeway);
    if claims.contains_key("exp") {
        KIND.times(&claims, at)?;
    } else {
        KIND.started(&claims, at)?;
    }
    Ok(claims)
}

fn unaddressed(fault: TokenFault, why: &str) -> Error {
    KIND.refused(fault, why)
        .with_hint("if the provider omits iss and aud, use TokenVerifier::unaddressed_userinfo")
}
