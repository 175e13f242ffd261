//! The calls of docs/calls.md, each under the number of its row there, in a realm of its own.
//!
//! `scripts/keycloak start` starts a server; then
//! `KEYCLOAK_URL=... cargo run --example commonest_calls`. The user `admin` has the password
//! `admin` there.

mod clients;
mod connect;
mod flows;
mod groups;
mod identity_providers;
mod realms;
mod rest;
mod roles;
mod scopes;
mod users;

use keycloak_kit::Result;

const REALM: &str = "commonest-calls";

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("KEYCLOAK_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());
    let kc = connect::administrator(&url)?;
    println!("{:?}", connect::service_account(&url)?);
    connect::server(&kc).await?;

    // What an interrupted run left behind.
    if kc.realm(REALM).find().await?.is_some() {
        kc.realm(REALM).delete().await?;
    }
    let realm = realms::create(&kc, REALM).await?;
    realms::change(&realm).await?;
    rest::events(&realm).await?;
    let user_id = users::create(&realm).await?;
    groups::run(&realm, &user_id).await?;
    roles::run(&realm, &user_id).await?;
    let (uuid, secret) = clients::create(&realm).await?;
    clients::roles(&realm, &uuid, &user_id).await?;
    connect::login(&realm.oidc("web").client_secret(secret).build()?).await?;
    scopes::run(&realm, &uuid).await?;
    clients::finish(&realm, &uuid).await?;
    identity_providers::run(&realm, &user_id).await?;
    flows::run(&realm).await?;
    rest::organizations(&realm, &user_id).await?;
    users::look_after(&realm, &user_id).await?;
    match users::mail(&realm, &user_id).await {
        Ok(()) => println!("the mails are sent"),
        Err(error) => println!("as expected without a mail server: {error}"),
    }
    users::delete(&realm, &user_id).await?;
    realms::delete(&realm).await
}
