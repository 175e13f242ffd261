//! What a session is refreshed or ended with.

use super::tokens::{Login, TokenSet};
use super::verify::{OfflineToken, RefreshToken, refuse_others};
use crate::Secret;
use crate::error::Result;

/// The argument of [`Oidc::refresh`] and [`Oidc::logout`]: a [`TokenSet`], or a single refresh
/// token, such as one from a database.
///
/// ```no_run
/// use keycloak_kit::oidc::{OfflineToken, Oidc, Refreshable};
///
/// # async fn show(oidc: Oidc, stored: String) -> keycloak_kit::Result<()> {
/// let tokens = oidc.refresh(&OfflineToken::new(stored.as_str())?).await?;
/// // If either kind may have been stored:
/// let tokens = oidc.refresh(Refreshable::new(stored)?).await?;
/// # Ok(()) }
/// ```
///
/// [`Oidc::refresh`]: super::Oidc::refresh
/// [`Oidc::logout`]: super::Oidc::logout
#[derive(Debug, Clone)]
pub struct Refreshable(Source);

#[derive(Debug, Clone)]
enum Source {
    Tokens(Box<TokenSet>),
    RefreshToken(Secret),
}

impl Refreshable {
    /// Takes the text of a refresh token or an offline token.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the
    /// text is visibly a token of another type, such as an access token or an ID token.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        refuse_others(&token, "refresh token", &["Refresh", "Offline"])?;
        Ok(Self(Source::RefreshToken(token)))
    }

    pub(super) fn refresh_token(&self) -> Option<&Secret> {
        match &self.0 {
            Source::Tokens(tokens) => tokens.refresh_token(),
            Source::RefreshToken(token) => Some(token),
        }
    }

    /// Returns the token set that the refresh token belongs to, if known.
    pub(super) fn tokens(&self) -> Option<&TokenSet> {
        match &self.0 {
            Source::Tokens(tokens) => Some(tokens),
            Source::RefreshToken(_) => None,
        }
    }
}

impl From<&TokenSet> for Refreshable {
    fn from(tokens: &TokenSet) -> Self {
        Self(Source::Tokens(Box::new(tokens.clone())))
    }
}

impl From<&Login> for Refreshable {
    fn from(login: &Login) -> Self {
        let tokens: &TokenSet = login;
        tokens.into()
    }
}

impl From<&RefreshToken> for Refreshable {
    fn from(token: &RefreshToken) -> Self {
        Self(Source::RefreshToken(token.expose().into()))
    }
}

impl From<&OfflineToken> for Refreshable {
    fn from(token: &OfflineToken) -> Self {
        Self(Source::RefreshToken(token.expose().into()))
    }
}
