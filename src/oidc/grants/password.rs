//! The password grant (RFC 6749 section 4.3).

use std::time::Duration;

use crate::Secret;
use crate::error::Result;
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::form::{self, Params};
use crate::oidc::{Oidc, TokenSet};
use crate::operation::Operation;
use crate::response::Response;

const OP: Operation = Operation::new("oidc.password", "POST", "{token_endpoint}");

/// A login with a password; see [`Oidc::password`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a login does nothing until it is awaited"]
pub struct PasswordLogin {
    oidc: Oidc,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Logs in with a user's password (RFC 6749 section 4.3). The client needs direct access grants
    /// enabled. The scope has `openid`, which returns an ID token, unless
    /// [`without_openid`](PasswordLogin::without_openid) is called.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let tokens = oidc.password("ada", "s3cret").totp("123456").scope("openid email").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the client has a security profile.
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) with the code `invalid_grant`
    ///   if the password is wrong or the account cannot log in.
    ///
    /// An attempt that may have reached the server is not repeated: it has used up a one-time code,
    /// and a wrong password would count twice.
    pub fn password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordLogin {
        let mut params = Params::of("password").with_openid();
        params.push("username", username.into());
        params.push("password", password);
        PasswordLogin {
            oidc: self.clone(),
            params,
            max_issue_age: None,
        }
    }
}

impl PasswordLogin {
    /// Sets the current one-time password, for users who have one configured.
    pub fn totp(mut self, code: impl Into<Secret>) -> Self {
        self.params.set("totp", code);
        self
    }

    async fn answered(self) -> Result<Response<TokenSet>> {
        let inner = &self.oidc.inner;
        inner.rules.check_password(&OP)?;
        inner
            .tokens(
                &OP,
                GrantKind::Password,
                RetryPolicy::SINGLE_USE,
                &self.params,
                self.max_issue_age,
            )
            .await
    }
}

form::scope!(PasswordLogin);
form::without_openid!(PasswordLogin);
form::issue_age!(PasswordLogin);
form::request!(PasswordLogin => TokenSet);
