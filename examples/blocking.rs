//! Calls from a program that is not asynchronous.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --features blocking --example blocking
//! ```

use keycloak_kit::Keycloak;
use keycloak_kit::blocking::Wait;

fn main() -> keycloak_kit::Result<()> {
    let kc = Keycloak::from_env()?;
    for realm in kc.realms().list().wait()? {
        let name = realm.realm.unwrap_or_default();
        println!("{name}:");
        for user in kc.realm(&name).users().list().stream().wait() {
            println!("  {}", user?.username.unwrap_or_default());
        }
    }
    Ok(())
}
