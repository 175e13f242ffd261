//! The source of a provider's metadata and keys, for token verification.

use std::sync::Arc;
use std::time::Duration;

use super::client::{Oidc, OidcInner};
use super::verify::KeySource;
use crate::BoxFuture;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::endpoint::{Channel, Endpoint, EndpointCall};
use crate::error::{Result, protocol, unexpected_body};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::JwkSet;
use crate::operation::Operation;

const OP: Operation = Operation::new("oidc.keys", "GET", "{jwks_uri}");
const JWKS: Endpoint = ("jwks_uri", |m| m.jwks_uri.as_deref());

pub(super) struct IssuerSource {
    pub(super) channel: Arc<Channel>,
    pub(super) provider: ProviderId,
}

impl KeySource for IssuerSource {
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>> {
        let deadline = self.channel.deadline();
        Box::pin(self.channel.metadata(&self.provider, deadline))
    }

    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(fetch(&self.channel, &self.provider))
    }

    fn renewal_wait(&self) -> Duration {
        self.channel.sender.renewal_wait()
    }
}

impl Oidc {
    /// Fetches the keys that the provider publishes (RFC 7517), without caching.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider
    /// publishes no keys.
    pub async fn keys(&self) -> Result<JwkSet> {
        self.inner.issuer_keys().await
    }
}

impl OidcInner {
    pub(super) async fn issuer_keys(&self) -> Result<JwkSet> {
        let keys = fetch(&self.channel, &self.provider).await?;
        JwkSet::from_json(&keys).map_err(|error| {
            protocol("the issuer's key set cannot be read")
                .with_source(error)
                .with_operation(&OP)
        })
    }
}

async fn fetch(channel: &Channel, provider: &ProviderId) -> Result<String> {
    let deadline = channel.deadline();
    let target = channel.endpoint(provider, JWKS, false, deadline).await?;
    let request = channel.sender.call(&OP).get(target.url);
    let request = request.accept("application/jwk-set+json, application/json");
    let call = EndpointCall {
        op: &OP,
        provider,
        endpoint: JWKS,
        client: None,
        retry: RetryPolicy::IDEMPOTENT,
        deadline,
    };
    let answer = channel.send(request, call).await?;
    if !answer.status().is_success() {
        return Err(answer.error(&OP));
    }
    json::check_type(&OP, "the key set", answer.response.headers())?;
    String::from_utf8(answer.response.body().to_vec())
        .map_err(|_| unexpected_body(&OP, "the key set is not text"))
}
