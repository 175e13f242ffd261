//! Keys and tokens for tests.

mod dpop;
mod jwe;
mod keys;
mod property;
mod rfc;
mod rfc_rsa;
mod signed;
mod wycheproof;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::base64url;

/// A PKCS #8 key for P-256, made for these tests.
const SIGNING_KEY: &str = "\
    308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042023d8817539181b8f\
    c2c4310ac4fc93e4207729287fd244707fe5d380d60ca0eea1440342000419f462c0d731e98fd3fdd80c9038\
    0389e74b93f68fc1ad9b717c8bd79bab8543f01bcd0ebf61108253ba36d0b8cb86e35b7055ab3d54076fd12a\
    f0eac65c8866";

fn key() -> EcdsaKeyPair {
    let der = data_encoding::HEXLOWER
        .decode(SIGNING_KEY.as_bytes())
        .unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap()
}

/// Signs with the test key, whatever the header says.
pub(crate) fn sign(header: &Value, claims: &Value) -> String {
    sign_text(&header.to_string(), &claims.to_string())
}

/// The same, for what is no proper JSON.
pub(crate) fn sign_text(header: &str, claims: &str) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header),
        base64url::encode(claims)
    );
    let signature = key().sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(signature))
}

/// The public half of the test key.
pub(crate) fn es256(kid: &str) -> Value {
    let pair = key();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    json!({"kid": kid, "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": x, "y": y})
}
