//! Any text is read or refused, and none makes a panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::jws::{Jws, claims};
use super::super::time::{point, seconds};
use super::super::{
    ContentEncryption, DecryptionKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm, SigningKey,
    base64url, decode_unverified, decrypt, json as strict,
};
use super::{es256, sign};

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[A-Za-z0-9_-]{0,90}".prop_map(Value::from),
        prop::sample::select(vec![
            "RSA", "EC", "OKP", "oct", "P-256", "P-384", "P-521", "Ed25519", "sig", "enc", "ES256",
            "RS256", "PS512", "EdDSA", "none", "AQAB", "RSA-OAEP", "ECDH-ES", "A128GCM", "verify",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 40, 8, |inner| {
        let name = prop_oneof![
            prop::sample::select(vec![
                "kty", "crv", "x", "y", "n", "e", "d", "kid", "alg", "use", "key_ops", "keys",
                "enc", "epk", "apu", "apv", "typ", "crit", "zip", "iss", "aud", "exp", "iat",
            ])
            .prop_map(str::to_owned),
            ".*",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn read_as_everything(text: &str) {
    let _ = decode_unverified(text);
    let _ = Jwk::from_json(text);
    let _ = Jwk::from_pem(text);
    let _ = Jwk::from_der(text.as_bytes());
    let _ = JwkSet::from_json(text);
    let _ = SigningKey::from_pem(SignatureAlgorithm::Rs256, text);
    let _ = SigningKey::from_jwk(SignatureAlgorithm::Es512, text);
    let _ = DecryptionKey::from_jwk(KeyEncryption::EcdhEs, text);
    let _ = strict::object(text.as_bytes());
    let _ = claims(text.as_bytes());
    let _ = text.parse::<ContentEncryption>();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        read_as_everything(&text);
        read_as_everything(&format!("{text}.{text}.{text}"));
    }

    #[test]
    fn any_json_is_read_or_refused(value in document()) {
        read_as_everything(&value.to_string());
        read_as_everything(&json!({ "keys": [value] }).to_string());
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = strict::object(&octets);
        let _ = Jwk::from_der(&octets);
        let _ = SigningKey::from_der(SignatureAlgorithm::Ps256, &octets);
        prop_assert_eq!(base64url::decode(&base64url::encode(&octets)), Some(octets));
    }

    #[test]
    fn any_header_and_claims_are_verified_or_refused(header in document(), payload in document()) {
        let token = sign(&header, &payload);
        let key = Jwk::from_json(&es256("a").to_string()).unwrap();
        if let Ok(token) = Jws::parse(&token) {
            let _ = token.unverified_claims();
            let _ = (token.typ(), token.kid());
            if let Ok(algorithm) = token.algorithm(&SignatureAlgorithm::ASYMMETRIC) {
                let good = token.verify(algorithm, &key).is_ok();
                prop_assert!(!good || algorithm == SignatureAlgorithm::Es256);
            }
        }
    }

    #[test]
    fn any_encrypted_token_is_refused(header in document(), parts in prop::array::uniform4("[A-Za-z0-9_-]{0,60}")) {
        let keys = opening_keys();
        let token = format!("{}.{}", base64url::encode(header.to_string()), parts.join("."));
        prop_assert!(decrypt(&token, keys).is_err());
    }

    /// No number is too large for a time.
    #[test]
    fn any_number_is_read_as_a_time(number in prop_oneof![any::<f64>().prop_map(Value::from), any::<u64>().prop_map(Value::from), any::<i64>().prop_map(Value::from)]) {
        let members = json!({ "exp": number });
        let members = members.as_object().unwrap();
        prop_assert_eq!(seconds(members, "exp"), members["exp"].as_f64());
        let _ = point(members, "exp");
    }
}

fn opening_keys() -> &'static [DecryptionKey] {
    static KEYS: std::sync::OnceLock<Vec<DecryptionKey>> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| {
        KeyEncryption::ALL
            .into_iter()
            .map(|algorithm| DecryptionKey::generate(algorithm).unwrap())
            .collect()
    })
}
