//! An application registers itself, logs in as the client it has become, changes its name and
//! leaves; then the other ways to register, and the other formats.
//!
//! ```sh
//! export KEYCLOAK_URL=http://127.0.0.1:8080 INITIAL_ACCESS_TOKEN=.. # good for three clients
//! export REGISTRAR_SECRET=.. # of a client `registrar` with the role create-client, if there is one
//! cargo run --example oidc_registration -- demo
//! ```

use keycloak_kit::registration::ClientMetadata;
use keycloak_kit::{Keycloak, Result};
use serde_json::{Value, json};

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

    // Everything that a login needs was in the answer.
    let oidc = client.oidc()?.build()?;
    let tokens = oidc.client_credentials().await?;
    println!("logged in:  {:?}", tokens.access_token());

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

    // With the token of whoever may create clients, kept fresh by a session.
    if let Ok(secret) = std::env::var("REGISTRAR_SECRET") {
        let registrar = kc.oidc(&realm, "registrar").client_secret(secret).build()?;
        let session = registrar.session(registrar.client_credentials().await?);
        let client = kc.registration(&realm).token_source(session);
        let client = client.create(&wanted).await?;
        let name = client.metadata().and_then(|metadata| metadata.client_name);
        println!("by bearer:  {name:?}");
        client.delete().await?;
    }
    // With no token at all, where the realm trusts the host.
    match kc.registration(&realm).create(&wanted).await {
        Ok(client) => client.delete().await?,
        Err(error) => println!("anonymous:  {:?}", error.kind()),
    }

    // As Keycloak represents clients, with everything it knows; and the adapter's configuration.
    let web = json!({ "clientId": "web", "serviceAccountsEnabled": true });
    let web = registration.create(&web).await?;
    let config = web.adapter_config().await?;
    println!("adapter:    {:?}", config.member("resource"));
    web.delete().await?;
    // Out of a SAML descriptor.
    let descriptor = r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
        entityID="https://sp.example">
      <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <AssertionConsumerService index="1" isDefault="true" Location="https://sp.example/acs"
          Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
      </SPSSODescriptor>
    </EntityDescriptor>"#;
    let service = registration.create_from_saml::<Value>(descriptor).await?;
    println!("saml:       {}", service.client_id());
    service.delete().await
}
