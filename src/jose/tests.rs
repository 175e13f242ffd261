//! Signed tokens, good and bad.

use std::time::{Duration, SystemTime};

use biscuit::CompactPart;
use biscuit::jwa::SignatureAlgorithm;
use biscuit::jws::Secret;
use serde_json::{Map, Value, json};

use super::id_token::{Expected, check};
use super::jwks::KeySet;
use super::{Header, payload};
use crate::ErrorKind;
use crate::error::Result;

/// A PKCS #8 key for P-256, made for these tests.
const SIGNING_KEY: &str = "\
    308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042023d8817539181b8f\
    c2c4310ac4fc93e4207729287fd244707fe5d380d60ca0eea1440342000419f462c0d731e98fd3fdd80c9038\
    0389e74b93f68fc1ad9b717c8bd79bab8543f01bcd0ebf61108253ba36d0b8cb86e35b7055ab3d54076fd12a\
    f0eac65c8866";
const X: &str = "GfRiwNcx6Y_T_dgMkDgDiedLk_aPwa2bcXyL15urhUM";
const Y: &str = "8BvNDr9hEIJTujbQuMuG41twVas9VAdv0Srw6sZciGY";
const MODULUS: &str = "\
    mvylRMy7EhW4QXblDAMUk0at1_kQGmT-KEPtUA6EJbkDvXKnY_zZGDqPFXRKGDWzqdvRx6aCfReUNhieDKGiK6yK\
    XVj1aE2VMdsV5rfv8DSbgSje2qMZjZKyLtFDI37sMwxxMWYf9lvPKutOIFOEGve3Z9oOXkQcypKSdLeR_eKL8iND\
    xBCKMf-355s_WdaZSxTEuXx53I_vRCyyRohaD2luRR8MnI9FOZTDTbxYsSXBPDaKJucSSx_hYAqXkIj3UJkao2bi\
    jIwCUu1hKV35UEjgn9nYZjO6kAYcF9eLvoXvutZrsCRf0cNl1-9WN8uzDCD-UzfH9s1SPbylyDeGgQ";
const RS256: &str = "\
    eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJuIjoxfQ.V3a0ziDH3SLe1mCtmoEB08aF\
    Lb517YFkaZyNu3kgmAtdqUWwKP8ehfQel66_oGdD-8fnXBOhxrOimlWPDV9pZdb1oMBhvPf_sxRO-9LO6gpz6Jn7\
    14vW5Y_Pbs338Z4aB2_5LArYK33oM5BomjwHY7oVjyj6ocHD9Aik4xB2KFnD_SJtjfr6DrfvDhK4Hs4Za0GOVhi_\
    xwo06Q-xstNQWuv-1HIG4HfP2jNUt3qArPjQPfuji0FvS_PHVBh26BvEKBVMNcZph5zqNg4d49xEQqTNAydlXKXr\
    7ce3FDeojHSfMZ36pax2hkl9sD45DOf77YOp3JeWXfvgjoH_YFA9XA";
const PS256: &str = "\
    eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.eyJuIjoxfQ.amiETR1cuQHhNvF-YLgclGyIWjnEWSCOmRyXDv2I\
    PCLKGrMNiklNdLtk2LY_9Dlht-5RxdUBh0rDcZ3nl1aSbc9y2so5eI3nFdVdIQgdco7LCS7oVokIFucnfpTAhHKg\
    EOn6sqhayqKy5fmyUCRwbPMf6JScfzlNihr1YaWOD0b20KN0S7pixTD4OH7rtDh3hl_NK8n8xNyPBnDAER6Gmi0j\
    5NKjp70V_EYRYkzDvT9woNEQAmzPe3ZQ5GWQwfFX06HfttvioJyxhYiD8iVVPCVypslwdjwq9gzVOrver8YZfZfT\
    lI3lJD70af39tnJIVJA83d7_Reybf6ElFd7-7g";

fn base64(bytes: &[u8]) -> String {
    bytes.to_vec().to_base64().unwrap().unwrap()
}

/// Signs with the test key, whatever the header says.
pub(crate) fn sign(header: &Value, claims: &Value) -> String {
    let bytes: Vec<u8> = (0..SIGNING_KEY.len() / 2)
        .map(|at| u8::from_str_radix(&SIGNING_KEY[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let path = std::env::temp_dir().join(format!("key-{:?}.der", std::thread::current().id()));
    let path = path.with_extension(std::process::id().to_string());
    std::fs::write(&path, bytes).unwrap();
    let key = Secret::ecdsa_keypair_from_file(SignatureAlgorithm::ES256, path.to_str().unwrap());
    std::fs::remove_file(&path).unwrap();
    let part = |value: &Value| base64(value.to_string().as_bytes());
    let input = format!("{}.{}", part(header), part(claims));
    let signature = SignatureAlgorithm::ES256
        .sign(input.as_bytes(), &key.unwrap())
        .unwrap();
    format!("{input}.{}", base64(&signature))
}

pub(crate) fn es256(kid: &str) -> Value {
    json!({"kid": kid, "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": X, "y": Y})
}

fn rsa() -> Value {
    json!({"kid": "rsa", "kty": "RSA", "use": "sig", "n": MODULUS, "e": "AQAB"})
}

fn verify(token: &str, keys: &[Value]) -> Result<Map<String, Value>> {
    let keys = KeySet::read(&json!({ "keys": keys }))?;
    let header = Header::read(token)?;
    let key = keys
        .find(&header)?
        .ok_or_else(|| crate::error::protocol("no key"))?;
    payload(token, &header, key)
}

fn refused(token: &str, keys: &[Value], why: &str) {
    let error = verify(token, keys).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains(why), "{error}, wanted {why}");
}

#[test]
fn good_signatures() {
    let token = sign(
        &json!({"alg": "ES256", "kid": "a", "typ": "JWT"}),
        &json!({"n": 1}),
    );
    // Keys of kinds that are not known do not hide the one that fits.
    let keys = [
        json!({"kid": "a", "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": "AA"}),
        json!({"kid": "b", "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({"kid": "a", "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "n": MODULUS, "e": "AQAB"}),
        json!({"kty": 5}),
        json!("text"),
        rsa(),
        es256("a"),
    ];
    assert_eq!(verify(&token, &keys).unwrap()["n"], 1);
    assert_eq!(verify(RS256, &keys).unwrap()["n"], 1);
    assert_eq!(verify(PS256, &keys).unwrap()["n"], 1);
    let without_kid = sign(&json!({"alg": "ES256"}), &json!({}));
    verify(&without_kid, &keys).unwrap();
}

#[test]
fn every_change_of_a_token_is_noticed() {
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({"n": 1}));
    for at in 0..token.len() {
        for other in ['A', 'B', '.', '=', '?'] {
            let mut changed = token.clone();
            changed.replace_range(at..=at, &other.to_string());
            assert!(
                changed == token || verify(&changed, &[es256("a"), rsa()]).is_err(),
                "{at}"
            );
        }
        assert!(verify(&token[..at], &[es256("a")]).is_err());
    }
}

#[test]
fn headers_that_are_refused() {
    let keys = [es256("a"), rsa()];
    let with = |header: Value| sign(&header, &json!({}));
    refused(&with(json!({"alg": "none"})), &keys, "accepted algorithm");
    refused(
        &with(json!({"alg": "HS256", "kid": "a"})),
        &keys,
        "accepted algorithm",
    );
    refused(&with(json!({"kid": "a"})), &keys, "accepted algorithm");
    refused(
        &with(json!({"alg": "EdDSA"})),
        &keys,
        "EdDSA are not supported yet",
    );
    refused(
        &with(json!({"alg": "ES512"})),
        &keys,
        "ES512 are not supported yet",
    );
    refused(
        &with(json!({"alg": "ES256", "crit": ["x"], "x": 1})),
        &keys,
        "critical",
    );
    refused(
        &with(json!({"alg": "ES256", "typ": "at+jwt"})),
        &keys,
        "another type",
    );
    refused(&with(json!({"alg": "ES256", "kid": "b"})), &keys, "no key");
    refused(&with(json!({"alg": "ES384", "kid": "a"})), &keys, "no key");
    refused(&with(json!({"alg": "RS256", "kid": "a"})), &keys, "no key");
    refused(
        &with(json!({"alg": "RS256", "kid": "rsa"})),
        &keys,
        "signature of the token is wrong",
    );
    refused("a.b.c.d.e", &keys, "encrypted tokens are not supported yet");
    refused("", &keys, "not a signed JWT");
    refused("a.b", &keys, "not a signed JWT");
    refused("....", &keys, "encrypted");
    refused("!!.b.c", &keys, "header of the token");
}

#[test]
fn keys_that_are_refused() {
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({}));
    let change = |name: &str, value: Value| {
        let mut key = es256("a");
        key[name] = value;
        key
    };
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("crv", json!("P-384")),
        ("alg", json!("ES384")),
        ("x", json!("AA")),
        ("y", json!("not base64!")),
        ("kty", json!("RSA")),
    ] {
        refused(&token, &[change(name, value)], "no key");
    }
    refused(&token, &[es256("a"), es256("a")], "several keys");
    let other = json!({"kid": "rsa", "kty": "RSA", "n": "AQAB", "e": "AQAB"});
    refused(RS256, &[other], "signature of the token is wrong");
    let pinned = json!({"kid": "rsa", "kty": "RSA", "alg": "RS512", "n": MODULUS, "e": "AQAB"});
    refused(RS256, &[pinned], "no key");
    assert!(KeySet::read(&json!({})).is_err());
    assert!(KeySet::read(&json!({ "keys": vec![es256("a"); 101] })).is_err());
}

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://h/realms/demo",
        client_id: "web",
        subject: None,
        leeway: Duration::from_secs(30),
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1000),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://h/realms/demo", "aud": "web", "azp": "web", "sub": "1", "typ": "ID",
        "iat": 990, "exp": 1290.5,
    })
}

#[test]
fn claims_are_checked() {
    let verdict = |name: &str, value: Value| {
        let mut claims = claims();
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.into(), value),
        };
        check(claims.as_object().unwrap(), expected()).map_err(|e| e.to_string())
    };
    for (name, value) in [
        ("iss", json!("https://h/realms/demo")),
        ("aud", json!(["web", "api"])),
        ("azp", Value::Null),
        ("typ", Value::Null),
        ("exp", json!(971)),
        ("exp", json!(99_999_999_999_999_u64)),
        ("exp", json!(i64::MAX)),
        ("iat", json!(1020)),
        ("nbf", json!(1020)),
    ] {
        // An exp before iat has no life for a leeway to stretch.
        let good = name != "exp" || value != json!(971);
        assert_eq!(verdict(name, value.clone()).is_ok(), good, "{name} {value}");
    }
    for (name, value, why) in [
        ("iss", json!("https://h/realms/demo/"), "issuer"),
        ("iss", Value::Null, "issuer"),
        ("aud", json!("api"), "audience"),
        ("aud", json!([]), "audience"),
        ("aud", Value::Null, "audience"),
        ("azp", json!("api"), "another client"),
        ("typ", json!("Bearer"), "another type"),
        ("sub", Value::Null, "subject"),
        ("sub", json!(""), "subject"),
        ("exp", Value::Null, "when it"),
        ("exp", json!("1290"), "when it"),
        ("iat", Value::Null, "when it"),
        ("exp", json!(-1), "expired"),
        ("iat", json!(1031), "not valid yet"),
        ("nbf", json!(1031), "not valid yet"),
    ] {
        let error = verdict(name, value.clone()).unwrap_err();
        assert!(error.contains(why), "{name} {value}: {error}");
    }
    let mut several = claims();
    several["aud"] = json!(["web", "api"]);
    several.as_object_mut().unwrap().remove("azp");
    assert!(check(several.as_object().unwrap(), expected()).is_err());
}

#[test]
fn leeway_is_at_most_half_of_the_life() {
    let at = |now: u64, exp: u64| {
        let mut claims = claims();
        claims["iat"] = json!(990);
        claims["exp"] = json!(exp);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        check(claims.as_object().unwrap(), Expected { now, ..expected() }).is_ok()
    };
    assert!(at(1319, 1290) && !at(1320, 1290));
    assert!(at(1004, 1000) && !at(1005, 1000));
}

#[test]
fn the_subject_stays_the_same() {
    let claims = claims();
    let claims = claims.as_object().unwrap();
    check(
        claims,
        Expected {
            subject: Some("1"),
            ..expected()
        },
    )
    .unwrap();
    assert!(
        check(
            claims,
            Expected {
                subject: Some("2"),
                ..expected()
            }
        )
        .is_err()
    );
}
