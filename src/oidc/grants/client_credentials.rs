//! The client credentials grant (RFC 6749 section 4.4).

use std::time::Duration;

use crate::error::Result;
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::form::{self, Params};
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.client_credentials", "POST", "{token_endpoint}");

/// A login as the client itself; see [`Oidc::client_credentials`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a login does nothing until it is awaited"]
pub struct ClientCredentialsLogin {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Logs in as the client itself (RFC 6749 section 4.4). The client needs service account roles
    /// enabled.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// client authentication is refused.
    pub fn client_credentials(&self) -> ClientCredentialsLogin {
        ClientCredentialsLogin {
            oidc: self.clone(),
            params: Params::of("client_credentials"),
            max_issue_age: None,
        }
    }
}

impl ClientCredentialsLogin {
    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        let retry = RetryPolicy::CLIENT_CREDENTIALS;
        inner
            .tokens(
                &OP,
                GrantKind::ClientCredentials,
                retry,
                &self.params,
                self.max_issue_age,
            )
            .await
    }
}

form::scope!(ClientCredentialsLogin);
form::issue_age!(ClientCredentialsLogin);
form::request!(ClientCredentialsLogin => TokenSet);
