//! Tokens of external identity providers, through Keycloak's identity brokering API.

use std::fmt;

use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::client::Oidc;
use super::form::{self, CLIENT, Params};
use crate::Secret;
use crate::endpoint::{ResolvedEndpoint, TOKEN_ENDPOINT};
use crate::error::{self, Error, ErrorKind, Result};
use crate::http::json;
use crate::http::request::JSON;
use crate::http::retry_policy::RetryPolicy;
use crate::http::segment;
use crate::login::{GrantKind, explain};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::{AccessToken, lifetime};

const OP: Operation = Operation::new(
    "oidc.external_token",
    "POST",
    "/realms/{realm}/broker/{alias}/token",
);

/// A request for a token of an external provider; see [`Oidc::external_token`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ExternalTokenRequest {
    oidc: Oidc,
    alias: String,
    params: Params,
}

impl Oidc {
    /// Requests the token that an identity provider issued for a user who logged in through the
    /// provider `alias`, from the tokens that Keycloak stored. `bearer` is the user's access token;
    /// this client must be in its audience, or the one that it was issued to.
    ///
    /// Uses version 2 of Keycloak's identity brokering API (`POST
    /// /realms/{realm}/broker/{alias}/token`, Keycloak 26.7.4 or newer, with
    /// `--features=identity-brokering-api:v2`). It needs a confidential client with the attributes
    /// `external.token.enabled` (`true`) and `external.token.idp` (the aliases), and a provider
    /// that stores tokens (`storeToken`) or keeps them in the session.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet)
    /// # -> keycloak_kit::Result<()> {
    /// let github = oidc.external_token("github", tokens.access_token().expose()).await?;
    /// let header = format!("Bearer {}", github.access_token().expose());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the client authentication
    ///   or the user's token is refused.
    /// - [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) if the client may not get tokens of
    ///   the provider.
    /// - [`ErrorKind::Validation`](crate::ErrorKind::Validation) if there is no token: the user is
    ///   not linked to the provider, or nothing was stored.
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the alias cannot be part of a path;
    ///   nothing is sent then.
    pub fn external_token(
        &self,
        alias: impl Into<String>,
        bearer: impl Into<Secret>,
    ) -> ExternalTokenRequest {
        let mut params = Params::default();
        params.push("token", bearer);
        ExternalTokenRequest {
            oidc: self.clone(),
            alias: alias.into(),
            params,
        }
    }
}

impl ExternalTokenRequest {
    async fn answered(self) -> Result<Response<ExternalToken>> {
        segment::check(&OP, "alias", &self.alias)?;
        let inner = &self.oidc.inner;
        let form = self.params.pairs(&OP, CLIENT)?;
        let metadata = inner.metadata().await?;
        let url = inner
            .channel
            .discovery
            .external_token(&metadata, &self.alias)?;
        // The server may refresh the provider's token, whose refresh token may be rotated: the
        // request is not repeated after a lost response.
        let call = inner.call(&OP, TOKEN_ENDPOINT, RetryPolicy::SINGLE_USE);
        let target = ResolvedEndpoint {
            published: url.to_string(),
            url,
            metadata,
        };
        let answer = inner
            .channel
            .post_form_at(target, call, &form, HeaderMap::from_iter([(ACCEPT, JSON)]))
            .await
            .map_err(|error| error.or_operation(&OP))?;
        if !answer.status().is_success() {
            return Err(explained(answer.error(&OP)));
        }
        let token = ExternalToken::read(json::decode(&OP, answer.response.body())?)?;
        Ok(Head::of(&answer.response).with(token))
    }
}

form::request!(ExternalTokenRequest => ExternalToken);

/// Explains the error by its text, because the server uses few codes.
fn explained(error: Error) -> Error {
    let text = error.server_message().unwrap_or_default();
    let has = |part: &str| text.contains(part);
    let (kind, hint) = if error.status() == Some(StatusCode::METHOD_NOT_ALLOWED) {
        (
            error.kind(),
            "this server does not have version 2 of the identity brokering API: it needs Keycloak \
             26.7.4 or newer",
        )
    } else if has("feature not enabled") {
        (
            error.kind(),
            "start the server with --features=identity-brokering-api:v2",
        )
    } else if has("public clients") {
        (
            ErrorKind::Forbidden,
            "use a confidential client: public clients get no tokens of other providers",
        )
    } else if has("Client not allowed to retrieve token") {
        (
            ErrorKind::Forbidden,
            "set the attributes external.token.enabled to true and external.token.idp to the alias \
             at the client",
        )
    } else if has("not within the token audience") {
        (
            ErrorKind::Forbidden,
            "add the client to the audience of the user's token",
        )
    } else if has("Invalid token") {
        (
            ErrorKind::Unauthorized,
            "the user's access token has expired, or its session has ended",
        )
    } else if has("not associated to identity provider") || has("No token stored") {
        (
            error.kind(),
            "the user has to log in through this provider, and the provider has to store tokens \
             (storeToken)",
        )
    } else {
        return explain(error, GrantKind::Custom);
    };
    error.with_kind(kind).with_hint(hint)
}

/// A token of an external provider. `Debug` does not show it.
#[derive(Clone)]
pub struct ExternalToken {
    token: AccessToken,
    members: Map<String, Value>,
}

impl ExternalToken {
    pub(super) fn read(mut members: Map<String, Value>) -> Result<Self> {
        let Some(Value::String(text)) = members.remove("access_token") else {
            return Err(error::unexpected_body(&OP, "the response has no token"));
        };
        let mut token = AccessToken::new(text);
        if let Some(lifetime) = lifetime::seconds(members.get("expires_in")) {
            token = token.with_lifetime(lifetime);
        }
        Ok(Self { token, members })
    }

    /// Returns the provider's access token, for the provider's own services.
    pub fn access_token(&self) -> &AccessToken {
        &self.token
    }

    /// Returns any other member of the response, such as `scope`, `token_type` or `id_token`.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

impl fmt::Debug for ExternalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.members.keys().collect();
        f.debug_struct("ExternalToken")
            .field("access_token", &self.token)
            .field("members", &names)
            .finish()
    }
}
