//! Calls endpoints that Keycloak's document leaves out, with the client's token, retries and
//! errors.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example raw_request
//! ```

use std::time::Duration;

use keycloak_kit::{Keycloak, Method, Result};
use serde::Deserialize;
use serde_json::Value;

/// As much of the answer as is wanted.
#[derive(Deserialize)]
struct ServerInfo {
    #[serde(rename = "systemInfo")]
    system: SystemInfo,
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct SystemInfo {
    version: String,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
    enabled: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let kc = Keycloak::from_env()?;

    // The path comes in parts: each is checked and encoded, so none can lead elsewhere.
    let info: ServerInfo = kc.request(Method::GET, ["admin", "serverinfo"]).await?;
    let off: Vec<_> = info
        .features
        .iter()
        .filter(|feature| !feature.enabled)
        .collect();
    println!(
        "Keycloak {}, {} features switched off",
        info.system.version,
        off.len()
    );
    for feature in off.iter().take(3) {
        println!("  {}", feature.name);
    }

    // An answer without content.
    kc.request::<()>(
        Method::POST,
        ["admin", "realms", "master", "clear-user-cache"],
    )
    .timeout(Duration::from_secs(5))
    .await?;

    // Status and headers beside the value, a query, a header of one's own.
    let answer = kc
        .request::<Vec<Value>>(Method::GET, ["admin", "realms", "master", "users"])
        .query(&[("search", "admin"), ("max", "1")])
        .header("x-request-id", "42")
        .send()
        .await?;
    println!("{}: {} users", answer.status(), answer.value().len());
    Ok(())
}
