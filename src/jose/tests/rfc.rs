//! The examples of the RFCs.

use serde_json::{Value, json};

use super::super::jws::Jws;
use super::super::{
    DecryptionKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm, SigningKey, base64url, decrypt,
    hash,
};
use crate::TokenFault;

pub(super) fn payload(token: &str, key: &Value) -> Vec<u8> {
    let keys = JwkSet::from(Jwk::from_json(&key.to_string()).unwrap());
    let token = Jws::parse(token).unwrap();
    let algorithm = token.algorithm(&SignatureAlgorithm::ASYMMETRIC).unwrap();
    keys.verify(token, algorithm).unwrap()
}

/// RFC 7515 appendices A.3 and A.4.
#[test]
fn rfc_7515_elliptic_curves() {
    let p256 = json!({
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
        cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let claims: Value = serde_json::from_slice(&payload(token, &p256)).unwrap();
    assert_eq!(claims["iss"], "joe");
    let p521 = json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWce\
              qwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3\
              kyMj2",
    });
    let token = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.\
        AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtA\
        G8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    assert_eq!(payload(token, &p521), b"Payload");
}

/// RFC 7515 appendices A.1 and A.5: who has the key could also have written the token, and whoever
/// comes along could have written the other.
#[test]
fn rfc_7515_symmetric_and_unsigned() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19\
        yb290Ijp0cnVlfQ";
    for (header, signature, why) in [
        (
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "symmetric",
        ),
        ("eyJhbGciOiJub25lIn0", "", "the token is not signed"),
        // {"alg":"XX256"}, of no RFC.
        ("eyJhbGciOiJYWDI1NiJ9", "AA", "known algorithm"),
    ] {
        let token = format!("{header}.{claims}.{signature}");
        let token = Jws::parse(&token).unwrap();
        assert_eq!(token.unverified_claims().unwrap()["iss"], "joe");
        let error = token
            .algorithm(&SignatureAlgorithm::ASYMMETRIC)
            .unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Algorithm));
        assert!(error.to_string().contains(why), "{error}");
        // Whoever takes the signature off is told nothing more.
        assert_eq!(error.hint().is_none(), signature.is_empty(), "{error}");
    }
}

/// RFC 9449 section 4.1: the proof for a token request, and section 6.1: the key's thumbprint.
#[test]
fn rfc_9449_proof() {
    let token = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHg\
        tMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG1\
        0NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE\
        9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T\
        8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let key = Value::Object(Jws::parse(token).unwrap().header().clone())["jwk"].take();
    let claims: Value = serde_json::from_slice(&payload(token, &key)).unwrap();
    assert_eq!(claims["htu"], "https://server.example.com/token");
    let thumbprint = Jwk::from_json(&key.to_string()).unwrap().thumbprint();
    assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

/// RFC 8037 appendices A.3 and A.4.
#[test]
fn rfc_8037_ed25519() {
    let public = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(payload(token, &public), b"Example of Ed25519 signing");
    let thumbprint = Jwk::from_json(&public.to_string()).unwrap().thumbprint();
    assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/// RFC 7638 section 3.1.
#[test]
fn rfc_7638_thumbprint() {
    let key = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\
              oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65\
              YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr\
              dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
              nqDKgw",
    });
    let key = Jwk::from_json(&key.to_string()).unwrap();
    assert_eq!(
        key.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

/// RFC 9449 sections 4.1, 6.1 and 7.1, RFC 7636 appendix B, OpenID Connect Core 1.0 appendix A.
#[test]
fn hashes() {
    let key = json!({
        "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });
    let key = Jwk::from_json(&key.to_string()).unwrap();
    assert_eq!(
        key.thumbprint(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    assert_eq!(
        hash::sha256("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
    assert_eq!(
        hash::sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(
        hash::half(SignatureAlgorithm::Rs256, access_token),
        "77QmUPtjPfzWtF2AnpK9RQ"
    );
    // Half a hash is as long as the algorithm says.
    for (algorithm, octets) in [
        (SignatureAlgorithm::Ps256, 16),
        (SignatureAlgorithm::Es384, 24),
        (SignatureAlgorithm::Rs512, 32),
        (SignatureAlgorithm::EdDsa, 32),
    ] {
        let half = base64url::decode(&hash::half(algorithm, "x")).unwrap();
        assert_eq!(half.len(), octets, "{algorithm}");
    }
}

/// RFC 7518 appendix C: the agreed key is the content's.
#[test]
fn rfc_7518_key_agreement() {
    let bob = json!({
        "kty": "EC", "crv": "P-256", "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    });
    let header = json!({
        "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i",
        "epk": {
            "kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        },
    });
    let protected = base64url::encode(header.to_string());
    let key = base64url::decode("VqqN6vgjbSBcIijNcacQGg").unwrap();
    let token = super::jwe::sealed(&protected, &key, b"secret");
    let bob = DecryptionKey::from_jwk(KeyEncryption::EcdhEs, &bob.to_string()).unwrap();
    assert_eq!(decrypt(&token, &[bob]).unwrap(), b"secret");
}

/// RFC 8037 appendix A.4: the same key and the same text give the same signature.
#[test]
fn rfc_8037_signing() {
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let key = SigningKey::from_jwk(SignatureAlgorithm::EdDsa, &key.to_string()).unwrap();
    let one = key.sign(&json!({}), &json!({"a": 1})).unwrap();
    assert_eq!(one, key.sign(&json!({}), &json!({"a": 1})).unwrap());
    assert!(one.starts_with("eyJhbGciOiJFZERTQSJ9."));
}
