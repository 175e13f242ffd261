//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0).

use url::form_urlencoded;

use crate::error::{Error, Result, TokenFault, invalid_token};

/// A logout request that came through the browser. It is not signed: end the session it names
/// only in the browser that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontChannelLogout {
    issuer: String,
    session_id: String,
}

impl FrontChannelLogout {
    pub(super) fn read(query: &str, issuer: &str) -> Result<Self> {
        let query = query.rsplit_once('?').map_or(query, |(_, query)| query);
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
        let (found, session_id) = (only("iss")?, only("sid")?);
        if found != issuer {
            return Err(refused(TokenFault::Issuer, "iss", "another one"));
        }
        Ok(Self {
            issuer: found,
            session_id,
        })
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The session that ends.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// Whether it is about the session of this browser: the `sid` of the ID token that it logged
    /// in with.
    pub fn is_about(&self, session_id: Option<&str>) -> bool {
        session_id == Some(&self.session_id)
    }
}

fn refused(fault: TokenFault, name: &str, what: &str) -> Error {
    invalid_token(
        fault,
        format!("the front-channel logout is refused: its {name} is {what}"),
    )
}
