//! Project Wycheproof's vectors for JOSE, through the same door as every token.

use serde_json::Value;
use wycheproof_ng_core::TestResult;
use wycheproof_ng_kdf_jose::json_web::{TestGroup, TestName, TestSet};

use super::super::jws::Jws;
use super::super::{DecryptionKey, JwkSet, KeyEncryption, SignatureAlgorithm, base64url, decrypt};
use crate::error::Result;

/// Vectors that end otherwise than their authors say: the first and last number, and why.
type Exceptions = &'static [(usize, usize, &'static str)];

/// No token of others is verified or opened with a secret that both sides have.
const SYMMETRIC: &str = "the key is symmetric";
const PINNED: &str = "the key is published for another algorithm";
const MISSPELT: &str = "the key is published for ES521, which is no algorithm";
const ALPHABET: &str = "it has a character that base64url has not";

fn keys(group: &TestGroup) -> JwkSet {
    let key = group
        .public_key
        .as_ref()
        .or(group.private_key.as_ref())
        .unwrap();
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => serde_json::json!({ "keys": [key] }),
    };
    JwkSet::read(set.as_object().unwrap()).unwrap()
}

fn verify(token: &Value, keys: &JwkSet) -> Result<Vec<u8>> {
    // The JSON serializations are no text: no entry takes them.
    let token = Jws::parse(token.as_str().unwrap_or_default())?;
    let algorithm = token.algorithm(&SignatureAlgorithm::ASYMMETRIC)?;
    keys.verify(token, algorithm)
}

/// Opens a token with the group's key, whatever algorithm it names.
fn open(token: &Value, key: &Value) -> Result<Vec<u8>> {
    let token = token.as_str().unwrap_or_default();
    let header = base64url::decode(token.split('.').next().unwrap_or_default());
    let named = header
        .and_then(|header| serde_json::from_slice::<Value>(&header).ok())
        .and_then(|header| header.get("alg").and_then(Value::as_str).map(str::to_owned));
    // A key without an algorithm of its own is registered for what its tokens name.
    let registered = key.get("alg").and_then(Value::as_str).map(str::to_owned);
    let algorithm: KeyEncryption = registered.or(named).unwrap_or_default().parse()?;
    decrypt(
        token,
        &[DecryptionKey::from_jwk(algorithm, &key.to_string())?],
    )
}

/// Runs a file; gives how many vectors went as their authors say.
fn run(
    name: TestName,
    exceptions: Exceptions,
    accepts: impl Fn(&TestGroup, &wycheproof_ng_kdf_jose::json_web::Test) -> bool,
) -> usize {
    let set = TestSet::load(name).unwrap();
    let (mut agreed, mut wrong, mut unused) = (0, Vec::new(), Vec::from(exceptions));
    for group in &set.test_groups {
        for test in &group.tests {
            let valid = test.result != TestResult::Invalid;
            let excepted = exceptions
                .iter()
                .find(|(first, last, _)| (*first..=*last).contains(&test.tc_id));
            match (accepts(group, test) == valid, excepted) {
                (true, None) => agreed += 1,
                (false, Some(exception)) => unused.retain(|one| one != exception),
                (true, Some(_)) => wrong.push(format!("{} needs no exception", test.tc_id)),
                (false, None) => wrong.push(format!(
                    "{} {:?} {}: {}",
                    test.tc_id, test.result, group.group_comment, test.comment
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unused.is_empty(), "{unused:?}");
    agreed
}

fn signatures(name: TestName, exceptions: Exceptions) -> usize {
    run(name, exceptions, |group, test| {
        test.jws
            .as_ref()
            .is_some_and(|token| verify(token, &keys(group)).is_ok())
    })
}

#[test]
fn wycheproof_signatures_end_as_their_authors_say() {
    let exceptions: Exceptions = &[
        (1, 1, SYMMETRIC),
        (346, 346, PINNED),
        (347, 347, MISSPELT),
        (348, 348, SYMMETRIC),
        (350, 350, PINNED),
        (351, 351, MISSPELT),
        (352, 352, SYMMETRIC),
        (357, 359, SYMMETRIC),
        (372, 373, ALPHABET),
        (376, 377, SYMMETRIC),
    ];
    assert_eq!(signatures(TestName::JsonWebSignature, exceptions), 387);
}

/// RFC 7520 sections 4.1 to 4.4. The file names other algorithms in two of the keys, and the RFC in
/// none.
#[test]
fn rfc_7520_signatures() {
    let set = TestSet::load(TestName::JsonWebSignature).unwrap();
    let groups = set.test_groups.iter();
    let mut figures = Vec::new();
    for group in groups.filter(|group| group.group_comment == "rfc7520") {
        let key = group.public_key.as_ref().or(group.private_key.as_ref());
        let mut key = serde_json::json!(key.unwrap());
        key.as_object_mut().unwrap().remove("alg");
        let keys = serde_json::json!({ "keys": [key] });
        let keys = JwkSet::read(keys.as_object().unwrap()).unwrap();
        for test in &group.tests {
            let payload = verify(test.jws.as_ref().unwrap(), &keys);
            if test.comment == "Figure35" {
                let fault = payload.unwrap_err().token_fault();
                assert_eq!(fault, Some(crate::TokenFault::Algorithm), "HS256");
                continue;
            }
            let payload = String::from_utf8(payload.unwrap()).unwrap();
            assert!(payload.starts_with("It\u{2019}s a dangerous business, Frodo"));
            figures.push(test.comment.as_str());
        }
    }
    assert_eq!(figures, ["Figure13", "Figure20", "Figure27"]);
}

/// RFC 7520 sections 5.1, 5.2, 5.4 and 5.5: what does not take a secret of both sides.
#[test]
fn rfc_7520_encryption() {
    let set = TestSet::load(TestName::JsonWebEncryption).unwrap();
    let groups = set.test_groups.iter();
    let mut figures = Vec::new();
    for group in groups.filter(|group| group.group_comment == "rfc_7520") {
        for test in &group.tests {
            let token = test.jwe.as_ref().unwrap();
            if let Ok(opened) = open(token, group.private_key.as_ref().unwrap()) {
                let text = String::from_utf8(opened).unwrap();
                assert!(text.starts_with("You can trust us to stick with you"));
                figures.push(test.comment.as_str());
            }
        }
    }
    assert_eq!(figures, ["Figure81", "Figure92", "Figure117", "Figure128"]);
}

#[test]
fn wycheproof_keys_end_as_their_authors_say() {
    let exceptions: Exceptions = &[(2, 2, SYMMETRIC), (13, 15, SYMMETRIC)];
    assert_eq!(signatures(TestName::JsonWebKey, exceptions), 22);
}

#[test]
fn wycheproof_encryption_ends_as_its_authors_say() {
    let exceptions: Exceptions = &[
        (1, 1, SYMMETRIC),
        (23, 23, SYMMETRIC),
        (28, 32, SYMMETRIC),
        (69, 75, SYMMETRIC),
        (132, 134, SYMMETRIC),
        (135, 135, "the content is compressed"),
    ];
    let agreed = run(TestName::JsonWebEncryption, exceptions, |group, test| {
        let (token, key) = (test.jwe.as_ref(), group.private_key.as_ref());
        let opened = token
            .zip(key)
            .and_then(|(token, key)| open(token, key).ok());
        if let (Some(opened), Some(plain)) = (&opened, &test.pt) {
            assert_eq!(
                &data_encoding::HEXLOWER.encode(opened),
                plain,
                "{}",
                test.tc_id
            );
        }
        opened.is_some()
    });
    assert_eq!(agreed, 121);
}

#[test]
fn wycheproof_signatures_and_encryption_end_as_their_authors_say() {
    let exceptions: Exceptions = &[(1, 1, SYMMETRIC), (48, 48, SYMMETRIC), (50, 50, SYMMETRIC)];
    let agreed = run(TestName::JsonWebCrypto, exceptions, |group, test| {
        let (signed, encrypted) = (test.jws.as_ref(), test.jwe.as_ref());
        let key = group.private_key.as_ref();
        signed.is_some_and(|token| verify(token, &keys(group)).is_ok())
            || encrypted
                .zip(key)
                .is_some_and(|(token, key)| open(token, key).is_ok())
    });
    assert_eq!(agreed, 80);
}
