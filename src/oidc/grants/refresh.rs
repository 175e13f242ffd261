//! New tokens for a refresh token (RFC 6749 section 6).

use crate::error::Result;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::oidc::client::no_refresh_token;
use crate::oidc::form::{self, Params};
use crate::oidc::verify::Expected;
use crate::oidc::{Oidc, TokenSet};
use crate::token::GrantKind;
use crate::token::grant::Granted;

const OP: Operation = Operation::new("oidc.refresh", "POST", "{token_endpoint}");

/// A refresh; see [`Oidc::refresh`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Refresh {
    oidc: Oidc,
    before: TokenSet,
    params: Params,
}

impl Oidc {
    /// Exchanges the refresh token for new tokens (RFC 6749 section 6). What is missing in the
    /// answer is taken over from `tokens`. A new ID token must be about the same user, at the same
    /// issuer (OpenID Connect Core 1.0 section 12.2).
    ///
    /// With rotation the old refresh token is worth nothing afterwards: use one [`Session`] where
    /// several tasks need the same tokens.
    ///
    /// [`Session`]: crate::oidc::Session
    ///
    /// # Errors
    /// Of kind `Config` when there is no refresh token, `Unauthorized` when the session has ended;
    /// `InvalidToken` when the ID token that comes along cannot be verified. A refresh token that the
    /// server has rotated is lost then; a [`Session`] keeps it.
    pub fn refresh(&self, tokens: &TokenSet) -> Refresh {
        Refresh {
            oidc: self.clone(),
            before: tokens.clone(),
            params: Params::of("refresh_token"),
        }
    }
}

impl Refresh {
    async fn send(self) -> Result<TokenSet> {
        let granted = self.spend().await?;
        self.verified(granted).await
    }

    /// The first half: the refresh token is used up, and what came for it is not verified yet.
    pub(in crate::oidc) async fn spend(&self) -> Result<Granted> {
        let Some(refresh_token) = self.before.refresh_token() else {
            return Err(no_refresh_token(&OP));
        };
        let mut params = self.params.clone();
        params.push("refresh_token", refresh_token);
        self.oidc
            .inner
            .grant(&OP, GrantKind::Refresh, Repeat::REFRESH, &params)
            .await
    }

    /// The second half.
    pub(in crate::oidc) async fn verified(&self, granted: Granted) -> Result<TokenSet> {
        let expected = match self.before.id_token() {
            Some(before) => Expected::new().refreshed_from(before),
            // There is none to compare with.
            None => Expected::new().any_nonce(),
        };
        let inner = &self.oidc.inner;
        inner
            .token_set(&OP, granted, expected, Some(&self.before))
            .await
    }
}

form::scope!(Refresh);
form::request!(Refresh => TokenSet);
