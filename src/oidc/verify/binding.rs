//! Tokens bound to a key (RFC 9449) or to a certificate (RFC 8705).

use std::fmt;
use std::time::{Duration, SystemTime};

use http::Method;
use serde_json::{Map, Value};
use url::Url;

use super::access_token::KIND;
use super::claims::{CheckTime, text};
use super::replay::{ReplaySender, ReplayStore};
use crate::error::{Error, Result, TokenFault};
use crate::jose::jws::{self, Jws};
use crate::jose::{Jwk, SignatureAlgorithm, dpop_target, hash};
use crate::{AccessToken, Secret};

/// The maximum age of a proof, without leeway.
const PROOF_AGE: Duration = Duration::from_secs(30);

/// An access token in a request to a service, with the proofs of its sender.
///
/// ```no_run
/// use keycloak_kit::oidc::{AccessTokenVerifier, Presented};
///
/// # async fn show(
/// #     verifier: AccessTokenVerifier, token: &str, proof: &str, certificate: &[u8],
/// # ) -> keycloak_kit::Result<()> {
/// // Authorization: DPoP <token>, and the header DPoP
/// let url = url::Url::parse("https://api.example.org/notes").unwrap();
/// verifier.verify(Presented::new(token).dpop(proof, &http::Method::GET, &url)).await?;
/// // over TLS with a client certificate, in DER
/// verifier.verify(Presented::new(token).certificate(certificate)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    pub(super) token: &'a str,
    certificate: Option<&'a [u8]>,
    dpop: Option<DpopPresentation<'a>>,
    nonce: Option<&'a str>,
}

#[derive(Clone, Copy)]
struct DpopPresentation<'a> {
    proof: &'a str,
    method: &'a Method,
    url: &'a Url,
}

impl<'a> Presented<'a> {
    /// Creates a bearer token without any proof.
    pub fn new(token: &'a str) -> Self {
        Self {
            token,
            certificate: None,
            dpop: None,
            nonce: None,
        }
    }

    /// Sets the sender's certificate in DER, which TLS has verified.
    #[must_use]
    pub fn certificate(mut self, der: &'a [u8]) -> Self {
        self.certificate = Some(der);
        self
    }

    /// Sets the header `DPoP` of the request, the request's method, and its URL as the sender sees
    /// it.
    #[must_use]
    pub fn dpop(mut self, proof: &'a str, method: &'a Method, url: &'a Url) -> Self {
        self.dpop = Some(DpopPresentation { proof, method, url });
        self
    }

    /// Requires a nonce in the DPoP proof, which this service has issued (RFC 9449 section 9).
    #[must_use]
    pub fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }
}

impl<'a> From<&'a str> for Presented<'a> {
    fn from(token: &'a str) -> Self {
        Self::new(token)
    }
}

impl<'a> From<&'a String> for Presented<'a> {
    fn from(token: &'a String) -> Self {
        Self::new(token)
    }
}

impl<'a> From<&'a Secret> for Presented<'a> {
    fn from(token: &'a Secret) -> Self {
        Self::new(token.expose())
    }
}

impl<'a> From<&'a AccessToken> for Presented<'a> {
    fn from(token: &'a AccessToken) -> Self {
        Self::new(token.expose())
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("certificate", &self.certificate.is_some())
            .field("dpop", &self.dpop.is_some())
            .finish_non_exhaustive()
    }
}

/// Checks that the sender has proved possession of the key or certificate that the token is bound
/// to.
pub(super) async fn check(
    claims: &Map<String, Value>,
    presented: Presented<'_>,
    replay: &dyn ReplayStore,
    now: SystemTime,
    leeway: Duration,
) -> Result<()> {
    let confirmation = match claims.get("cnf") {
        None => None,
        Some(Value::Object(members)) => Some(members),
        Some(_) => return Err(refused("its cnf is not an object")),
    };
    let bound_to = |name: &str| match confirmation.and_then(|members| members.get(name)) {
        None => Ok(None),
        Some(Value::String(wanted)) => Ok(Some(wanted.as_str())),
        Some(_) => Err(refused("its cnf has a member that is not a string")),
    };
    if let Some(wanted) = bound_to("x5t#S256")? {
        let Some(certificate) = presented.certificate else {
            return Err(refused(
                "it is bound to a certificate, but the sender has none",
            ));
        };
        if !hash::same(&hash::sha256(certificate), wanted) {
            return Err(refused("it is bound to another certificate"));
        }
    }
    match (bound_to("jkt")?, presented.dpop) {
        (None, None) => {}
        (None, Some(_)) => {
            return Err(refused(
                "it came with a DPoP proof but is not bound to a DPoP key",
            ));
        }
        (Some(_), None) => {
            return Err(refused(
                "it is bound to a DPoP key, but came without a proof",
            ));
        }
        (Some(wanted), Some(dpop)) => {
            let proof = VerifiedProof::read(presented, dpop, CheckTime::new(now, leeway))?;
            if !hash::same(&proof.thumbprint, wanted) {
                return Err(refused("it is bound to another DPoP key"));
            }
            let id = format!("dpop {} {}", proof.thumbprint, proof.id);
            let kept = PROOF_AGE.saturating_add(leeway.saturating_mul(2));
            let until = now.checked_add(kept).unwrap_or(now + PROOF_AGE);
            let sender = ReplaySender {
                client: &sender(claims),
                key: &proof.thumbprint,
            };
            if !replay.first_use_by(sender, &id, until).await? {
                return Err(KIND.refused(TokenFault::Replayed, "its DPoP proof was used before"));
            }
        }
    }
    // Confirmation methods of RFC 7800 that are not supported, so a token with one is refused.
    // Unknown members, such as Keycloak's `kc-jkt-type`, are ignored (RFC 7800 section 3.1).
    for name in ["jwk", "jwe", "kid", "jku"] {
        if confirmation.is_some_and(|members| members.contains_key(name)) {
            return Err(refused("it is bound in a way that is not supported"));
        }
    }
    Ok(())
}

/// Returns the sender by which proofs are counted. Anyone can create keys, but not clients.
fn sender(claims: &Map<String, Value>) -> String {
    let issuer = text(claims, "iss").unwrap_or_default();
    let client = text(claims, "azp").or_else(|| text(claims, "client_id"));
    match client {
        Some(client) => format!("{issuer} client {client}"),
        None => format!(
            "{issuer} subject {}",
            text(claims, "sub").unwrap_or_default()
        ),
    }
}

struct VerifiedProof {
    thumbprint: String,
    id: String,
}

impl VerifiedProof {
    /// Verifies a proof (RFC 9449 section 4.3).
    fn read(presented: Presented<'_>, dpop: DpopPresentation<'_>, at: CheckTime) -> Result<Self> {
        let wrong = |why: &'static str| move || refused(why);
        // A fault of the proof is not a fault of the token.
        let of_proof = |error: Error| refused(&format!("its DPoP proof is wrong: {error}"));
        let proof = Jws::parse(dpop.proof).map_err(of_proof)?;
        if proof.typ().as_deref() != Some("dpop+jwt") {
            return Err(refused("its DPoP proof has another type"));
        }
        let key = proof.header().get("jwk").and_then(Value::as_object);
        let key = key
            .filter(|members| !members.contains_key("d") && !members.contains_key("k"))
            .and_then(|members| Jwk::read(members).ok())
            .ok_or_else(wrong("its DPoP proof has no valid public key"))?;
        let algorithm = proof
            .algorithm(&SignatureAlgorithm::ASYMMETRIC)
            .map_err(of_proof)?;
        let verified = proof.verify(algorithm, &key).map_err(of_proof)?;
        let claims = jws::claims(&verified).map_err(of_proof)?;
        if text(&claims, "htm") != Some(dpop.method.as_str()) {
            return Err(refused("its DPoP proof is for another method"));
        }
        let target = text(&claims, "htu").and_then(|htu| Url::parse(htu).ok());
        if target.map(|url| dpop_target(&url)) != Some(dpop_target(dpop.url)) {
            return Err(refused("its DPoP proof is for another URL"));
        }
        let made = KIND.required_time(&claims, "iat").map_err(of_proof)?;
        if (at.now - made) > PROOF_AGE.as_secs_f64() + at.leeway || made > at.now + at.leeway {
            return Err(refused("its DPoP proof is too old or not valid yet"));
        }
        let token_hash = hash::sha256(presented.token);
        if !text(&claims, "ath").is_some_and(|ath| hash::same(ath, &token_hash)) {
            return Err(refused("its DPoP proof is for another token"));
        }
        if let Some(nonce) = presented.nonce
            && !text(&claims, "nonce").is_some_and(|found| hash::same(found, nonce))
        {
            return Err(refused("its DPoP proof has another nonce"));
        }
        let id = text(&claims, "jti")
            .filter(|id| !id.is_empty() && id.len() <= 1024)
            .ok_or_else(wrong("its DPoP proof has no id"))?;
        Ok(Self {
            thumbprint: key.thumbprint(),
            id: id.to_owned(),
        })
    }
}

fn refused(why: &str) -> Error {
    KIND.refused(TokenFault::Binding, why)
}
