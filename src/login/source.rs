//! Tokens from somewhere else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::grant::{self, GrantRequest};
use crate::discovery::Provider;
use crate::endpoint::{Channel, TOKEN_ENDPOINT};
use crate::error::{Result, unauthorized};
use crate::http::deadline::Deadline;
use crate::http::retry_policy::RetryPolicy;
use crate::token::AccessToken;

/// What [`TokenSource::fetch`] returns.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<AccessToken>> + Send + 'a>>;

/// A place to get access tokens from: a file that a sidecar writes, a vault, another grant.
///
/// The client keeps what it gives until it is about to expire or the server refuses it, asks once
/// however many calls wait, and asks again after that. An error ends the waiting calls; the next
/// call asks again.
///
/// ```no_run
/// use keycloak_kit::{AccessToken, Error, Keycloak, TokenContext, TokenFuture, TokenSource};
///
/// #[derive(Debug)]
/// struct Sidecar;
///
/// impl TokenSource for Sidecar {
///     fn fetch<'a>(&'a self, _: TokenContext<'a>) -> TokenFuture<'a> {
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
pub trait TokenSource: Send + Sync + fmt::Debug + 'static {
    /// Gets a new token. Give it a lifetime ([`AccessToken::with_lifetime`]) where it is known,
    /// so that it is renewed before it expires.
    ///
    /// # Errors
    /// Whatever prevents it; [`Error::token_source`](crate::Error::token_source) makes one out of
    /// any error.
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> TokenFuture<'a>;
}

/// One token, used until it is refused.
impl TokenSource for AccessToken {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> TokenFuture<'a> {
        let refused = context
            .refused
            .is_some_and(|refused| refused.expose() == self.expose());
        Box::pin(std::future::ready(if refused {
            Err(unauthorized("the server did not accept the token")
                .with_hint("refresh it, or log in again"))
        } else {
            Ok(self.clone())
        }))
    }
}

/// What a [`TokenSource`] can use of the client it serves.
#[derive(Clone, Copy)]
pub struct TokenContext<'a> {
    pub(super) channel: &'a Channel,
    pub(super) provider: &'a Provider,
    pub(super) deadline: Deadline,
    pub(super) refused: Option<&'a AccessToken>,
}

impl TokenContext<'_> {
    /// The client's base URL, without trailing slash.
    pub fn base_url(&self) -> &str {
        self.channel.sender.addresses().base().as_str()
    }

    /// The realm to log in to.
    pub fn login_realm(&self) -> &str {
        match self.provider.owner() {
            Provider::Realm(name) | Provider::Issuer(name) => name,
            Provider::Uma(_) => "",
        }
    }

    /// The token that the server answered with 401, when that is why a new one is wanted: a source
    /// that keeps tokens must not give this one again.
    pub fn refused_token(&self) -> Option<&AccessToken> {
        self.refused
    }

    /// The URL of the login realm's token endpoint, out of its well-known document.
    ///
    /// # Errors
    /// When the document cannot be had or its issuer is another one.
    pub async fn token_endpoint(&self) -> Result<String> {
        let target = self
            .channel
            .endpoint(self.provider, TOKEN_ENDPOINT, false, self.deadline)
            .await?;
        Ok(target.url.into())
    }

    /// Posts a grant to the token endpoint, `grant_type`, `client_id` and all, and reads the
    /// token out of the answer. It is sent again only where that cannot spend a one-time value.
    ///
    /// # Errors
    /// When the server refuses the grant; [`Error::oauth_code`](crate::Error::oauth_code) says why.
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
