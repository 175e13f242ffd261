//! Signed requests (JAR, RFC 9101; CIBA section 7.1.1).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::Secret;
use crate::error::{Result, config, protocol};
use crate::jose::{self, ContentEncryption, JwkSet, KeyEncryption, SigningKey, hash};

const LIFETIME: Duration = Duration::from_secs(60);

/// Signs an authorization request or a backchannel authentication request.
pub(super) fn sign(
    key: &SigningKey,
    client_id: &str,
    issuer: &str,
    pairs: &[(&str, &str)],
) -> Result<Secret> {
    let mut claims = parameters(pairs)?;
    add_standard_claims(&mut claims, client_id, issuer)?;
    let header = json!({ "typ": "oauth-authz-req+jwt" });
    Ok(key.sign(&header, &Value::Object(claims))?.into())
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
        .with_hint("choose another key encryption algorithm, or add such a key to the realm")
    })?;
    let sealed = jose::encrypt(key, algorithm, content, &header, plaintext)?;
    Ok(sealed.into())
}

/// Converts parameters to claims. JSON parameters become JSON (RFC 9101 section 4), and parameters
/// that may be repeated become arrays.
fn parameters(pairs: &[(&str, &str)]) -> Result<Map<String, Value>> {
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
        match claims.get_mut(*name) {
            None => {
                claims.insert((*name).to_owned(), value);
            }
            Some(Value::Array(all)) if REPEATED.contains(name) => all.push(value),
            Some(first) if REPEATED.contains(name) => *first = json!([first.take(), value]),
            Some(_) => {
                return Err(config(format!(
                    "the parameter {name:?} was set twice, but can be in a signed request only once"
                )));
            }
        }
    }
    Ok(claims)
}

/// RFC 8707 section 2 and RFC 8693 section 2.1.
const REPEATED: [&str; 2] = ["resource", "audience"];

/// The members that every signed request has beside its parameters.
pub(super) const STANDARD_CLAIMS: [&str; 6] = ["aud", "exp", "iat", "iss", "jti", "nbf"];

/// Returns the names of the members of a signed request with these parameters, in their order.
pub(super) fn members(pairs: &[(&str, &str)]) -> Vec<String> {
    let names = pairs.iter().map(|(name, _)| *name).chain(STANDARD_CLAIMS);
    let members: Map<String, Value> = names.map(|name| (name.to_owned(), Value::Null)).collect();
    members.into_iter().map(|(name, _)| name).collect()
}

fn add_standard_claims(
    claims: &mut Map<String, Value>,
    client_id: &str,
    issuer: &str,
) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters that may be repeated become arrays; nothing is lost.
    #[test]
    fn repeated_parameters_are_lists_or_refused() {
        let pairs = [
            ("resource", "a"),
            ("scope", "openid"),
            ("resource", "b"),
            ("resource", "c"),
            ("max_age", "60"),
            ("claims", r#"{"id_token":{}}"#),
        ];
        let claims = parameters(&pairs).unwrap();
        let wanted = json!({
            "resource": ["a", "b", "c"], "scope": "openid", "max_age": 60,
            "claims": { "id_token": {} },
        });
        assert_eq!(Value::Object(claims), wanted);
        let error = parameters(&[("scope", "a"), ("scope", "b")]).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("scope"),
            "{error}"
        );
    }
}
