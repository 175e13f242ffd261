//! Tokens that only the server can read.

use std::fmt;

use serde_json::Value;

use crate::Secret;
use crate::error::{Result, TokenFault, invalid_token};
use crate::jose::jws::Jws;
use crate::scheme::{WITHOUT_SCHEME, has_scheme};

/// For getting new tokens without asking the user again; it ends with the session at the server.
///
/// Its text means nothing to a client. `Debug` does not show it.
#[derive(Clone)]
pub struct RefreshToken(Secret);

/// A refresh token that outlives the session (scope `offline_access`): it does not expire by
/// itself. Keep it encrypted.
///
/// `Debug` does not show it.
#[derive(Clone)]
pub struct OfflineToken(Secret);

impl RefreshToken {
    /// Takes the text of a refresh token.
    ///
    /// # Errors
    /// Of kind `InvalidToken` when it is plainly a token of another type: an access token, an ID
    /// token, an offline token.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        refuse_others(&token, "refresh token", &["Refresh"])?;
        Ok(Self(token))
    }

    /// The token itself. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl OfflineToken {
    /// Takes the text of an offline token.
    ///
    /// # Errors
    /// Of kind `InvalidToken` when it is plainly a token of another type: an access token, an ID
    /// token, a refresh token that ends with its session.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        refuse_others(&token, "offline token", &["Offline"])?;
        Ok(Self(token))
    }

    /// The token itself. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What Keycloak writes into a token of its own; any other server's is taken as it is.
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
            format!("the {name} begins with the scheme of a header"),
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
            format!("this is no {name}, but a token of another type"),
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
