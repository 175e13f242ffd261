//! The code of a login that another program has started.

use std::time::Duration;

use crate::Secret;
use crate::error::Result;
use crate::oidc::callback::spend;
use crate::oidc::form::{self, Params};
use crate::oidc::verify::Expected;
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.code", "POST", "{token_endpoint}");

/// The exchange of somebody else's code; see [`Oidc::code`]. `.await` sends it, once.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CodeGrant {
    oidc: Oidc,
    code: Secret,
    nonce: Option<Secret>,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Exchanges a code for tokens (RFC 6749 section 4.1.3) where another program has sent the
    /// browser to the server: a browser or mobile application, a gateway.
    /// [`authorize`](Self::authorize) and [`callback`](Self::callback) do all of it, and check more.
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc,
    /// #     code: String,
    /// #     verifier: String,
    /// #     nonce: String,
    /// # ) -> keycloak_kit::Result<()> {
    /// let tokens = oidc
    ///     .code(code, "https://app.example/cb")
    ///     .verifier(verifier)
    ///     .nonce(nonce)
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Security
    /// Whoever started the login must have compared `state` and `iss` with what was sent (RFC 9700
    /// sections 2.1 and 4.4).
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the server refuses the code.
    pub fn code(&self, code: impl Into<Secret>, redirect_uri: impl Into<String>) -> CodeGrant {
        let code = code.into();
        let mut params = Params::of("authorization_code");
        params.push("code", &code);
        params.push("redirect_uri", redirect_uri.into());
        CodeGrant {
            oidc: self.clone(),
            code,
            nonce: None,
            params,
            max_issue_age: None,
        }
    }
}

impl CodeGrant {
    /// The `code_verifier` of the login (RFC 7636).
    pub fn verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.params.set("code_verifier", verifier);
        self
    }

    /// The `nonce` that the login sent: the ID token must have it. Without this call it may have
    /// any.
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        let granted = spend(inner, &OP, &self.params).await?;
        let expected = match &self.nonce {
            Some(nonce) => Expected::new().nonce(nonce.expose()),
            None => Expected::new().any_nonce(),
        };
        let expected = expected
            .code(self.code.expose())
            .or_max_issue_age(self.max_issue_age);
        let head = granted.head.clone();
        let tokens = inner.token_set(&OP, granted, expected, None).await?;
        Ok(head.with(tokens))
    }
}

form::issue_age!(CodeGrant);
form::request!(CodeGrant => TokenSet);
