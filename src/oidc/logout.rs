//! Ends a session: in the browser (OpenID Connect RP-Initiated Logout 1.0), with the refresh token
//! at Keycloak's logout endpoint, or by revocation (RFC 7009).

use http::StatusCode;
use url::Url;

use super::client::{Oidc, OidcInner};
use super::form::{self, Params};
use super::refreshable::Refreshable;
use super::revoke::{self, Revocable};
use super::tokens::TokenSet;
use crate::Secret;
use crate::discovery::ProviderMetadata;
use crate::endpoint::Endpoint;
use crate::error::{Result, config, invalid_argument, protocol};
use crate::http::retry_policy::RetryPolicy;
use crate::login::{GrantKind, explain};
use crate::operation::Operation;
use crate::response::{Head, Response};

const OP: Operation = Operation::new("oidc.logout", "POST", "{end_session_endpoint}");
const URL: Operation = Operation::new("oidc.logout_url", "GET", "{end_session_endpoint}");
const END_SESSION: Endpoint = ("end_session_endpoint", |m| {
    m.end_session_endpoint.as_deref()
});

/// The path where Keycloak accepts a refresh token. Other providers have a page for browsers at
/// their endpoint.
const OF_KEYCLOAK: &str = "/protocol/openid-connect/logout";

/// A logout without a browser; see [`Oidc::logout`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Logout {
    oidc: Oidc,
    tokens: Refreshable,
    params: Params,
}

/// The URL that ends a session in the browser; see [`Oidc::logout_url`].
#[derive(Debug)]
#[must_use = "this builds a URL and does nothing by itself"]
pub struct LogoutUrl {
    oidc: Oidc,
    params: Params,
}

impl Oidc {
    /// Ends the session of `tokens`, or of a single refresh token, at the server.
    ///
    /// At Keycloak, whose `end_session_endpoint` ends in `/protocol/openid-connect/logout`, this
    /// ends the user's whole session. At other providers that endpoint is a page for browsers:
    /// there the refresh token is revoked, or the access token if there is no refresh token (RFC
    /// 7009). The session in the browser then only ends with [`logout_url`](Self::logout_url).
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if there is no refresh token to identify
    ///   the session at Keycloak.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider publishes neither of
    ///   the two endpoints.
    /// - The kind of the response if the server refuses the request.
    pub fn logout(&self, tokens: impl Into<Refreshable>) -> Logout {
        Logout {
            oidc: self.clone(),
            tokens: tokens.into(),
            params: Params::default(),
        }
    }

    /// Starts the URL that ends the user's session in the browser (OpenID Connect RP-Initiated
    /// Logout 1.0). It identifies the session by the ID token, so that the server need not ask the
    /// user.
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet) -> keycloak_kit::Result<()> {
    /// let url = oidc
    ///     .logout_url(&tokens)
    ///     .post_logout_redirect_uri("https://app.example/bye")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn logout_url(&self, tokens: &TokenSet) -> LogoutUrl {
        let url = self.logout_url_without_hint();
        match tokens.id_token() {
            Some(id_token) => url.id_token_hint(id_token.expose()),
            None => url,
        }
    }

    /// Starts a logout URL that does not identify a session: the server asks the user. Pass a
    /// stored ID token to [`LogoutUrl::id_token_hint`].
    pub fn logout_url_without_hint(&self) -> LogoutUrl {
        let mut params = Params::default();
        params.push("client_id", self.client_id());
        LogoutUrl {
            oidc: self.clone(),
            params,
        }
    }
}

impl LogoutUrl {
    /// Sets the ID token of the session. It may have expired.
    pub fn id_token_hint(mut self, token: impl Into<Secret>) -> Self {
        self.params.set("id_token_hint", token);
        self
    }

    /// Sets where the browser goes after the logout, as registered for the client.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.params.set("post_logout_redirect_uri", uri.into());
        self
    }

    /// Sets the `state` that comes back with the browser.
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.params.set("state", state);
        self
    }

    /// Sets the user, as a login hint would name them.
    pub fn logout_hint(mut self, hint: impl Into<Secret>) -> Self {
        self.params.set("logout_hint", hint);
        self
    }

    /// Sets the preferred languages of the page, the best first, separated by spaces.
    pub fn ui_locales(mut self, locales: impl Into<String>) -> Self {
        self.params.set("ui_locales", locales.into());
        self
    }

    /// Builds the URL from the cached provider metadata, which any earlier token request has
    /// fetched; [`fetch`](Self::fetch) fetches it if it is missing.
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the metadata was not fetched yet.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider has no such endpoint.
    pub fn build(self) -> Result<Url> {
        let inner = &self.oidc.inner;
        let known = inner.channel.discovery.last_known(&inner.provider);
        let Some(metadata) = known else {
            return Err(config("the provider's metadata was not fetched yet")
                .with_operation(&URL)
                .with_hint("call fetch().await instead of build()"));
        };
        self.url(&metadata)
    }

    /// Builds the URL, after fetching the provider's metadata if it is missing or old.
    ///
    /// # Errors
    /// Same as [`Oidc::metadata`](crate::oidc::Oidc::metadata), and
    /// [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider has no such endpoint.
    pub async fn fetch(self) -> Result<Url> {
        let metadata = self.oidc.inner.metadata_for(&[END_SESSION]).await?;
        self.url(&metadata)
    }

    fn url(&self, metadata: &ProviderMetadata) -> Result<Url> {
        let mut url = browser_url(metadata, END_SESSION).map_err(|e| e.with_operation(&URL))?;
        let pairs = self.params.pairs(&URL, &[])?;
        url.query_pairs_mut().extend_pairs(pairs);
        Ok(url)
    }
}

impl Logout {
    async fn answered(self) -> Result<Response<()>> {
        let inner = self.oidc.inner.clone();
        let metadata = inner.metadata().await;
        if ends_with_refresh_token(&*metadata.map_err(|e| e.or_operation(&OP))?) {
            return self.end_session(&inner).await;
        }
        let metadata = inner.metadata_for(&[revoke::ENDPOINT]).await;
        let metadata = metadata.map_err(|e| e.or_operation(&OP))?;
        if ends_with_refresh_token(&metadata) {
            self.end_session(&inner).await
        } else if metadata.revocation_endpoint.is_some() {
            self.revoke(&inner).await
        } else {
            Err(protocol(
                "the provider cannot end a session without the browser: it publishes no \
                 revocation_endpoint",
            )
            .with_operation(&OP)
            .with_hint("forget the tokens, and send the browser to logout_url"))
        }
    }

    /// Ends the session with the refresh token, which only Keycloak supports.
    async fn end_session(mut self, inner: &OidcInner) -> Result<Response<()>> {
        let Some(refresh_token) = self.tokens.refresh_token() else {
            return Err(invalid_argument(
                &OP,
                "these tokens have no refresh token to identify the session",
            )
            .with_hint("use logout_url after a login in a browser, or revoke the access token"));
        };
        self.params.push("refresh_token", refresh_token);
        let answer = inner
            .post(&OP, END_SESSION, RetryPolicy::IDEMPOTENT, &self.params)
            .await?;
        match answer.status() {
            StatusCode::NO_CONTENT => return Ok(Head::of(&answer.response).with(())),
            // Keycloak responds without content. A page is meant for browsers and has not ended a
            // session.
            status if status.is_success() => {
                return Err(
                    protocol("the server responded with a page: no session has ended")
                        .with_status(status)
                        .with_operation(&OP)
                        .with_hint("send the browser to logout_url"),
                );
            }
            _ => {}
        }
        let error = explain(answer.error(&OP), GrantKind::Logout);
        // An earlier attempt whose response was lost has ended the session.
        if answer.may_be_done && error.oauth_code() == Some("invalid_grant") {
            return Ok(Head::of(&answer.response).with(()));
        }
        Err(error)
    }

    /// Revokes the refresh token or the access token (RFC 7009).
    async fn revoke(mut self, inner: &OidcInner) -> Result<Response<()>> {
        Revocable::from(&self.tokens).add_to(&mut self.params);
        let revoked = revoke::send(inner, &OP, &self.params).await;
        revoked.map_err(|error| match error.oauth_code() {
            Some("unsupported_token_type") => error.with_hint(
                "the provider does not revoke tokens of this type: forget the tokens, and send the \
                 browser to logout_url",
            ),
            _ => error,
        })
    }
}

/// Returns whether a session can be ended with a refresh token.
fn ends_with_refresh_token(metadata: &ProviderMetadata) -> bool {
    let endpoint = metadata.end_session_endpoint.as_deref();
    let url = endpoint.and_then(|endpoint| Url::parse(endpoint).ok());
    url.is_some_and(|url| url.path().ends_with(OF_KEYCLOAK))
}

/// Returns an endpoint for browsers: its public URL, even if this client reaches the server at
/// another address.
pub(super) fn browser_url(metadata: &ProviderMetadata, (name, pick): Endpoint) -> Result<Url> {
    metadata.readable(&[name])?;
    let endpoint =
        pick(metadata).ok_or_else(|| protocol(format!("the provider publishes no {name}")))?;
    let mut url = Url::parse(endpoint)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .ok_or_else(|| protocol(format!("the provider's {name} is not a URL")))?;
    if metadata.issuer.starts_with("https://") && url.scheme() != "https" {
        return Err(protocol(format!(
            "the {name} uses plain HTTP although the issuer uses HTTPS"
        )));
    }
    url.set_fragment(None);
    Ok(url)
}

form::request!(Logout => ());
form::param!(LogoutUrl);
