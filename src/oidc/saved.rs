//! Tokens in a form that can be stored.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::client::Oidc;
use super::tokens::TokenSet;
use super::verify::{Expected, IdToken, TokenOrigin};
use crate::Secret;
use crate::error::{Result, TokenFault};
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::Renewal;

const OP: Operation = Operation::new("oidc.restore", "", "");

/// The tokens of one login, to store them in an encrypted cookie or a database row. `Debug` shows
/// no tokens; its JSON contains them.
///
/// The response of a token endpoint, as other programs store it, can be deserialized too. The
/// lifetime of its access token is unknown then, so the token is used until it is refused.
///
/// If several processes refresh the same tokens, use a [`TokenStore`](super::TokenStore), which
/// makes them take turns.
///
/// ```no_run
/// use keycloak_kit::oidc::{Oidc, SavedTokens, TokenSet};
///
/// # async fn show(oidc: Oidc, tokens: TokenSet) -> Result<(), Box<dyn std::error::Error>> {
/// let text = serde_json::to_string(&tokens.saved())?;
/// // Later, in another process:
/// let saved: SavedTokens = serde_json::from_str(&text)?;
/// let session = oidc.session(oidc.restore(&saved).await?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedTokens {
    pub(super) access_token: Secret,
    /// Seconds since 1970.
    expires_at: Option<u64>,
    pub(super) refresh_token: Option<Secret>,
    /// Seconds since 1970.
    refresh_expires_at: Option<u64>,
    pub(super) id_token: Option<Secret>,
    scope: Option<String>,
}

impl TokenSet {
    /// Returns the tokens in a form that can be stored. Other members of the response are not
    /// included.
    pub fn saved(&self) -> SavedTokens {
        let renewal = self.renewal.as_ref();
        SavedTokens {
            access_token: self.access_token.expose().into(),
            expires_at: self.access_token.expires_in().and_then(seconds_at),
            refresh_token: self.refresh_token().cloned(),
            refresh_expires_at: renewal.and_then(Renewal::left).and_then(seconds_at),
            id_token: self.id_token.as_ref().map(|token| token.expose().into()),
            scope: self.scope.clone(),
        }
    }
}

impl SavedTokens {
    /// Returns when the access token expires; `None` if unknown.
    pub fn expires_at(&self) -> Option<SystemTime> {
        time(self.expires_at?)
    }

    /// Returns when the refresh token expires; `None` if it does not expire by itself or if
    /// unknown.
    pub fn refresh_expires_at(&self) -> Option<SystemTime> {
        time(self.refresh_expires_at?)
    }

    /// Returns the ID token, which a logout in the browser names.
    #[cfg(feature = "signin")]
    pub(crate) fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    /// Returns how long the access token is still valid; `None` if unknown.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.expires_at().map(left)
    }

    /// Returns a token set with a verified ID token.
    pub(super) fn token_set(&self, oidc: &Oidc, id_token: Option<IdToken>) -> TokenSet {
        let access_token =
            AccessToken::new(&self.access_token).bound_to(oidc.inner.client.dpop.clone());
        // A lifetime of zero would mean that the token does not expire.
        let refresh_left = self
            .refresh_expires_at()
            .map(|end| left(end).max(Duration::from_millis(1)));
        TokenSet {
            access_token: match self.lifetime() {
                Some(left) => access_token.with_lifetime(left),
                None => access_token,
            },
            renewal: self
                .refresh_token
                .clone()
                .map(|token| Renewal::new(token, refresh_left)),
            id_token,
            scope: self.scope.clone(),
            rest: Map::new(),
        }
    }
}

/// Returns the end of this lifetime, in seconds since 1970.
pub(super) fn seconds_at(left: Duration) -> Option<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Some(since.ok()?.checked_add(left)?.as_secs())
}

pub(super) fn time(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

pub(super) fn left(end: SystemTime) -> Duration {
    end.duration_since(SystemTime::now()).unwrap_or_default()
}

impl Oidc {
    /// Restores stored tokens. The ID token is verified again, except for its nonce; an expired one
    /// is left out. An access token of a client with a DPoP key is assumed to be bound to the key.
    ///
    /// # Errors
    /// - [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the ID token fails a check
    ///   other than its expiry.
    /// - Any other kind if the issuer's keys cannot be fetched.
    pub async fn restore(&self, saved: &SavedTokens) -> Result<TokenSet> {
        let id_token = match &saved.id_token {
            None => None,
            Some(raw) => {
                let expected = Expected::new().any_nonce();
                match self
                    .inner
                    .id_token(raw.expose(), expected, TokenOrigin::Anybody)
                    .await
                {
                    Ok(token) => Some(token),
                    Err(error) if error.token_fault() == Some(TokenFault::Expired) => None,
                    Err(error) => return Err(error.or_operation(&OP)),
                }
            }
        };
        Ok(saved.token_set(self, id_token))
    }
}
