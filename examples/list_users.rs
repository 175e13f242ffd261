//! Lists the users of a realm: one page, then all of them.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example list_users -- master
//! ```

use keycloak_kit::{Keycloak, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let realm = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "master".to_owned());
    let kc = Keycloak::from_env()?;
    let users = kc.realm(&realm).users();

    println!("{} users in {realm}", users.count().await?);

    // One page.
    for user in users.list().max(10).await? {
        println!(
            "{:36}  {}",
            user.id.unwrap_or_default(),
            user.username.unwrap_or_default()
        );
    }

    // Every page, fetched as the loop asks for it; memory holds one page.
    let mut everyone = users
        .list()
        .enabled(true)
        .brief_representation(true)
        .stream();
    let mut enabled = 0;
    while let Some(user) = everyone.next().await {
        user?;
        enabled += 1;
    }
    println!("{enabled} of them may log in");
    Ok(())
}
