//! Compact signatures (RFC 7515 section 7.1), taken apart and verified.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::jwk::{Jwk, MAX_KID};
use super::{SignatureAlgorithm, base64url, json};
use crate::error::{Error, Result, TokenFault, invalid_token};
use crate::scheme::{WITHOUT_SCHEME, has_scheme};

/// What is longer is no token.
pub(crate) const MAX_TOKEN: usize = 256 * 1024;

/// A signed token taken apart. Nothing in it can be trusted until [`verify`](Self::verify).
pub(crate) struct Jws<'a> {
    token: &'a str,
    header: Map<String, Value>,
    payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("the token is too long"));
        }
        let parts: Vec<&str> = token.splitn(6, '.').collect();
        let [header, payload, signature] = parts[..] else {
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
        let (Some(payload), Some(_)) = (base64url::decode(payload), base64url::decode(signature))
        else {
            return Err(malformed("the token is not base64url"));
        };
        // RFC 7515 section 4.1.11: what is critical and not understood must be refused. b64 of
        // RFC 7797 is always critical.
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
            return Err(malformed("a member of the header is no short text"));
        }
        Ok(Self {
            token,
            header,
            payload,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// The media type, in lower case and without `application/` (RFC 7515 section 4.1.9).
    pub(crate) fn typ(&self) -> Option<String> {
        let typ = self.text("typ")?.to_ascii_lowercase();
        Some(typ.strip_prefix("application/").unwrap_or(&typ).to_owned())
    }

    pub(crate) fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The algorithm, if it is an accepted one. The choice is the caller's, never the token's.
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

    /// The payload's bytes, once `key` has verified them.
    pub(crate) fn verify(self, algorithm: SignatureAlgorithm, key: &Jwk) -> Result<Vec<u8>> {
        self.check(algorithm, key)?;
        Ok(self.payload)
    }

    /// The payload's bytes, of a token that was checked.
    pub(super) fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// Checks the signature with `key`.
    pub(super) fn check(&self, algorithm: SignatureAlgorithm, key: &Jwk) -> Result<()> {
        if !key.is_for(algorithm) {
            return Err(invalid_token(
                TokenFault::UnknownKey,
                "the key is not one for the algorithm of the token",
            ));
        }
        match key.key.verify(algorithm, self.token) {
            Ok(()) => Ok(()),
            Err(TokenFault::Signature) => Err(invalid_token(
                TokenFault::Signature,
                "the signature of the token is wrong",
            )),
            Err(_) => Err(malformed(
                "a member of the token's header is not what RFC 7515 has",
            )),
        }
    }

    /// The payload's bytes, once the HMAC of `algorithm` with this secret has verified them.
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
                    "the algorithm of the token is no symmetric one",
                ));
            }
        };
        let good = self
            .token
            .rsplit_once('.')
            .and_then(|(signed, tag)| Some((signed, base64url::decode(tag)?)))
            .is_some_and(|(signed, tag)| {
                let key = hmac::Key::new(function, secret);
                hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
            });
        if good {
            Ok(self.payload)
        } else {
            Err(invalid_token(
                TokenFault::Signature,
                "the signature of the token is wrong",
            ))
        }
    }

    /// The claims, without any check.
    pub(crate) fn unverified_claims(&self) -> Result<Map<String, Value>> {
        json::object(&self.payload).ok_or_else(no_claims)
    }
}

/// The claims out of a verified payload.
pub(crate) fn claims(payload: &[u8]) -> Result<Map<String, Value>> {
    json::object(payload).ok_or_else(no_claims)
}

pub(crate) fn no_claims() -> Error {
    malformed("the payload of the token is no JSON object, or a member is repeated")
}

/// Names the likely cause where a whole header was given.
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
