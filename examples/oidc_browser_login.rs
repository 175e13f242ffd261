//! A login by the browser: prints the URL, waits for the browser on a loopback port, shows who
//! logged in, and prints the URL that logs out.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=web-app
//! cargo run --example oidc_browser_login
//! ```
//!
//! The client needs the redirect URI `http://127.0.0.1/*`.

use keycloak_kit::oidc::{IdToken, Oidc};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let oidc = Oidc::from_env()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let home = format!("http://{}/callback", listener.local_addr()?);

    let login = oidc
        .authorize()
        .redirect_uri(&home)
        .scope("profile email")
        .start()
        .await?;
    println!("open {}", login.url());

    let answer = wait_for_browser(&listener).await?;
    let tokens = oidc.callback(login, answer).await?;
    let id: &IdToken = tokens.id_token();
    println!("subject: {}", id.subject());
    let me = oidc.userinfo(&tokens).await?;
    println!("email:   {:?}", me.email());

    let session = oidc.session(tokens.clone());
    println!("token:   {:?}", session.access_token().await?);
    println!("log out: {}", oidc.logout_url(&tokens).build()?);
    Ok(())
}

/// The path and query that the browser asks for.
async fn wait_for_browser(listener: &TcpListener) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept().await?;
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).await?;
    let page = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nYou can close this page.";
    stream.write_all(page.as_bytes()).await?;
    Ok(line.split(' ').nth(1).unwrap_or_default().to_owned())
}
