//! The realm's public key, as its page shows it.

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
    /// The key that the realm signs with by default, in PEM, out of the realm's page
    /// (`{issuer}`, Keycloak alone): for programs that are configured with one key. Keys are
    /// rotated: [`keys`](Self::keys) has all of them, and verifiers fetch them by themselves.
    ///
    /// # Errors
    /// Of kind `Protocol` when the page shows no key.
    pub async fn realm_public_key(&self) -> Result<String> {
        let inner = &self.inner;
        let channel = &inner.channel;
        let metadata = inner.metadata().await?;
        let url = channel.discovery.realm_page(&metadata)?;
        let call = channel.sender.call(&OP).get(url).max_bytes(OAUTH_LIMIT);
        let answer = call.succeed().await?;
        let page: Page = json::decode(&OP, answer.response.body())?;
        let Some(key) = page.public_key.filter(|key| !key.is_empty()) else {
            return Err(protocol("the realm's page shows no key").with_operation(&OP));
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
