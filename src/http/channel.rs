//! Everything below tokens: the HTTP sender and what the providers publish about themselves.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use url::{Url, form_urlencoded};

use super::deadline::Deadline;
use super::fresh::Fresh;
use super::operation::Operation;
use super::repeat::Repeat;
use super::sender::{Answer, Sender};
use crate::discovery::{Discovery, Provider, ProviderMetadata};
use crate::error::{Error, Result, protocol};
use crate::token::client_auth::{OAuthClient, Shown};
use crate::token::dpop::DPOP;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) sender: Sender,
    pub(crate) discovery: Discovery,
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
    pub(crate) repeat: Repeat,
    pub(crate) deadline: Deadline,
}

/// Where an endpoint is called, and what its issuer is.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) metadata: Arc<ProviderMetadata>,
}

impl Channel {
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.sender.settings.deadline)
    }

    /// The provider's metadata, cached and checked.
    pub(crate) async fn metadata(
        &self,
        provider: &Provider,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        self.discovery.get(&self.sender, provider, deadline).await
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
        let metadata = self.metadata(provider, deadline).await?;
        let url = self.endpoint_in(&metadata, provider, endpoint, mtls)?;
        Ok(Target { url, metadata })
    }

    /// The same out of metadata at hand.
    pub(crate) fn endpoint_in(
        &self,
        metadata: &ProviderMetadata,
        provider: &Provider,
        (name, pick): Endpoint,
        mtls: bool,
    ) -> Result<Url> {
        let alias = match &metadata.mtls_endpoint_aliases {
            Some(aliases) if mtls => aliases.get(name).map(String::as_str),
            _ => None,
        };
        let url = alias.or_else(|| pick(metadata)).ok_or_else(|| {
            protocol(format!("{provider} publishes no {name}"))
                .with_hint("the server is too old or has the feature switched off")
        })?;
        self.discovery.rewrite(&metadata.issuer, url)
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
        let mtls = call.client.is_some_and(OAuthClient::uses_mtls);
        let target = self
            .endpoint(call.provider, call.endpoint, mtls, call.deadline)
            .await?;
        self.post_form_at(target, call, form, accept).await
    }

    /// The same at an address that no document names.
    pub(crate) async fn post_form_at(
        &self,
        target: Target,
        call: EndpointCall<'_>,
        form: &[(&str, &str)],
        accept: HeaderValue,
    ) -> Result<Answer> {
        let request = self
            .sender
            .client
            .request(Method::POST, target.url)
            .header(ACCEPT, accept)
            .build()
            .map_err(|source| crate::error::transport(call.op, source))?;
        let fresh = FreshForm {
            client: call.client,
            issuer: &target.metadata.issuer,
            form,
            discovery: &self.discovery,
        };
        self.send(request, &fresh, call).await
    }

    /// Sends a request to an endpoint out of the metadata.
    pub(crate) async fn send(
        &self,
        request: reqwest::Request,
        fresh: &dyn Fresh,
        call: EndpointCall<'_>,
    ) -> Result<Answer> {
        let answer = self
            .sender
            .send_traced(request, fresh, call.op, call.repeat, call.deadline)
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            self.discovery.forget(call.provider);
        }
        Ok(answer)
    }
}

/// A form whose client assertion and proof are made at every attempt.
struct FreshForm<'a> {
    client: Option<&'a OAuthClient>,
    issuer: &'a str,
    form: &'a [(&'a str, &'a str)],
    discovery: &'a Discovery,
}

impl Fresh for FreshForm<'_> {
    fn prepare<'a>(&'a self, request: &'a mut reqwest::Request) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let shown = match self.client {
                Some(client) => client.authenticate(self.issuer).await?,
                None => Shown::default(),
            };
            if let Some(dpop) = self.client.and_then(|client| client.dpop.as_ref()) {
                let url = self.discovery.published(request.url());
                let proof = dpop.proof(request.method(), &url, None)?;
                request.headers_mut().insert(DPOP, proof);
            }
            if let Some(header) = shown.header {
                request.headers_mut().insert(AUTHORIZATION, header);
            }
            request.headers_mut().insert(CONTENT_TYPE, FORM);
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(self.form);
            for (name, value) in &shown.form {
                // A pushed authorization request names the client itself.
                if self.form.iter().all(|(known, _)| known != name) {
                    form.append_pair(name, value.expose());
                }
            }
            *request.body_mut() = Some(form.finish().into());
            Ok(())
        })
    }

    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool {
        let dpop = self.client.and_then(|client| client.dpop.as_ref());
        dpop.is_some_and(|dpop| dpop.answered(&self.discovery.published(url), response))
    }
}

impl Answer {
    /// The error of an answer outside 2xx.
    pub(crate) fn error(&self, op: &Operation) -> Error {
        Error::from_response(
            op,
            self.status(),
            self.response.headers(),
            self.response.body(),
        )
    }
}
