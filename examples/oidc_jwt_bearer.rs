//! Tokens for a user of another issuer that the realm trusts (RFC 7523 section 2.1): no password, no
//! browser, an assertion that the other issuer has signed.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=app OIDC_CLIENT_SECRET=..
//! export TRUSTED_KEY_FILE=key.pem TRUSTED_KEY_ID=one
//! cargo run --example oidc_jwt_bearer -- https://trusted.example ada-there
//! ```
//!
//! The realm has an identity provider "JWT Authorization Grant" for that issuer (Keycloak 26.5), a
//! user linked to its subject `ada-there`, and the client may use the grant.

use std::time::{SystemTime, UNIX_EPOCH};

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::Oidc;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let trusted = arguments.next().ok_or("name the trusted issuer")?;
    let subject = arguments.next().ok_or("name the subject")?;
    let oidc = Oidc::from_env()?;

    // The other issuer does this; here its key is at hand.
    let pem = std::fs::read_to_string(std::env::var("TRUSTED_KEY_FILE")?)?;
    let key = SigningKey::from_pem(SignatureAlgorithm::Es256, &pem)?
        .with_kid(std::env::var("TRUSTED_KEY_ID")?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let assertion = key.sign(
        &json!({ "typ": "JWT" }),
        &json!({
            "iss": trusted, "sub": subject, "aud": oidc.metadata().await?.issuer,
            "jti": now.as_nanos().to_string(), "iat": now.as_secs(), "exp": now.as_secs() + 60,
        }),
    )?;

    let tokens = oidc.jwt_bearer(assertion).scope("openid").await?;
    let me = oidc.userinfo(&tokens).await?;
    println!("user: {:?}", me.preferred_username());
    Ok(())
}
