//! The realm's public key, from the realm's public page.

use serde::Deserialize;

use super::client::Oidc;
use crate::error::{Result, protocol};
use crate::http::json;
use crate::http::sender::OAUTH_LIMIT;
use crate::operation::Operation;

const OP: Operation = Operation::new("oidc.realm_public_key", "GET", "{issuer}");

#[derive(Deserialize)]
struct Page {
    public_key: Option<String>,
}

impl Oidc {
    /// Fetches the realm's default signing key in PEM from the realm's public page (`{issuer}`,
    /// Keycloak only), for programs that are configured with a single key. Keys are rotated:
    /// [`keys`](Self::keys) returns all of them, and verifiers fetch them automatically.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the page has
    /// no key.
    pub async fn realm_public_key(&self) -> Result<String> {
        let inner = &self.inner;
        let channel = &inner.channel;
        let metadata = inner.metadata().await?;
        let url = channel.discovery.realm_page(&metadata)?;
        let call = channel.sender.call(&OP).get(url).max_bytes(OAUTH_LIMIT);
        let answer = call.succeed().await?;
        let page: Page = json::decode(&OP, answer.response.body())?;
        let Some(key) = page.public_key.filter(|key| !key.is_empty()) else {
            return Err(protocol("the realm's page has no public key").with_operation(&OP));
        };
        let lines: Vec<&str> = key
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        Ok(format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        ))
    }
}
