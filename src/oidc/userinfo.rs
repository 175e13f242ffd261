//! Claims about the user, asked at the server.

use std::collections::BTreeMap;
use std::fmt;

use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::client::Oidc;
use super::tokens::TokenSet;
use super::verify::IdToken;
use crate::error::{Error, Result, TokenFault, invalid_token, protocol, transport};
use crate::http::channel::Endpoint;
use crate::http::fresh::{Complete, FreshProof};
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::token::AccessToken;

const OP: Operation = Operation::new("oidc.userinfo", "GET", "{userinfo_endpoint}");
const USERINFO: Endpoint = ("userinfo_endpoint", |m| m.userinfo_endpoint.as_deref());

/// The answer of the userinfo endpoint (OpenID Connect Core 1.0 section 5.3). `Debug` shows the
/// subject and the names of the other claims.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's identifier, the same as in the ID token.
    pub sub: String,
    /// The user name.
    pub preferred_username: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// Whether the address was verified.
    pub email_verified: Option<bool>,
    /// All other claims.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo")
            .field("sub", &self.sub)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Oidc {
    /// Asks the server about the user of `tokens`, whose scope must have had `openid`. The answer
    /// may be JSON, signed or encrypted, as the client is registered.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the session has ended; `InvalidToken` when the answer is about
    /// another user ([`TokenFault::Subject`]) or its signature is not good.
    pub async fn userinfo(&self, tokens: &TokenSet) -> Result<UserInfo> {
        self.ask_userinfo(tokens.access_token(), tokens.id_token())
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    /// Asks about the user of an access token that came without a token set, such as in an implicit or
    /// hybrid answer, and compares the subject with that of the ID token beside it (OpenID Connect
    /// Core 1.0 section 5.3.2).
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc,
    /// #     answer: keycloak_kit::oidc::AuthorizationResponse,
    /// # ) -> keycloak_kit::Result<()> {
    /// if let (Some(token), Some(id_token)) = (answer.access_token(), answer.id_token()) {
    ///     let me = oidc.userinfo_for(token, id_token).await?;
    ///     assert_eq!(me.sub, id_token.subject());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo).
    pub async fn userinfo_for(&self, token: &AccessToken, id_token: &IdToken) -> Result<UserInfo> {
        self.ask_userinfo(token, Some(id_token))
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    /// Asks about the user of an access token alone. Without an ID token nothing says whom the
    /// answer must be about: `sub` is the caller's to compare (OpenID Connect Core 1.0 section
    /// 5.3.2).
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo).
    pub async fn userinfo_of(&self, token: &AccessToken) -> Result<UserInfo> {
        self.ask_userinfo(token, None)
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    async fn ask_userinfo(
        &self,
        token: &AccessToken,
        id_token: Option<&IdToken>,
    ) -> Result<UserInfo> {
        let inner = &self.inner;
        let channel = &inner.channel;
        let call = inner.call(&OP, USERINFO, Repeat::IDEMPOTENT);
        let mtls = inner.client.uses_mtls();
        let target = channel
            .endpoint(&inner.provider, USERINFO, mtls, call.deadline)
            .await?;
        let request = channel
            .sender
            .client
            .request(Method::GET, target.url)
            .header(
                ACCEPT,
                HeaderValue::from_static("application/json, application/jwt"),
            )
            .header(AUTHORIZATION, token.header()?)
            .build()
            .map_err(|source| transport(&OP, source))?;
        let answer = match FreshProof::of(token, &channel.discovery) {
            Some(proof) => channel.send(request, &proof, call).await?,
            None => channel.send(request, &Complete, call).await?,
        };
        if !answer.status().is_success() {
            return Err(explain(answer.error(&OP)));
        }
        let subject = id_token.map(IdToken::subject);
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        let is_jwt = content_type.is_some_and(|v| {
            let name = v.as_bytes().get(..15).unwrap_or_default();
            name.eq_ignore_ascii_case(b"application/jwt")
        });
        let info: UserInfo = if is_jwt {
            let jwt = std::str::from_utf8(answer.response.body())
                .map_err(|_| protocol("the answer is no JWT"))?;
            let claims = match inner.verifier.unsigned_user_info(jwt.trim()) {
                Some(claims) => claims,
                None => {
                    inner
                        .verifier
                        .answered_user_info(jwt.trim(), subject)
                        .await?
                }
            };
            let bytes = serde_json::to_vec(&claims).unwrap_or_default();
            json::decode(&OP, &bytes)?
        } else if inner.verifier.opens_userinfo() {
            return Err(
                invalid_token(TokenFault::Encryption, "the answer is not encrypted")
                    .with_hint("the client is registered for encrypted ones"),
            );
        } else {
            json::decode(&OP, answer.response.body())?
        };
        // OpenID Connect Core 1.0 section 5.3.2: else the answer must not be used.
        if subject.is_some_and(|subject| subject != info.sub) {
            return Err(invalid_token(
                TokenFault::Subject,
                "the answer is about another user than the ID token",
            ));
        }
        Ok(info)
    }
}

fn explain(error: Error) -> Error {
    match error.status().map(|s| s.as_u16()) {
        Some(401) => {
            let lightweight = error.server_message().is_some_and(|said| {
                said.to_ascii_lowercase()
                    .contains("lightweight access token")
            });
            error.with_hint(if lightweight {
                "switch off the client's lightweight access token: admin-cli has it on"
            } else {
                "the token or its session has ended: refresh it"
            })
        }
        Some(403) => error.with_hint("log in with the scope openid"),
        _ => error,
    }
}
