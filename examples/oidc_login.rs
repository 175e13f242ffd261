//! Logs a user in through the endpoints that the realm publishes, asks who it is, refreshes the
//! tokens and logs out. Needs no administrator.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start)
//! cargo run --example oidc_login -- master admin-cli admin admin
//! ```

use keycloak_kit::{Keycloak, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (realm, client) = (next("master"), next("admin-cli"));
    let (username, password) = (next("admin"), next("admin"));
    let url = std::env::var("KEYCLOAK_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());

    let kc = Keycloak::builder(url).anonymous().build()?;
    let oidc = kc.oidc(realm, client).build()?;

    let metadata = oidc.metadata().await?;
    println!("issuer:  {}", metadata.issuer);

    let tokens = oidc
        .password(username, password)
        .scope("openid profile email")
        .await?;
    // Verified: signature, issuer, audience and times.
    if let Some(id_token) = tokens.id_token() {
        println!("subject: {}", id_token.subject());
        println!("name:    {:?}", id_token.claim("preferred_username"));
    }
    println!("tokens:  {tokens:?}"); // no value is shown

    // The lightweight tokens of admin-cli do not reach this endpoint, those of most clients do.
    match oidc.userinfo(&tokens).await {
        Ok(me) => println!("user:    {:?}", me.preferred_username()),
        Err(error) => println!("user:    {error}"),
    }

    let tokens = oidc.refresh(&tokens).await?;
    println!("renewed: {:?}", tokens.access_token().expires_in());
    oidc.logout(&tokens).await?;

    match oidc.refresh(&tokens).await {
        Ok(_) => println!("still logged in"),
        Err(error) => println!("ended:   {error}"),
    }
    Ok(())
}
