//! An application registers itself, logs in as the client it has become, changes its name and
//! leaves.
//!
//! ```sh
//! export KEYCLOAK_URL=http://127.0.0.1:8080 INITIAL_ACCESS_TOKEN=..
//! cargo run --example oidc_registration -- demo
//! ```

use keycloak_kit::registration::ClientMetadata;
use keycloak_kit::{Keycloak, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("KEYCLOAK_URL").unwrap_or("http://127.0.0.1:8080".into());
    let token = std::env::var("INITIAL_ACCESS_TOKEN").unwrap_or_default();
    let realm = std::env::args().nth(1).unwrap_or("demo".into());

    let kc = Keycloak::builder(url).anonymous().build()?;
    let registration = kc.registration(&realm).initial_access_token(token);
    let wanted = ClientMetadata::default()
        .client_name("Reports")
        .redirect_uris(["https://reports.example/callback"])
        .grant_types(["authorization_code", "client_credentials"]);
    let client = match registration.create(&wanted).await {
        Ok(client) => client,
        Err(error) => {
            println!("refused:    {:?}: {error}", error.registration_fault());
            return Err(error);
        }
    };
    println!("registered: {client:?}"); // without its secrets

    if let Some(secret) = client.client_secret() {
        let oidc = kc.oidc(&realm, client.client_id()).client_secret(secret);
        let tokens = oidc.build()?.client_credentials().await?;
        println!("logged in:  {:?}", tokens.access_token());
    }

    let edited = client
        .modify(|metadata| metadata.client_name = Some("Monthly reports".into()))
        .await?;
    println!("now called: {:?}", edited.client_name);

    // What a program keeps, like a password, to manage the client when it runs again.
    if let Some(saved) = client.saved() {
        registration
            .resume::<ClientMetadata>(saved)
            .await?
            .delete()
            .await?;
        println!("deleted");
    }
    Ok(())
}
