//! Authorization responses in a JWT (JARM).

use serde_json::Value;

use super::TokenVerifier;
use super::claims::{CheckTime, TokenKind};
use super::jwks_cache::TokenOrigin;
use super::registered::Registered;
use crate::error::{Result, TokenFault};
use crate::jose::json;
use crate::jose::jws::no_claims;

const KIND: TokenKind = TokenKind {
    name: "authorization response",
    media_types: &["jwt", "oauth-authz-resp+jwt"],
    algorithms: |metadata| metadata.authorization_signing_alg_values_supported.as_ref(),
    registered: Some(Registered::Response),
};

pub(super) async fn verify(verifier: &TokenVerifier, jwt: &str) -> Result<Vec<(String, String)>> {
    let opened = verifier
        .open(jwt, KIND, TokenOrigin::Anybody, &verifier.response_keys)
        .await?;
    // Keycloak sends `iss` twice; two different values are refused.
    let claims = json::object_allowing(&opened.payload, "iss").ok_or_else(no_claims)?;
    KIND.issuer(&claims, &opened.issuer)?;
    KIND.audience(&claims, &verifier.client_id)?;
    // Other tokens of the same issuer for the same client have a type or a subject.
    let response_parameters = [
        "code",
        "error",
        "access_token",
        "id_token",
        "response_type",
        "state",
    ];
    if claims.contains_key("typ")
        || claims.contains_key("sub")
        || claims.contains_key("events")
        || !response_parameters
            .iter()
            .any(|name| claims.contains_key(*name))
    {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    KIND.times(&claims, CheckTime::new(verifier.now(), verifier.leeway))?;
    let parameters = claims
        .into_iter()
        .filter(|(name, _)| name != "aud" && name != "exp")
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        });
    Ok(parameters.collect())
}
