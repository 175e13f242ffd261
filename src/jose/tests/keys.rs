//! Keys in every form they come in.

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::{agreement, rsa, signature};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::super::jws::Jws;
use super::super::public_key::PublicKey;
use super::super::{
    ContentEncryption, DecryptionKey, DpopKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm,
    SigningKey, base64url, decrypt, encrypt,
};
use super::es256;
use crate::TokenFault;

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|l| str::from_utf8(l).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Signs, and verifies with the published half.
fn works(key: &SigningKey) {
    let token = key.sign(&json!({}), &json!({ "n": 1 })).unwrap();
    let public = key.public_jwk().unwrap();
    let parsed = super::super::jws::Jws::parse(&token).unwrap();
    parsed.verify(key.algorithm(), &public).unwrap();
}

struct Rsa {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

fn rsa() -> Rsa {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Rsa {
        pkcs8: pkcs8.as_ref().to_vec(),
        public: public.as_ref().to_vec(),
    }
}

#[test]
fn rsa_keys() {
    let Rsa { pkcs8, public } = rsa();
    // PKCS #8 wraps PKCS #1, whose length takes two octets here.
    let pkcs1 = &pkcs8[26..];
    for text in [pem("PRIVATE KEY", &pkcs8), pem("RSA PRIVATE KEY", pkcs1)] {
        for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Ps512] {
            works(&SigningKey::from_pem(algorithm, &text).unwrap());
        }
        let key = DecryptionKey::from_pem(KeyEncryption::RsaOaep, &text).unwrap();
        let (public, content) = (key.public_jwk(), ContentEncryption::A256Gcm);
        let token = encrypt(&public, KeyEncryption::RsaOaep, content, &json!({}), b"x").unwrap();
        assert_eq!(decrypt(&token, &[key]).unwrap(), b"x");
    }
    let signing = SigningKey::from_der(SignatureAlgorithm::Rs256, &pkcs8).unwrap();
    DecryptionKey::from_der(KeyEncryption::RsaOaep256, &pkcs8).unwrap();
    // The public half, as PEM, as DER, and in the form the admin console shows.
    let thumbprint = signing.public_jwk().unwrap().thumbprint();
    let bare = BASE64.encode(&public);
    for key in [
        Jwk::from_pem(&pem("PUBLIC KEY", &public)).unwrap(),
        Jwk::from_pem(&bare).unwrap(),
        Jwk::from_pem(&format!("{}\n {}\n", &bare[..40], &bare[40..])).unwrap(),
        Jwk::from_der(&public).unwrap(),
    ] {
        assert_eq!(key.thumbprint(), thumbprint);
        assert_eq!(Jwk::from_json(&key.to_json().to_string()).unwrap(), key);
    }
}

#[test]
fn elliptic_keys() {
    for (algorithm, signing, agreement) in [
        (
            SignatureAlgorithm::Es256,
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &agreement::ECDH_P256,
        ),
        (
            SignatureAlgorithm::Es384,
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            &agreement::ECDH_P384,
        ),
        (
            SignatureAlgorithm::Es512,
            &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            &agreement::ECDH_P521,
        ),
    ] {
        let pair = signature::EcdsaKeyPair::generate(signing).unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        let sec1 = agreement::PrivateKey::from_private_key_der(agreement, pkcs8.as_ref()).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = sec1.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        for text in [
            pem("PRIVATE KEY", pkcs8.as_ref()),
            pem("EC PRIVATE KEY", sec1.as_ref()),
        ] {
            let key = SigningKey::from_pem(algorithm, &text).unwrap();
            works(&key);
            let public = Jwk::from_der(public.as_ref()).unwrap();
            assert_eq!(key.public_jwk().unwrap().thumbprint(), public.thumbprint());
            let key = DecryptionKey::from_pem(KeyEncryption::EcdhEsA192Kw, &text).unwrap();
            let (public, content) = (key.public_jwk(), ContentEncryption::A192CbcHs384);
            let algorithm = KeyEncryption::EcdhEsA192Kw;
            let token = encrypt(&public, algorithm, content, &json!({}), b"x").unwrap();
            assert_eq!(decrypt(&token, &[key]).unwrap(), b"x");
        }
    }
    let pair = signature::Ed25519KeyPair::generate().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    for der in [pair.to_pkcs8().unwrap(), pair.to_pkcs8v1().unwrap()] {
        let text = pem("PRIVATE KEY", der.as_ref());
        let key = SigningKey::from_pem(SignatureAlgorithm::EdDsa, &text).unwrap();
        works(&key);
        let public = Jwk::from_der(public.as_ref()).unwrap();
        assert_eq!(key.public_jwk().unwrap().thumbprint(), public.thumbprint());
        assert!(DecryptionKey::from_pem(KeyEncryption::EcdhEs, &text).is_err());
    }
}

/// RFC 7517 appendix A.2 has a key of each kind, in the members of RFC 7518.
#[test]
fn json_keys() {
    let p256 = json!({
        "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE", "use": "enc", "kid": "1",
    });
    let with = |change: &dyn Fn(&mut Value)| {
        let mut key = p256.clone();
        change(&mut key);
        key.to_string()
    };
    let signing = with(&|key| key["use"] = json!("sig"));
    let key = SigningKey::from_jwk(SignatureAlgorithm::Es256, &signing).unwrap();
    assert_eq!(key.kid(), Some("1"));
    works(&key);
    let key = DecryptionKey::from_jwk(KeyEncryption::EcdhEs, &p256.to_string()).unwrap();
    assert_eq!(key.kid(), Some("1"));
    assert_eq!(key.public_jwk().to_json()["use"], "enc");
    let es256 = SignatureAlgorithm::Es256;
    for (text, why) in [
        (p256.to_string(), "not for signatures"),
        (with(&|key| key["alg"] = json!("ES384")), "alg is another"),
        (
            with(&|key| {
                key["use"] = json!("sig");
                key["d"] = key["x"].clone();
            }),
            "belong together",
        ),
        (
            with(&|key| {
                key["use"] = json!("sig");
                key["d"] = json!(1);
            }),
            "missing or not base64url",
        ),
        (
            with(&|key| {
                key["use"] = json!("sig");
                key["crv"] = json!("P-192");
            }),
            "curve",
        ),
        (
            with(&|key| {
                key["use"] = json!("sig");
                key["kty"] = json!("oct");
            }),
            "kind",
        ),
        ("text".to_owned(), "not JSON"),
    ] {
        let error = SigningKey::from_jwk(es256, &text).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(why),
            "{error}, wanted {why}"
        );
        assert!(!error.to_string().contains("870MB6"));
    }
    for (text, why) in [
        (signing, "not for encryption"),
        (
            with(&|key| key["alg"] = json!("ECDH-ES+A128KW")),
            "alg is another",
        ),
        ("[]".to_owned(), "not JSON"),
    ] {
        let error = DecryptionKey::from_jwk(KeyEncryption::EcdhEs, &text).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(why),
            "{error}, wanted {why}"
        );
    }
    let wrong = SigningKey::from_jwk(
        SignatureAlgorithm::Rs256,
        &with(&|k| k["use"] = json!("sig")),
    );
    assert!(wrong.unwrap_err().to_string().contains("another kind"));
    let wrong = DecryptionKey::from_jwk(KeyEncryption::RsaOaep, &p256.to_string());
    assert!(wrong.unwrap_err().to_string().contains("another kind"));
}

#[test]
fn rsa_in_json() {
    let Rsa { pkcs8, .. } = rsa();
    // The numbers of PKCS #1 in their order: version, n, e, d, p, q, dp, dq, qi.
    let (mut numbers, mut rest) = (Vec::new(), &pkcs8[26 + 4..]);
    while let [2, length, after @ ..] = rest {
        let (length, after) = match *length {
            0x82 => (
                usize::from(after[0]) << 8 | usize::from(after[1]),
                &after[2..],
            ),
            0x81 => (usize::from(after[0]), &after[1..]),
            short => (usize::from(short), after),
        };
        let number = &after[..length];
        numbers.push(number.strip_prefix(&[0]).unwrap_or(number));
        rest = &after[length..];
    }
    let mut key = json!({ "kty": "RSA", "kid": "r" });
    for (name, number) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
        .iter()
        .zip(&numbers[1..])
    {
        key[*name] = base64url::encode(number).into();
    }
    works(&SigningKey::from_jwk(SignatureAlgorithm::Ps384, &key.to_string()).unwrap());
    DecryptionKey::from_jwk(KeyEncryption::RsaOaep, &key.to_string()).unwrap();
    // A set may show the private members by mistake: they go no further.
    let public = Jwk::from_json(&key.to_string()).unwrap().to_json();
    assert_eq!(public.as_object().unwrap().len(), 4, "{public}");
    key["q"] = key["p"].clone();
    let error = SigningKey::from_jwk(SignatureAlgorithm::Rs256, &key.to_string()).unwrap_err();
    assert!(error.to_string().contains("belong together"), "{error}");
}

/// The server fails at its token endpoint where a client publishes a key on X25519.
#[test]
fn keys_for_encryption_are_of_kinds_the_server_takes() {
    for algorithm in KeyEncryption::ALL {
        let key = DecryptionKey::generate(algorithm).unwrap().public_jwk();
        let key = key.to_json();
        let kind = if algorithm.name().starts_with("RSA") {
            "RSA"
        } else {
            "EC"
        };
        assert_eq!(
            (&key["kty"], &key["use"]),
            (&json!(kind), &json!("enc")),
            "{algorithm}"
        );
    }
}

#[test]
fn what_is_no_key_says_what_to_do() {
    let es256 = SignatureAlgorithm::Es256;
    for (text, why) in [
        ("", "no private key in the PEM text"),
        (
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
            "no private key",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
            "not an RSA, P-256",
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "decrypt it first",
        ),
    ] {
        for error in [
            SigningKey::from_pem(es256, text).unwrap_err(),
            DecryptionKey::from_pem(KeyEncryption::EcdhEs, text).unwrap_err(),
        ] {
            assert!(
                error.is_config() && error.to_string().contains(why),
                "{error}"
            );
        }
    }
    for text in ["", "-----BEGIN PUBLIC KEY-----", "no base64!", "AAAA"] {
        let error = Jwk::from_pem(text).unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("cannot be used"),
            "{error}"
        );
    }
    // Of a curve that nobody asked for: X25519.
    let x25519 = agreement::PrivateKey::generate(&agreement::X25519).unwrap();
    let public: PublicKeyX509Der<'_> = x25519.compute_public_key().unwrap().as_der().unwrap();
    assert!(Jwk::from_der(public.as_ref()).is_err());
    let error = SigningKey::generate(SignatureAlgorithm::Hs256).unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(
        "ES257"
            .parse::<SignatureAlgorithm>()
            .unwrap_err()
            .is_config()
    );
    assert!("dir".parse::<KeyEncryption>().unwrap_err().is_config());
    assert!("A1".parse::<ContentEncryption>().unwrap_err().is_config());
}

#[test]
fn names_are_read_and_written() {
    use SignatureAlgorithm as S;
    for one in S::ASYMMETRIC
        .into_iter()
        .chain([S::Hs256, S::Hs384, S::Hs512])
    {
        assert_eq!(one.to_string().parse::<S>().unwrap(), one);
    }
    assert_eq!("Ed25519".parse::<S>().unwrap(), S::EdDsa);
    for one in KeyEncryption::ALL {
        assert_eq!(one.to_string().parse::<KeyEncryption>().unwrap(), one);
    }
    for one in ContentEncryption::ALL {
        assert_eq!(one.to_string().parse::<ContentEncryption>().unwrap(), one);
    }
}

#[test]
fn no_key_is_shown() {
    let signing = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, "hunter2".repeat(8)).unwrap();
    let opening = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let dpop = super::super::DpopKey::new(signing.clone()).unwrap();
    let shown = format!("{signing:?} {secret:?} {opening:?} {dpop:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("Es256") && shown.len() < 1000, "{shown}");
    let public = format!("{:?}", signing.public_jwk().unwrap());
    assert!(public.contains("P-256"), "{public}");
}

/// One bit less, one bit more, one octet more.
#[test]
fn rsa_keys_have_2048_to_8192_bits_and_a_sound_exponent() {
    let modulus = |octets: usize, first: u8| {
        let mut n = vec![0x55; octets];
        (n[0], n[octets - 1]) = (first, 0x57);
        n
    };
    for (n, e, good) in [
        (modulus(256, 0x80), vec![1, 0, 1], true),
        (modulus(256, 0x7f), vec![1, 0, 1], false),
        (modulus(1024, 0xff), vec![1, 0, 1], true),
        (modulus(1025, 1), vec![1, 0, 1], false),
        (modulus(256, 0x80), vec![0x80, 0, 0, 1], true),
        (modulus(256, 0x80), vec![1, 0, 0, 0, 1], false),
        (modulus(256, 0x80), vec![3], true),
    ] {
        let key = PublicKey::rsa(&n, &e);
        assert_eq!(key.is_ok(), good, "{} {:#x} {e:?}: {key:?}", n.len(), n[0]);
    }
}

#[test]
fn an_ed25519_key_is_32_octets() {
    let pair = signature::Ed25519KeyPair::generate().unwrap();
    let raw = pair.public_key().as_ref();
    assert!(PublicKey::ed25519(raw).is_ok());
    assert!(PublicKey::ed25519(&raw[1..]).is_err());
    // The same key in another form.
    let der = pair.public_key().as_der().unwrap();
    assert!(PublicKey::ed25519(der.as_ref()).is_err());
    assert!(PublicKey::spki(der.as_ref()).is_ok());
}

/// A key that was made here can be kept.
#[test]
fn made_keys_outlive_the_process_as_pem() {
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let made = SigningKey::generate(algorithm).unwrap();
        let pem = made.to_pem().unwrap();
        assert!(pem.expose().lines().all(|line| line.len() <= 64));
        let read = SigningKey::from_pem(algorithm, pem.expose()).unwrap();
        let [made, read] = [&made, &read].map(|key| key.public_jwk().unwrap().to_json());
        assert_eq!(made, read, "{algorithm}");
    }
    for algorithm in KeyEncryption::ALL {
        let made = DecryptionKey::generate(algorithm).unwrap();
        let read = DecryptionKey::from_pem(algorithm, made.to_pem().unwrap().expose()).unwrap();
        let [made, read] = [&made, &read].map(|key| key.public_jwk().to_json());
        assert_eq!(made, read, "{algorithm}");
    }
    let made = DpopKey::generate(SignatureAlgorithm::EdDsa).unwrap();
    let read = SigningKey::from_pem(SignatureAlgorithm::EdDsa, made.to_pem().unwrap().expose());
    let read = DpopKey::new(read.unwrap()).unwrap();
    assert_eq!(read.thumbprint(), made.thumbprint());
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, "s".repeat(32)).unwrap();
    assert!(secret.to_pem().unwrap_err().is_config());
}

/// Other keys than the first may have signed: two providers behind one set, or a set with one id for
/// two keys.
#[test]
fn equal_keys_are_one_and_different_ones_under_an_id_are_each_tried() {
    let pairs: Vec<SigningKey> = (0..6)
        .map(|_| SigningKey::generate(SignatureAlgorithm::Es256).unwrap())
        .collect();
    let set = |numbers: &[usize]| {
        let keys: Vec<Value> = numbers
            .iter()
            .map(|number| {
                let key = pairs[*number].public_jwk().unwrap();
                key.with_kid("same").to_json()
            })
            .collect();
        JwkSet::from_json(&json!({ "keys": keys }).to_string()).unwrap()
    };
    let verify = |signer: usize, header: Value, numbers: &[usize]| {
        let token = pairs[signer].sign(&header, &json!({})).unwrap();
        let token = Jws::parse(&token).unwrap();
        set(numbers).verify(token, SignatureAlgorithm::Es256)
    };
    for header in [json!({"kid": "same"}), json!({})] {
        verify(0, header.clone(), &[0, 0]).unwrap();
        verify(0, header.clone(), &[1, 0]).unwrap();
        verify(3, header.clone(), &[0, 1, 2, 3]).unwrap();
        // Repeated ones do not count.
        verify(3, header.clone(), &[0, 0, 0, 0, 1, 2, 3]).unwrap();
        let error = verify(5, header.clone(), &[0, 1, 2, 3]).unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Signature));
        let error = verify(4, header, &[0, 1, 2, 3, 4]).unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::UnknownKey));
        assert!(error.to_string().contains("5 published keys"), "{error}");
    }
}

#[test]
fn members_that_are_null_are_absent() {
    let mut key = es256("a");
    for name in ["alg", "use", "key_ops", "x5c", "x5t", "x5u", "exp"] {
        key[name] = Value::Null;
    }
    let text = format!("\u{feff}{}", json!({ "keys": [key] }));
    let keys = JwkSet::from_json(&text).unwrap();
    assert_eq!(keys.iter().map(Jwk::kid).collect::<Vec<_>>(), [Some("a")]);
    key["kid"] = Value::Null;
    assert_eq!(Jwk::from_json(&key.to_string()).unwrap().kid(), None);
    // What is no key without them stays none.
    key["y"] = Value::Null;
    assert!(Jwk::from_json(&key.to_string()).is_err());
}

/// What is not read cannot be wrong, whatever the algorithm.
#[test]
fn certificates_in_headers_are_ignored_for_all_algorithms_alike() {
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("a");
        let keys = JwkSet::from(key.public_jwk().unwrap());
        for odd in [json!(1), json!(null), json!("text"), json!([1]), json!({})] {
            for name in ["x5c", "x5t", "x5t#S256", "x5u", "jku", "jwk", "cty"] {
                let mut header = json!({"kid": "a"});
                header[name] = odd.clone();
                let token = key.sign(&header, &json!({})).unwrap();
                let token = Jws::parse(&token).unwrap();
                keys.verify(token, algorithm).unwrap();
            }
        }
    }
}

/// RFC 8032 section 5.1.7 with a key of small order: one signature is good for many messages.
#[test]
fn ed25519_keys_of_small_order_are_refused() {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let zeros = "00".repeat(30);
    let ones = "ff".repeat(30);
    let points = [
        format!("00{zeros}00"),
        format!("01{zeros}00"),
        format!("ec{ones}7f"),
        format!("ed{ones}7f"),
        format!("ee{ones}7f"),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(),
    ];
    for point in points {
        for sign in [0x00, 0x80] {
            let mut x = hex(&point);
            x[31] |= sign;
            let key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&x)});
            let error = Jwk::from_json(&key.to_string()).unwrap_err();
            assert!(
                error.to_string().contains("Ed25519") || error.to_string().contains("small order"),
                "{error}"
            );
            // The same out of DER.
            let der = [hex("302a300506032b6570032100"), x].concat();
            Jwk::from_der(&der).unwrap_err();
        }
    }
    for _ in 0..20 {
        let key = SigningKey::generate(SignatureAlgorithm::EdDsa).unwrap();
        Jwk::from_json(&key.public_jwk().unwrap().to_json().to_string()).unwrap();
    }
}
