//! The refresh token grant (RFC 6749 section 6).

use std::time::Duration;

use crate::error::Result;
use crate::http::retry_policy::RetryPolicy;
use crate::login::GrantKind;
use crate::oidc::client::no_refresh_token;
use crate::oidc::form::{self, Params};
use crate::oidc::verify::Expected;
use crate::oidc::{Oidc, Refreshable, TokenSet};
use crate::operation::Operation;
use crate::response::Response;
use crate::token::{Granted, Renewal};

const OP: Operation = Operation::new("oidc.refresh", "POST", "{token_endpoint}");

/// A refresh; see [`Oidc::refresh`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Refresh {
    oidc: Oidc,
    before: Refreshable,
    params: Params,
    max_issue_age: Option<Duration>,
}

impl Oidc {
    /// Exchanges the refresh token of a [`TokenSet`], or a single [`RefreshToken`] or
    /// [`OfflineToken`], for new tokens (RFC 6749 section 6). Members that the response lacks are
    /// taken from `tokens`. A new ID token must be about the same user and from the same issuer
    /// (OpenID Connect Core 1.0 section 12.2); for a single refresh token there is no ID token to
    /// compare with.
    ///
    /// With rotation the old refresh token is invalid afterwards: use one [`Session`] if several
    /// tasks need the same tokens.
    ///
    /// [`Session`]: crate::oidc::Session
    /// [`RefreshToken`]: crate::oidc::RefreshToken
    /// [`OfflineToken`]: crate::oidc::OfflineToken
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if there is no refresh token.
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the session has ended.
    /// - [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the new ID token fails a
    ///   check. The refresh token that the server has rotated is in [`Error::refresh_token`] then;
    ///   a [`Session`] keeps it.
    ///
    /// [`Error::refresh_token`]: crate::Error::refresh_token
    pub fn refresh(&self, tokens: impl Into<Refreshable>) -> Refresh {
        Refresh {
            oidc: self.clone(),
            before: tokens.into(),
            params: Params::of("refresh_token"),
            max_issue_age: None,
        }
    }
}

impl Refresh {
    async fn answered(self) -> Result<Response<TokenSet>> {
        let granted = self.redeem().await?;
        let rotated = granted
            .renewal
            .as_ref()
            .map(|renewal| renewal.token.clone());
        let head = granted.head.clone();
        let tokens = self.verified(granted).await;
        let tokens = tokens.map_err(|error| error.with_refresh_token(rotated))?;
        Ok(head.with(tokens))
    }

    /// Redeems the refresh token. The new ID token is not verified yet.
    pub(in crate::oidc) async fn redeem(&self) -> Result<Granted> {
        let Some(refresh_token) = self.before.refresh_token() else {
            return Err(no_refresh_token(&OP));
        };
        let mut params = self.params.clone();
        params.push("refresh_token", refresh_token);
        self.oidc
            .inner
            .grant(&OP, GrantKind::Refresh, RetryPolicy::REFRESH, &params)
            .await
    }

    /// Verifies the ID token of the response and returns a token set.
    pub(in crate::oidc) async fn verified(&self, mut granted: Granted) -> Result<TokenSet> {
        let before = self.before.tokens();
        if before.is_none() && granted.renewal.is_none() {
            // The refresh token can be used again (RFC 6749 section 6).
            let same = self.before.refresh_token().cloned();
            granted.renewal = same.map(|token| Renewal::new(token, None));
        }
        let expected = match before.and_then(TokenSet::id_token) {
            Some(before) => Expected::new().refreshed_from(before),
            // There is no ID token to compare with.
            None => Expected::new().any_nonce(),
        };
        let expected = expected.or_max_issue_age(self.max_issue_age);
        let inner = &self.oidc.inner;
        inner.token_set(&OP, granted, expected, before).await
    }
}

form::scope!(Refresh);
form::issue_age!(Refresh);
form::request!(Refresh => TokenSet);
