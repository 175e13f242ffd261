//! Calls endpoints beside the admin API, with the client's token, retries and errors.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example raw_request
//! ```

use std::time::Duration;

use keycloak_kit::{Keycloak, Method, Result};
use serde::Deserialize;
use serde_json::json;

/// What anybody may know of a realm; as much of the answer as is wanted.
#[derive(Deserialize)]
struct PublicRealm {
    realm: String,
    #[serde(rename = "token-service")]
    token_service: String,
}

/// What the client registration service answers.
#[derive(Deserialize)]
struct Registered {
    #[serde(rename = "clientId")]
    client_id: String,
}

/// A user with two members instead of all.
#[derive(Deserialize)]
struct User {
    id: String,
    username: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let kc = Keycloak::from_env()?;

    // The path comes in parts: each is checked and encoded, so none can lead elsewhere.
    let public: PublicRealm = kc.request(Method::GET, ["realms", "master"]).await?;
    println!("{} issues tokens at {}", public.realm, public.token_service);

    // A body, and a time limit of its own.
    let service = ["realms", "master", "clients-registrations", "default"];
    let registered: Registered = kc
        .request(Method::POST, service)
        .json(&json!({ "clientId": "raw-request", "publicClient": true }))
        .timeout(Duration::from_secs(5))
        .await?;
    println!("{} is registered", registered.client_id);

    // An answer without content.
    let path = service.into_iter().chain([registered.client_id.as_str()]);
    kc.request::<()>(Method::DELETE, path).await?;

    // Status and headers beside the value, a query, a header of one's own.
    let answer = kc
        .request::<Vec<User>>(Method::GET, ["admin", "realms", "master", "users"])
        .query(&[("search", "admin"), ("max", "1")])
        .header("x-request-id", "42")
        .send()
        .await?;
    for user in answer.value() {
        println!("{}: {} is {}", answer.status(), user.username, user.id);
    }
    Ok(())
}
