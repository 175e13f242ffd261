//! The main job on a real Keycloak: provision a realm, work on it, log in, and prove the numbers.
//!
//! `./scripts/demo` starts a server and runs it. To run it against your own:
//!
//! ```sh
//! KEYCLOAK_URL=http://localhost:8080 KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin \
//!     cargo run --example tour
//! ```
//!
//! It makes the realm `tour` anew each time.

mod mistakes;
mod provision;
mod report;
mod work;

use std::process::ExitCode;

use keycloak_kit::{Keycloak, Result};

/// The realm it makes, and deletes first where it exists.
const REALM: &str = "tour";
/// How many users it makes.
const USERS: usize = 200;
/// Requests under way at once.
const CONCURRENCY: usize = 8;
/// The password of every user it makes.
const PASSWORD: &str = "tour-password";

#[tokio::main]
async fn main() -> ExitCode {
    match tour().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("the numbers do not agree: see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            report::explain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<bool> {
    let kc = Keycloak::from_env()?;
    kc.login().await?;
    report::title(&format!("Keycloak at {}", kc.base_url()));

    report::title("1. Provision a realm");
    let realm = provision::realm(&kc).await?;
    let made = provision::users(&realm).await?;

    report::title("2. Work on it");
    let done = work::work(&realm).await?;

    report::title("3. What mistakes look like");
    mistakes::show(&realm).await;

    report::title("4. Log in as one of the users");
    work::log_in(&realm).await?;

    report::title("5. Read back by a second client");
    let second = Keycloak::from_env()?;
    let agreed = report::compare(&second.realm(REALM), &made, &done).await?;
    println!(
        "\nLook at it: {}/admin/master/console/#/{REALM}/users",
        kc.base_url()
    );
    Ok(agreed)
}
