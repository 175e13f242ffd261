//! Giving tokens back (RFC 7009).

use super::client::Oidc;
use super::form::{self, Params};
use super::tokens::TokenSet;
use super::verify::{OfflineToken, RefreshToken};
use crate::Secret;
use crate::error::Result;
use crate::http::channel::Endpoint;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::token::{AccessToken, GrantKind, explain};

const OP: Operation = Operation::new("oidc.revoke", "POST", "{revocation_endpoint}");
const ENDPOINT: Endpoint = ("revocation_endpoint", |m| m.revocation_endpoint.as_deref());

/// What is revoked: the refresh token of a [`TokenSet`] (its access token where it has none), a
/// refresh or offline token, an access token, or any token as text.
#[derive(Debug, Clone)]
pub struct Revocable {
    token: Secret,
    hint: Option<&'static str>,
}

impl Revocable {
    fn hinted(token: impl Into<Secret>, hint: &'static str) -> Self {
        Self {
            token: token.into(),
            hint: Some(hint),
        }
    }
}

impl From<&TokenSet> for Revocable {
    fn from(tokens: &TokenSet) -> Self {
        match tokens.refresh_token() {
            Some(token) => Self::hinted(token, "refresh_token"),
            None => tokens.access_token().into(),
        }
    }
}

impl From<&super::Login> for Revocable {
    fn from(login: &super::Login) -> Self {
        let tokens: &TokenSet = login;
        tokens.into()
    }
}

impl From<&AccessToken> for Revocable {
    fn from(token: &AccessToken) -> Self {
        Self::hinted(token.secret(), "access_token")
    }
}

impl From<&RefreshToken> for Revocable {
    fn from(token: &RefreshToken) -> Self {
        Self::hinted(token.secret(), "refresh_token")
    }
}

impl From<&OfflineToken> for Revocable {
    fn from(token: &OfflineToken) -> Self {
        Self::hinted(token.secret(), "refresh_token")
    }
}

/// Any token as text: the server finds out what it is.
macro_rules! from_text {
    ($($text:ty),*) => {$(
        impl From<$text> for Revocable {
            fn from(token: $text) -> Self {
                Self {
                    token: token.into(),
                    hint: None,
                }
            }
        }
    )*};
}

from_text!(&str, &String, String, &Secret, Secret);

/// A revocation; see [`Oidc::revoke`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Revoke {
    oidc: Oidc,
    params: Params,
}

impl Oidc {
    /// Revokes a token (RFC 7009): of a [`TokenSet`] the refresh token, and with it the session's
    /// access to this client; without one, the access token.
    ///
    /// # Errors
    /// When the server refuses it. A token that it does not know is no error.
    pub fn revoke(&self, token: impl Into<Revocable>) -> Revoke {
        let token = token.into();
        let mut params = Params::default();
        params.push("token", token.token);
        if let Some(hint) = token.hint {
            params.push("token_type_hint", hint);
        }
        Revoke {
            oidc: self.clone(),
            params,
        }
    }
}

impl Revoke {
    async fn send(self) -> Result<()> {
        let inner = &self.oidc.inner;
        let answer = inner
            .post(&OP, ENDPOINT, Repeat::IDEMPOTENT, &self.params)
            .await?;
        // Keycloak puts `invalid_token` into the body of a 200: the status decides.
        if answer.status().is_success() {
            return Ok(());
        }
        Err(explain(answer.error(&OP), GrantKind::Custom))
    }
}

form::request!(Revoke => ());
