//! Token revocation (RFC 7009).

use http::StatusCode;

use super::client::{Oidc, OidcInner};
use super::form::{self, Params};
use super::refreshable::Refreshable;
use super::tokens::TokenSet;
use super::verify::{OfflineToken, RefreshToken};
use crate::Secret;
use crate::endpoint::Endpoint;
use crate::error::{Result, protocol};
use crate::http::retry_policy::RetryPolicy;
use crate::login::{GrantKind, explain};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::AccessToken;

const OP: Operation = Operation::new("oidc.revoke", "POST", "{revocation_endpoint}");
pub(super) const ENDPOINT: Endpoint = ("revocation_endpoint", |m| m.revocation_endpoint.as_deref());

/// A token to revoke: the refresh token of a [`TokenSet`] (or its access token if it has none), a
/// refresh or offline token, an access token, or the text of any token.
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

    /// Adds the token to the parameters of a request.
    pub(super) fn add_to(self, params: &mut Params) {
        params.push("token", self.token);
        if let Some(hint) = self.hint {
            params.push("token_type_hint", hint);
        }
    }
}

impl From<&Refreshable> for Revocable {
    fn from(tokens: &Refreshable) -> Self {
        match (tokens.refresh_token(), tokens.tokens()) {
            (None, Some(tokens)) => tokens.into(),
            (token, _) => Self {
                token: token.cloned().unwrap_or_default(),
                hint: Some("refresh_token"),
            },
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
        Self::hinted(token.expose(), "access_token")
    }
}

impl From<&RefreshToken> for Revocable {
    fn from(token: &RefreshToken) -> Self {
        Self::hinted(token.expose(), "refresh_token")
    }
}

impl From<&OfflineToken> for Revocable {
    fn from(token: &OfflineToken) -> Self {
        Self::hinted(token.expose(), "refresh_token")
    }
}

/// The text of any token: the server determines its type.
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
    /// Revokes a token (RFC 7009). For a [`TokenSet`] that is the refresh token, and with it the
    /// session's access to this client, or the access token if there is no refresh token.
    ///
    /// # Errors
    /// Returns an error of the response's kind if the server refuses the request. A token that the
    /// server does not know is not an error.
    pub fn revoke(&self, token: impl Into<Revocable>) -> Revoke {
        let mut params = Params::default();
        token.into().add_to(&mut params);
        Revoke {
            oidc: self.clone(),
            params,
        }
    }
}

impl Revoke {
    async fn answered(self) -> Result<Response<()>> {
        send(&self.oidc.inner, &OP, &self.params).await
    }
}

/// Posts a revocation. A token that the server does not know counts as revoked (RFC 7009 section
/// 2.2), however the server reports it.
pub(super) async fn send(
    inner: &OidcInner,
    op: &'static Operation,
    params: &Params,
) -> Result<Response<()>> {
    let answer = inner
        .post(op, ENDPOINT, RetryPolicy::IDEMPOTENT, params)
        .await?;
    let done = || Ok(Head::of(&answer.response).with(()));
    let error = match answer.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => match answer.refusal(op, None) {
            None => return done(),
            // Keycloak reports an unknown token in the body of a 200.
            Some(error) if error.oauth_code() == Some("invalid_token") => return done(),
            Some(error) => error,
        },
        status if status.is_success() => {
            protocol("the server did not confirm the revocation with 200")
                .with_status(status)
                .with_operation(op)
        }
        _ => answer.error(op),
    };
    Err(explain(error, GrantKind::Custom))
}

form::request!(Revoke => ());
