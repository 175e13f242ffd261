//! A web application whose users sign in: a page for everybody, one for administrators, a logout.
//! The client needs the redirect URI `http://127.0.0.1:3000/callback`, the post logout redirect URI
//! `http://127.0.0.1:3000/` and, as its back-channel logout URL,
//! `http://127.0.0.1:3000/backchannel-logout`.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start)
//! cargo run --example web_signin --features signin -- demo web s3cret 127.0.0.1:3000
//! ```

use axum::{Router, response::Html, routing::get};
use keycloak_kit::Keycloak;
use keycloak_kit::web::{SignIn, User, realm_role};
use tower_sessions::{MemoryStore, SessionManagerLayer};

async fn home(user: Option<User>) -> Html<String> {
    Html(match user {
        Some(user) => format!(
            "<h1>Hello</h1><p>Your roles: {}</p>{}",
            user.realm_roles().len(),
            user.logout_form("Sign out")
        ),
        None => "<a href=\"/login\">Sign in</a>".into(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (realm, client, secret) = (next("demo"), next("web"), next("s3cret"));
    let address = next("127.0.0.1:3000");
    let url = std::env::var("KEYCLOAK_URL").unwrap_or_else(|_| "http://127.0.0.1:8080".into());

    let kc = Keycloak::builder(url).anonymous().build()?;
    let oidc = kc.oidc(realm, client).client_secret(secret).build()?;
    let signin = SignIn::new(oidc)
        .base_url(format!("http://{address}"))
        .build()?;
    let admin = get(|| async { "administrators only" }).layer(signin.require(realm_role("admin")));
    let app = Router::new()
        .route("/", get(home))
        .route("/admin", admin)
        .merge(signin.routes())
        .layer(signin.layer())
        .layer(SessionManagerLayer::new(MemoryStore::default()));

    println!("http://{address}/");
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}
