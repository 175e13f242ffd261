//! Grants without a method of their own.

use std::time::Duration;

use crate::error::Result;
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::form::{self, Params};
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.grant", "POST", "{token_endpoint}");

/// A grant by its name; see [`Oidc::grant`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CustomGrant {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Requests tokens with a grant that has no method of its own (RFC 6749 section 4.5), such as a
    /// grant of a server extension.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let tokens = oidc.grant("urn:example:badge").param("badge", "4711").scope("openid").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// server refuses the grant. An attempt that may have reached the server is not repeated.
    /// server is not repeated.
    pub fn grant(&self, grant_type: impl Into<String>) -> CustomGrant {
        let mut params = Params::default();
        params.push("grant_type", grant_type.into());
        CustomGrant {
            oidc: self.clone(),
            params,
            max_issue_age: None,
        }
    }
}

impl CustomGrant {
    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        inner
            .tokens(
                &OP,
                GrantKind::Custom,
                RetryPolicy::SINGLE_USE,
                &self.params,
                self.max_issue_age,
            )
            .await
    }
}

form::scope!(CustomGrant);
form::issue_age!(CustomGrant);
form::request!(CustomGrant => TokenSet);
