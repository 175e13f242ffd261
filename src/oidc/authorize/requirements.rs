//! What a login requires of its tokens.

use std::time::Duration;

use super::modes::ResponseType;
use super::request::Authorize;
use crate::error::Result;
use crate::error::invalid_argument;
use crate::operation::Operation;

impl Authorize {
    /// Requests tokens without an ID token: plain OAuth 2.0 (RFC 6749), with a scope without
    /// `openid` and no nonce. End such a login with
    /// [`Oidc::callback_tokens`](crate::oidc::Oidc::callback_tokens). No ID token says who the user
    /// is.
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

    /// Sets the greatest age of this login's ID tokens (`iat`), in whole seconds, in place of the
    /// client's setting.
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.max_issue_age = Some(age);
        self
    }

    /// Requires the ID token of the response to be bound to the `state` (`s_hash`, FAPI 1.0
    /// Advanced section 5.2.3). For response types with an ID token.
    pub fn require_state_hash(mut self) -> Self {
        self.state_hash = true;
        self
    }

    /// Returns an error for settings that contradict each other.
    pub(super) fn check_requirements(&self, op: &Operation) -> Result<()> {
        let fail = |what: &'static str| Err(invalid_argument(op, what));
        if self.state_hash && !self.response_type.has("id_token") {
            return fail(
                "require_state_hash applies to the ID token of the response: ask for one with the \
                 response type code id_token",
            );
        }
        if self.openid {
            return Ok(());
        }
        if self.response_type.has("id_token") {
            return fail("the response type has an ID token: remove without_openid");
        }
        if self.response_type == ResponseType::None {
            return fail("the response type none needs openid: remove without_openid");
        }
        if !self.acr.is_empty() || self.max_age.is_some() || !self.claims.is_empty() {
            return fail(
                "max_age, essential_acr and claims apply to an ID token: remove without_openid",
            );
        }
        let scope = self.params.get("scope").unwrap_or_default();
        if scope.split(' ').any(|scope| scope == "openid") {
            return fail("the scope has openid: remove it, or remove without_openid");
        }
        Ok(())
    }
}
