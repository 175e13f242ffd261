//! Token introspection (RFC 7662, RFC 9701).

use std::fmt;
use std::time::SystemTime;

use http::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::client::Oidc;
use super::form::{self, CLIENT, Params};
use super::verify::{Introspect, TypeOfAnswer, audience, scopes};
use crate::endpoint::Endpoint;
use crate::error::{Result, protocol, unauthorized, unexpected_body};
use crate::http::json;
use crate::http::request::JSON;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::{decode_unverified, time};
use crate::login::{GrantKind, explain};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::scheme::{WITHOUT_SCHEME, has_scheme};
use crate::{BoxFuture, Secret};

const OP: Operation = Operation::new("oidc.introspect", "POST", "{introspection_endpoint}");
const ENDPOINT: Endpoint = ("introspection_endpoint", |m| {
    m.introspection_endpoint.as_deref()
});
/// The media types of a signed response: RFC 9701's, and Keycloak's, which compares the whole
/// header.
const STANDARD_JWT: HeaderValue = HeaderValue::from_static("application/token-introspection+jwt");
const JWT: HeaderValue = HeaderValue::from_static("application/jwt");
/// Published by servers that implement RFC 9701 (section 6).
const STANDARD_MEMBER: &str = "introspection_signing_alg_values_supported";

/// An introspection request; see [`Oidc::introspect`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct IntrospectRequest {
    oidc: Oidc,
    token: Secret,
    params: Params,
    signed: bool,
}

impl Oidc {
    /// Asks the server whether a token is active, and for its claims (RFC 7662). Needs a
    /// confidential client.
    ///
    /// Keycloak 26.6.2 and newer report a valid token as inactive if the client that asks is not in
    /// its audience: [`Introspection::require_active`] names that reason. A refresh token needs
    /// [`token_type_hint`](IntrospectRequest::token_type_hint). ID tokens are reported as active
    /// too: [`Introspection::is_access_token_active`] also checks the type.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let token = oidc.introspect(bearer).await?.require_active()?;
    /// println!("{:?}", token.member("username"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// client authentication is refused. An inactive token is not an error here.
    pub fn introspect(&self, token: impl Into<Secret>) -> IntrospectRequest {
        let token = token.into();
        let mut params = Params::default();
        params.push("token", &token);
        IntrospectRequest {
            oidc: self.clone(),
            token,
            params,
            signed: false,
        }
    }
}

impl IntrospectRequest {
    /// Sets the token's type: `access_token`, `refresh_token`, or Keycloak's
    /// `requesting_party_token`.
    pub fn token_type_hint(mut self, hint: impl Into<String>) -> Self {
        self.params.set("token_type_hint", hint.into());
        self
    }

    /// Requests a signed response (RFC 9701) and verifies it. The client must be registered for it.
    /// Keycloak signs the token's claims as the member `jwt` of its response; a response of plain
    /// JSON only is refused.
    pub fn as_jwt(mut self) -> Self {
        self.signed = true;
        self
    }

    async fn answered(self) -> Result<Response<Introspection>> {
        let inner = &self.oidc.inner;
        let form = self.params.pairs(&OP, CLIENT)?;
        let call = inner.call(&OP, ENDPOINT, RetryPolicy::IDEMPOTENT);
        let accept = if !self.signed {
            JSON
        } else if inner.metadata().await?.extra.contains_key(STANDARD_MEMBER) {
            STANDARD_JWT
        } else {
            JWT
        };
        let answer = inner
            .channel
            .post_form_accepting(call, &form, accept)
            .await
            .map_err(|error| error.or_operation(&OP))?;
        if let Some(refusal) = answer.refusal(&OP, Some("active")) {
            return Err(explain(refusal, GrantKind::Custom));
        }
        let head = Head::of(&answer.response);
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        let is_jwt = content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains("jwt"));
        let mut members: Map<String, Value> = if is_jwt {
            let text = std::str::from_utf8(answer.response.body()).unwrap_or_default();
            self.verified(text.trim()).await?
        } else {
            json::decode(&OP, answer.response.body())?
        };
        let active = members.get("active") == Some(&Value::Bool(true));
        match members
            .get("jwt")
            .and_then(Value::as_str)
            .map(str::to_owned)
        {
            Some(jwt) => {
                members = self.verified(&jwt).await?;
                self.check_subject(&members)?;
                members.insert("active".to_owned(), Value::Bool(active));
            }
            // An inactive token has no claims, so there is nothing to sign.
            None if self.signed && !is_jwt && active => {
                return Err(protocol("the response is not signed, as requested")
                    .with_operation(&OP)
                    .with_hint(
                        "switch on the client's support for JWT claims in introspection responses",
                    ));
            }
            None => {}
        }
        Ok(head.with(Introspection {
            active,
            members,
            untyped: false,
            asking: self.oidc.client_id().to_owned(),
            token: self.token,
        }))
    }

    /// Keycloak signs the token's own claims, which must not be those of another token.
    fn check_subject(&self, members: &Map<String, Value>) -> Result<()> {
        let asked = decode_unverified(self.token.expose()).ok();
        let asked = asked.and_then(|token| token.claims().get("jti").cloned());
        if asked.is_some() && asked.as_ref() != members.get("jti") {
            return Err(protocol("the signed response is about another token").with_operation(&OP));
        }
        Ok(())
    }

    async fn verified(&self, jwt: &str) -> Result<Map<String, Value>> {
        let verifier = &self.oidc.inner.verifier;
        let verified = verifier.answered_introspection(jwt).await;
        verified.map_err(|error| error.or_operation(&OP))
    }
}

/// The server's response about a token. `Debug` shows only the names of its members.
#[derive(Clone)]
pub struct Introspection {
    active: bool,
    members: Map<String, Value>,
    /// Whether a response without a type is about an access token.
    untyped: bool,
    asking: String,
    token: Secret,
}

impl Introspection {
    /// Returns whether the server reports the token as active. ID tokens are active too: to
    /// authorize a caller, use [`is_access_token_active`](Self::is_access_token_active).
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Returns whether the token is an active access token.
    pub fn is_access_token_active(&self) -> bool {
        self.active && self.is_access_token()
    }

    fn is_access_token(&self) -> bool {
        match TypeOfAnswer::of(&self.members) {
            TypeOfAnswer::AccessToken => true,
            TypeOfAnswer::Absent => self.untyped,
            TypeOfAnswer::Other => false,
        }
    }

    /// Treats the token as an access token if the server does not report its type: `token_type` is
    /// optional (RFC 7662 section 2.2). A token of another reported type is not affected.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let response = oidc.introspect(bearer).await?.untyped_as_access_token();
    /// let token = response.require_audience("api")?.require_scope("notes")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Security
    /// Such servers report refresh tokens as active too, and a type hint is not a filter (RFC 7662
    /// section 2.1): require an audience or a scope that only access tokens have.
    #[must_use]
    pub fn untyped_as_access_token(mut self) -> Self {
        self.untyped = true;
        self
    }

    /// Returns this response if the token is an active access token. The audience is not checked;
    /// [`require_audience`](Self::require_audience) does that.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized), whose
    /// hint has the reason as far as the token itself shows it: it has expired, is not an access
    /// token, has no reported type, or the client that asks is not in its audience.
    pub fn require_active(self) -> Result<Self> {
        if self.is_access_token_active() {
            return Ok(self);
        }
        let error = unauthorized("the token is not an active access token").with_operation(&OP);
        Err(match self.reason() {
            Some(reason) => error.with_hint(reason),
            None => error,
        })
    }

    /// Returns this response if the token is an active access token with this audience (`aud`).
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) as
    /// [`require_active`](Self::require_active), or if the token is for another audience.
    pub fn require_audience(self, audience: &str) -> Result<Self> {
        let active = self.require_active()?;
        if active.audience().contains(&audience) {
            return Ok(active);
        }
        let error = unauthorized("the token is for another audience").with_operation(&OP);
        Err(if active.audience().is_empty() {
            error.with_hint("the server's response has no audience (aud)")
        } else {
            error.with_hint(
                "add an audience mapper or scope to the client that the token was issued to",
            )
        })
    }

    /// Returns this response if the token is an active access token with this scope.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) as
    /// [`require_active`](Self::require_active), or if the scope was not granted.
    pub fn require_scope(self, scope: &str) -> Result<Self> {
        let active = self.require_active()?;
        if active.has_scope(scope) {
            return Ok(active);
        }
        Err(unauthorized("the token lacks a required scope").with_operation(&OP))
    }

    /// The server gives no reason, but the token itself often shows one. The token is not verified
    /// here, so the reason is for people, not for decisions.
    fn reason(&self) -> Option<String> {
        if self.active {
            let reason = match TypeOfAnswer::of(&self.members) {
                TypeOfAnswer::Absent => {
                    "the server does not report the type of the token: if it reports no other \
                     tokens as active, or an audience or a scope tells them apart, call \
                     untyped_as_access_token first"
                }
                _ => "the token is not an access token",
            };
            return Some(reason.to_owned());
        }
        if has_scheme(self.token.expose()) {
            return Some(WITHOUT_SCHEME.to_owned());
        }
        let token = decode_unverified(self.token.expose()).ok()?;
        let claims = token.claims();
        let now = time::unix_seconds(SystemTime::now());
        if time::seconds(claims, "exp").is_some_and(|end| end <= now as f64) {
            return Some("the token has expired".to_owned());
        }
        let typ = claims.get("typ").and_then(Value::as_str);
        if let Some("Refresh" | "Offline") = typ {
            return Some(
                "the token is a refresh token: add token_type_hint(\"refresh_token\")".into(),
            );
        }
        let named = |value: &Value| value.as_str() == Some(self.asking.as_str());
        let in_audience = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(named),
            Some(one) => named(one),
            None => false,
        };
        if in_audience {
            return Some("the token's session has ended, or the token was revoked".to_owned());
        }
        Some(format!(
            "the client {:?} is not in the audience of the token, which Keycloak therefore reports \
             as inactive: add an audience mapper to the client that the token was issued to",
            self.asking
        ))
    }

    /// Returns one member of the response.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Returns all members of the response.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Deserializes the members into a type of the caller.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the members do
    /// not fit the type.
    pub fn members_as<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(Value::Object(self.members.clone())).map_err(|_| {
            unexpected_body(&OP, "the response does not fit the requested type")
                .with_hint("make optional members an Option, with #[serde(default)]")
        })
    }

    /// Returns the scopes in `scope`, or in `scp` if it is missing, as a string separated by spaces
    /// or as an array.
    pub fn scopes(&self) -> Vec<&str> {
        scopes(&self.members)
    }

    /// Returns whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().contains(&scope)
    }

    /// Returns the audience (`aud`): the services that the token is for.
    pub fn audience(&self) -> Vec<&str> {
        audience(&self.members)
    }

    /// Returns the subject (`sub`).
    pub fn subject(&self) -> Option<&str> {
        self.members.get("sub").and_then(Value::as_str)
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("active", &self.active)
            .field("members", &self.members.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// For verifiers that introspect lightweight access tokens.
impl Introspect for Oidc {
    fn introspect<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Map<String, Value>>> {
        Box::pin(async move {
            let answer = Self::introspect(self, token).await?;
            Ok(answer.members)
        })
    }
}

form::request!(IntrospectRequest => Introspection);
