//! One login, shared: its tokens are kept fresh for all who use them.

mod keeper;
mod request;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use self::keeper::Keeper;
pub use self::request::ServiceRequest;
pub use self::store::{StoredTokens, TokenStore, TokenStoreFuture};
use super::client::Oidc;
use super::logout::LogoutUrl;
use super::tokens::TokenSet;
use crate::Secret;
use crate::error::{ErrorKind, Result, unauthorized};
use crate::login::{TokenContext, TokenFuture, TokenSource};
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::engine::TokenEngine;

const OP: Operation = Operation::new("oidc.session", "POST", "{token_endpoint}");

/// A login that refreshes itself. Cheap to clone; clones share one set of tokens.
///
/// However many tasks ask, one refresh runs, in a task of its own: a caller that gives up neither
/// fails the others nor loses a refresh token that the server has rotated already. While the
/// token is still good it is given out during the refresh.
///
/// It is a [`TokenSource`]: `Keycloak::builder(url).token_source(session)` calls the server in the
/// user's name.
///
/// ```no_run
/// # async fn show(oidc: keycloak_kit::oidc::Oidc, tokens: keycloak_kit::oidc::TokenSet) -> keycloak_kit::Result<()> {
/// let session = oidc.session(tokens);
/// let token = session.access_token().await?; // fresh
/// session.logout().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    oidc: Oidc,
    keeper: Arc<Keeper>,
    engine: TokenEngine,
}

impl Oidc {
    /// Shares the tokens of a login between tasks.
    pub fn session(&self, tokens: impl Into<TokenSet>) -> Session {
        Session::start(self, Keeper::new(self.clone(), tokens.into()))
    }

    /// Shares the tokens of a login between processes: each takes over what another has refreshed.
    /// The tokens are written to the store, in place of what it has.
    ///
    /// # Errors
    /// What prevents the store from keeping them.
    pub async fn session_in(
        &self,
        store: impl TokenStore,
        tokens: impl Into<TokenSet> + Send,
    ) -> Result<Session> {
        let keeper = Keeper::stored(self.clone(), tokens.into(), Arc::new(store)).await?;
        Ok(Session::start(self, keeper))
    }

    /// Takes up the login that a store has; `None` when it has none.
    ///
    /// # Errors
    /// What prevents the store from being read.
    pub async fn session_from(&self, store: impl TokenStore) -> Result<Option<Session>> {
        match Keeper::restored(self.clone(), Arc::new(store)).await? {
            Some(keeper) => Ok(Some(Session::start(self, keeper))),
            None => Ok(None),
        }
    }
}

impl Session {
    fn start(oidc: &Oidc, keeper: Keeper) -> Self {
        let keeper = Arc::new(keeper);
        let engine = TokenEngine::new(keeper.clone());
        // A token that cannot be sent is as good as none: the first call refreshes.
        if !keeper.is_closed() {
            engine.offer(keeper.tokens().access_token);
        }
        Self {
            shared: Arc::new(Shared {
                oidc: oidc.clone(),
                keeper,
                engine,
            }),
        }
    }

    /// Adds a parameter to every refresh from now on; the same name can be given several times.
    #[must_use]
    pub fn refresh_param(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.shared.keeper.param(name.into(), value.into());
        self
    }

    /// A fresh access token.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the session has ended: the user has to log in again.
    pub async fn access_token(&self) -> Result<AccessToken> {
        let deadline = self.shared.oidc.inner.channel.deadline();
        let lease = self.shared.engine.token(&OP, deadline).await?;
        Ok(lease.token)
    }

    /// All tokens, the access token fresh.
    ///
    /// # Errors
    /// As [`access_token`](Self::access_token).
    pub async fn tokens(&self) -> Result<TokenSet> {
        self.access_token().await?;
        Ok(self.shared.keeper.tokens())
    }

    /// Refreshes after a service did not accept `token`. When another task has refreshed since,
    /// nothing is sent.
    ///
    /// # Errors
    /// As [`access_token`](Self::access_token).
    pub async fn refresh_refused(&self, token: &AccessToken) -> Result<AccessToken> {
        self.shared.engine.invalidate_token(token);
        self.access_token().await
    }

    /// Ends the session at the server, as [`Oidc::logout`] does, and here. A refresh that is under
    /// way is waited for: what it brings is ended too, and no token comes out of this session any
    /// more, whatever the server answers.
    ///
    /// When the server cannot be asked, the session keeps what this needs to be called again, in
    /// its store too; an application can end its own session at once. [`close`](Self::close)
    /// forgets the tokens without the server.
    ///
    /// # Errors
    /// As [`Oidc::logout`], or what prevents the store from forgetting the tokens.
    pub async fn logout(&self) -> Result<()> {
        let shared = &self.shared;
        shared.keeper.close();
        shared.engine.invalidate_all();
        if !shared.keeper.has_ended() {
            let tokens = shared.keeper.last_tokens().await;
            shared.engine.invalidate_all();
            if let Err(error) = shared.oidc.logout(&tokens).await {
                if error.oauth_code() != Some("invalid_grant") {
                    return Err(not_at_the_server(error));
                }
                // It has ended already: there is nothing to try again.
                shared.keeper.end();
                shared.keeper.forget().await?;
                return Err(error);
            }
            shared.keeper.end();
        }
        shared.keeper.forget().await
    }

    /// The URL that ends the session in the browser too; see [`Oidc::logout_url`]. After
    /// [`logout`](Self::logout) it names the session still.
    pub fn logout_url(&self) -> LogoutUrl {
        self.shared.oidc.logout_url(&self.shared.keeper.tokens())
    }

    /// Forgets the tokens here only, such as after a back-channel logout.
    ///
    /// # Errors
    /// What prevents the store from forgetting them.
    pub async fn close(&self) -> Result<()> {
        let shared = &self.shared;
        shared.keeper.close();
        shared.engine.invalidate_all();
        shared.keeper.settle().await;
        shared.engine.invalidate_all();
        shared.keeper.forget().await
    }
}

impl TokenSource for Session {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> TokenFuture<'a> {
        Box::pin(async move {
            match context.refused_token() {
                Some(refused) => self.refresh_refused(refused).await,
                None => self.access_token().await,
            }
        })
    }
}

fn ended() -> crate::Error {
    unauthorized("the session was ended here")
        .with_operation(&OP)
        .with_hint("log in again")
}

/// The server was not asked, or did not do it.
fn not_at_the_server(error: crate::Error) -> crate::Error {
    // Without an answer there was nowhere to ask, or nothing to ask with.
    let hopeless =
        matches!(error.kind(), ErrorKind::Config | ErrorKind::Protocol) && error.status().is_none();
    let more = if hopeless {
        "this session gives out no more tokens: close() forgets them"
    } else {
        "this session gives out no more tokens; call logout() again to end it at the server"
    };
    let hint = match error.hint() {
        Some(hint) => format!("{hint}; {more}"),
        None => more.to_owned(),
    };
    error.with_hint(hint)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("oidc", &self.shared.oidc)
            .finish_non_exhaustive()
    }
}
