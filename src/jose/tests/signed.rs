//! Signed tokens, good and bad.

use serde_json::{Map, Value, json};

use super::super::jws::{Jws, claims};
use super::super::{
    DecryptionKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm, SigningKey, base64url,
    decode_unverified, decrypt, hash, json as strict,
};
use super::{es256, sign, sign_text};
use crate::TokenFault;
use crate::error::Result;

fn verify(token: &str, keys: &[Value]) -> Result<Map<String, Value>> {
    let keys = JwkSet::from_json(&json!({ "keys": keys }).to_string())?;
    let token = Jws::parse(token)?;
    let algorithm = token.algorithm(&SignatureAlgorithm::ASYMMETRIC)?;
    claims(&keys.verify(token, algorithm)?)
}

fn refused(token: &str, keys: &[Value], fault: TokenFault) {
    let error = verify(token, keys).unwrap_err();
    assert_eq!(error.token_fault(), Some(fault), "{error}");
    assert!(error.is_invalid_token());
}

fn no_key(token: &str, keys: &[Value]) {
    refused(token, keys, TokenFault::UnknownKey);
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("mine");
        let public = key.public_jwk().unwrap().to_json();
        assert_eq!(
            (&public["kid"], &public["alg"], &public["use"]),
            (&json!("mine"), &json!(algorithm.name()), &json!("sig"))
        );
        let token = key
            .sign(&json!({ "typ": "JWT" }), &json!({ "n": 1 }))
            .unwrap();
        // Keys of kinds that are not known do not hide the one that fits.
        let keys = [
            json!({"kid": "mine", "kty": "OKP", "crv": "Ed448", "alg": "EdDSA", "x": "AA"}),
            json!({"kid": "b", "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
            json!({"kty": 5}),
            json!("text"),
            es256("other"),
            public.clone(),
        ];
        assert_eq!(verify(&token, &keys).unwrap()["n"], 1, "{algorithm}");
        // RFC 8725 section 3.2: another algorithm of the same family is another one.
        let mut other = public.clone();
        other["alg"] = json!(if algorithm == SignatureAlgorithm::Rs256 {
            "RS384"
        } else {
            "RS256"
        });
        no_key(&token, &[other]);
        // Another key of the same kind.
        let stranger = SigningKey::generate(algorithm).unwrap().with_kid("mine");
        let stranger = stranger.public_jwk().unwrap().to_json();
        refused(&token, &[stranger], TokenFault::Signature);
        let says = decode_unverified(&token).unwrap();
        assert_eq!(says.header()["kid"], "mine");
        assert!(!format!("{says:?}").contains("Number"), "{says:?}");
    }
}

#[test]
fn every_change_of_a_token_is_noticed() {
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({"n": 1}));
    let keys = [es256("a")];
    verify(&token, &keys).unwrap();
    for at in 0..token.len() {
        for other in ['A', 'B', '.', '=', '?'] {
            let mut changed = token.clone();
            changed.replace_range(at..=at, &other.to_string());
            assert!(changed == token || verify(&changed, &keys).is_err(), "{at}");
        }
        assert!(verify(&token[..at], &keys).is_err());
    }
}

#[test]
fn the_algorithm_is_an_accepted_one() {
    let keys = [es256("a")];
    for name in [
        "none", "None", "NONE", "", "HS256", "HS512", "ES256K", "RS1", "RSA-OAEP",
    ] {
        let token = sign(&json!({"alg": name, "kid": "a"}), &json!({}));
        refused(&token, &keys, TokenFault::Algorithm);
        let unsigned = token.rsplit_once('.').unwrap().0;
        refused(&format!("{unsigned}."), &keys, TokenFault::Algorithm);
    }
    refused(
        &sign(&json!({"kid": "a"}), &json!({})),
        &keys,
        TokenFault::Algorithm,
    );
    refused(
        &sign(&json!({"alg": 1}), &json!({})),
        &keys,
        TokenFault::Malformed,
    );
    // The caller's choice, not the token's.
    let token = sign(&json!({"alg": "ES256"}), &json!({}));
    let token = Jws::parse(&token).unwrap();
    let error = token.algorithm(&[SignatureAlgorithm::Rs256]).unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Algorithm));
    assert!(
        error.to_string().contains("ES256, which is not among"),
        "{error}"
    );
}

/// A server's public key is no secret.
#[test]
fn hmac_with_a_public_key_is_refused() {
    let public = es256("a").to_string();
    let forger = SigningKey::from_secret(SignatureAlgorithm::Hs256, public).unwrap();
    let token = forger.sign(&json!({ "kid": "a" }), &json!({})).unwrap();
    refused(&token, &[es256("a")], TokenFault::Algorithm);
}

#[test]
fn the_refusal_of_a_symmetric_token_says_why() {
    let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for algorithm in [
        SignatureAlgorithm::Hs256,
        SignatureAlgorithm::Hs384,
        SignatureAlgorithm::Hs512,
    ] {
        let key = SigningKey::from_secret(algorithm, secret).unwrap();
        assert!(key.public_jwk().is_none());
        let token = key.sign(&json!({}), &json!({})).unwrap();
        let parsed = Jws::parse(&token).unwrap();
        // Not even where a caller names them.
        let error = parsed
            .algorithm(&SignatureAlgorithm::ASYMMETRIC)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("symmetric tokens cannot be verified"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("ES256 or RS256"));
        let octets = json!({"kty": "oct", "k": base64url::encode(secret), "alg": algorithm.name()});
        refused(&token, &[octets], TokenFault::Algorithm);
    }
}

#[test]
fn keys_are_for_verifying_with_their_algorithm() {
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({}));
    let change = |name: &str, value: Value| {
        let mut key = es256("a");
        key[name] = value;
        key
    };
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!(1)),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!("verify")),
        ("key_ops", json!([])),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("alg", json!("ES384")),
        ("alg", json!(["ES256"])),
        ("x", json!("AA")),
        ("y", json!("not base64!")),
        ("kty", json!("RSA")),
        ("kid", json!("b")),
        ("kid", json!(1)),
    ] {
        no_key(&token, &[change(name, value)]);
    }
    verify(&token, &[change("key_ops", json!(["verify"]))]).unwrap();
    // Without a key id the one key of the kind is taken.
    let without = sign(&json!({"alg": "ES256"}), &json!({}));
    verify(&without, &[es256("a")]).unwrap();
    // Verifying checks again what the choice of the key has checked.
    let key = Jwk::from_json(&change("use", json!("enc")).to_string()).unwrap();
    let parsed = Jws::parse(&token).unwrap();
    let error = parsed.verify(SignatureAlgorithm::Es256, &key).unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::UnknownKey));
}

#[test]
fn weak_keys_are_refused() {
    let refused = |key: Value, why: &str| {
        let error = Jwk::from_json(&key.to_string()).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(why),
            "{error}"
        );
    };
    let rsa = |octets: usize, last: u8, e: &[u8]| {
        let mut n = vec![0xc1; octets];
        n[octets - 1] = last;
        json!({"kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e)})
    };
    let good = rsa(256, 1, &[1, 0, 1]);
    Jwk::from_json(&good.to_string()).unwrap();
    // The sign octet of ASN.1 does no harm.
    Jwk::from_json(&rsa(256, 1, &[0, 1, 0, 1]).to_string()).unwrap();
    refused(rsa(255, 1, &[1, 0, 1]), "shorter than 2048");
    refused(rsa(1025, 1, &[1, 0, 1]), "longer than 8192");
    refused(rsa(256, 2, &[1, 0, 1]), "modulus is even");
    let mut long = rsa(257, 1, &[1, 0, 1]);
    let mut octets = base64url::decode(long["n"].as_str().unwrap()).unwrap();
    octets[..2].fill(0);
    long["n"] = base64url::encode(octets).into();
    refused(long, "shorter than 2048");
    for e in [&[1][..], &[2], &[0], &[], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        refused(rsa(256, 1, e), "exponent");
    }
    for (algorithm, least) in [
        (SignatureAlgorithm::Hs256, 32),
        (SignatureAlgorithm::Hs384, 48),
        (SignatureAlgorithm::Hs512, 64),
    ] {
        SigningKey::from_secret(algorithm, "a".repeat(least)).unwrap();
        let error = SigningKey::from_secret(algorithm, "a".repeat(least - 1)).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(&least.to_string()),
            "{error}"
        );
    }
    let error = SigningKey::from_secret(SignatureAlgorithm::Rs256, "a".repeat(64)).unwrap_err();
    assert!(error.is_config(), "{error}");
}

#[test]
fn points_are_on_their_curve() {
    let mut key = es256("a");
    key["y"] = key["x"].clone();
    let error = Jwk::from_json(&key.to_string()).unwrap_err();
    assert!(error.to_string().contains("not on the curve"), "{error}");
    let mut key = es256("a");
    key["x"] = base64url::encode([0; 33]).into();
    let error = Jwk::from_json(&key.to_string()).unwrap_err();
    assert!(error.to_string().contains("curve's length"), "{error}");
    let short = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode([1; 31])});
    assert!(Jwk::from_json(&short.to_string()).is_err());
}

/// What a header names is never followed, and never trusted.
#[test]
fn keys_in_headers_are_ignored() {
    let forger = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let own = forger.public_jwk().unwrap().to_json();
    for header in [
        json!({"kid": "a", "jwk": own}),
        json!({"kid": "a", "jku": "http://127.0.0.1:1/keys"}),
        json!({"kid": "a", "x5u": "http://127.0.0.1:1/x5u", "x5c": ["AA"]}),
    ] {
        let token = forger.sign(&header, &json!({})).unwrap();
        refused(&token, &[es256("a")], TokenFault::Signature);
    }
    let long = "a".repeat(1025);
    let token = sign(&json!({"alg": "ES256", "kid": long}), &json!({}));
    refused(&token, &[es256(&long)], TokenFault::Malformed);
    let token = sign(&json!({"alg": "ES256", "kid": &long[1..]}), &json!({}));
    verify(&token, &[es256(&long[1..])]).unwrap();
}

#[test]
fn base64url_is_strict() {
    let keys = [es256("a")];
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({"n": 11}));
    let parts: Vec<&str> = token.split('.').collect();
    for at in 0..3 {
        for change in [
            |part: &str| format!("{part}="),
            |part: &str| format!("{part}=="),
            |part: &str| format!("{part} "),
            |part: &str| format!("\n{part}"),
            |part: &str| part.replacen(|c: char| c.is_ascii_alphanumeric(), "+", 1),
            |part: &str| part.replacen(|c: char| c.is_ascii_alphanumeric(), "/", 1),
            |part: &str| format!("{part}A"),
        ] {
            let changed = change(parts[at]);
            let mut parts = parts.clone();
            parts[at] = &changed;
            assert!(verify(&parts.join("."), &keys).is_err(), "{at} {changed}");
        }
    }
    // A last character with bits that belong to no octet: ..A and ..B decode alike elsewhere.
    let signature = base64url::decode(parts[2]).unwrap();
    assert_eq!(signature.len() % 3, 1);
    let last = parts[2].chars().last().unwrap();
    for other in ('A'..='Z').filter(|other| *other != last) {
        let loose = format!("{}{other}", &parts[2][..parts[2].len() - 1]);
        let token = [parts[0], parts[1], &loose].join(".");
        assert!(verify(&token, &keys).is_err(), "{other}");
    }
    for text in ["AB", "AA=", "A A", "A", "+A", "/A", "AA\n"] {
        assert_eq!(base64url::decode(text), None, "{text}");
    }
}

#[test]
fn no_member_is_repeated() {
    let keys = [es256("a")];
    for (header, claims) in [
        (r#"{"alg":"ES256","alg":"ES256"}"#, "{}"),
        (r#"{"alg":"none","alg":"ES256"}"#, "{}"),
        (r#"{"alg":"ES256"}"#, r#"{"sub":"1","sub":"1"}"#),
        (r#"{"alg":"ES256"}"#, r#"{"sub":"1","s\u0075b":"2"}"#),
        (r#"{"alg":"ES256"}"#, r#"{"a":{"b":1,"b":2}}"#),
        (r#"{"alg":"ES256"}"#, r#"{"a":[{"b":1,"b":2}]}"#),
        (r#"{"alg":"ES256"}"#, "[]"),
        (r#"{"alg":"ES256"}"#, "{} {}"),
        (r#"{"alg":"ES256"}"#, "\u{feff}{}"),
        (r#"["alg"]"#, "{}"),
    ] {
        refused(&sign_text(header, claims), &keys, TokenFault::Malformed);
    }
    let deep = format!("{}{}", r#"{"a":"#.repeat(1000), "}".repeat(1000));
    refused(
        &sign_text(r#"{"alg":"ES256"}"#, &deep),
        &keys,
        TokenFault::Malformed,
    );
    let every =
        r#"{"t":true,"n":null,"i":-1,"u":18446744073709551615,"f":1.5,"s":"\n","l":[1,[]]}"#;
    let read = verify(&sign_text(r#"{"alg":"ES256"}"#, every), &keys).unwrap();
    assert_eq!(
        Value::Object(read),
        serde_json::from_str::<Value>(every).unwrap()
    );
}

#[test]
fn headers_that_must_be_understood() {
    let keys = [es256("a")];
    for header in [
        json!({"alg": "ES256", "crit": ["x"], "x": 1}),
        json!({"alg": "ES256", "crit": []}),
        json!({"alg": "ES256", "b64": false}),
    ] {
        refused(&sign(&header, &json!({})), &keys, TokenFault::Header);
    }
    refused("a.b.c.d.e", &keys, TokenFault::Encryption);
    for token in [
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e.f",
        "..",
        "e30.e30",
        "!!.b.c",
    ] {
        refused(token, &keys, TokenFault::Malformed);
    }
    let token = sign(&json!({"alg": "ES256"}), &json!({"x": "a".repeat(300_000)}));
    refused(&token, &keys, TokenFault::Malformed);
}

#[test]
fn a_key_set_is_one() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(JwkSet::from_json(text).unwrap_err().is_config(), "{text}");
    }
    let many = |count: usize| json!({ "keys": vec![es256("a"); count] }).to_string();
    assert_eq!(JwkSet::from_json(&many(100)).unwrap().len(), 100);
    assert!(JwkSet::from_json(&many(101)).is_err());
    let set = JwkSet::from_json(r#"{"keys":[{"kid":"x","kty":"OKP","crv":"Ed448","x":"AA"}]}"#);
    let set = set.unwrap();
    assert!(set.is_empty() && set.why_left_out(Some("x")).unwrap().contains("Ed448"));
    assert_eq!(set.why_left_out(None), None);
    assert_eq!(set.why_left_out(Some("y")), None);
}

#[test]
fn lengths_are_limited_exactly() {
    let keys = [es256("a")];
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({}));
    let limit = 256 * 1024;
    // A signature of any length that base64url can have.
    for (length, too_long) in [(limit - 1, false), (limit, false), (limit + 1, true)] {
        let padded = format!("{token}{}", "A".repeat(length - token.len()));
        let error = verify(&padded, &keys).unwrap_err().to_string();
        assert_eq!(error.contains("too long"), too_long, "{length}: {error}");
        let padded = format!("a.b.c.d.{}", "A".repeat(length - 8));
        let error = decrypt(&padded, &[]).unwrap_err().to_string();
        assert_eq!(error.contains("too long"), too_long, "{length}: {error}");
    }
    let named = |length: usize| {
        let mut key = es256("a");
        key["kid"] = "k".repeat(length).into();
        Jwk::from_json(&key.to_string())
    };
    named(1024).unwrap();
    assert!(named(1025).is_err());
}

#[test]
fn a_set_gives_its_keys() {
    let set = JwkSet::from_json(&json!({ "keys": [es256("a"), es256("b")] }).to_string()).unwrap();
    assert_eq!(
        set.iter().map(Jwk::kid).collect::<Vec<_>>(),
        [Some("a"), Some("b")]
    );
    assert!(!set.is_empty() && JwkSet::default().is_empty());
    let made = DecryptionKey::generate(KeyEncryption::RsaOaep).unwrap();
    let with = |usage: Option<&str>| {
        let key = Jwk {
            usage: usage.map(str::to_owned),
            ..made.public_jwk()
        };
        JwkSet::from_iter([Jwk::from_json(&es256("a").to_string()).unwrap(), key])
    };
    let set = with(Some("enc"));
    let found = set.encryption_key(KeyEncryption::RsaOaep).unwrap();
    assert_eq!(found.thumbprint(), made.public_jwk().thumbprint());
    assert!(set.encryption_key(KeyEncryption::RsaOaep256).is_none());
    assert!(set.encryption_key(KeyEncryption::EcdhEs).is_none());
    // A key that does not say what it is for is none for encrypting: realms have few, and say so.
    assert!(with(None).encryption_key(KeyEncryption::RsaOaep).is_none());
    assert!(
        with(Some("sig"))
            .encryption_key(KeyEncryption::RsaOaep)
            .is_none()
    );
}

#[test]
fn one_member_may_be_allowed_twice() {
    let read = |text: &str| strict::object_allowing(text.as_bytes(), "iss");
    assert_eq!(read(r#"{"iss":1,"iss":1}"#).unwrap()["iss"], 1);
    assert!(read(r#"{"iss":1,"iss":2}"#).is_none());
    assert!(read(r#"{"aud":1,"aud":1}"#).is_none());
    assert!(read(r#"{"a":{"iss":1,"iss":1}}"#).is_none());
    assert!(strict::object(br#"{"iss":1,"iss":1}"#).is_none());
}

#[test]
fn values_are_compared_whole() {
    assert!(hash::same("abc", "abc") && hash::same("", ""));
    for other in ["", "ab", "abcd", "abd", "ABC"] {
        assert!(!hash::same("abc", other), "{other}");
    }
    let (one, other) = (hash::random::<32>().unwrap(), hash::random::<32>().unwrap());
    assert!(one != other && one.len() == 43);
}

/// What was signed is what was asked for; the key's own members win.
#[test]
fn the_header_is_the_keys() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("k");
    let header = json!({ "alg": "none", "kid": "forged", "typ": "JWT", "x": 1 });
    let token = key.sign(&header, &json!({ "a": 1 })).unwrap();
    let says = decode_unverified(&token).unwrap();
    assert_eq!(
        Value::Object(says.header().clone()),
        json!({ "alg": "ES256", "kid": "k", "typ": "JWT", "x": 1 })
    );
    assert!(key.sign(&json!([]), &json!({})).unwrap_err().is_config());
    assert!(key.sign(&json!({}), &json!([])).unwrap_err().is_config());
    assert_eq!(
        (key.kid(), key.algorithm()),
        (Some("k"), SignatureAlgorithm::Es256)
    );
}

/// Whatever features of serde_json another crate has switched on: `scripts/test` runs this with
/// `arbitrary_precision` too.
#[test]
fn numbers_are_numbers_with_every_feature_of_serde_json() {
    let text = r#"{"whole":1,"half":0.5,"list":[-2.25,{"deep":1e3}],"large":18446744073709551616}"#;
    let members = strict::object(text.as_bytes()).unwrap();
    for (pointer, number) in [
        ("/whole", 1.0),
        ("/half", 0.5),
        ("/list/0", -2.25),
        ("/list/1/deep", 1000.0),
        ("/large", 18_446_744_073_709_551_616.0),
    ] {
        let value = Value::Object(members.clone());
        let value = value.pointer(pointer).unwrap();
        assert_eq!(value.as_f64(), Some(number), "{pointer}");
        assert!(value.is_number(), "{pointer}");
    }
    for repeated in [
        r#"{"a":0.5,"a":0.5}"#,
        r#"{"a":{"b":0.5,"b":1}}"#,
        r#"{"a":[{"b":1.5,"b":1.5}]}"#,
        r#"{"a":[{"b":1e999}]}"#,
    ] {
        assert!(strict::object(repeated.as_bytes()).is_none(), "{repeated}");
    }
    assert!(strict::object(b"0.5").is_none() && strict::object(b"[]").is_none());
}
