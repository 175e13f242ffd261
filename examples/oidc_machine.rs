//! A service logs in as itself, asks about its token, exchanges it for another audience where it is
//! given one, and gives it back.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=jobs OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_machine -- billing
//! ```
//!
//! With `OIDC_PRIVATE_KEY_FILE` or `OIDC_ASSERTION_FILE` in place of the secret it authenticates
//! by key or by the platform's token.

use keycloak_kit::Result;
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let oidc = Oidc::from_env()?;
    let tokens = oidc.client_credentials().await?;
    let bearer = tokens.access_token();
    println!("token:      {bearer:?}"); // its value is not shown

    let answer = oidc.introspect(bearer.expose()).await?;
    println!("active:     {}", answer.is_access_token_active());
    if let Err(error) = answer.require_active() {
        println!("            {error}");
    }

    if let Some(audience) = std::env::args().nth(1) {
        let exchanged = oidc
            .exchange_token(bearer.expose())
            .audience(audience)
            .await?;
        println!("exchanged:  {exchanged:?}");
    }

    oidc.revoke(bearer).await?;
    println!("revoked");
    Ok(())
}
