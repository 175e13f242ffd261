//! One-time passwords, as an authenticator app makes them.

use std::time::{SystemTime, UNIX_EPOCH};

use keycloak_kit::representations::CredentialRepresentation;
use ring::hmac;
use serde_json::json;

const PERIOD: u64 = 30;

/// The credential of an authenticator app that shares `secret`.
pub fn credential(secret: &str) -> CredentialRepresentation {
    let data = json!({
        "subType": "totp", "digits": 6, "counter": 0, "period": PERIOD, "algorithm": "HmacSHA1",
    });
    CredentialRepresentation::default()
        .type_("otp")
        .user_label("phone")
        .secret_data(json!({ "value": secret }).to_string())
        .credential_data(data.to_string())
}

/// The code of the moment (RFC 6238).
pub fn code(secret: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let step = now.as_secs() / PERIOD;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[bytes.len() - 1] & 0xf);
    let word = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}
