//! Takes access tokens from a place of one's own: here, a refresh token that lies in a file.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start)
//! cargo run --example own_token_source
//! ```

use std::path::PathBuf;

use keycloak_kit::{AccessToken, BoxFuture, Error, Keycloak, Result, TokenContext, TokenSource};

/// Read again at every renewal, because another process may replace the file.
#[derive(Debug)]
struct RefreshTokenFile(PathBuf);

impl TokenSource for RefreshTokenFile {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
        Box::pin(async move {
            let token = std::fs::read_to_string(&self.0).map_err(Error::token_source)?;
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", "admin-cli"),
                ("refresh_token", token.trim()),
            ];
            // The endpoint comes from the realm's well-known document, the lifetime from the
            // answer: the client renews ahead of its end.
            let token: AccessToken = context.grant(&form).await?;
            println!("a token for {:?}", token.expires_in());
            Ok(token)
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("KEYCLOAK_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());
    let file = std::env::temp_dir().join("keycloak-kit-refresh-token");

    // Something else logs in and leaves the refresh token.
    let oidc = Keycloak::builder(&url)
        .anonymous()
        .build()?
        .oidc("master", "admin-cli")
        .build()?;
    let tokens = oidc.password("admin", "admin").await?;
    let refresh_token = tokens
        .refresh_token()
        .map(|token| token.expose())
        .unwrap_or_default();
    std::fs::write(&file, refresh_token).map_err(Error::token_source)?;

    let kc = Keycloak::builder(&url)
        .token_source(RefreshTokenFile(file.clone()))
        .build()?;
    for realm in kc.realms().list().await? {
        println!("{}", realm.realm.unwrap_or_default());
    }
    // One token served both calls.
    println!("{} users", kc.realm("master").users().count().await?);

    std::fs::remove_file(file).map_err(Error::token_source)?;
    oidc.logout(&tokens).await
}
