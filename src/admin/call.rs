//! What a handle carries, and what its calls begin with.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::bodies::Consent;
use crate::call::Authorized;
#[cfg(feature = "oidc")]
use crate::endpoint::Channel;
use crate::http::deadline::Deadline;
use crate::http::options::CallOptions;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::shared::{EditGuard, Shared};
use crate::{Keycloak, Result};

/// What a handle carries: the client and the options of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    #[cfg(feature = "oidc")]
    channel: Arc<Channel>,
    authorized: Arc<Authorized>,
    pub(super) shared: Arc<Shared>,
    pub(super) options: CallOptions,
    pub(super) consent: Consent,
}

impl Call {
    pub(crate) fn new(kc: &Keycloak) -> Self {
        Self {
            #[cfg(feature = "oidc")]
            channel: Arc::clone(kc.channel()),
            authorized: Arc::clone(&kc.authorized),
            shared: Arc::clone(&kc.shared),
            options: CallOptions::default(),
            consent: Consent::default(),
        }
    }

    /// The URL of a path below the base URL.
    pub(super) fn url(&self, path: &str) -> Url {
        self.authorized.sender().addresses.base().join(path)
    }

    /// Fixes when the call ends, unless it is a part of one that has begun.
    pub(super) fn start(&mut self) -> Deadline {
        let total = self.options.timeout;
        let total = total.unwrap_or(self.authorized.sender().settings.deadline);
        *self
            .options
            .deadline
            .get_or_insert_with(|| Deadline::after(total))
    }

    /// The same without what was set for single calls.
    pub(super) fn plain(&self) -> Self {
        let mut same = self.clone();
        same.options = CallOptions::default();
        same.options.deadline = self.options.deadline;
        same
    }

    /// Sends a request with the token of this client. Anything outside 2xx is an error.
    pub(super) async fn execute(
        &self,
        request: HttpRequest,
        op: &Operation,
    ) -> Result<http::Response<bytes::Bytes>> {
        self.authorized.execute(request, op, &self.options).await
    }

    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    pub(crate) fn set_header(
        &mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) {
        self.options.set_header(name, value);
    }

    /// Keeps what a setter could not take, for when the call is made.
    pub(crate) fn refuse(&mut self, what: String) {
        self.options.refuse(what);
    }

    /// Ten asterisks are meant as a secret.
    pub(crate) fn set_masks_allowed(&mut self) {
        self.consent.masks = true;
    }

    /// The body was read, edited and compared.
    pub(crate) fn set_compared(&mut self) {
        self.consent.compared = true;
    }

    /// Executing a POST of this handle twice does what executing it once does.
    pub(crate) fn set_harmless_twice(&mut self) {
        self.options.harmless_twice = true;
    }

    /// The connections that this call is made on.
    #[cfg(feature = "oidc")]
    pub(crate) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Waits until nothing else in this client writes this object, where an edit does not see to
    /// that itself.
    pub(crate) async fn turn(&self, handle: &'static str, ids: &[&str]) -> Option<EditGuard> {
        if self.consent.compared {
            return None;
        }
        let write = format!("{handle} written");
        Some(self.shared.edits.lock(&write, ids).await)
    }

    /// Waits until no other edit of this object runs in this client.
    pub(crate) async fn edit(&self, handle: &'static str, ids: &[&str]) -> EditGuard {
        self.shared.edits.lock(handle, ids).await
    }
}
