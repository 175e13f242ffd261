//! An API that takes access tokens of a realm: who calls, and whether the caller may.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start)
//! cargo run --example web_guard --features axum -- demo api 127.0.0.1:3000
//! ```

use axum::{Router, routing::get};
use keycloak_kit::Keycloak;
use keycloak_kit::web::{Caller, realm_role, scope};

async fn me(caller: Caller) -> String {
    format!("{} of {:?}", caller.subject(), caller.organizations())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (realm, audience, address) = (next("demo"), next("api"), next("127.0.0.1:3000"));
    let url = std::env::var("KEYCLOAK_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());

    let oidc = Keycloak::builder(url)
        .anonymous()
        .build()?
        .oidc(realm, &audience)
        .build()?;
    let guard = oidc.guard().audience(audience).build()?;
    let auditors = realm_role("auditor").or(scope("reports:read"));
    let app = Router::new()
        .route("/me", get(me))
        .route(
            "/reports",
            get(|| async { "reports" }).layer(guard.require(auditors)),
        )
        .layer(guard.layer());

    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/me", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
