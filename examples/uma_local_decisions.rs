//! Decides out of exported authorization settings, without asking the server.
//!
//! `OIDC_ISSUER=.. OIDC_CLIENT_ID=.. OIDC_CLIENT_SECRET=.. cargo run --example
//! uma_local_decisions -- FILE USER PASSWORD`
//!
//! Prints what each policy decides, and the resources that are not denied. With `BY_INTROSPECTION=1`
//! the server says what the token says; it tells only a client that the token is for.

use keycloak_kit::oidc::{Check, Oidc};
use keycloak_kit::uma::{Identity, load_authorization_config};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, user, password] = &arguments[..] else {
        return Err("usage: uma_local_decisions FILE USER PASSWORD".into());
    };
    let oidc = Oidc::discover(std::env::var("OIDC_ISSUER")?)
        .client_id(std::env::var("OIDC_CLIENT_ID")?)
        .client_secret(std::env::var("OIDC_CLIENT_SECRET")?)
        .build()?;
    // Time policies are in the server's time zone, here UTC.
    let settings = load_authorization_config(file)?.utc_offset(0);
    let tokens = oidc.password(user, password.as_str()).await?;
    // The token is this program's own; a service that others call checks the audience.
    let verifier = oidc
        .access_token_verifier()
        .without(Check::Audience)
        .build()?;
    let bearer = tokens.access_token();
    let who = match std::env::var("BY_INTROSPECTION") {
        // The server says what the token says: it knows sessions that have ended.
        Ok(_) => Identity::of_introspection(oidc.introspect(bearer).await?)?,
        Err(_) => Identity::of_token(&verifier.verify(bearer.expose()).await?),
    };
    for policy in settings.policies(&who) {
        println!("{} ({}): {:?}", policy.name, policy.kind, policy.decision);
    }
    for permission in settings.permissions(&who) {
        println!(
            "{}: {:?} {:?}",
            permission.resource,
            permission.decision,
            permission.granted_scopes()
        );
    }
    Ok(())
}
