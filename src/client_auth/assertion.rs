//! Client assertions that this client signs (RFC 7523 section 3).

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::Secret;
use crate::error::Result;
use crate::jose::{SignatureAlgorithm, SigningKey, hash};

/// Long enough for one attempt, too short to be worth stealing.
const LIFETIME: Duration = Duration::from_secs(60);

/// Makes an HS256 key from a secret.
pub(super) fn hmac_key(secret: &Secret) -> Result<SigningKey> {
    SigningKey::from_secret(SignatureAlgorithm::Hs256, secret)
}

/// Signs a new assertion with its own `jti`, for a single audience, because servers refuse several.
pub(super) fn sign(key: &SigningKey, client_id: &str, audience: &str) -> Result<Secret> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": hash::random::<16>()?,
        "iat": now.as_secs(),
        "exp": (now + LIFETIME).as_secs(),
    });
    Ok(key.sign(&json!({ "typ": "JWT" }), &claims)?.into())
}
