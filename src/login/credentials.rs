//! The credentials that a client logs in with.

use std::fmt;
use std::sync::Arc;

use super::TokenSource;
use crate::Secret;
use crate::client_auth::OAuthClient;
use crate::token::AccessToken;

/// Returns the current one-time password.
pub(crate) type Totp = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
pub(crate) enum Credentials {
    Client {
        client: OAuthClient,
    },
    Password {
        client: OAuthClient,
        username: String,
        password: Secret,
        totp: Option<Totp>,
    },
    RefreshToken {
        client: OAuthClient,
        token: Secret,
    },
    Fixed(AccessToken),
    Custom(Arc<dyn TokenSource>),
}

impl Credentials {
    pub(super) fn client(&self) -> Option<&OAuthClient> {
        match self {
            Self::Client { client }
            | Self::Password { client, .. }
            | Self::RefreshToken { client, .. } => Some(client),
            Self::Fixed(_) | Self::Custom(_) => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client { .. } => "Client",
            Self::Password { .. } => "Password",
            Self::RefreshToken { .. } => "RefreshToken",
            Self::Fixed(_) => "Fixed",
            Self::Custom(_) => "Custom",
        })
    }
}
