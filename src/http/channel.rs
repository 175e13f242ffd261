//! Everything below tokens: the HTTP sender and what the realms publish about themselves.

use http::header::{ACCEPT, HeaderValue};
use http::{Method, StatusCode};
use url::Url;

use std::sync::Arc;

use super::deadline::Deadline;
use super::operation::Operation;
use super::repeat::Repeat;
use super::sender::{Answer, Sender};
use crate::discovery::{Discovery, ProviderMetadata};
use crate::error::{Error, Result, protocol};
use crate::token::client_auth::ClientAuth;

/// OAuth answers are small; what is larger is none.
pub(crate) const OAUTH_LIMIT: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) sender: Sender,
    pub(crate) discovery: Discovery,
}

/// An endpoint out of the metadata: its member's name and value.
pub(crate) type Endpoint = (&'static str, fn(&ProviderMetadata) -> Option<&str>);

pub(crate) const TOKEN_ENDPOINT: Endpoint = ("token_endpoint", |m| m.token_endpoint.as_deref());

/// One form POST to an OAuth endpoint of a realm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormCall<'a> {
    pub(crate) op: &'a Operation,
    pub(crate) realm: &'a str,
    pub(crate) endpoint: Endpoint,
    pub(crate) auth: Option<&'a ClientAuth>,
    pub(crate) repeat: Repeat,
    pub(crate) deadline: Deadline,
}

impl Channel {
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.sender.settings.deadline)
    }

    /// The realm's metadata, cached and checked.
    pub(crate) async fn metadata(
        &self,
        realm: &str,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        self.discovery.get(&self.sender, realm, deadline).await
    }

    /// The URL to call for an endpoint of the realm.
    pub(crate) async fn endpoint(
        &self,
        realm: &str,
        (name, pick): Endpoint,
        deadline: Deadline,
    ) -> Result<Url> {
        let metadata = self.metadata(realm, deadline).await?;
        let url = pick(&metadata).ok_or_else(|| {
            protocol(format!("the realm {realm:?} publishes no {name}"))
                .with_hint("the server is too old or has the feature switched off")
        })?;
        self.discovery.rewrite(&metadata.issuer, url)
    }

    /// Posts a form and returns the answer of any status.
    pub(crate) async fn post_form(
        &self,
        call: FormCall<'_>,
        form: &[(&str, &str)],
    ) -> Result<Answer> {
        let url = self
            .endpoint(call.realm, call.endpoint, call.deadline)
            .await?;
        let mut form = form.to_vec();
        let mut builder = self.sender.client.request(Method::POST, url);
        if let Some(auth) = call.auth {
            builder = auth.apply(builder, &mut form);
        }
        let request = builder
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .form(&form)
            .build()
            .map_err(|source| crate::error::transport(call.op, source))?;
        self.send(request, call).await
    }

    /// Sends a request to an endpoint out of the metadata.
    pub(crate) async fn send(
        &self,
        request: reqwest::Request,
        call: FormCall<'_>,
    ) -> Result<Answer> {
        let answer = self
            .sender
            .send(request, call.op, call.repeat, OAUTH_LIMIT, call.deadline)
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            self.discovery.forget(call.realm);
        }
        Ok(answer)
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
