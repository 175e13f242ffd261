//! Acts for a user without their password: the token exchange of older servers, which newer ones have
//! behind the feature `token-exchange`.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=jobs OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_impersonation -- ada
//! ```
//!
//! The client's service account has the role `impersonation` of `realm-management`.

use keycloak_kit::Result;
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let user = std::env::args().nth(1).unwrap_or_else(|| "ada".to_owned());
    let oidc = Oidc::from_env()?;
    let own = oidc.client_credentials().scope("openid").await?; // the new token has its scopes
    let theirs = oidc
        .exchange_token(own.access_token().expose())
        .requested_subject(user)
        .await?;
    if let Some(token) = theirs.access_token() {
        let me = oidc.userinfo_of(token).await?;
        println!("acting for {:?}", me.preferred_username());
    }
    Ok(())
}
