//! Hears of logouts: the server posts a logout token (OpenID Connect Back-Channel Logout 1.0) when a
//! session ends. Prints where it listens, and which sessions end.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=web-app OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_logout_tokens
//! ```
//!
//! The client has the printed address as its backchannel logout URL.

use keycloak_kit::oidc::{Oidc, TokenVerifier};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let oidc = Oidc::from_env()?;
    // It remembers the ids of the tokens it has seen: keep one.
    let verifier = oidc.verifier();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}/logout", listener.local_addr()?);

    let (mut stream, _) = listener.accept().await?;
    let form = body(&mut stream).await?;
    let status = match ended(&verifier, &form).await {
        Ok(session) => {
            println!("ended: {session:?}"); // drop what belongs to it
            "200 OK"
        }
        Err(error) => {
            println!("refused: {error}");
            "400 Bad Request"
        }
    };
    let answer =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    Ok(())
}

async fn ended(verifier: &TokenVerifier, form: &str) -> keycloak_kit::Result<Option<String>> {
    let token = form.strip_prefix("logout_token=").unwrap_or_default();
    let token = verifier.logout_token(token).await?;
    Ok(token.session_id().map(str::to_owned))
}

/// The body of a request; a web framework does this.
async fn body(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).await?;
    Ok(body)
}
