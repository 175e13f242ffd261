//! The client and the options that a handle carries.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::bodies::SkippedChecks;
use crate::call::Authorized;
#[cfg(feature = "oidc")]
use crate::endpoint::Channel;
use crate::http::deadline::Deadline;
use crate::http::options::CallOptions;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::shared::{EditGuard, Shared};
use crate::{Keycloak, Result};

/// What every handle carries: the client and the options of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    #[cfg(feature = "oidc")]
    channel: Arc<Channel>,
    authorized: Arc<Authorized>,
    pub(super) shared: Arc<Shared>,
    pub(super) options: CallOptions,
    pub(super) skipped_checks: SkippedChecks,
}

impl Call {
    pub(crate) fn new(kc: &Keycloak) -> Self {
        Self {
            #[cfg(feature = "oidc")]
            channel: Arc::clone(kc.channel()),
            authorized: Arc::clone(&kc.authorized),
            shared: Arc::clone(&kc.shared),
            options: CallOptions::default(),
            skipped_checks: SkippedChecks::default(),
        }
    }

    /// Returns the URL of a path below the base URL.
    pub(super) fn url(&self, path: &str) -> Url {
        self.authorized.sender().addresses().base().join(path)
    }

    /// Starts the time limit of the call, unless an enclosing call has started one.
    pub(super) fn start(&mut self) -> Deadline {
        let total = self.options.timeout;
        let total = total.unwrap_or(self.authorized.sender().total());
        *self
            .options
            .deadline
            .get_or_insert_with(|| Deadline::after(total))
    }

    /// Returns a copy without the options of single calls.
    pub(super) fn plain(&self) -> Self {
        let mut same = self.clone();
        same.options = CallOptions::default();
        same.options.deadline = self.options.deadline;
        same
    }

    /// Sends a request with this client's token. A status outside 2xx is an error.
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

    /// Stores the error of a setter until the call is made.
    pub(crate) fn refuse(&mut self, what: String) {
        self.options.refuse(what);
    }

    /// Allows ten asterisks as a secret.
    pub(crate) fn set_masks_allowed(&mut self) {
        self.skipped_checks.masks = true;
    }

    /// Marks the body as read, edited and compared.
    pub(crate) fn set_compared(&mut self) {
        self.skipped_checks.compared = true;
    }

    /// Marks a POST of this handle as safe to execute twice.
    pub(crate) fn set_harmless_twice(&mut self) {
        self.options.harmless_twice = true;
    }

    /// The connections of this call.
    #[cfg(feature = "oidc")]
    pub(crate) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Waits until nothing else in this client writes this object. Returns `None` for an edit,
    /// which waits by itself.
    pub(crate) async fn turn(&self, handle: &'static str, ids: &[&str]) -> Option<EditGuard> {
        if self.skipped_checks.compared {
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
