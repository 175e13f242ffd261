//! Gets tokens with the credentials of a client.

use std::sync::Arc;

use crate::BoxFuture;
use crate::discovery::ProviderId;
use crate::endpoint::Channel;
use crate::error::{Result, unauthorized};
use crate::http::deadline::Deadline;
use crate::http::retry_policy::RetryPolicy;
use crate::login::credentials::Credentials;
use crate::login::grant::{self, GrantRequest, OP};
use crate::login::{GrantKind, TokenContext};
use crate::token::AccessToken;
use crate::token::engine::{Obtain, Obtained, TokenEngine};
use crate::token::{Granted, Renewal};

/// Gets tokens with the credentials of a client.
#[derive(Debug)]
pub(crate) struct CredentialLogin {
    pub(crate) channel: Arc<Channel>,
    pub(crate) provider: ProviderId,
    pub(crate) credentials: Credentials,
}

impl Obtain for CredentialLogin {
    fn can_grant(&self) -> bool {
        !matches!(
            self.credentials,
            Credentials::RefreshToken { .. } | Credentials::Fixed(_)
        )
    }

    fn obtain(
        &self,
        renewal: Option<Renewal>,
        refused: Option<AccessToken>,
    ) -> BoxFuture<'_, Obtained> {
        Box::pin(self.renew_or_grant(renewal, refused))
    }
}

impl CredentialLogin {
    /// Returns an engine that gets its tokens with these credentials.
    pub(crate) fn engine(self) -> Result<TokenEngine> {
        let credentials = self.credentials.clone();
        let engine = TokenEngine::new(self);
        match credentials {
            Credentials::Fixed(token) => Ok(engine.start_at(token)?.fixed()),
            Credentials::RefreshToken { token, .. } => {
                Ok(engine.start_with(Renewal::new(token, None)))
            }
            _ => Ok(engine),
        }
    }

    /// Refreshes if there is a refresh token, and logs in again with the credentials if there is
    /// none or if the server refuses it as invalid.
    async fn renew_or_grant(
        &self,
        renewal: Option<Renewal>,
        refused: Option<AccessToken>,
    ) -> Obtained {
        let refused = refused.as_ref();
        let deadline = self.channel.deadline();
        let usable = renewal
            .as_ref()
            .filter(|r| !(r.is_expired() && self.can_grant()));
        let Some(usable) = usable else {
            return Obtained {
                result: self.grant(deadline, refused).await,
                renewal_spent: renewal.is_some(),
            };
        };
        match self.refresh(usable, deadline).await {
            Err(error) if error.oauth_code() == Some("invalid_grant") => {
                let result = if self.can_grant() {
                    self.grant(deadline, refused).await
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
            self.request(GrantKind::Refresh, RetryPolicy::REFRESH, deadline),
            &form,
        )
        .await
    }

    async fn grant(&self, deadline: Deadline, refused: Option<&AccessToken>) -> Result<Granted> {
        match &self.credentials {
            Credentials::Client { .. } => {
                let request = self.request(
                    GrantKind::ClientCredentials,
                    RetryPolicy::CLIENT_CREDENTIALS,
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
                let request = self.request(GrantKind::Password, RetryPolicy::SINGLE_USE, deadline);
                grant::request(request, &form).await
            }
            Credentials::RefreshToken { .. } => {
                Err(unauthorized("the refresh token is no longer valid")
                    .with_operation(&OP)
                    .with_hint("log in again and give the client the new refresh token"))
            }
            Credentials::Fixed(token) => Ok(Granted::only(token.clone())),
            Credentials::Custom(source) => {
                let context = TokenContext {
                    channel: &self.channel,
                    provider: &self.provider,
                    deadline,
                    refused,
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

    fn request(&self, kind: GrantKind, retry: RetryPolicy, deadline: Deadline) -> GrantRequest<'_> {
        GrantRequest {
            op: &OP,
            channel: &self.channel,
            provider: &self.provider,
            client: self.credentials.client(),
            retry,
            kind,
            deadline,
        }
    }
}
