//! Bound access tokens (RFC 9449 section 4.3, RFC 8705 section 3).

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::{AccessTokenVerifier, Check, Presented};
use super::{NOW, access_claims, api, issuer, now, refused, resource, signed, with};
use crate::jose::{SignatureAlgorithm, SigningKey, hash};
use crate::oidc::{ReplayMemory, ReplaySender, ReplayStore};
use crate::{BoxFuture, Result, TokenFault};

const CERTIFICATE: &[u8] = b"a certificate";

fn url() -> Url {
    Url::parse("https://api.example.org/notes?page=1#top").unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate(SignatureAlgorithm::Es256).unwrap()
}

fn bound(confirmation: Value) -> String {
    signed(&with(access_claims(), "cnf", confirmation))
}

fn header(key: &SigningKey) -> Value {
    let mut jwk = key.public_jwk().unwrap().to_json();
    for name in ["use", "alg"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    json!({ "typ": "dpop+jwt", "jwk": jwk })
}

fn claims(token: &str) -> Value {
    json!({
        "jti": "p1", "htm": "GET", "htu": "https://api.example.org/notes", "iat": NOW,
        "ath": hash::sha256(token),
    })
}

async fn show(verifier: &AccessTokenVerifier, token: &str, proof: &str) -> crate::Result<()> {
    let url = url();
    let presented = Presented::new(token).dpop(proof, &Method::GET, &url);
    verifier.verify(presented).await.map(drop)
}

#[tokio::test]
async fn certificates() {
    let token = bound(json!({ "x5t#S256": hash::sha256(CERTIFICATE) }));
    let verified = api()
        .verify(Presented::new(&token).certificate(CERTIFICATE))
        .await
        .unwrap();
    let wanted = hash::sha256(CERTIFICATE);
    assert_eq!(verified.certificate_thumbprint(), Some(wanted.as_str()));
    assert_eq!(verified.dpop_thumbprint(), None);
    refused(api().verify(&token).await, TokenFault::Binding);
    let other = Presented::new(&token).certificate(b"another");
    refused(api().verify(other).await, TokenFault::Binding);
    let unchecked = resource()
        .audience("api")
        .without(Check::Binding)
        .build()
        .unwrap();
    unchecked.verify(&token).await.unwrap();
    // A certificate is ignored if the token is not bound to one.
    let free = signed(&access_claims());
    api()
        .verify(Presented::new(&free).certificate(CERTIFICATE))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bound_token_needs_a_new_proof_of_its_key() {
    let key = key();
    let thumbprint = key.public_jwk().unwrap().thumbprint();
    // The replay store uses the system clock, so the token has the current time.
    let today = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let token = with(access_claims(), "cnf", json!({ "jkt": thumbprint }));
    let token = with(with(token, "iat", json!(today)), "exp", json!(today + 300));
    let token = signed(&token);
    let verifier = AccessTokenVerifier::builder(issuer())
        .audience("api")
        .build()
        .unwrap();
    refused(verifier.verify(&token).await, TokenFault::Binding);
    let claims = with(claims(&token), "iat", json!(today));
    let proof = key.sign(&header(&key), &claims).unwrap();
    show(&verifier, &token, &proof).await.unwrap();
    // A proof is accepted once.
    refused(show(&verifier, &token, &proof).await, TokenFault::Replayed);
    let again = key
        .sign(&header(&key), &with(claims, "jti", json!("p2")))
        .unwrap();
    show(&verifier, &token, &again).await.unwrap();
    let unchecked = AccessTokenVerifier::builder(issuer()).audience("api");
    let unchecked = unchecked.without(Check::Binding).build().unwrap();
    let verified = unchecked.verify(&token).await.unwrap();
    assert_eq!(verified.dpop_thumbprint(), Some(thumbprint.as_str()));
}

#[derive(Debug, Default, Clone)]
struct Remembered(Arc<Mutex<Option<SystemTime>>>);

impl ReplayStore for Remembered {
    fn first_use<'a>(&'a self, _: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        *self.0.lock().unwrap() = Some(until);
        Box::pin(async { Ok(true) })
    }
}

/// A proof from the future, within the leeway, is accepted until it is too old by the leeway.
#[tokio::test]
async fn a_proof_is_remembered_as_long_as_it_is_good() {
    let key = key();
    let token = bound(json!({ "jkt": key.public_jwk().unwrap().thumbprint() }));
    let store = Remembered::default();
    let verifier = resource().audience("api").replay_store(store.clone());
    let verifier = verifier.build().unwrap();
    let newest = with(claims(&token), "iat", json!(NOW + 30));
    let proof = key.sign(&header(&key), &newest).unwrap();
    show(&verifier, &token, &proof).await.unwrap();
    let until = store.0.lock().unwrap().unwrap();
    let good = Duration::from_secs(NOW + 30 + 30 + 30);
    assert_eq!(until, SystemTime::UNIX_EPOCH + good);
}

#[tokio::test]
async fn proofs_for_another_request_time_token_or_key_are_refused() {
    let key = key();
    let token = bound(json!({ "jkt": key.public_jwk().unwrap().thumbprint() }));
    let verifier = api();
    for (name, value) in [
        ("htm", json!("POST")),
        ("htm", Value::Null),
        ("htu", json!("https://api.example.org/other")),
        ("htu", json!("https://api.example.org.evil/notes")),
        ("htu", json!("http://api.example.org/notes")),
        ("htu", json!("notes")),
        ("htu", Value::Null),
        ("iat", json!(NOW - 61)),
        ("iat", json!(NOW + 31)),
        ("ath", json!(hash::sha256("another"))),
        ("ath", Value::Null),
        ("jti", json!("")),
        ("jti", json!("a".repeat(1025))),
        ("jti", Value::Null),
    ] {
        let proof = key
            .sign(&header(&key), &with(claims(&token), name, value.clone()))
            .unwrap();
        let fault = show(&verifier, &token, &proof)
            .await
            .unwrap_err()
            .token_fault();
        assert_eq!(fault, Some(TokenFault::Binding), "{name} {value}");
    }
    let without_time = with(claims(&token), "iat", Value::Null);
    let proof = key.sign(&header(&key), &without_time).unwrap();
    refused(show(&verifier, &token, &proof).await, TokenFault::Binding);
    for (name, value) in [("iat", json!(NOW - 60)), ("iat", json!(NOW + 30))] {
        let id = format!("edge {value}");
        let edge = with(with(claims(&token), name, value), "jti", json!(id));
        let proof = key.sign(&header(&key), &edge).unwrap();
        show(&verifier, &token, &proof).await.unwrap();
    }
    // Another key, in any form.
    let other = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let proof = other.sign(&header(&other), &claims(&token)).unwrap();
    refused(show(&verifier, &token, &proof).await, TokenFault::Binding);
    let proof = other.sign(&header(&key), &claims(&token)).unwrap();
    refused(show(&verifier, &token, &proof).await, TokenFault::Binding);
    for change in [
        |header: &mut Value| header["typ"] = json!("JWT"),
        |header: &mut Value| header["jwk"] = json!("text"),
        |header: &mut Value| header["jwk"]["d"] = json!("AA"),
        |header: &mut Value| header["jwk"]["k"] = json!("AA"),
        |header: &mut Value| header["jwk"]["x"] = json!("AA"),
    ] {
        let mut header = header(&key);
        change(&mut header);
        let proof = key.sign(&header, &claims(&token)).unwrap();
        refused(show(&verifier, &token, &proof).await, TokenFault::Binding);
    }
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, "a".repeat(32)).unwrap();
    let proof = secret.sign(&header(&key), &claims(&token)).unwrap();
    refused(show(&verifier, &token, &proof).await, TokenFault::Binding);
    refused(show(&verifier, &token, "").await, TokenFault::Binding);
    // RFC 9449 section 7.1: a token that is not bound must not come with a proof.
    let free = signed(&access_claims());
    let proof = key.sign(&header(&key), &claims(&free)).unwrap();
    refused(show(&verifier, &free, &proof).await, TokenFault::Binding);
}

#[tokio::test]
async fn a_proof_carries_the_nonce_of_the_service() {
    let key = key();
    let token = bound(json!({ "jkt": key.public_jwk().unwrap().thumbprint() }));
    let url = url();
    for (nonce, good) in [
        (json!("n1"), true),
        (json!("n2"), false),
        (Value::Null, false),
    ] {
        let proof = key
            .sign(&header(&key), &with(claims(&token), "nonce", nonce))
            .unwrap();
        let presented = Presented::new(&token)
            .dpop(&proof, &Method::GET, &url)
            .nonce("n1");
        assert_eq!(api().verify(presented).await.is_ok(), good);
    }
}

#[tokio::test]
async fn bindings_that_nobody_can_check() {
    for confirmation in [
        json!({"jwk": {}}),
        json!({"jwe": "x"}),
        json!({"kid": "1"}),
        json!({"jku": "x"}),
        json!("text"),
        json!([]),
    ] {
        refused(
            api().verify(&bound(confirmation)).await,
            TokenFault::Binding,
        );
    }
    api().verify(&bound(json!({}))).await.unwrap();
    api()
        .verify(&bound(json!({"kc-jkt-type": "DPoP"})))
        .await
        .unwrap();
    // A known confirmation method that is not a string must not count as checked.
    for confirmation in [json!({"jkt": 1}), json!({"x5t#S256": null})] {
        refused(
            api().verify(&bound(confirmation)).await,
            TokenFault::Binding,
        );
    }
    let shown = format!("{:?}", Presented::new("hunter2").certificate(b"hunter2"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// Proof ids are stored longer than the proofs are accepted.
#[tokio::test]
async fn replay_memory() {
    let memory = ReplayMemory::default();
    let now = SystemTime::now();
    let later = now + Duration::from_secs(60);
    assert!(memory.first_use("a", later).await.unwrap());
    assert!(!memory.first_use("a", later).await.unwrap());
    assert!(memory.first_use("b", later).await.unwrap());
    // An expired id counts as forgotten.
    assert!(
        memory
            .first_use("c", now - Duration::from_secs(1))
            .await
            .unwrap()
    );
    assert!(memory.first_use("c", later).await.unwrap());
}

/// RFC 9449 section 7.1: a proof for a protected resource, with the hash of the token.
#[tokio::test]
async fn rfc_9449_proof_at_a_resource() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHg\
        tMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG1\
        0NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0\
        VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2Mj\
        I2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzh\
        rtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let claims = json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } });
    let url = Url::parse("https://resource.example.org/protectedresource").unwrap();
    let replay = crate::oidc::ReplayMemory::default();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_562_262_618);
    let check = |token: &'static str, at| {
        let presented = Presented::new(token).dpop(proof, &Method::GET, &url);
        let claims = claims.as_object().unwrap();
        super::super::binding::check(claims, presented, &replay, at, Duration::ZERO)
    };
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let early = check(token, at - Duration::from_secs(1)).await;
    assert_eq!(early.unwrap_err().token_fault(), Some(TokenFault::Binding));
    let other = check("another", at).await;
    assert_eq!(other.unwrap_err().token_fault(), Some(TokenFault::Binding));
    check(token, at).await.unwrap();
}

/// A replay store at the time of these tests.
#[derive(Debug)]
struct AtThisTime(ReplayMemory);

impl ReplayStore for AtThisTime {
    fn first_use<'a>(&'a self, id: &'a str, until: SystemTime) -> BoxFuture<'a, Result<bool>> {
        Box::pin(ready(self.0.note(None, id, until, now())))
    }

    fn first_use_by<'a>(
        &'a self,
        sender: ReplaySender<'a>,
        id: &'a str,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(ready(self.0.note(Some(sender), id, until, now())))
    }
}

/// A client that creates any number of keys and proofs uses up its own share; other clients still
/// log in.
#[tokio::test]
async fn proofs_of_one_client_fill_no_memory_of_others() {
    let memory = AtThisTime(ReplayMemory::new().per_client(1_000));
    let verifier = resource()
        .audience("api")
        .replay_store(memory)
        .build()
        .unwrap();
    let visit = async |client: &str, subject: &str| {
        let key = key();
        let thumbprint = key.public_jwk().unwrap().thumbprint();
        let mut bound = with(access_claims(), "cnf", json!({ "jkt": thumbprint }));
        bound["azp"] = json!(client);
        bound["sub"] = json!(subject);
        let bound = match client {
            "" => with(bound, "azp", Value::Null),
            _ => bound,
        };
        let token = signed(&bound);
        let proof = key.sign(&header(&key), &claims(&token)).unwrap();
        let result = show(&verifier, &token, &proof).await;
        (result, token, proof)
    };
    let (first, token, proof) = visit("busy", "ada").await;
    first.unwrap();
    for _ in 1..1_000 {
        visit("busy", "ada").await.0.unwrap();
    }
    let error = visit("busy", "bob").await.0.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(error.retry_after().is_some(), "{error}");
    visit("other", "ada").await.0.unwrap();
    // Without a client, the subject is the sender.
    visit("", "ada").await.0.unwrap();
    // Nothing was forgotten.
    refused(show(&verifier, &token, &proof).await, TokenFault::Replayed);
}
