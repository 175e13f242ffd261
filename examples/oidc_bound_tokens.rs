//! Tokens that are bound to a key (DPoP): stolen ones are worth nothing.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=jobs OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_bound_tokens -- ada s3cret
//! ```

use keycloak_kit::Result;
use keycloak_kit::jose::{DpopKey, SignatureAlgorithm};
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let username = arguments.next().unwrap_or_else(|| "ada".to_owned());
    let password = arguments.next().unwrap_or_else(|| "s3cret".to_owned());

    let key = DpopKey::generate(SignatureAlgorithm::Es256)?;
    let oidc = Oidc::builder_from_env()?.dpop(key).build()?;
    let tokens = oidc.password(username, password).await?;
    println!("scheme:  {}", tokens.access_token().scheme());
    let me = oidc.userinfo(&tokens).await?; // with a proof
    println!("user:    {:?}", me.preferred_username());
    let tokens = oidc.refresh(&tokens).await?;
    println!("renewed: {:?}", tokens.access_token().expires_in());
    Ok(())
}
