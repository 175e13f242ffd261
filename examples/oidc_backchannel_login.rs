//! Asks a user to log in on a device of theirs (CIBA), and waits for the decision.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=bank OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_backchannel_login -- ada
//! ```

use keycloak_kit::Result;
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let user = std::env::args().nth(1).unwrap_or_else(|| "ada".to_owned());
    let oidc = Oidc::from_env()?;
    let login = oidc
        .backchannel_login()
        .login_hint(user)
        .binding_message("W4SCT")
        .await?;
    println!("waiting for the user, at most {:?}", login.expires_in());
    let tokens = login.tokens().await?;
    println!("{:?}", tokens.id_token());
    Ok(())
}
