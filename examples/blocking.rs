//! Calls from a program that is not asynchronous: a runtime on the current thread is enough.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example blocking
//! ```

use std::error::Error;

use keycloak_kit::Keycloak;

fn main() -> Result<(), Box<dyn Error>> {
    // Keep one runtime for all calls: connections live as long as it does.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let kc = Keycloak::from_env()?;

    let realms = runtime.block_on(async { kc.realms().list().await })?;
    for realm in realms {
        let name = realm.realm.unwrap_or_default();
        let users = runtime.block_on(async { kc.realm(&name).users().count().await })?;
        println!("{name}: {users} users");
    }
    Ok(())
}
