//! Disables every user of a realm that a search finds, eight at a time, and goes on after errors.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example bulk_disable -- shop former-
//! ```

use futures_util::TryStreamExt;
use keycloak_kit::admin::bulk;
use keycloak_kit::{Error, Keycloak, Result};

const AT_ONCE: usize = 8;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(realm), Some(search)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bulk_disable REALM SEARCH");
        return Ok(());
    };
    let realm = Keycloak::from_env()?.realm(realm);

    // All ids first: the edits below change what the pages of a search would hold.
    let found: Vec<_> = realm
        .users()
        .list()
        .search(search)
        .enabled(true)
        .brief_representation(true)
        .stream()
        .and_then(|user| async move { user.user_id() })
        .try_collect()
        .await?;

    let results = bulk(&found, |id| {
        let user = realm.user(id);
        async move {
            // Reads, changes and writes back; what the crate does not know stays as it is.
            user.modify(|user| user.enabled = Some(false)).await?;
            user.logout().await
        }
    })
    .at_once(AT_ONCE)
    .on_progress(|progress| eprint!("\r{} of {}", progress.done, found.len()))
    .await;
    eprintln!();

    let failed: Vec<&Error> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    println!(
        "{} disabled, {} failed",
        results.len() - failed.len(),
        failed.len()
    );
    for error in failed {
        println!("  {error}");
    }
    Ok(())
}
