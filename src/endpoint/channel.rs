//! The connections to providers, and what they publish about themselves.

use std::sync::Arc;

#[cfg(feature = "oidc")]
use http::header::AUTHORIZATION;
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::form::{ClientForm, refuse_control_characters};
use crate::call::{Answer, CallBuilder};
use crate::client_auth::{OAuthClient, Place, RefusedClient};
use crate::discovery::{Discovery, Provider, ProviderMetadata};
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

/// An endpoint out of the metadata: its member's name and value.
pub(crate) type Endpoint = (&'static str, fn(&ProviderMetadata) -> Option<&str>);

pub(crate) const TOKEN_ENDPOINT: Endpoint = ("token_endpoint", |m| m.token_endpoint.as_deref());

/// One call of an endpoint out of the metadata.
#[derive(Clone, Copy)]
pub(crate) struct EndpointCall<'a> {
    pub(crate) op: &'a Operation,
    pub(crate) provider: &'a Provider,
    pub(crate) endpoint: Endpoint,
    pub(crate) client: Option<&'a OAuthClient>,
    pub(crate) retry: RetryPolicy,
    pub(crate) deadline: Deadline,
}

/// Where an endpoint is called, and what its issuer is.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// The same as the document has it.
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

    /// The provider's metadata, cached and checked.
    pub(crate) async fn metadata(
        &self,
        provider: &Provider,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        let metadata = self.discovery.get(&self.sender, provider, deadline).await?;
        let both = self
            .discovery
            .with_second(&self.sender, provider, metadata, deadline);
        Ok(both.await)
    }

    /// The same for a flow that needs one of these endpoints: where the document has none of them,
    /// the provider's second one is read too.
    pub(crate) async fn metadata_for(
        &self,
        provider: &Provider,
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

    /// Where to call an endpoint of the provider; with `mtls` at its alias for clients with a
    /// certificate, where it has one (RFC 8705 section 5).
    pub(crate) async fn endpoint(
        &self,
        provider: &Provider,
        endpoint: Endpoint,
        mtls: bool,
        deadline: Deadline,
    ) -> Result<Target> {
        let metadata = self.metadata_for(provider, &[endpoint], deadline).await?;
        let published = published(&metadata, provider, endpoint, mtls)?.to_owned();
        Ok(Target {
            url: self.discovery.rewrite(&metadata.issuer, &published)?,
            published,
            metadata,
        })
    }

    /// Posts a form and returns the answer of any status.
    pub(crate) async fn post_form(
        &self,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
    ) -> Result<Answer> {
        self.post_form_accepting(call, form, JSON).await
    }

    /// The same with an `Accept` of its own.
    pub(crate) async fn post_form_accepting(
        &self,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        accept: HeaderValue,
    ) -> Result<Answer> {
        self.post_form_with(call, form, HeaderMap::from_iter([(ACCEPT, accept)]))
            .await
    }

    /// Posts a form that the bearer of a token answers for. The client does not take part: what the
    /// server does not accept it cannot take for the client's.
    #[cfg(feature = "oidc")]
    pub(crate) async fn post_form_as(
        &self,
        bearer: HeaderValue,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
    ) -> Result<Answer> {
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
    ) -> Result<Answer> {
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

    /// The same at an address that no document names.
    pub(crate) async fn post_form_at(
        &self,
        target: Target,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        headers: HeaderMap,
    ) -> Result<Answer> {
        refuse_control_characters(call.op, form)?;
        let per_attempt = ClientForm {
            client: call.client,
            place: Place {
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
            .map_or(RefusedClient::Bearer, OAuthClient::shows);
        Ok(answer.explained_by(client.explainer()))
    }

    /// Refuses a client whose tokens are to be bound to a key that the provider takes no proofs of:
    /// otherwise that is found out when a code is spent.
    #[cfg(feature = "oidc")]
    pub(crate) async fn check_dpop(
        &self,
        client: &OAuthClient,
        provider: &Provider,
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
                config("the provider does not say that it binds tokens to keys (DPoP)").with_hint(
                    "switch it on at the server; where the provider has it without saying so, add \
                     dpop_signing_alg_values_supported to its metadata and give it to \
                     OidcBuilder::metadata",
                ),
            ),
            Some(names) if !names_algorithm(names, algorithm) => Err(config(format!(
                "the provider takes no DPoP proofs that are signed with {}; it takes: {}",
                algorithm.name(),
                clean(&names.join(", ")),
            ))),
            Some(_) => Ok(()),
        }
    }

    /// Sends a request to an endpoint out of the metadata.
    pub(crate) async fn send(
        &self,
        request: CallBuilder<'_>,
        call: EndpointCall<'_>,
    ) -> Result<Answer> {
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

/// Whether a published list has the algorithm, under any of its names.
#[cfg(feature = "oidc")]
pub(crate) fn names_algorithm(names: &[String], algorithm: SignatureAlgorithm) -> bool {
    names
        .iter()
        .any(|name| SignatureAlgorithm::named(name) == Some(algorithm))
}

/// An endpoint as the document has it.
fn published<'a>(
    metadata: &'a ProviderMetadata,
    provider: &Provider,
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
            .with_hint("the server is too old or has the feature switched off")
    })
}
