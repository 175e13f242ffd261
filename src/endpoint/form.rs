//! A form that a client posts, with what it shows of itself.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Response;
use http::header::AUTHORIZATION;
use url::{Url, form_urlencoded};

use crate::client_auth::{OAuthClient, Place, Shown};
use crate::error::{Result, clean, invalid_argument};
use crate::http::addresses::Addresses;
use crate::http::per_attempt::PerAttempt;
use crate::http::request::{FORM, HttpRequest};
use crate::operation::Operation;
use crate::token::dpop::DPOP;

/// A form whose client assertion and proof are made at every attempt.
pub(super) struct ClientForm<'a> {
    pub(super) client: Option<&'a OAuthClient>,
    pub(super) place: Place<'a>,
    pub(super) form: &'a [(&'a str, &'a str)],
    pub(super) addresses: &'a Addresses,
}

impl PerAttempt for ClientForm<'_> {
    fn prepare<'a>(&'a self, request: &'a mut HttpRequest) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let shown = match self.client {
                Some(client) => client.authenticate(self.place).await?,
                None => Shown::default(),
            };
            if let Some(dpop) = self.client.and_then(|client| client.dpop.as_ref()) {
                let url = self.addresses.published(&request.url);
                let proof = dpop.proof(&request.method, &url, None)?;
                request.headers.insert(DPOP, proof);
            }
            if let Some(header) = shown.header {
                request.headers.insert(AUTHORIZATION, header);
            }
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(self.form);
            for (name, value) in &shown.form {
                // A pushed authorization request names the client itself.
                if self.form.iter().all(|(known, _)| known != name) {
                    form.append_pair(name, value.expose());
                }
            }
            request.set_body(FORM, form.finish());
            Ok(())
        })
    }

    fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool {
        let dpop = self.client.and_then(|client| client.dpop.as_ref());
        dpop.is_some_and(|dpop| dpop.answered(&self.addresses.published(url), response))
    }
}

/// Refuses characters that Keycloak leaves out of a parameter: it would answer about somebody else
/// than the one who was named.
pub(crate) fn refuse_control_characters(op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
    // In JSON they are spaces between members.
    let is_json = |name: &str| matches!(name, "claims" | "authorization_details");
    let has = |(name, value): &&(&str, &str)| {
        name.contains(char::is_control) || !is_json(name) && value.contains(char::is_control)
    };
    match pairs.iter().find(has) {
        None => Ok(()),
        Some((name, _)) => Err(invalid_argument(
            op,
            format!(
                "the parameter {:?} has a control character, such as a line break, which the server \
                 would leave out: take it out",
                clean(name)
            ),
        )),
    }
}
