//! A service that is called with access tokens: verifies them with the issuer's keys, without asking
//! the server about each (RFC 9068 section 4), and says who calls and what they may do.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=api OIDC_CLIENT_SECRET=..
//! echo "Authorization: Bearer $TOKEN" | cargo run --example oidc_service -- api
//! ```
//!
//! The argument is the audience that tokens for this service have.

use keycloak_kit::oidc::{AccessTokenVerifier, Oidc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let audience = std::env::args().nth(1).unwrap_or_else(|| "api".to_owned());
    let oidc = Oidc::from_env()?;
    // Once for the service: it keeps the keys. Tokens without claims are completed by the server.
    let verifier = oidc
        .access_token_verifier()
        .audience(audience)
        .introspection(oidc.clone())
        .build()?;

    // Requests as a web framework has them; here each is a line.
    for line in std::io::stdin().lines() {
        let line = line?;
        let bearer = line.strip_prefix("Authorization: Bearer ");
        let (status, answer) = called(&verifier, bearer.unwrap_or_default()).await;
        println!("{status} {answer}");
    }
    Ok(())
}

async fn called(verifier: &AccessTokenVerifier, bearer: &str) -> (u16, String) {
    match verifier.verify(bearer).await {
        Ok(claims) if claims.has_realm_role("offline_access") => {
            (200, format!("hello, {:?}", claims.username()))
        }
        Ok(_) => (403, "the role is missing".to_owned()),
        // Why is for the log; who calls learns that the token is not good.
        Err(error) if error.is_invalid_token() => (401, error.to_string()),
        Err(error) => (503, error.to_string()),
    }
}
