//! Nonces for DPoP proofs (RFC 9449 section 9).
//!
//! A nonce is a time and its MAC: nothing is kept, and processes that share the key take each other's
//! nonces.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;

use crate::Secret;
use crate::error::{Result, config};
use crate::jose::jws::Jws;
use crate::jose::time::unix_seconds;
use crate::jose::{base64url, hash};

/// The MAC is cut to so many bytes.
const MAC: usize = 16;
/// A key shorter than this is refused, in bytes.
const MIN_KEY: usize = 32;

pub(super) struct Nonces {
    key: hmac::Key,
    lifetime: Duration,
}

impl Nonces {
    /// With a key of its own, or with one that other processes have too.
    pub(super) fn new(lifetime: Duration, shared: Option<&Secret>) -> Result<Self> {
        let own;
        let secret = match shared {
            Some(secret) => secret,
            None => {
                own = hash::random::<MIN_KEY>()?.into();
                &own
            }
        };
        if secret.expose().len() < MIN_KEY {
            return Err(config("the key for DPoP nonces has less than 32 bytes"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self { key, lifetime })
    }

    /// A new nonce.
    pub(super) fn make(&self, now: SystemTime) -> String {
        let time = unix_seconds(now).to_be_bytes();
        let tag = hmac::sign(&self.key, &time);
        let mut all = time.to_vec();
        all.extend_from_slice(tag.as_ref().get(..MAC).unwrap_or_default());
        base64url::encode(all)
    }

    /// The nonce of a proof, where it is one of these and not too old.
    pub(super) fn of_proof(&self, proof: &str, now: SystemTime) -> Option<String> {
        let claims = Jws::parse(proof).ok()?.unverified_claims().ok()?;
        let nonce = claims.get("nonce")?.as_str()?;
        self.is_current(nonce, now).then(|| nonce.to_owned())
    }

    fn is_current(&self, nonce: &str, now: SystemTime) -> bool {
        let Some(bytes) = base64url::decode(nonce) else {
            return false;
        };
        let Some((time, tag)) = bytes
            .split_first_chunk::<8>()
            .filter(|(_, tag)| tag.len() == MAC)
        else {
            return false;
        };
        let made = hmac::sign(&self.key, time);
        let wanted = made.as_ref().get(..MAC).unwrap_or_default();
        let age = unix_seconds(now).saturating_sub(i64::from_be_bytes(*time));
        aws_lc_rs::constant_time::verify_slices_are_equal(wanted, tag).is_ok()
            && u64::try_from(age).is_ok_and(|age| age <= self.lifetime.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_age_and_are_of_their_key() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let later = |seconds| now + Duration::from_secs(seconds);
        let shared = Secret::from("a".repeat(32));
        let one = Nonces::new(Duration::from_secs(60), Some(&shared)).unwrap();
        let two = Nonces::new(Duration::from_secs(60), Some(&shared)).unwrap();
        let other = Nonces::new(Duration::from_secs(60), None).unwrap();
        let nonce = one.make(now);
        assert!(two.is_current(&nonce, later(60)));
        assert!(!two.is_current(&nonce, later(61)));
        assert!(!two.is_current(&nonce, now - Duration::from_secs(1)));
        assert!(!other.is_current(&nonce, now));
        for wrong in ["", "AAAA", "!", &nonce[..20], &format!("{nonce}AA")] {
            assert!(!one.is_current(wrong, now), "{wrong}");
        }
        let short = Secret::from("a".repeat(31));
        assert!(Nonces::new(Duration::ZERO, Some(&short)).is_err());
    }
}
