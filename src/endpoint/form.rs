//! Forms with client authentication.

use bytes::Bytes;
use http::Response;
use http::header::AUTHORIZATION;
use url::{Url, form_urlencoded};

use crate::BoxFuture;
use crate::client_auth::{AuthEndpoint, Authentication, OAuthClient};
use crate::error::{Result, clean, invalid_argument};
use crate::http::addresses::Addresses;
use crate::http::per_attempt::PerAttempt;
use crate::http::request::{FORM, HttpRequest};
use crate::operation::Operation;
use crate::token::dpop::DPOP;

/// A form whose client assertion and DPoP proof are made anew for every attempt.
pub(super) struct AuthenticatedForm<'a> {
    pub(super) client: Option<&'a OAuthClient>,
    pub(super) place: AuthEndpoint<'a>,
    pub(super) form: &'a [(&'a str, &'a str)],
    pub(super) addresses: &'a Addresses,
}

impl PerAttempt for AuthenticatedForm<'_> {
    fn prepare<'a>(&'a self, request: &'a mut HttpRequest) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let shown = match self.client {
                Some(client) => client.authenticate(self.place).await?,
                None => Authentication::default(),
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
                // A pushed authorization request has the client's id already.
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

/// Returns an error for control characters, which Keycloak removes from a parameter: its response
/// could be about another user than the one named.
pub(crate) fn refuse_control_characters(op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
    // In JSON, control characters are white space between members.
    let is_json = |name: &str| matches!(name, "claims" | "authorization_details");
    let has = |(name, value): &&(&str, &str)| {
        name.contains(char::is_control) || !is_json(name) && value.contains(char::is_control)
    };
    match pairs.iter().find(has) {
        None => Ok(()),
        Some((name, _)) => Err(invalid_argument(
            op,
            format!(
                "the parameter {:?} contains a control character, such as a line break, which the \
                 server would remove: remove it",
                clean(name)
            ),
        )),
    }
}
