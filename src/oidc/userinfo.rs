//! Claims about the user, from the userinfo endpoint.

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

/// The response of the userinfo endpoint (OpenID Connect Core 1.0 section 5.3). `Debug` shows only
/// the names of its claims.
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
                "the response has no sub that is a string, and so does not name the user",
            ));
        };
        Ok(Self { subject, claims })
    }

    /// Returns the user's identifier (`sub`), the same as in the ID token.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns one claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Returns all claims, unchanged.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Deserializes the claims into a type of the caller.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the claims do
    /// not fit the type.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(Value::Object(self.claims.clone())).map_err(|_| {
            unexpected_body(&OP, "the claims do not fit the requested type")
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
    /// Fetches the claims about the user of `tokens`, whose scope must have `openid`. The response
    /// may be JSON, signed or encrypted, as the client is registered.
    ///
    /// # Errors
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the session has ended.
    /// - [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the response is about
    ///   another user ([`TokenFault::Subject`]) or its signature is invalid.
    pub async fn userinfo(&self, tokens: &TokenSet) -> Result<UserInfo> {
        self.fetch_userinfo(tokens.access_token(), tokens.id_token())
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    /// Fetches the claims about the user of an access token without a token set, such as one of an
    /// implicit or hybrid response, and compares the subject with that of the ID token that came
    /// with it (OpenID Connect Core 1.0 section 5.3.2).
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc,
    /// #     response: keycloak_kit::oidc::AuthorizationResponse,
    /// # ) -> keycloak_kit::Result<()> {
    /// if let (Some(token), Some(id_token)) = (response.access_token(), response.id_token()) {
    ///     let me = oidc.userinfo_for(token, id_token).await?;
    ///     assert_eq!(me.subject(), id_token.subject());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Same as [`userinfo`](Self::userinfo).
    pub async fn userinfo_for(&self, token: &AccessToken, id_token: &IdToken) -> Result<UserInfo> {
        self.fetch_userinfo(token, Some(id_token))
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    /// Fetches the claims about the user of an access token, without an ID token to compare with.
    /// The caller must compare `sub` (OpenID Connect Core 1.0 section 5.3.2).
    ///
    /// # Errors
    /// Same as [`userinfo`](Self::userinfo).
    pub async fn userinfo_of(&self, token: &AccessToken) -> Result<UserInfo> {
        self.fetch_userinfo(token, None)
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    /// Fetches the claims like [`userinfo`](Self::userinfo), and deserializes them into a type of
    /// the caller.
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
    /// Same as [`userinfo`](Self::userinfo), and [`ErrorKind::Decode`](crate::ErrorKind::Decode) if
    /// the claims do not fit the type.
    pub async fn userinfo_as<T: DeserializeOwned>(&self, tokens: &TokenSet) -> Result<T> {
        self.userinfo(tokens).await?.claims_as()
    }

    async fn fetch_userinfo(
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
                .map_err(|_| protocol("the response is not a JWT"))?;
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
                invalid_token(TokenFault::Encryption, "the response is not encrypted")
                    .with_hint("the client is registered for encryption"),
            );
        } else {
            let body = answer.response.body();
            let claims = json::decode(&OP, body)?;
            let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            if strict::object(body).is_none() {
                return Err(unexpected_body(&OP, "the response has a claim twice"));
            }
            claims
        })?;
        // OpenID Connect Core 1.0 section 5.3.2: otherwise the response must not be used.
        if subject.is_some_and(|subject| subject != info.subject) {
            return Err(invalid_token(
                TokenFault::Subject,
                "the response is about another user than the ID token",
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
