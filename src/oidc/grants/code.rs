//! Exchanges the code of a login that another program started.

use std::time::Duration;

use crate::Secret;
use crate::error::Result;
use crate::oidc::callback::redeem_code;
use crate::oidc::form::{self, Params};
use crate::oidc::verify::Expected;
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.code", "POST", "{token_endpoint}");

/// The exchange of another program's code; see [`Oidc::code`]. `.await` sends it, once.
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
    /// Exchanges a code for tokens (RFC 6749 section 4.1.3), if another program has sent the
    /// browser to the server, such as a single-page application, a mobile application or a gateway.
    /// [`authorize`](Self::authorize) and [`callback`](Self::callback) do the whole login and check
    /// more.
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
    /// The program that started the login must have compared `state` and `iss` with the values that
    /// it sent (RFC 9700 sections 2.1 and 4.4).
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// server refuses the code.
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
    /// Sets the `code_verifier` of the login (RFC 7636).
    pub fn verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.params.set("code_verifier", verifier);
        self
    }

    /// Sets the `nonce` that the login sent, which the ID token must have. Without this call the
    /// nonce is not checked.
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        let granted = redeem_code(inner, &OP, &self.params).await?;
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
