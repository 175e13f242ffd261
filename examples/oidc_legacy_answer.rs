//! The answer of a hybrid flow (OpenID Connect Core 1.0 section 3.3), for applications that cannot
//! change yet: its ID token is there before the code is exchanged, and its hash binds the code.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=old OIDC_CLIENT_SECRET=..
//! export OIDC_REDIRECT_URI=https://app.example/callback
//! cargo run --example oidc_legacy_answer
//! ```
//!
//! The client has the implicit flow switched on. Paste the address that the browser ends at, with
//! its fragment.

use keycloak_kit::oidc::{Oidc, ResponseType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let oidc = Oidc::from_env()?;
    let login = oidc.authorize();
    let login = login
        .response_type(ResponseType::CodeIdToken)
        .start()
        .await?;
    println!("open {}", login.url());

    let mut address = String::new();
    std::io::stdin().read_line(&mut address)?;
    let answer = oidc.authorization_response(login, address.trim()).await?;
    let id = answer.id_token().map(|token| token.subject().to_owned());
    println!("at once: {}", id.is_some());
    let tokens = oidc.exchange_code(answer).await?;
    let later = tokens.id_token().map(|token| token.subject().to_owned());
    println!("the same user: {}", id == later);
    Ok(())
}
