//! Connections to providers, and their metadata.

use std::sync::Arc;

#[cfg(feature = "oidc")]
use http::header::AUTHORIZATION;
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::form::{AuthenticatedForm, refuse_control_characters};
use crate::call::{CallBuilder, ServerResponse};
use crate::client_auth::{AuthEndpoint, OAuthClient, RefusedClient};
use crate::discovery::{Discovery, ProviderId, ProviderMetadata};
use crate::error::{Result, protocol};
#[cfg(feature = "oidc")]
use crate::error::{clean, config};
use crate::http::deadline::Deadline;
use crate::http::request::JSON;
use crate::http::retry_policy::RetryPolicy;
use crate::http::sender::{OAUTH_LIMIT, Sender};
#[cfg(feature = "oidc")]
use crate::jose::SignatureAlgorithm;
use crate::operation::Operation;

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) sender: Arc<Sender>,
    pub(crate) discovery: Arc<Discovery>,
}

/// An endpoint in the metadata: its name and a function that returns its URL.
pub(crate) type Endpoint = (&'static str, fn(&ProviderMetadata) -> Option<&str>);

pub(crate) const TOKEN_ENDPOINT: Endpoint = ("token_endpoint", |m| m.token_endpoint.as_deref());

/// A call of an endpoint in the metadata.
#[derive(Clone, Copy)]
pub(crate) struct EndpointCall<'a> {
    pub(crate) op: &'a Operation,
    pub(crate) provider: &'a ProviderId,
    pub(crate) endpoint: Endpoint,
    pub(crate) client: Option<&'a OAuthClient>,
    pub(crate) retry: RetryPolicy,
    pub(crate) deadline: Deadline,
}

/// An endpoint's URL, and the metadata that it is from.
#[derive(Debug)]
pub(crate) struct ResolvedEndpoint {
    pub(crate) url: Url,
    /// The URL in the metadata, which may differ from the one that is called.
    pub(crate) published: String,
    pub(crate) metadata: Arc<ProviderMetadata>,
}

impl Channel {
    pub(crate) fn new(sender: Sender, discovery: Discovery) -> Self {
        Self {
            sender: Arc::new(sender),
            discovery: Arc::new(discovery),
        }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.sender.deadline()
    }

    /// Returns the provider's metadata, cached and checked.
    pub(crate) async fn metadata(
        &self,
        provider: &ProviderId,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        let metadata = self.discovery.get(&self.sender, provider, deadline).await?;
        let both = self
            .discovery
            .with_second(&self.sender, provider, metadata, deadline);
        Ok(both.await)
    }

    /// Returns the provider's metadata; if it has none of these endpoints, completed with the
    /// provider's second document.
    pub(crate) async fn metadata_for(
        &self,
        provider: &ProviderId,
        endpoints: &[Endpoint],
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        let metadata = self.metadata(provider, deadline).await?;
        if endpoints.iter().any(|(_, pick)| pick(&metadata).is_some()) {
            return Ok(metadata);
        }
        self.discovery
            .completed(&self.sender, provider, metadata, deadline)
            .await
    }

    /// Returns where to call an endpoint; with `mtls`, its alias for clients with a certificate, if
    /// published (RFC 8705 section 5).
    pub(crate) async fn endpoint(
        &self,
        provider: &ProviderId,
        endpoint: Endpoint,
        mtls: bool,
        deadline: Deadline,
    ) -> Result<ResolvedEndpoint> {
        let metadata = self.metadata_for(provider, &[endpoint], deadline).await?;
        let published = published(&metadata, provider, endpoint, mtls)?.to_owned();
        Ok(ResolvedEndpoint {
            url: self.discovery.rewrite(&metadata.issuer, &published)?,
            published,
            metadata,
        })
    }

    /// Posts a form and returns the response, whatever its status.
    pub(crate) async fn post_form(
        &self,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
    ) -> Result<ServerResponse> {
        self.post_form_accepting(call, form, JSON).await
    }

    /// Posts a form with this `Accept` header.
    pub(crate) async fn post_form_accepting(
        &self,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        accept: HeaderValue,
    ) -> Result<ServerResponse> {
        self.post_form_with(call, form, HeaderMap::from_iter([(ACCEPT, accept)]))
            .await
    }

    /// Posts a form with a bearer token in place of client authentication, so that the server
    /// cannot take a refused token's request for the client's own.
    #[cfg(feature = "oidc")]
    pub(crate) async fn post_form_as(
        &self,
        bearer: HeaderValue,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
    ) -> Result<ServerResponse> {
        let call = EndpointCall {
            client: None,
            ..call
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, JSON);
        headers.insert(AUTHORIZATION, bearer);
        self.post_form_with(call, form, headers).await
    }

    async fn post_form_with(
        &self,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        headers: HeaderMap,
    ) -> Result<ServerResponse> {
        let mtls = call.client.is_some_and(OAuthClient::uses_mtls);
        let target = self
            .endpoint(call.provider, call.endpoint, mtls, call.deadline)
            .await?;
        #[cfg(feature = "oidc")]
        if let Some(client) = call.client {
            let metadata = target.metadata.clone();
            self.check_dpop(client, call.provider, metadata, call.deadline)
                .await?;
        }
        self.post_form_at(target, call, form, headers).await
    }

    /// Posts a form to an address that the metadata need not have.
    pub(crate) async fn post_form_at(
        &self,
        target: ResolvedEndpoint,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        headers: HeaderMap,
    ) -> Result<ServerResponse> {
        refuse_control_characters(call.op, form)?;
        let per_attempt = AuthenticatedForm {
            client: call.client,
            place: AuthEndpoint {
                metadata: &target.metadata,
                name: call.endpoint.0,
                url: &target.published,
            },
            form,
            addresses: self.sender.addresses(),
        };
        let request = self.sender.call(call.op).post(target.url);
        let request = request.headers(headers).per_attempt(&per_attempt);
        let answer = self.send(request, call).await?;
        let client = call
            .client
            .map_or(RefusedClient::Bearer, OAuthClient::refused);
        Ok(answer.explained_by(client.explainer()))
    }

    /// Returns an error if the client has a DPoP key but the provider does not accept its proofs,
    /// before a code is used up.
    #[cfg(feature = "oidc")]
    pub(crate) async fn check_dpop(
        &self,
        client: &OAuthClient,
        provider: &ProviderId,
        metadata: Arc<ProviderMetadata>,
        deadline: Deadline,
    ) -> Result<()> {
        let Some(dpop) = &client.dpop else {
            return Ok(());
        };
        let metadata = match metadata.dpop_signing_alg_values_supported {
            Some(_) => metadata,
            None => {
                let sender = &self.sender;
                let completed = self
                    .discovery
                    .completed(sender, provider, metadata, deadline);
                completed.await?
            }
        };
        metadata.readable(&["dpop_signing_alg_values_supported"])?;
        let algorithm = dpop.algorithm();
        match &metadata.dpop_signing_alg_values_supported {
            None => Err(
                config("the provider does not publish support for DPoP").with_hint(
                    "switch it on at the server; if the provider supports it without publishing \
                     that, add dpop_signing_alg_values_supported to its metadata and pass it to \
                     OidcBuilder::metadata",
                ),
            ),
            Some(names) if !names_algorithm(names, algorithm) => Err(config(format!(
                "the provider does not accept DPoP proofs signed with {}; it accepts: {}",
                algorithm.name(),
                clean(&names.join(", ")),
            ))),
            Some(_) => Ok(()),
        }
    }

    /// Sends a request to an endpoint in the metadata.
    pub(crate) async fn send(
        &self,
        request: CallBuilder<'_>,
        call: EndpointCall<'_>,
    ) -> Result<ServerResponse> {
        let request = request
            .max_bytes(OAUTH_LIMIT)
            .retry(call.retry)
            .within(call.deadline);
        let answer = request
            .send()
            .await
            .map_err(RefusedClient::explain_failure)?;
        if answer.status() == StatusCode::NOT_FOUND {
            self.discovery.doubt(call.provider);
        }
        Ok(answer)
    }
}

/// Returns whether a published list has the algorithm, under any of its names.
#[cfg(feature = "oidc")]
pub(crate) fn names_algorithm(names: &[String], algorithm: SignatureAlgorithm) -> bool {
    names
        .iter()
        .any(|name| SignatureAlgorithm::named(name) == Some(algorithm))
}

/// Returns the endpoint's URL in the metadata.
fn published<'a>(
    metadata: &'a ProviderMetadata,
    provider: &ProviderId,
    (name, pick): Endpoint,
    mtls: bool,
) -> Result<&'a str> {
    if mtls {
        metadata.readable(&["mtls_endpoint_aliases"])?;
    }
    let alias = match &metadata.mtls_endpoint_aliases {
        Some(aliases) if mtls => aliases.get(name).map(String::as_str),
        _ => None,
    };
    if alias.is_none() {
        metadata.readable(&[name])?;
    }
    alias.or_else(|| pick(metadata)).ok_or_else(|| {
        protocol(format!("{provider} publishes no {name}"))
            .with_hint("the server is too old, or the feature is switched off")
    })
}
