//! A login whose request and whose answer nobody on the way can change: the request is signed (JAR,
//! RFC 9101) and pushed (PAR, RFC 9126), the answer comes as a signed JWT (JARM).
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=bank
//! export OIDC_REDIRECT_URI=https://app.example/callback
//! export OIDC_PRIVATE_KEY_FILE=key.pem OIDC_PRIVATE_KEY_ALGORITHM=ES256 OIDC_PRIVATE_KEY_ID=one
//! cargo run --example oidc_signed_login
//! ```
//!
//! The client has the authenticator "Signed JWT" and the public half of the key (P-256). Paste the
//! address that the browser ends at.

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{Oidc, ResponseMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pem = std::fs::read_to_string(std::env::var("OIDC_PRIVATE_KEY_FILE")?)?;
    let key = SigningKey::from_pem(SignatureAlgorithm::Es256, &pem)?
        .with_kid(std::env::var("OIDC_PRIVATE_KEY_ID")?);
    let oidc = Oidc::from_env()?; // the client authenticates with the same key

    let login = oidc
        .authorize()
        .scope("profile")
        .signed_with(&key)
        .pushed()
        .response_mode(ResponseMode::Jwt)
        .start()
        .await?;
    println!("open {}", login.url());
    println!("good for {:?}", login.url_lifetime());

    let mut address = String::new();
    std::io::stdin().read_line(&mut address)?;
    let tokens = oidc.callback(login, address.trim()).await?;
    println!(
        "user:    {:?}",
        tokens.id_token().claim("preferred_username")
    );
    Ok(())
}
