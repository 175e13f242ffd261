//! Provisions a realm of the Keycloak at `KEYCLOAK_URL` and serves the application, until it is
//! interrupted.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run -p keycloak-kit-example-web -- 127.0.0.1:3000
//! ```

use example_web::{Demo, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1);
    let demo = Demo::start(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    print!("{demo}");
    demo.server.run().await
}
