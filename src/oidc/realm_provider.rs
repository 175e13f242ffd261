//! A realm as the issuer of tokens.

use std::fmt;
use std::sync::Arc;

use http::Method;
use http::header::{ACCEPT, HeaderValue};

use super::verify::{Boxed, Provider};
use crate::discovery::ProviderMetadata;
use crate::error::{Result, transport, unexpected_body};
use crate::http::channel::{Channel, Endpoint, FormCall};
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;

const OP: Operation = Operation::new(
    "oidc.keys",
    "GET",
    "/realms/{realm}/protocol/openid-connect/certs",
);
const JWKS: Endpoint = ("jwks_uri", |m| m.jwks_uri.as_deref());

pub(super) struct RealmProvider {
    pub(super) channel: Arc<Channel>,
    pub(super) realm: String,
}

impl Provider for RealmProvider {
    fn metadata(&self) -> Boxed<'_, Arc<ProviderMetadata>> {
        let deadline = self.channel.deadline();
        Box::pin(async move { self.channel.metadata(&self.realm, deadline).await })
    }

    fn fetch_keys(&self) -> Boxed<'_, String> {
        Box::pin(self.fetch())
    }
}

impl RealmProvider {
    async fn fetch(&self) -> Result<String> {
        let deadline = self.channel.deadline();
        let url = self.channel.endpoint(&self.realm, JWKS, deadline).await?;
        let request = self
            .channel
            .sender
            .client
            .request(Method::GET, url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .build()
            .map_err(|source| transport(&OP, source))?;
        let call = FormCall {
            op: &OP,
            realm: &self.realm,
            endpoint: JWKS,
            auth: None,
            repeat: Repeat::IDEMPOTENT,
            deadline,
        };
        let answer = self.channel.send(request, call).await?;
        if !answer.status().is_success() {
            return Err(answer.error(&OP));
        }
        String::from_utf8(answer.response.body().to_vec())
            .map_err(|_| unexpected_body(&OP, "the key set is no text"))
    }
}

impl fmt::Debug for RealmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmProvider")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
