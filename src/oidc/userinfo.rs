//! Claims about the user, asked at the server.

use std::fmt;

use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::client::Oidc;
use super::standard_claims;
use super::tokens::TokenSet;
use super::verify::IdToken;
use crate::call::Credential;
use crate::endpoint::Endpoint;
use crate::error::{Error, Result, TokenFault, invalid_token, protocol, unexpected_body};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::json as strict;
use crate::operation::Operation;
use crate::token::AccessToken;

const OP: Operation = Operation::new("oidc.userinfo", "GET", "{userinfo_endpoint}");
const USERINFO: Endpoint = ("userinfo_endpoint", |m| m.userinfo_endpoint.as_deref());

/// The answer of the userinfo endpoint (OpenID Connect Core 1.0 section 5.3). `Debug` shows the names
/// of its claims.
///
/// ```no_run
/// # async fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet) -> keycloak_kit::Result<()> {
/// let me = oidc.userinfo(&tokens).await?;
/// if let (Some(email), true) = (me.email(), me.is_email_verified()) {
///     println!("{} is {email}, of {:?}", me.subject(), me.claim("department"));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct UserInfo {
    subject: String,
    claims: Map<String, Value>,
}

impl UserInfo {
    fn new(claims: Map<String, Value>) -> Result<Self> {
        let subject = standard_claims::text(&claims, "sub").filter(|sub| !sub.is_empty());
        let Some(subject) = subject.map(str::to_owned) else {
            return Err(unexpected_body(
                &OP,
                "the answer has no sub that is a text: it does not say whom it is about",
            ));
        };
        Ok(Self { subject, claims })
    }

    /// The user's identifier (`sub`), the same as in the ID token.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims, as they came.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims as a type of your own.
    ///
    /// # Errors
    /// Of kind `Decode` when they do not fit it.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(Value::Object(self.claims.clone())).map_err(|_| {
            unexpected_body(&OP, "the claims do not fit the type asked for")
                .with_hint("make optional claims an Option, with #[serde(default)]")
        })
    }
}

standard_claims::getters!(UserInfo);

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
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

    /// Asks about the user of an access token that came without a token set, such as in an implicit
    /// or hybrid answer, and compares the subject with that of the ID token beside it (OpenID
    /// Connect Core 1.0 section 5.3.2).
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc,
    /// #     answer: keycloak_kit::oidc::AuthorizationResponse,
    /// # ) -> keycloak_kit::Result<()> {
    /// if let (Some(token), Some(id_token)) = (answer.access_token(), answer.id_token()) {
    ///     let me = oidc.userinfo_for(token, id_token).await?;
    ///     assert_eq!(me.subject(), id_token.subject());
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

    /// The same as [`userinfo`](Self::userinfo), as a type of your own.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet) -> keycloak_kit::Result<()> {
    /// #[derive(serde::Deserialize)]
    /// struct Me {
    ///     sub: String,
    ///     #[serde(default)]
    ///     email: Vec<String>,
    /// }
    ///
    /// let me: Me = oidc.userinfo_as(&tokens).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo); of kind `Decode` when the answer does not fit the type.
    pub async fn userinfo_as<T: DeserializeOwned>(&self, tokens: &TokenSet) -> Result<T> {
        self.userinfo(tokens).await?.claims_as()
    }

    async fn ask_userinfo(
        &self,
        token: &AccessToken,
        id_token: Option<&IdToken>,
    ) -> Result<UserInfo> {
        let inner = &self.inner;
        let channel = &inner.channel;
        let call = inner.call(&OP, USERINFO, RetryPolicy::IDEMPOTENT);
        let mtls = inner.client.uses_mtls();
        let target = channel
            .endpoint(&inner.provider, USERINFO, mtls, call.deadline)
            .await?;
        let request = channel.sender.call(&OP).with(Credential::Token(token));
        let request = request.get(target.url);
        let request = request.accept("application/json, application/jwt");
        let answer = channel.send(request, call).await?;
        if let Some(refusal) = answer.refusal(&OP, Some("sub")) {
            return Err(explain(refusal));
        }
        let subject = id_token.map(IdToken::subject);
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        let is_jwt = content_type.is_some_and(|v| {
            let name = v.as_bytes().get(..15).unwrap_or_default();
            name.eq_ignore_ascii_case(b"application/jwt")
        });
        let info = UserInfo::new(if is_jwt {
            let jwt = std::str::from_utf8(answer.response.body())
                .map_err(|_| protocol("the answer is no JWT"))?;
            match inner.verifier.unsigned_user_info(jwt.trim()) {
                Some(claims) => claims,
                None => {
                    inner
                        .verifier
                        .answered_user_info(jwt.trim(), subject)
                        .await?
                }
            }
        } else if inner.verifier.opens_userinfo() {
            return Err(
                invalid_token(TokenFault::Encryption, "the answer is not encrypted")
                    .with_hint("the client is registered for encrypted ones"),
            );
        } else {
            let body = answer.response.body();
            let claims = json::decode(&OP, body)?;
            let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            if strict::object(body).is_none() {
                return Err(unexpected_body(&OP, "a claim of the answer is there twice"));
            }
            claims
        })?;
        // OpenID Connect Core 1.0 section 5.3.2: else the answer must not be used.
        if subject.is_some_and(|subject| subject != info.subject) {
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
