//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0).

use url::form_urlencoded;

use super::issuer_names::Names;
use crate::error::{Error, Result, TokenFault, invalid_token};

/// A logout request through the browser. The request is not signed, so end only the session of the
/// browser that sent it, whatever session the request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontChannelLogout {
    issuer: String,
    session_id: Option<String>,
}

impl FrontChannelLogout {
    /// Reads a query. With `session_optional`, both issuer and session may be missing.
    pub(super) fn read(query: &str, issuer: &Names, session_optional: bool) -> Result<Self> {
        // A question mark after the first parameter is part of a value.
        let query = match query.split_once('?') {
            Some((address, query)) if !address.contains(['=', '&']) => query,
            _ => query,
        };
        let only = |wanted: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes())
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned());
            match (values.next(), values.next()) {
                (Some(value), None) if !value.is_empty() => Ok(value),
                (Some(_), Some(_)) => Err(refused(TokenFault::Malformed, wanted, "repeated")),
                _ => Err(refused(TokenFault::Claim, wanted, "missing")),
            }
        };
        let has =
            |wanted: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == wanted);
        if session_optional && !has("iss") && !has("sid") {
            return Ok(Self {
                issuer: issuer.own.clone(),
                session_id: None,
            });
        }
        let (found, session_id) = (only("iss")?, only("sid")?);
        if !issuer.accept_name(&found) {
            return Err(refused(TokenFault::Issuer, "iss", "another one"));
        }
        Ok(Self {
            issuer: found,
            session_id: Some(session_id),
        })
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the id of the session that ends, or `None` for a request with neither issuer nor
    /// session, which is accepted only with
    /// [`TokenVerifier::session_optional`](super::TokenVerifier::session_optional).
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// Returns whether the request is about this browser's session. `session_id` is the `sid` of
    /// the browser's ID token. A request without a session is about the session of the browser that
    /// sent it.
    pub fn is_about(&self, session_id: Option<&str>) -> bool {
        self.session_id.is_none() || session_id == self.session_id()
    }
}

fn refused(fault: TokenFault, name: &str, what: &str) -> Error {
    invalid_token(
        fault,
        format!("the front-channel logout is refused: its {name} is {what}"),
    )
}
