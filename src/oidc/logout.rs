//! Ending a session: by the browser (OpenID Connect RP-Initiated Logout 1.0), with the refresh token
//! as Keycloak does it, or by a revocation (RFC 7009).

use http::StatusCode;
use url::Url;

use super::client::{Inner, Oidc};
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

/// Where Keycloak takes a refresh token. Other providers have a page for browsers there.
const OF_KEYCLOAK: &str = "/protocol/openid-connect/logout";

/// A logout without browser; see [`Oidc::logout`]. `.await` sends it.
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
    /// Ends the session that `tokens` belong to, at the server, with their refresh token, or with
    /// a refresh token alone.
    ///
    /// At Keycloak, whose `end_session_endpoint` ends in `/protocol/openid-connect/logout`, this
    /// ends the whole session of the user. At other providers that endpoint is a page for
    /// browsers: there the refresh token is revoked, or the access token where there is no other
    /// (RFC 7009), and the session in the browser ends with [`logout_url`](Self::logout_url) only.
    ///
    /// # Errors
    /// Of kind `Config` when Keycloak's session has no refresh token to name it with, `Protocol`
    /// when the provider has neither of the two endpoints; otherwise when the server refuses it.
    pub fn logout(&self, tokens: impl Into<Refreshable>) -> Logout {
        Logout {
            oidc: self.clone(),
            tokens: tokens.into(),
            params: Params::default(),
        }
    }

    /// The URL to send the browser to, so that the user's session ends there (OpenID Connect
    /// RP-Initiated Logout 1.0). It names the session by the ID token, which spares the user a
    /// question.
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

    /// The same without naming a session: the server asks the user. An ID token that was kept as
    /// text goes into [`LogoutUrl::id_token_hint`].
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
    /// The ID token of the session, as text. It may have expired.
    pub fn id_token_hint(mut self, token: impl Into<Secret>) -> Self {
        self.params.set("id_token_hint", token);
        self
    }

    /// Where the browser goes afterwards, as it is registered at the client.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.params.set("post_logout_redirect_uri", uri.into());
        self
    }

    /// Comes back with the browser.
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.params.set("state", state);
        self
    }

    /// The user, by the name or address that a login hint would have.
    pub fn logout_hint(mut self, hint: impl Into<Secret>) -> Self {
        self.params.set("logout_hint", hint);
        self
    }

    /// Languages of the page, the best first, separated by spaces.
    pub fn ui_locales(mut self, locales: impl Into<String>) -> Self {
        self.params.set("ui_locales", locales.into());
        self
    }

    /// Makes the URL out of the provider's document as it was read last. Who got tokens by this
    /// client has read it; [`fetch`](Self::fetch) reads it where it is missing.
    ///
    /// # Errors
    /// Of kind `Config` when the document was not read yet, `Protocol` when the provider has no
    /// such endpoint.
    pub fn build(self) -> Result<Url> {
        let inner = &self.oidc.inner;
        let known = inner.channel.discovery.last_known(&inner.provider);
        let Some(metadata) = known else {
            return Err(config("the provider's document was not read yet")
                .with_operation(&URL)
                .with_hint("call fetch().await in place of build()"));
        };
        self.url(&metadata)
    }

    /// Makes the URL, after reading the provider's document where that is missing or old.
    ///
    /// # Errors
    /// Of kind `Protocol` when the provider has no such endpoint; as
    /// [`Oidc::metadata`](crate::oidc::Oidc::metadata).
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
                "the provider ends no session without the browser: it publishes no \
                 revocation_endpoint",
            )
            .with_operation(&OP)
            .with_hint("forget the tokens, and send the browser to logout_url"))
        }
    }

    /// Keycloak's own way.
    async fn end_session(mut self, inner: &Inner) -> Result<Response<()>> {
        let Some(refresh_token) = self.tokens.refresh_token() else {
            return Err(invalid_argument(
                &OP,
                "there is no refresh token in these tokens to name the session with",
            )
            .with_hint(
                "use logout_url where a browser has logged in, or revoke the access token",
            ));
        };
        self.params.push("refresh_token", refresh_token);
        let answer = inner
            .post(&OP, END_SESSION, RetryPolicy::IDEMPOTENT, &self.params)
            .await?;
        match answer.status() {
            StatusCode::NO_CONTENT => return Ok(Head::of(&answer.response).with(())),
            // Keycloak answers without content; a page is for browsers, and has ended nothing.
            status if status.is_success() => {
                return Err(
                    protocol("the server answered with a page: no session has ended")
                        .with_status(status)
                        .with_operation(&OP)
                        .with_hint("send the browser to logout_url"),
                );
            }
            _ => {}
        }
        let error = explain(answer.error(&OP), GrantKind::Logout);
        // An earlier attempt whose answer was lost has ended the session.
        if answer.may_be_done && error.oauth_code() == Some("invalid_grant") {
            return Ok(Head::of(&answer.response).with(()));
        }
        Err(error)
    }

    /// The way of RFC 7009: what is given back cannot be used on.
    async fn revoke(mut self, inner: &Inner) -> Result<Response<()>> {
        Revocable::from(&self.tokens).put_into(&mut self.params);
        let revoked = revoke::send(inner, &OP, &self.params).await;
        revoked.map_err(|error| match error.oauth_code() {
            Some("unsupported_token_type") => error.with_hint(
                "the provider revokes no tokens of this type: forget the tokens, and send the \
                 browser to logout_url",
            ),
            _ => error,
        })
    }
}

/// Whether the end of a session can be asked for with a refresh token.
fn ends_with_refresh_token(metadata: &ProviderMetadata) -> bool {
    let endpoint = metadata.end_session_endpoint.as_deref();
    let url = endpoint.and_then(|endpoint| Url::parse(endpoint).ok());
    url.is_some_and(|url| url.path().ends_with(OF_KEYCLOAK))
}

/// An endpoint for browsers: they go to the public address, wherever this client reaches the
/// server.
pub(super) fn browser_url(metadata: &ProviderMetadata, (name, pick): Endpoint) -> Result<Url> {
    metadata.readable(&[name])?;
    let endpoint =
        pick(metadata).ok_or_else(|| protocol(format!("the provider publishes no {name}")))?;
    let mut url = Url::parse(endpoint)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .ok_or_else(|| protocol(format!("the {name} of the provider is not a URL")))?;
    if metadata.issuer.starts_with("https://") && url.scheme() != "https" {
        return Err(protocol(format!(
            "the {name} has plain HTTP although the issuer has HTTPS"
        )));
    }
    url.set_fragment(None);
    Ok(url)
}

form::request!(Logout => ());
form::param!(LogoutUrl);
