//! Encrypting the content encryption key for a recipient.

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
    PublicEncryptingKey, PublicKeyComponents,
};
use secrecy::zeroize::Zeroizing;
use serde_json::Value;

use super::key_agreement::{Info, agree, agreement};
use super::{ContentEncryption, KeyEncryption, key_wrap};
use crate::error::{Result, config};
use crate::jose::jwk::{Curve, Jwk};
use crate::jose::public_key::{PublicKey, bytes};

pub(super) struct SealedKey {
    pub(super) cek: Zeroizing<Vec<u8>>,
    pub(super) encrypted: Vec<u8>,
    pub(super) epk: Option<Value>,
}

pub(super) fn seal_key(
    key: &Jwk,
    algorithm: KeyEncryption,
    content: ContentEncryption,
) -> Result<SealedKey> {
    if !is_for(key, algorithm) {
        return Err(config(format!("the key is not for {algorithm}"))
            .with_hint("take the key that the realm publishes with use enc"));
    }
    let sealed = match &key.key {
        PublicKey::Rsa(key) => rsa(&key.n, &key.e, algorithm, content),
        PublicKey::Ec(curve, point) => ec(*curve, bytes(point), algorithm, content),
        PublicKey::Ed25519(_) => None,
    };
    sealed.ok_or_else(|| config(format!("a key could not be encrypted with {algorithm}")))
}

/// Returns whether the key is published for encrypting with `algorithm`.
pub(in crate::jose) fn is_for(key: &Jwk, algorithm: KeyEncryption) -> bool {
    let kind = match &key.key {
        PublicKey::Rsa(_) => algorithm.is_rsa(),
        PublicKey::Ec(..) => !algorithm.is_rsa(),
        PublicKey::Ed25519(_) => false,
    };
    let operations = ["encrypt", "wrapKey", "deriveKey", "deriveBits"];
    kind && key.usage.as_deref().is_none_or(|usage| usage == "enc")
        && key.operations.as_ref().is_none_or(|all| {
            all.iter()
                .any(|operation| operations.contains(&operation.as_str()))
        })
        && key.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
}

fn new_key(content: ContentEncryption) -> Option<Zeroizing<Vec<u8>>> {
    let mut cek = Zeroizing::new(vec![0; content.key_length()]);
    rand::fill(&mut cek).ok()?;
    Some(cek)
}

fn rsa(
    n: &[u8],
    e: &[u8],
    algorithm: KeyEncryption,
    content: ContentEncryption,
) -> Option<SealedKey> {
    let cek = new_key(content)?;
    let public: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().ok()?;
    let mut encrypted = vec![0; public.key_size_bytes()];
    match algorithm {
        KeyEncryption::Rsa1_5 => {
            let public = Pkcs1PublicEncryptingKey::new(public).ok()?;
            public.encrypt(&cek, &mut encrypted).ok()?;
        }
        _ => {
            let padding = match algorithm {
                KeyEncryption::RsaOaep => &OAEP_SHA1_MGF1SHA1,
                _ => &OAEP_SHA256_MGF1SHA256,
            };
            let public = OaepPublicEncryptingKey::new(public).ok()?;
            public.encrypt(padding, &cek, &mut encrypted, None).ok()?;
        }
    }
    Some(SealedKey {
        cek,
        encrypted,
        epk: None,
    })
}

fn ec(
    curve: Curve,
    point: &[u8],
    algorithm: KeyEncryption,
    content: ContentEncryption,
) -> Option<SealedKey> {
    let ephemeral = PrivateKey::generate(agreement(curve)).ok()?;
    let own = ephemeral.compute_public_key().ok()?;
    let (x, y) = own.as_ref().get(1..)?.split_at_checked(curve.length())?;
    let epk = PublicKey::ec(curve, x, y).ok()?.members();
    let info = Info {
        algorithm,
        content,
        apu: &[],
        apv: &[],
    };
    let agreed = agree(&ephemeral, curve, point, &info)?;
    let (cek, encrypted) = match algorithm.wrapping_length() {
        None => (agreed, Vec::new()),
        Some(_) => {
            let cek = new_key(content)?;
            let encrypted = key_wrap::wrap(&agreed, &cek)?;
            (cek, encrypted)
        }
    };
    Some(SealedKey {
        cek,
        encrypted,
        epk: Some(epk),
    })
}
