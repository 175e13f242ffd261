//! Proofs of possession (RFC 9449), as the provider checks them.

use serde_json::Value;
use url::Url;

use super::request::RecordedRequest;
use super::state::{State, now};
use crate::jose::jws::{self, Jws};
use crate::jose::{Jwk, SignatureAlgorithm, dpop_target, hash};

const DPOP: &str = "dpop";
/// How far the clocks may differ, in seconds.
const SKEW: i64 = 15;
/// How old a proof may be, in seconds.
const LIFESPAN: i64 = 10;

/// Returns the thumbprint of the key that a request proves; `None` for a request without a proof.
/// The error is Keycloak's description.
pub(super) fn thumbprint(
    state: &mut State,
    request: &RecordedRequest,
    access_token: Option<&str>,
) -> Result<Option<String>, &'static str> {
    let mut proofs = request.headers().get_all(DPOP).iter();
    let Some(proof) = proofs.next() else {
        return Ok(None);
    };
    if proofs.next().is_some() {
        return Err("More than one DPoP header");
    }
    let proof = proof.to_str().unwrap_or_default();
    let url = format!("{}{}", state.base(), request.path());
    let proof = Proof::read(proof, access_token).ok_or("DPoP header verification failure")?;
    if proof.method != request.method().as_str() || !is_same(&proof.url, &url) {
        return Err("DPoP HTTP method or URL mismatch");
    }
    let age = now().saturating_sub(proof.issued_at);
    if !(-SKEW..=LIFESPAN + SKEW).contains(&age) {
        return Err("DPoP proof is not active");
    }
    let id = format!("{} {}", proof.thumbprint, proof.id);
    if state.used_proofs.insert(id) {
        Ok(Some(proof.thumbprint))
    } else {
        Err("DPoP proof has already been used")
    }
}

struct Proof {
    thumbprint: String,
    id: String,
    method: String,
    url: String,
    issued_at: i64,
}

impl Proof {
    /// Verifies the signature by the key in the header, and the hash of the access token.
    fn read(text: &str, access_token: Option<&str>) -> Option<Self> {
        let proof = Jws::parse(text).ok()?;
        if proof.typ().as_deref() != Some("dpop+jwt") {
            return None;
        }
        let key = Jwk::read(proof.header().get("jwk")?.as_object()?).ok()?;
        let algorithm = proof.algorithm(&SignatureAlgorithm::ASYMMETRIC).ok()?;
        let claims = jws::claims(&proof.verify(algorithm, &key).ok()?).ok()?;
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        if access_token.is_some_and(|token| claim("ath") != Some(&*hash::sha256(token))) {
            return None;
        }
        Some(Self {
            thumbprint: key.thumbprint(),
            id: claim("jti")?.to_owned(),
            method: claim("htm")?.to_owned(),
            url: claim("htu")?.to_owned(),
            issued_at: claims.get("iat")?.as_i64()?,
        })
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let target = |url: &str| Url::parse(url).ok().map(|url| dpop_target(&url));
    target(one).is_some() && target(one) == target(other)
}
