//! Gets a token by the means the client was given.

use std::sync::Arc;

use crate::error::{Result, unauthorized};
use crate::http::channel::Channel;
use crate::http::deadline::Deadline;
use crate::http::repeat::Repeat;
use crate::token::credentials::Credentials;
use crate::token::grant::{self, GrantRequest, Granted, OP, Renewal};
use crate::token::{GrantKind, TokenContext};

#[derive(Debug)]
pub(super) struct Login {
    pub(super) channel: Arc<Channel>,
    pub(super) realm: String,
    pub(super) credentials: Credentials,
}

/// A token or why there is none, and what became of the refresh token.
#[derive(Debug)]
pub(super) struct Obtained {
    pub(super) result: Result<Granted>,
    /// The refresh token that was tried is worth nothing any more.
    pub(super) renewal_spent: bool,
}

impl Login {
    /// Whether a token can be had without a refresh token.
    pub(super) fn can_grant(&self) -> bool {
        !matches!(
            self.credentials,
            Credentials::RefreshToken { .. } | Credentials::Fixed(_)
        )
    }

    /// Renews where there is a refresh token, and starts over with the credentials where there
    /// is none or the server says that it is not valid any more.
    pub(super) async fn obtain(&self, renewal: Option<Renewal>) -> Obtained {
        let deadline = self.channel.deadline();
        let usable = renewal
            .as_ref()
            .filter(|r| !(r.is_expired() && self.can_grant()));
        let Some(usable) = usable else {
            return Obtained {
                result: self.grant(deadline).await,
                renewal_spent: renewal.is_some(),
            };
        };
        match self.refresh(usable, deadline).await {
            Err(error) if error.oauth_code() == Some("invalid_grant") => {
                let result = if self.can_grant() {
                    self.grant(deadline).await
                } else {
                    Err(error)
                };
                Obtained {
                    result,
                    renewal_spent: true,
                }
            }
            result => Obtained {
                result,
                renewal_spent: false,
            },
        }
    }

    async fn refresh(&self, renewal: &Renewal, deadline: Deadline) -> Result<Granted> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", renewal.token.expose()),
        ];
        grant::request(
            self.request(GrantKind::Refresh, Repeat::REFRESH, deadline),
            &form,
        )
        .await
    }

    async fn grant(&self, deadline: Deadline) -> Result<Granted> {
        match &self.credentials {
            Credentials::Client { .. } => {
                let request = self.request(
                    GrantKind::ClientCredentials,
                    Repeat::CLIENT_CREDENTIALS,
                    deadline,
                );
                grant::request(request, &[("grant_type", "client_credentials")]).await
            }
            Credentials::Password {
                username,
                password,
                totp,
                ..
            } => {
                let code = totp.as_ref().map(|totp| totp());
                let mut form = vec![
                    ("grant_type", "password"),
                    ("username", username.as_str()),
                    ("password", password.expose()),
                ];
                if let Some(code) = &code {
                    form.push(("totp", code));
                }
                let request = self.request(GrantKind::Password, Repeat::PASSWORD, deadline);
                grant::request(request, &form).await
            }
            Credentials::RefreshToken { .. } => {
                Err(unauthorized("the refresh token is not valid any more")
                    .with_operation(&OP)
                    .with_hint("log in again and give the client the new refresh token"))
            }
            Credentials::Fixed(token) => Ok(Granted::only(token.clone())),
            Credentials::Custom(source) => {
                let context = TokenContext {
                    channel: &self.channel,
                    realm: &self.realm,
                    deadline,
                };
                match deadline.limit(source.fetch(context)).await {
                    Some(result) => result
                        .map(Granted::only)
                        .map_err(|error| error.or_operation(&OP)),
                    None => Err(crate::error::timeout(&OP, deadline.total)),
                }
            }
        }
    }

    fn request(&self, kind: GrantKind, repeat: Repeat, deadline: Deadline) -> GrantRequest<'_> {
        GrantRequest {
            op: &OP,
            channel: &self.channel,
            realm: &self.realm,
            auth: self.credentials.client(),
            repeat,
            kind,
            deadline,
        }
    }
}

impl Granted {
    fn only(token: crate::AccessToken) -> Self {
        Self {
            token,
            renewal: None,
            rest: serde_json::Map::new(),
        }
    }
}
