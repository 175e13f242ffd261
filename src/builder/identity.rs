//! How a client logs in.

use std::fmt;
use std::sync::Arc;

use crate::Secret;
use crate::client_auth::ClientAuth;
use crate::client_auth::OAuthClient;
use crate::error::{Result, config};
use crate::login::TokenSource;
use crate::login::credentials::{Credentials, Totp};
use crate::token::AccessToken;
use crate::token::dpop::Dpop;

const ADMIN_CLI: &str = "admin-cli";

#[derive(Default)]
pub(super) struct Identity {
    chosen: Option<Chosen>,
    /// A second choice, which is refused.
    other: Option<&'static str>,
    pub(super) client_id: Option<String>,
    pub(super) client_auth: Option<ClientAuth>,
    pub(super) dpop: Option<Arc<Dpop>>,
    pub(super) totp: Option<Totp>,
}

enum Chosen {
    ClientCredentials(String, ClientAuth),
    Password(String, Secret),
    RefreshToken(Secret),
    AccessToken(AccessToken),
    Custom(Arc<dyn TokenSource>),
    Anonymous,
}

impl Chosen {
    fn name(&self) -> &'static str {
        match self {
            Self::ClientCredentials(..) => "client_credentials",
            Self::Password(..) => "password",
            Self::RefreshToken(_) => "refresh_token",
            Self::AccessToken(_) => "access_token",
            Self::Custom(_) => "token_source",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Identity {
    pub(super) fn client_credentials(&mut self, id: String, auth: ClientAuth) {
        self.choose(Chosen::ClientCredentials(id, auth));
    }

    pub(super) fn password(&mut self, username: String, password: Secret) {
        self.choose(Chosen::Password(username, password));
    }

    pub(super) fn refresh_token(&mut self, token: Secret) {
        self.choose(Chosen::RefreshToken(token));
    }

    pub(super) fn access_token(&mut self, token: AccessToken) {
        self.choose(Chosen::AccessToken(token));
    }

    pub(super) fn custom(&mut self, source: Arc<dyn TokenSource>) {
        self.choose(Chosen::Custom(source));
    }

    pub(super) fn anonymous(&mut self) {
        self.choose(Chosen::Anonymous);
    }

    fn choose(&mut self, chosen: Chosen) {
        if let Some(before) = self.chosen.replace(chosen) {
            self.other = Some(before.name());
        }
    }

    /// Returns the credentials, or `None` for a client that sends no token.
    pub(super) fn credentials(self) -> Result<Option<Credentials>> {
        let Some(chosen) = self.chosen else {
            return Err(config(
                "no credentials: call client_credentials, password, refresh_token, access_token \
                 or token_source, or anonymous for none",
            ));
        };
        let name = chosen.name();
        if let Some(other) = self.other {
            return Err(config(format!(
                "both {other} and {name} are set: choose one"
            )));
        }
        let takes_client = matches!(chosen, Chosen::Password(..) | Chosen::RefreshToken(_));
        let extra = [
            ("client_id", self.client_id.is_some() && !takes_client),
            ("client_secret", self.client_auth.is_some() && !takes_client),
            (
                "dpop",
                self.dpop.is_some()
                    && !(takes_client || matches!(chosen, Chosen::ClientCredentials(..))),
            ),
            (
                "totp",
                self.totp.is_some() && !matches!(chosen, Chosen::Password(..)),
            ),
        ];
        if let Some((extra, _)) = extra.into_iter().find(|(_, unused)| *unused) {
            return Err(config(format!(
                "{extra} has no use beside {name}: leave one of them out"
            )));
        }
        let client = |id: String, auth: ClientAuth| -> Result<OAuthClient> {
            let mut client = OAuthClient::new(id, auth);
            client.dpop = self.dpop.clone();
            client.check()?;
            Ok(client)
        };
        let login_client = || {
            client(
                self.client_id.unwrap_or_else(|| ADMIN_CLI.to_owned()),
                self.client_auth.unwrap_or_else(ClientAuth::none),
            )
        };
        let credentials = match chosen {
            Chosen::ClientCredentials(id, auth) => Credentials::Client {
                client: client(id, auth)?,
            },
            Chosen::Password(username, password) => {
                not_empty("the user name", &username)?;
                Credentials::Password {
                    client: login_client()?,
                    username,
                    password,
                    totp: self.totp,
                }
            }
            Chosen::RefreshToken(token) => {
                not_empty("the refresh token", token.expose())?;
                Credentials::RefreshToken {
                    client: login_client()?,
                    token,
                }
            }
            Chosen::AccessToken(token) => {
                not_empty("the access token", token.expose())?;
                Credentials::Fixed(token)
            }
            Chosen::Custom(source) => Credentials::Custom(source),
            Chosen::Anonymous => return Ok(None),
        };
        Ok(Some(credentials))
    }
}

fn not_empty(what: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        Err(config(format!("{what} is empty")))
    } else {
        Ok(())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.chosen.as_ref().map_or("none", Chosen::name))
    }
}
