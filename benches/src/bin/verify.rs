//! The same token verified in four ways: `verify kit|raw|read|jsonwebtoken ALGORITHM COUNT KEY`, and
//! `verify key ALGORITHM`, which makes the key: some take longer to find than others.
//!
//! - `kit`: this crate's verifier of access tokens: signature, claims read and checked.
//! - `raw`: aws-lc-rs alone checks the signature with a key that was parsed before. Nothing is read.
//! - `read`: the same, and serde_json reads header and claims.
//! - `jsonwebtoken`: the package of that name with aws-lc-rs: signature, claims read and checked.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use keycloak_kit::jose::{Jwk, SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{AccessTokenVerifier, TrustedIssuer};
use keycloak_kit_benches::{Failure, ID};
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://sso.example.org/realms/demo";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [who, algorithm] = arguments.as_slice()
        && who == "key"
    {
        print!(
            "{}",
            SigningKey::generate(algorithm.parse()?)?.to_pem()?.expose()
        );
        return Ok(());
    }
    let [who, algorithm, count, key] = arguments.as_slice() else {
        return Err("write: verify kit|raw|read|jsonwebtoken ALGORITHM COUNT KEY".into());
    };
    let count: usize = count.parse()?;
    let algorithm: SignatureAlgorithm = algorithm.parse()?;
    let key = SigningKey::from_pem(algorithm, &std::fs::read_to_string(key)?)?;
    let key = key.with_kid("2026-11");
    let public = key.public_jwk().ok_or("the key has no public half")?;
    let header = json!({ "typ": "JWT" });
    let token = key.sign(&header, &claims()?)?;
    match who.as_str() {
        "kit" => {
            let issuer = TrustedIssuer::new(ISSUER, public);
            let verifier = AccessTokenVerifier::builder(issuer)
                .audience("api")
                .build()?;
            for _ in 0..count {
                black_box(verifier.verify(token.as_str()).await?);
            }
        }
        "raw" | "read" => {
            let key = parsed(algorithm, &public)?;
            for _ in 0..count {
                black_box(raw(&key, &token, who == "read")?);
            }
        }
        "jsonwebtoken" => jsonwebtoken(algorithm, &public, &token, count)?,
        _ => return Err("the first argument is kit, raw, read or jsonwebtoken".into()),
    }
    Ok(())
}

/// What an access token of Keycloak has in it.
fn claims() -> Result<Value, Failure> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let expires = now + Duration::from_secs(36_000);
    Ok(json!({
        "exp": expires.as_secs(),
        "iat": now.as_secs(),
        "auth_time": now.as_secs(),
        "jti": "onrtac:5a1c5f2c-9f5d-4b7e-8a53-1c9f1d7f2f10",
        "iss": ISSUER,
        "aud": ["api", "account"],
        "sub": ID,
        "typ": "Bearer",
        "azp": "web-app",
        "sid": "0f0c9f5d-1c9f-4b7e-8a53-5a1c5f2c2f10",
        "acr": "1",
        "allowed-origins": ["https://app.example.org"],
        "realm_access": { "roles": ["default-roles-demo", "offline_access", "uma_authorization"] },
        "resource_access": {
            "api": { "roles": ["reader", "writer"] },
            "account": { "roles": ["manage-account", "manage-account-links", "view-profile"] }
        },
        "scope": "openid profile email",
        "email_verified": true,
        "name": "Ada Lovelace",
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email": "ada@example.org"
    }))
}

fn parsed(algorithm: SignatureAlgorithm, public: &Jwk) -> Result<ParsedPublicKey, Failure> {
    let members = public.to_json();
    let bytes = |name: &str| -> Result<Vec<u8>, Failure> {
        let text = members[name].as_str().unwrap_or_default();
        Ok(BASE64URL_NOPAD.decode(text.as_bytes())?)
    };
    let rsa = |parameters: &'static RsaParameters| -> Result<ParsedPublicKey, Failure> {
        let (n, e) = (bytes("n")?, bytes("e")?);
        Ok(RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)?)
    };
    let other = |algorithm: &'static dyn VerificationAlgorithm, bytes: Vec<u8>| {
        ParsedPublicKey::new(algorithm, bytes).map_err(Failure::from)
    };
    match algorithm {
        SignatureAlgorithm::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        SignatureAlgorithm::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256),
        SignatureAlgorithm::Es256 => {
            let point = [vec![4], bytes("x")?, bytes("y")?].concat();
            other(&ECDSA_P256_SHA256_FIXED, point)
        }
        SignatureAlgorithm::EdDsa => other(&ED25519, bytes("x")?),
        _ => Err("the algorithm is one of RS256, PS256, ES256 and EdDSA".into()),
    }
}

type Members = Map<String, Value>;

fn raw(
    key: &ParsedPublicKey,
    token: &str,
    read: bool,
) -> Result<Option<(Members, Members)>, Failure> {
    let (signed, signature) = token.rsplit_once('.').ok_or("the token has no signature")?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes())?;
    let good = key.verify_sig(signed.as_bytes(), &signature);
    good.map_err(|_| "the signature is wrong")?;
    if !read {
        return Ok(None);
    }
    let (header, payload) = signed.split_once('.').ok_or("the token has no payload")?;
    let members = |text: &str| -> Result<Members, Failure> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes())?;
        Ok(serde_json::from_slice(&bytes)?)
    };
    Ok(Some((members(header)?, members(payload)?)))
}

fn jsonwebtoken(
    algorithm: SignatureAlgorithm,
    public: &Jwk,
    token: &str,
    count: usize,
) -> Result<(), Failure> {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(public.to_json())?;
    let key = DecodingKey::from_jwk(&jwk)?;
    let algorithm: Algorithm = algorithm.name().parse()?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["api"]);
    validation.set_issuer(&[ISSUER]);
    for _ in 0..count {
        black_box(decode::<Members>(token, &key, &validation)?);
    }
    Ok(())
}
