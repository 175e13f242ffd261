//! Calls below the base URL with the client's token.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use super::role::missing_role;
use super::{Credential, NewCall, hint};
use crate::error::{self, Result};
use crate::http::options::CallOptions;
use crate::http::request::HttpRequest;
use crate::http::sender::Sender;
use crate::operation::Operation;
use crate::token::engine::TokenEngine;

/// A client's connections and its token.
#[derive(Debug)]
pub(crate) struct Authorized {
    sender: Arc<Sender>,
    /// `None` for a client without credentials.
    engine: Option<TokenEngine>,
}

impl Authorized {
    pub(crate) fn new(sender: Arc<Sender>, engine: Option<TokenEngine>) -> Self {
        Self { sender, engine }
    }

    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(crate) fn engine(&self) -> Option<&TokenEngine> {
        self.engine.as_ref()
    }

    /// Without a trailing slash: `https://sso.example` or `http://h:8080/auth`.
    pub(crate) fn base_url(&self) -> &str {
        self.sender.addresses().base().as_str()
    }

    /// Starts a call with this client's token.
    pub(crate) fn call<'a>(&'a self, op: &'a Operation) -> NewCall<'a> {
        let credential = match &self.engine {
            Some(engine) => Credential::Engine(engine),
            None => Credential::None,
        };
        self.sender.call(op).with(credential)
    }

    /// Sends a request below the base URL and reads the whole response. A status outside 2xx is an
    /// error.
    pub(crate) async fn execute(
        &self,
        request: HttpRequest,
        op: &Operation,
        options: &CallOptions,
    ) -> Result<Response<Bytes>> {
        let base = self.sender.addresses().base();
        if !base.covers(&request.url) {
            return Err(error::invalid_argument(
                op,
                "the request does not go to the base URL, so the token is not sent with it",
            ));
        }
        let method = request.method.clone();
        let path = base.below(&request.url).to_owned();
        let call = self.call(op).request(request).options(options);
        let response = call.send().await?;
        let role = match response.status() {
            StatusCode::FORBIDDEN => missing_role(method.as_str(), &path, response.issued_by()),
            _ => None,
        };
        let response = response.success(op).map_err(|error| {
            let error = match role {
                Some(hint) => error.with_hint(hint),
                None => error,
            };
            match self.engine {
                Some(_) => error,
                None if error.is_unauthorized() => error.with_hint(hint::NO_CREDENTIALS),
                None => error,
            }
        })?;
        if changes_realms(&method, &path)
            && let Some(engine) = &self.engine
        {
            engine.invalidate_all();
        }
        Ok(response.response)
    }
}

/// Creating, renaming or deleting a realm changes an administrator's roles, but not those in the
/// current token.
fn changes_realms(method: &Method, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    match *method {
        Method::POST => matches!(segments.as_slice(), ["admin", "realms"]),
        // An update may rename the realm.
        Method::PUT | Method::DELETE => matches!(segments.as_slice(), ["admin", "realms", _]),
        _ => false,
    }
}
