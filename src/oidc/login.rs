//! Logins under construction.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::client::Oidc;
use super::tokens::TokenSet;
use crate::Secret;
use crate::error::Result;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::token::GrantKind;

const PASSWORD: Operation = Operation::new(
    "oidc.password",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);
const CLIENT: Operation = Operation::new(
    "oidc.client_credentials",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);

type Login = Pin<Box<dyn Future<Output = Result<TokenSet>> + Send>>;

/// A login with a password; see [`Oidc::password`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a login does nothing until it is awaited"]
pub struct PasswordLogin {
    oidc: Oidc,
    username: String,
    password: Secret,
    totp: Option<Secret>,
    scope: String,
}

impl PasswordLogin {
    pub(super) fn new(oidc: Oidc, username: String, password: Secret) -> Self {
        Self {
            oidc,
            username,
            password,
            totp: None,
            scope: "openid".to_owned(),
        }
    }

    /// Scopes to ask for, separated by spaces; `openid` unless set, which gives an ID token.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The one-time password of the moment, for users who have one set up.
    pub fn totp(mut self, code: impl Into<Secret>) -> Self {
        self.totp = Some(code.into());
        self
    }
}

impl IntoFuture for PasswordLogin {
    type Output = Result<TokenSet>;
    type IntoFuture = Login;

    fn into_future(self) -> Login {
        Box::pin(async move {
            let inner = &self.oidc.inner;
            let mut form = vec![
                ("grant_type", "password"),
                ("username", self.username.as_str()),
                ("password", self.password.expose()),
                ("scope", self.scope.as_str()),
            ];
            if let Some(totp) = &self.totp {
                form.push(("totp", totp.expose()));
            }
            let granted = inner
                .grant(&PASSWORD, GrantKind::Password, Repeat::PASSWORD, &form)
                .await?;
            inner.token_set(&PASSWORD, granted, None).await
        })
    }
}

/// A login as the client itself; see [`Oidc::client_credentials`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a login does nothing until it is awaited"]
pub struct ClientCredentialsLogin {
    oidc: Oidc,
    scope: Option<String>,
}

impl ClientCredentialsLogin {
    pub(super) fn new(oidc: Oidc) -> Self {
        Self { oidc, scope: None }
    }

    /// Scopes to ask for, separated by spaces; the client's default ones unless set.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }
}

impl IntoFuture for ClientCredentialsLogin {
    type Output = Result<TokenSet>;
    type IntoFuture = Login;

    fn into_future(self) -> Login {
        Box::pin(async move {
            let inner = &self.oidc.inner;
            let mut form = vec![("grant_type", "client_credentials")];
            if let Some(scope) = &self.scope {
                form.push(("scope", scope));
            }
            let granted = inner
                .grant(
                    &CLIENT,
                    GrantKind::ClientCredentials,
                    Repeat::CLIENT_CREDENTIALS,
                    &form,
                )
                .await?;
            inner.token_set(&CLIENT, granted, None).await
        })
    }
}
