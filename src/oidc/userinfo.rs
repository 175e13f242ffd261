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
use crate::error::{Result, protocol, transport};
use crate::http::channel::{Endpoint, FormCall};
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::token::grant::bearer_header;

const OP: Operation = Operation::new(
    "oidc.userinfo",
    "GET",
    "/realms/{realm}/protocol/openid-connect/userinfo",
);
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
    /// Asks the server about the user of `tokens`, whose scope must have had `openid`.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the session has ended, `Protocol` when the answer is about
    /// another user.
    pub async fn userinfo(&self, tokens: &TokenSet) -> Result<UserInfo> {
        self.ask_userinfo(tokens)
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    async fn ask_userinfo(&self, tokens: &TokenSet) -> Result<UserInfo> {
        let inner = &self.inner;
        let deadline = inner.channel.deadline();
        let url = inner
            .channel
            .endpoint(&inner.realm, USERINFO, deadline)
            .await?;
        let request = inner
            .channel
            .sender
            .client
            .request(Method::GET, url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                AUTHORIZATION,
                bearer_header(tokens.access_token().secret())?,
            )
            .build()
            .map_err(|source| transport(&OP, source))?;
        let call = FormCall {
            op: &OP,
            realm: &inner.realm,
            endpoint: USERINFO,
            auth: None,
            repeat: Repeat::IDEMPOTENT,
            deadline,
        };
        let answer = inner.channel.send(request, call).await?;
        if !answer.status().is_success() {
            let error = answer.error(&OP);
            return Err(match error.status().map(|s| s.as_u16()) {
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
            });
        }
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        if content_type.is_some_and(|v| v.as_bytes().starts_with(b"application/jwt")) {
            return Err(protocol("userinfo as a JWT is not supported yet")
                .with_hint("switch off the client's user info signature and encryption"));
        }
        let info: UserInfo = json::decode(&OP, answer.response.body())?;
        // OpenID Connect Core 1.0 section 5.3.2: else the answer must not be used.
        if tokens
            .id_token()
            .map(IdToken::subject)
            .is_some_and(|subject| subject != info.sub)
        {
            return Err(protocol(
                "the answer is about another user than the ID token",
            ));
        }
        Ok(info)
    }
}
