//! What a login asks of the tokens at its end.

use std::time::Duration;

use super::modes::ResponseType;
use super::request::Authorize;
use crate::error::Result;
use crate::error::invalid_argument;
use crate::operation::Operation;

impl Authorize {
    /// Asks for tokens without an ID token: plain OAuth 2.0 (RFC 6749), whose scope has no
    /// `openid`. No nonce is sent. [`Oidc::callback_tokens`](crate::oidc::Oidc::callback_tokens)
    /// ends such a login; nothing says whose it is.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, callback: &str) -> keycloak_kit::Result<()> {
    /// let login = oidc.authorize().without_openid().scope("repo read:user").start().await?;
    /// let tokens = oidc.callback_tokens(login, callback).await?;
    /// println!("{:?}", tokens.access_token());
    /// # Ok(()) }
    /// ```
    pub fn without_openid(mut self) -> Self {
        self.openid = false;
        self
    }

    /// The ID tokens of this login must have been made at most so many whole seconds ago (`iat`),
    /// in place of what is set for the client.
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.max_issue_age = Some(age);
        self
    }

    /// The ID token of the answer must be bound to the `state` (`s_hash`, FAPI 1.0 Advanced section
    /// 5.2.3): for the response types with an ID token.
    pub fn require_state_hash(mut self) -> Self {
        self.state_hash = true;
        self
    }

    /// Settings that contradict each other.
    pub(super) fn check_demands(&self, op: &Operation) -> Result<()> {
        let fail = |what: &'static str| Err(invalid_argument(op, what));
        if self.state_hash && !self.response_type.has("id_token") {
            return fail(
                "require_state_hash is about the ID token of the answer: ask for one with the \
                 response type code id_token",
            );
        }
        if self.openid {
            return Ok(());
        }
        if self.response_type.has("id_token") {
            return fail("the response type has an ID token: leave without_openid out");
        }
        if self.response_type == ResponseType::None {
            return fail("the response type none is one of openid: leave without_openid out");
        }
        if !self.acr.is_empty() || self.max_age.is_some() || !self.claims.is_empty() {
            return fail(
                "max_age, essential_acr and claims are about an ID token: leave without_openid out",
            );
        }
        let scope = self.params.get("scope").unwrap_or_default();
        if scope.split(' ').any(|scope| scope == "openid") {
            return fail("the scope has openid: leave it out, or without_openid");
        }
        Ok(())
    }
}
