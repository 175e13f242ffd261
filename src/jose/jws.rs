//! Verifying a compact signature.

use biscuit::jws::Compact;
use biscuit::{CompactPart, Empty};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::jwks::Key;
use crate::error::{Result, protocol};

/// The part of a token's header that decides how it is verified. Untrusted until then.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

impl Header {
    /// Reads the header and refuses what cannot be verified.
    pub(crate) fn read(token: &str) -> Result<Self> {
        match token.split('.').count() {
            3 => {}
            5 => {
                return Err(protocol("encrypted tokens are not supported yet")
                    .with_hint("switch off the client's ID token encryption"));
            }
            _ => return Err(protocol("the token is not a signed JWT")),
        }
        let encoded = token.split('.').next().unwrap_or_default();
        let members = <Vec<u8>>::from_base64(&encoded)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok())
            .ok_or_else(|| protocol("the header of the token cannot be read"))?;
        // RFC 7515 section 4.1.11: what is critical and not understood must be refused.
        if members.contains_key("crit") {
            return Err(protocol(
                "the token has a critical header that is not understood",
            ));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("typ").is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(protocol("the token is of another type"));
        }
        let algorithm = Algorithm::accepted(text("alg").unwrap_or_default())?;
        Ok(Self {
            algorithm,
            kid: text("kid").map(str::to_owned),
        })
    }
}

/// The members of a token's payload, once `key` has verified its signature.
pub(crate) fn payload(token: &str, header: &Header, key: &Key) -> Result<Map<String, Value>> {
    let refused = || protocol("the signature of the token is wrong");
    let secret = key.secret(header.algorithm).ok_or_else(refused)?;
    let token = Compact::<Vec<u8>, Empty>::new_encoded(token);
    let Ok(Compact::Decoded { payload, .. }) = token.decode(secret, header.algorithm.biscuit())
    else {
        return Err(refused());
    };
    serde_json::from_slice(&payload)
        .map_err(|_| protocol("the payload of the token is not a JSON object"))
}
