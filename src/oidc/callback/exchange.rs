//! Exchanges the code of a checked response for tokens.

use super::{AuthorizationResponse, OP, expected};
use crate::error::{CallbackFault, ErrorKind, Result, invalid_argument, refused_callback};
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::client::OidcInner;
use crate::oidc::form::{self, Params};
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;
use crate::token::Granted;

/// The exchange of a code; see [`Oidc::exchange_code`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CodeExchange {
    oidc: Oidc,
    response: AuthorizationResponse,
    params: Params,
}

impl Oidc {
    /// Exchanges the code of a checked response for tokens (RFC 6749 section 4.1.3), once.
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc,
    /// #     login: keycloak_kit::oidc::LoginAttempt,
    /// #     url: &str,
    /// # ) -> keycloak_kit::Result<()> {
    /// let response = oidc.authorization_response(login, url).await?;
    /// let tokens = oidc.exchange_code(response).param("resource", "https://api.example").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the response has no code.
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the server refuses the
    ///   code.
    /// - [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the ID token fails a check.
    pub fn exchange_code(&self, response: AuthorizationResponse) -> CodeExchange {
        CodeExchange {
            oidc: self.clone(),
            response,
            params: Params::of("authorization_code"),
        }
    }
}

/// Exchanges a code, without repeating the request.
pub(in crate::oidc) async fn redeem_code(
    inner: &OidcInner,
    op: &'static Operation,
    params: &Params,
) -> Result<Granted> {
    let outcome = inner
        .grant(op, GrantKind::Code, RetryPolicy::NEVER, params)
        .await;
    outcome.map_err(|error| match error.kind() {
        ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Server => error.with_hint(
            "the code may have been used, and can be exchanged only once: start the login again",
        ),
        _ => error,
    })
}

impl CodeExchange {
    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        let Some(code) = &self.response.code else {
            return Err(invalid_argument(
                &OP,
                "the response has no code: the login requested another response type",
            ));
        };
        let login = &self.response.login;
        let mut params = self.params.clone();
        params.push("code", code);
        params.push("redirect_uri", login.redirect_uri.as_str());
        params.push("code_verifier", &login.verifier);
        let granted = redeem_code(inner, &OP, &params).await?;
        let head = granted.head.clone();
        let expected = expected(login)
            .code(code.expose())
            .state(login.state.expose());
        let tokens = inner.token_set(&OP, granted, expected, None).await?;
        // Both ID tokens of a hybrid flow must be about the same user (OpenID Connect Core 1.0
        // section 3.3.3.6).
        if let (Some(front), Some(back)) = (&self.response.id_token, tokens.id_token())
            && front.subject() != back.subject()
        {
            let error = refused_callback(
                CallbackFault::Subject,
                "the two ID tokens are about different users",
            );
            return Err(error.with_operation(&OP));
        }
        Ok(head.with(tokens))
    }
}

form::request!(CodeExchange => TokenSet);
