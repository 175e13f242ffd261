//! Signed requests (JAR, RFC 9101; CIBA section 7.1.1).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::Secret;
use crate::error::{Result, protocol};
use crate::jose::{self, ContentEncryption, JwkSet, KeyEncryption, SigningKey, hash};

const LIFETIME: Duration = Duration::from_secs(60);

/// A signed authorization request.
pub(super) fn sign(
    key: &SigningKey,
    client_id: &str,
    issuer: &str,
    pairs: &[(&str, &str)],
) -> Result<Secret> {
    let mut claims = parameters(pairs);
    stamp(&mut claims, client_id, issuer)?;
    let header = json!({ "typ": "oauth-authz-req+jwt" });
    Ok(key.sign(&header, &Value::Object(claims))?.into())
}

/// A signed backchannel authentication request.
pub(super) fn sign_backchannel(
    key: &SigningKey,
    client_id: &str,
    issuer: &str,
    pairs: &[(&str, &str)],
) -> Result<Secret> {
    let mut claims = parameters(pairs);
    stamp(&mut claims, client_id, issuer)?;
    Ok(key
        .sign(&json!({ "typ": "JWT" }), &Value::Object(claims))?
        .into())
}

/// Encrypts a signed request for the issuer.
pub(super) fn encrypt(
    keys: &JwkSet,
    algorithm: KeyEncryption,
    content: ContentEncryption,
    object: &Secret,
) -> Result<Secret> {
    let header = json!({ "typ": "oauth-authz-req+jwt", "cty": "JWT" });
    let plaintext = object.expose().as_bytes();
    let key = keys.encryption_key(algorithm).ok_or_else(|| {
        protocol(format!(
            "the issuer publishes no encryption key for {algorithm}"
        ))
        .with_hint("take another key encryption algorithm, or add such a key to the realm")
    })?;
    let sealed = jose::encrypt(key, algorithm, content, &header, plaintext)?;
    Ok(sealed.into())
}

/// Parameters become claims; those that are JSON stay JSON (RFC 9101 section 4).
fn parameters(pairs: &[(&str, &str)]) -> Map<String, Value> {
    let mut claims = Map::new();
    for (name, value) in pairs {
        let value = match *name {
            "claims" | "authorization_details" => {
                serde_json::from_str(value).unwrap_or_else(|_| Value::from(*value))
            }
            "max_age" | "requested_expiry" => value
                .parse::<u64>()
                .map_or_else(|_| Value::from(*value), Value::from),
            _ => Value::from(*value),
        };
        claims.insert((*name).to_owned(), value);
    }
    claims
}

fn stamp(claims: &mut Map<String, Value>, client_id: &str, issuer: &str) -> Result<()> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    for (name, value) in [
        ("iss", json!(client_id)),
        ("aud", json!(issuer)),
        ("iat", json!(now.as_secs())),
        ("nbf", json!(now.as_secs())),
        ("exp", json!((now + LIFETIME).as_secs())),
        ("jti", json!(hash::random::<16>()?)),
    ] {
        claims.insert(name.to_owned(), value);
    }
    Ok(())
}
