//! The JWT bearer grant, with an assertion of another issuer (RFC 7523 section 2.1).

use std::time::Duration;

use crate::Secret;
use crate::error::Result;
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::form::{self, Params};
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.jwt_bearer", "POST", "{token_endpoint}");

/// A JWT bearer grant; see [`Oidc::jwt_bearer`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct JwtBearerGrant {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Exchanges a JWT of an issuer that the realm trusts for tokens (RFC 7523 section 2.1). The
    /// client needs the JWT authorization grant enabled, and the issuer must be an identity
    /// provider of the realm.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) with
    /// the code `invalid_grant` if the assertion is refused or was used before. An attempt that may
    /// have reached the server is not repeated: an assertion may be valid for a single use.
    pub fn jwt_bearer(&self, assertion: impl Into<Secret>) -> JwtBearerGrant {
        let mut params = Params::of("urn:ietf:params:oauth:grant-type:jwt-bearer");
        params.push("assertion", assertion);
        JwtBearerGrant {
            oidc: self.clone(),
            params,
            max_issue_age: None,
        }
    }
}

impl JwtBearerGrant {
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

form::scope!(JwtBearerGrant);
form::issue_age!(JwtBearerGrant);
form::request!(JwtBearerGrant => TokenSet);
