//! Two processes share a login: a store with compare-and-swap keeps a rotating refresh token from
//! being used twice. Here the store is a value in memory; a row of a database does as well.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=web-app
//! cargo run --example oidc_session_store -- ada s3cret
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use keycloak_kit::oidc::{Oidc, StoredTokens, TokenStore};
use keycloak_kit::{BoxFuture, Result};

#[derive(Debug, Clone, Default)]
struct Row(Arc<Mutex<Option<StoredTokens>>>);

impl TokenStore for Row {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        let found = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move { Ok(found) })
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        // UPDATE .. SET .. WHERE version = expected
        let mut row = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = row.as_ref().map(StoredTokens::version) == expected;
        if fits {
            *row = tokens;
        }
        Box::pin(async move { Ok(fits) })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let username = arguments.next().unwrap_or_else(|| "ada".to_owned());
    let password = arguments.next().unwrap_or_else(|| "s3cret".to_owned());

    let oidc = Oidc::from_env()?;
    let row = Row::default();
    let one = oidc
        .session_in(row.clone(), oidc.password(username, password).await?)
        .await?;
    let Some(other) = oidc.session_from(row).await? else {
        println!("nobody is logged in");
        return Ok(());
    };
    let token = one.access_token().await?;
    one.refresh_refused(&token).await?;
    // The other one takes over what the first has got.
    let taken = other.refresh_refused(&token).await?;
    println!(
        "shared: {}",
        taken.expose() == one.access_token().await?.expose()
    );
    one.logout().await?;
    Ok(())
}
