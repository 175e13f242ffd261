//! Gives a confidential client a new secret and hands it on without printing it.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example rotate_client_secret -- master backend secret.txt
//! ```

use std::error::Error;

use keycloak_kit::Keycloak;
use keycloak_kit::representations::ClientRepresentation;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let realm = arguments.next().unwrap_or_else(|| "master".to_owned());
    let client_id = arguments.next().unwrap_or_else(|| "backend".to_owned());
    let file = arguments.next();

    let kc = Keycloak::from_env()?;
    let realm = kc.realm(realm);
    // A client has two ids: the one applications know, and the UUID that the admin API takes.
    let client = match realm.find_client_by_client_id(&client_id).await? {
        Some(client) => client,
        None => {
            let new = ClientRepresentation::default().client_id(&client_id);
            realm.client(realm.clients().create(&new).await?)
        }
    };

    let renewed = client.secret().regenerate().await?;
    println!("{client_id}: {renewed:?}"); // the value is redacted here
    let secret = renewed
        .value
        .ok_or("the client has no secret: is it a public one?")?;
    match file {
        Some(file) => {
            write_private(&file, secret.expose())?;
            println!("the new secret is in {file}");
        }
        None => println!("name a file to keep the new secret in"),
    }
    Ok(())
}

/// A file that its owner alone may read.
fn write_private(path: &str, text: &str) -> std::io::Result<()> {
    use std::io::Write;

    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
