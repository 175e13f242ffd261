//! Encrypted tokens.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::super::{
    ContentEncryption, DecryptionKey, Jwk, KeyEncryption, base64url, decrypt, encrypt,
};
use crate::TokenFault;

/// A token that AES-128-GCM has encrypted with `key`, without an encrypted key.
pub(super) fn sealed(protected: &str, key: &[u8], plaintext: &[u8]) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap());
    let mut text = plaintext.to_vec();
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(protected), &mut text)
        .unwrap();
    let (iv, text, tag) = (
        base64url::encode([7; 12]),
        base64url::encode(text),
        base64url::encode(tag.as_ref()),
    );
    format!("{protected}..{iv}.{text}.{tag}")
}

fn refused(token: &str, keys: &[DecryptionKey]) -> TokenFault {
    decrypt(token, keys).unwrap_err().token_fault().unwrap()
}

/// The parts of a token, for changing one.
fn with_part(token: &str, at: usize, part: &str) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[at] = part;
    parts.join(".")
}

fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    change(&mut header);
    with_part(token, 0, &base64url::encode(header.to_string()))
}

#[test]
fn all_combinations_open_and_no_changed_one_does() {
    for algorithm in KeyEncryption::ALL {
        let key = DecryptionKey::generate(algorithm).unwrap().with_kid("k");
        for content in ContentEncryption::ALL {
            let header = json!({ "cty": "JWT" });
            let token = encrypt(&key.public_jwk(), algorithm, content, &header, b"a.b.c").unwrap();
            let keys = std::slice::from_ref(&key);
            assert_eq!(
                decrypt(&token, keys).unwrap(),
                b"a.b.c",
                "{algorithm} {content}"
            );
            // A single bit of any part but the header, which says what the rest means.
            let parts: Vec<&str> = token.split('.').collect();
            for (at, part) in parts.iter().enumerate().skip(1) {
                let mut bytes = base64url::decode(part).unwrap();
                let Some(last) = bytes.last_mut() else {
                    continue;
                };
                *last ^= 1;
                let changed = with_part(&token, at, &base64url::encode(&bytes));
                assert_eq!(refused(&changed, keys), TokenFault::Encryption);
                // Nothing shorter or longer either.
                for bytes in [
                    &bytes[..bytes.len() - 1],
                    &[bytes.as_slice(), &[0]].concat(),
                ] {
                    let changed = with_part(&token, at, &base64url::encode(bytes));
                    assert_eq!(refused(&changed, keys), TokenFault::Encryption, "{at}");
                }
                let empty = with_part(&token, at, "");
                assert_eq!(refused(&empty, keys), TokenFault::Encryption, "{at}");
            }
            let changed = with_header(&token, |header| header["x"] = json!(1));
            assert_eq!(refused(&changed, keys), TokenFault::Encryption);
        }
    }
}

#[test]
fn a_key_opens_its_own_algorithm_only() {
    let key = DecryptionKey::generate(KeyEncryption::RsaOaep256).unwrap();
    let public = Jwk {
        alg: None,
        ..key.public_jwk()
    };
    let content = ContentEncryption::A256Gcm;
    let token = encrypt(&public, KeyEncryption::Rsa1_5, content, &json!({}), b"x").unwrap();
    assert_eq!(
        refused(&token, std::slice::from_ref(&key)),
        TokenFault::Algorithm
    );
    let token = encrypt(
        &public,
        KeyEncryption::RsaOaep256,
        content,
        &json!({}),
        b"x",
    )
    .unwrap();
    assert_eq!(decrypt(&token, std::slice::from_ref(&key)).unwrap(), b"x");
    let narrow = key
        .clone()
        .with_content_encryptions([ContentEncryption::A128CbcHs256])
        .unwrap();
    assert_eq!(refused(&token, &[narrow]), TokenFault::Algorithm);
    assert!(
        key.clone()
            .with_content_encryptions([])
            .unwrap_err()
            .is_config()
    );
    // Of several keys the one that fits is found, by its id or by trying.
    let other = DecryptionKey::generate(KeyEncryption::RsaOaep256).unwrap();
    assert_eq!(
        decrypt(&token, &[other.clone(), key.clone()]).unwrap(),
        b"x"
    );
    let named = key.clone().with_kid("mine");
    let named_token = {
        let content = ContentEncryption::A128Gcm;
        let public = named.public_jwk();
        encrypt(
            &public,
            KeyEncryption::RsaOaep256,
            content,
            &json!({}),
            b"y",
        )
        .unwrap()
    };
    assert_eq!(decrypt(&named_token, &[named]).unwrap(), b"y");
    let renamed = key.with_kid("another");
    assert_eq!(refused(&named_token, &[renamed]), TokenFault::Encryption);
    assert_eq!(refused(&token, &[other]), TokenFault::Encryption);
    assert_eq!(refused(&token, &[]), TokenFault::Algorithm);
}

#[test]
fn compression_and_other_headers_of_encrypted_tokens_are_refused() {
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let algorithm = KeyEncryption::EcdhEs;
    let content = ContentEncryption::A128Gcm;
    let token = encrypt(&key.public_jwk(), algorithm, content, &json!({}), b"x").unwrap();
    let keys = [key];
    for (name, value, fault) in [
        ("zip", json!("DEF"), TokenFault::Header),
        ("crit", json!(["x"]), TokenFault::Header),
        ("alg", json!("dir"), TokenFault::Algorithm),
        ("alg", json!("PBES2-HS256+A128KW"), TokenFault::Algorithm),
        ("alg", json!(1), TokenFault::Algorithm),
        ("enc", json!("A128CTR"), TokenFault::Algorithm),
        ("alg", json!("ECDH-ES+A128KW"), TokenFault::Algorithm),
        ("apu", json!(1), TokenFault::Encryption),
        ("apv", json!("!"), TokenFault::Encryption),
        ("epk", json!(null), TokenFault::Encryption),
    ] {
        let changed = with_header(&token, |header| header[name] = value);
        assert_eq!(refused(&changed, &keys), fault, "{name}");
    }
    for token in [
        "",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e.f",
        "!.b.c.d.e",
        "e30.!.c.d.e",
    ] {
        assert_eq!(refused(token, &keys), TokenFault::Malformed, "{token}");
    }
    let twice = base64url::encode(r#"{"alg":"ECDH-ES","alg":"ECDH-ES","enc":"A128GCM"}"#);
    assert_eq!(
        refused(&with_part(&token, 0, &twice), &keys),
        TokenFault::Malformed
    );
    let long = format!("{token}{}", "A".repeat(256 * 1024));
    assert_eq!(refused(&long, &keys), TokenFault::Malformed);
}

#[test]
fn the_senders_key_is_a_point_of_the_own_curve() {
    let key = DecryptionKey::generate(KeyEncryption::EcdhEsA256Kw).unwrap();
    let algorithm = KeyEncryption::EcdhEsA256Kw;
    let content = ContentEncryption::A256CbcHs512;
    let token = encrypt(&key.public_jwk(), algorithm, content, &json!({}), b"x").unwrap();
    let keys = [key];
    let p384 = super::super::SigningKey::generate(super::super::SignatureAlgorithm::Es384);
    let p384 = p384.unwrap().public_jwk().unwrap().to_json();
    for change in [
        Box::new(|epk: &mut Value| epk["y"] = epk["x"].clone()) as Box<dyn Fn(&mut Value)>,
        Box::new(|epk: &mut Value| epk["x"] = json!("AA")),
        Box::new(|epk: &mut Value| epk["crv"] = json!("P-384")),
        Box::new(|epk: &mut Value| epk["kty"] = json!("OKP")),
        Box::new(move |epk: &mut Value| *epk = p384.clone()),
        Box::new(|epk: &mut Value| *epk = json!("text")),
    ] {
        let changed = with_header(&token, |header| change(&mut header["epk"]));
        assert_eq!(refused(&changed, &keys), TokenFault::Encryption);
    }
}

#[test]
fn a_key_of_another_use_encrypts_nothing() {
    let key = DecryptionKey::generate(KeyEncryption::RsaOaep)
        .unwrap()
        .public_jwk();
    let try_with = |key: &Jwk, algorithm| {
        encrypt(key, algorithm, ContentEncryption::A128Gcm, &json!({}), b"x")
    };
    try_with(&key, KeyEncryption::RsaOaep).unwrap();
    let changed = |change: fn(&mut Jwk)| {
        let mut key = key.clone();
        change(&mut key);
        try_with(&key, KeyEncryption::RsaOaep).unwrap_err()
    };
    for error in [
        changed(|key| key.usage = Some("sig".into())),
        changed(|key| key.operations = Some(vec!["verify".into()])),
        changed(|key| key.alg = Some("RSA1_5".into())),
        try_with(&key, KeyEncryption::RsaOaep256).unwrap_err(),
        try_with(&key, KeyEncryption::EcdhEs).unwrap_err(),
    ] {
        assert!(error.is_config(), "{error}");
        assert!(error.to_string().contains("the key is not for"), "{error}");
    }
    let mut wrapping = key.clone();
    wrapping.operations = Some(vec!["wrapKey".into()]);
    try_with(&wrapping, KeyEncryption::RsaOaep).unwrap();
    let header = json!("text");
    let algorithm = KeyEncryption::RsaOaep;
    assert!(encrypt(&key, algorithm, ContentEncryption::A128Gcm, &header, b"x").is_err());
    let ed25519 = super::super::SigningKey::generate(super::super::SignatureAlgorithm::EdDsa);
    let ed25519 = Jwk::bare(ed25519.unwrap().public_jwk().unwrap().key);
    try_with(&ed25519, KeyEncryption::EcdhEs).unwrap_err();
}

/// The header of an encrypted token is what was asked for, and no more.
#[test]
fn the_header_says_what_was_done() {
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs)
        .unwrap()
        .with_kid("k");
    let wanted = json!({ "cty": "JWT", "alg": "none", "kid": "forged" });
    let content = ContentEncryption::A192Gcm;
    let token = encrypt(
        &key.public_jwk(),
        KeyEncryption::EcdhEs,
        content,
        &wanted,
        b"x",
    )
    .unwrap();
    with_header(&token, |header| {
        assert_eq!(
            (
                &header["alg"],
                &header["enc"],
                &header["kid"],
                &header["cty"]
            ),
            (
                &json!("ECDH-ES"),
                &json!("A192GCM"),
                &json!("k"),
                &json!("JWT")
            )
        );
        assert_eq!(header["epk"]["crv"], "P-256");
    });
}

/// RFC 7516 section 5.2 step 10: a key that is agreed is not sent, too.
#[test]
fn an_agreed_key_comes_with_no_encrypted_one() {
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let content = ContentEncryption::A256Gcm;
    let public = key.public_jwk();
    let token = encrypt(&public, KeyEncryption::EcdhEs, content, &json!({}), b"text").unwrap();
    assert_eq!(
        decrypt(&token, std::slice::from_ref(&key)).unwrap(),
        b"text"
    );
    refused(&with_part(&token, 1, "AAAA"), &[key]);
}
