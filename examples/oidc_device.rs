//! A login on a device without browser.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=tv
//! cargo run --example oidc_device
//! ```

use keycloak_kit::Result;
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let oidc = Oidc::from_env()?;
    let login = oidc.device().scope("openid profile").await?;
    println!(
        "open {} and enter {}",
        login.verification_uri(),
        login.user_code()
    );
    let tokens = login.tokens().await?;
    let subject = tokens.id_token().map(|token| token.subject().to_owned());
    println!("hello, {subject:?}");
    Ok(())
}
