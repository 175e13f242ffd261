//! Refresh tokens and offline tokens, which only the server can read.

use std::fmt;

use serde_json::Value;

use crate::Secret;
use crate::error::{Result, TokenFault, invalid_token};
use crate::jose::jws::Jws;
use crate::scheme::{WITHOUT_SCHEME, has_scheme};

/// A refresh token, which obtains new tokens without the user until the session at the server ends.
///
/// The token is opaque to clients. `Debug` does not show it.
#[derive(Clone)]
pub struct RefreshToken(Secret);

/// A refresh token that outlives the session (scope `offline_access`) and does not expire by
/// itself. Store it encrypted.
///
/// `Debug` does not show it.
#[derive(Clone)]
pub struct OfflineToken(Secret);

impl RefreshToken {
    /// Creates a refresh token from its text.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken` if the text is recognizably another type of token:
    /// an access token, an ID token or an offline token.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        refuse_others(&token, "refresh token", &["Refresh"])?;
        Ok(Self(token))
    }

    /// Returns the token in plain text. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl OfflineToken {
    /// Creates an offline token from its text.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken` if the text is recognizably another type of token:
    /// an access token, an ID token or a refresh token that ends with its session.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        refuse_others(&token, "offline token", &["Offline"])?;
        Ok(Self(token))
    }

    /// Returns the token in plain text. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Returns an error if a Keycloak token has another type than `own`. Tokens of other servers are
/// accepted unchecked.
pub(in crate::oidc) fn refuse_others(token: &Secret, name: &str, own: &[&str]) -> Result<()> {
    if token.is_empty() {
        return Err(invalid_token(
            TokenFault::Malformed,
            format!("the {name} is empty"),
        ));
    }
    if has_scheme(token.expose()) {
        return Err(invalid_token(
            TokenFault::Malformed,
            format!("the {name} starts with an authorization scheme"),
        )
        .with_hint(WITHOUT_SCHEME));
    }
    let Ok(claims) = Jws::parse(token.expose()).and_then(|jws| jws.unverified_claims()) else {
        return Ok(());
    };
    match claims.get("typ").and_then(Value::as_str) {
        None => Ok(()),
        Some(typ) if own.contains(&typ) => Ok(()),
        Some(_) => Err(invalid_token(
            TokenFault::Type,
            format!("this is not a {name} but a token of another type"),
        )),
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

impl fmt::Debug for OfflineToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfflineToken([redacted])")
    }
}
