//! Compact signatures (RFC 7515 section 7.1), parsed and verified.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::jwk::{Jwk, MAX_KID};
use super::{SignatureAlgorithm, base64url, json};
use crate::error::{Error, Result, TokenFault, invalid_token};
use crate::scheme::{WITHOUT_SCHEME, has_scheme};

/// Longest accepted token, in bytes.
pub(crate) const MAX_TOKEN: usize = 256 * 1024;

/// A parsed signed token. Nothing in it can be trusted before [`verify`](Self::verify).
pub(crate) struct Jws<'a> {
    header: Map<String, Value>,
    payload: Vec<u8>,
    /// What is signed: the header and the payload as they are written.
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("the token is too long"));
        }
        let parts: Vec<&str> = token.splitn(6, '.').collect();
        let [header, payload, last] = parts[..] else {
            return Err(match parts.len() {
                5 => invalid_token(TokenFault::Encryption, "the token is encrypted")
                    .with_hint("give the key that it is encrypted for"),
                _ => without_scheme(token, malformed("the token is not a signed JWT")),
            });
        };
        let header = base64url::decode(header)
            .and_then(|bytes| json::object(&bytes))
            .ok_or_else(|| {
                without_scheme(token, malformed("the header of the token cannot be read"))
            })?;
        let signed = token.len().saturating_sub(1 + last.len());
        let signed = token.as_bytes().get(..signed).unwrap_or_default();
        let (Some(payload), Some(signature)) =
            (base64url::decode(payload), base64url::decode(last))
        else {
            return Err(malformed("the token is not base64url"));
        };
        // RFC 7515 section 4.1.11: a critical member that is not understood must be refused. `b64`
        // (RFC 7797) is always critical.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(invalid_token(
                TokenFault::Header,
                "the token has a critical header that is not understood",
            ));
        }
        let long = |name: &str| match header.get(name) {
            None => false,
            Some(Value::String(text)) => text.len() > MAX_KID,
            Some(_) => true,
        };
        if long("kid") || long("typ") || long("alg") {
            return Err(malformed("a member of the header is not a short string"));
        }
        Ok(Self {
            header,
            payload,
            signed,
            signature,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// Returns the media type in lower case and without `application/` (RFC 7515 section 4.1.9).
    pub(crate) fn typ(&self) -> Option<String> {
        let typ = self.text("typ")?.to_ascii_lowercase();
        Some(typ.strip_prefix("application/").unwrap_or(&typ).to_owned())
    }

    pub(crate) fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Returns the algorithm if it is an accepted one. The choice is the caller's, never the token's.
    pub(crate) fn algorithm(&self, accepted: &[SignatureAlgorithm]) -> Result<SignatureAlgorithm> {
        let name = self.text("alg").unwrap_or_default();
        let known = SignatureAlgorithm::named(name);
        if let Some(algorithm) = known.filter(|algorithm| accepted.contains(algorithm)) {
            return Ok(algorithm);
        }
        let refused = |why: String| invalid_token(TokenFault::Algorithm, why);
        Err(match known {
            Some(algorithm) if name.starts_with("HS") => refused(format!(
                "symmetric tokens cannot be verified: this one is signed with {algorithm}, whose \
                 key only the server has"
            ))
            .with_hint("set the client's signature algorithm to ES256 or RS256"),
            Some(algorithm) => refused(format!(
                "the token is signed with {algorithm}, which is not among the accepted algorithms"
            )),
            None if name == "none" => refused("the token is not signed".to_owned()),
            None => refused("the token is not signed with a known algorithm".to_owned())
                .with_hint("set the client's signature algorithm to ES256 or RS256"),
        })
    }

    /// Verifies the signature with `key` and returns the payload's bytes.
    pub(crate) fn verify(self, algorithm: SignatureAlgorithm, key: &Jwk) -> Result<Vec<u8>> {
        self.check(algorithm, key)?;
        Ok(self.payload)
    }

    /// Returns the payload's bytes; the signature was checked before.
    pub(super) fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// Verifies the signature with `key`.
    pub(super) fn check(&self, algorithm: SignatureAlgorithm, key: &Jwk) -> Result<()> {
        if !key.is_for(algorithm) {
            return Err(invalid_token(
                TokenFault::UnknownKey,
                "the key is not for the token's algorithm",
            ));
        }
        if key.key.verifies(algorithm, self.signed, &self.signature) {
            Ok(())
        } else {
            Err(wrong_signature())
        }
    }

    /// Verifies the HMAC of `algorithm` with this secret and returns the payload's bytes.
    pub(crate) fn verify_with_secret(
        self,
        algorithm: SignatureAlgorithm,
        secret: &[u8],
    ) -> Result<Vec<u8>> {
        let function = match algorithm {
            SignatureAlgorithm::Hs256 => hmac::HMAC_SHA256,
            SignatureAlgorithm::Hs384 => hmac::HMAC_SHA384,
            SignatureAlgorithm::Hs512 => hmac::HMAC_SHA512,
            _ => {
                return Err(invalid_token(
                    TokenFault::Algorithm,
                    "the token's algorithm is not a symmetric one",
                ));
            }
        };
        let key = hmac::Key::new(function, secret);
        match hmac::verify(&key, self.signed, &self.signature) {
            Ok(()) => Ok(self.payload),
            Err(_) => Err(wrong_signature()),
        }
    }

    /// Returns the claims without any check.
    pub(crate) fn unverified_claims(&self) -> Result<Map<String, Value>> {
        json::object(&self.payload).ok_or_else(no_claims)
    }
}

/// Reads the claims of a verified payload.
pub(crate) fn claims(payload: &[u8]) -> Result<Map<String, Value>> {
    json::object(payload).ok_or_else(no_claims)
}

pub(crate) fn no_claims() -> Error {
    malformed("the payload of the token is not a JSON object, or a member is repeated")
}

fn wrong_signature() -> Error {
    invalid_token(TokenFault::Signature, "the signature of the token is wrong")
}

/// Adds the likely cause where a whole header was passed.
pub(crate) fn without_scheme(token: &str, error: Error) -> Error {
    if has_scheme(token) {
        error.with_hint(WITHOUT_SCHEME)
    } else {
        error
    }
}

pub(crate) fn malformed(why: &'static str) -> Error {
    invalid_token(TokenFault::Malformed, why)
}
