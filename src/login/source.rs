//! Custom sources of access tokens.

use std::fmt;

use super::grant::{self, GrantRequest};
use crate::BoxFuture;
use crate::discovery::ProviderId;
use crate::endpoint::{Channel, TOKEN_ENDPOINT};
use crate::error::{Result, unauthorized};
use crate::http::deadline::Deadline;
use crate::http::retry_policy::RetryPolicy;
use crate::token::AccessToken;

/// A source of access tokens, such as a file that a sidecar writes, a vault, or another grant.
///
/// The client caches a token until it is about to expire or the server refuses it. Then it fetches
/// a new one, once for all waiting calls. An error fails the waiting calls; the next call fetches
/// again.
///
/// ```no_run
/// use keycloak_kit::{AccessToken, BoxFuture, Error, Keycloak, Result, TokenContext, TokenSource};
///
/// #[derive(Debug)]
/// struct Sidecar;
///
/// impl TokenSource for Sidecar {
///     fn fetch<'a>(&'a self, _: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
///         Box::pin(async {
///             let text = std::fs::read_to_string("/run/token").map_err(Error::token_source)?;
///             Ok(AccessToken::new(text.trim()))
///         })
///     }
/// }
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let kc = Keycloak::builder("https://sso.example").token_source(Sidecar).build()?;
/// # Ok(()) }
/// ```
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// Fetches a new token. Set its lifetime ([`AccessToken::with_lifetime`]) if known, so that it
    /// is renewed before it expires.
    ///
    /// # Errors
    /// Returns the source's error; [`Error::token_source`](crate::Error::token_source) converts any
    /// error.
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>>;
}

/// A single token, used until it is refused.
impl TokenSource for AccessToken {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
        let refused = context
            .refused
            .is_some_and(|refused| refused.expose() == self.expose());
        Box::pin(std::future::ready(if refused {
            Err(unauthorized("the server did not accept the token")
                .with_hint("refresh the token, or log in again"))
        } else {
            Ok(self.clone())
        }))
    }
}

/// What a [`TokenSource`] can use of its client.
#[derive(Clone, Copy)]
pub struct TokenContext<'a> {
    pub(super) channel: &'a Channel,
    pub(super) provider: &'a ProviderId,
    pub(super) deadline: Deadline,
    pub(super) refused: Option<&'a AccessToken>,
}

impl TokenContext<'_> {
    /// Returns the client's base URL, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.channel.sender.addresses().base().as_str()
    }

    /// Returns the name of the realm to log in to.
    pub fn login_realm(&self) -> &str {
        match self.provider.owner() {
            ProviderId::Realm(name) | ProviderId::Issuer(name) => name,
            ProviderId::Uma(_) => "",
        }
    }

    /// Returns the token that the server refused with 401, if that is why a new one is fetched. A
    /// source that caches tokens must not return this one again.
    pub fn refused_token(&self) -> Option<&AccessToken> {
        self.refused
    }

    /// Returns the URL of the login realm's token endpoint, from its well-known document.
    ///
    /// # Errors
    /// Returns an error if the document cannot be fetched or names another issuer.
    pub async fn token_endpoint(&self) -> Result<String> {
        let target = self
            .channel
            .endpoint(self.provider, TOKEN_ENDPOINT, false, self.deadline)
            .await?;
        Ok(target.url.into())
    }

    /// Posts a form to the token endpoint and returns the access token of the response. The form
    /// must have all parameters, including `grant_type` and `client_id`. The request is repeated
    /// only if that cannot use up a one-time value.
    ///
    /// # Errors
    /// Returns an error if the server refuses the grant;
    /// [`Error::oauth_code`](crate::Error::oauth_code) is the reason.
    pub async fn grant(&self, form: &[(&str, &str)]) -> Result<AccessToken> {
        let request = GrantRequest {
            op: &grant::OP,
            channel: self.channel,
            provider: self.provider,
            client: None,
            retry: RetryPolicy::NEVER,
            kind: super::GrantKind::Custom,
            deadline: self.deadline,
        };
        Ok(grant::request(request, form).await?.token)
    }
}

impl fmt::Debug for TokenContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenContext")
            .field("base_url", &self.base_url())
            .field("login_realm", &self.login_realm())
            .finish_non_exhaustive()
    }
}
