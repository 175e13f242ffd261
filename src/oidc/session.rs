//! A session: the tokens of one login, kept fresh for all users.

mod request;
mod state;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use self::request::ServiceRequest;
use self::state::SessionState;
pub use self::store::{StoredTokens, TokenStore};
use super::client::Oidc;
use super::logout::LogoutUrl;
use super::tokens::TokenSet;
use crate::error::{ErrorKind, Result, unauthorized};
use crate::login::{TokenContext, TokenSource};
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::engine::TokenEngine;
use crate::{BoxFuture, Secret};

const OP: Operation = Operation::new("oidc.session", "POST", "{token_endpoint}");

/// The tokens of one login, kept fresh. Cheap to clone: clones share one set of tokens.
///
/// However many tasks ask for a token, one refresh runs at a time, in a task of its own: a caller
/// that gives up neither fails the others nor loses a refresh token that the server has already
/// rotated. During a refresh the old token is returned while it is still valid.
///
/// A session is a [`TokenSource`]: `Keycloak::builder(url).token_source(session)` calls the server
/// on behalf of the user.
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
    state: Arc<SessionState>,
    engine: TokenEngine,
}

impl Oidc {
    /// Starts a session that shares the tokens of a login between tasks.
    pub fn session(&self, tokens: impl Into<TokenSet>) -> Session {
        Session::start(self, SessionState::new(self.clone(), tokens.into()))
    }

    /// Starts a session that shares the tokens of a login between processes: each uses the tokens
    /// that another has refreshed. The tokens replace those in the store.
    ///
    /// # Errors
    /// Returns the store's error if the tokens cannot be written.
    pub async fn session_in(
        &self,
        store: impl TokenStore,
        tokens: impl Into<TokenSet> + Send,
    ) -> Result<Session> {
        let state = SessionState::stored(self.clone(), tokens.into(), Arc::new(store)).await?;
        Ok(Session::start(self, state))
    }

    /// Starts a session with the tokens in the store; `None` if it has none.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be read.
    pub async fn session_from(&self, store: impl TokenStore) -> Result<Option<Session>> {
        match SessionState::restored(self.clone(), Arc::new(store)).await? {
            Some(state) => Ok(Some(Session::start(self, state))),
            None => Ok(None),
        }
    }
}

impl Session {
    fn start(oidc: &Oidc, state: SessionState) -> Self {
        let state = Arc::new(state);
        let engine = TokenEngine::new(state.clone());
        // Without a usable token, the first call refreshes.
        if !state.is_closed() {
            engine.offer(state.tokens().access_token);
        }
        Self {
            shared: Arc::new(Shared {
                oidc: oidc.clone(),
                state,
                engine,
            }),
        }
    }

    /// Adds a parameter to every refresh from now on. The same name can be added several times.
    #[must_use]
    pub fn refresh_param(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.shared.state.param(name.into(), value.into());
        self
    }

    /// Returns a fresh access token.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if the
    /// session has ended: the user has to log in again.
    pub async fn access_token(&self) -> Result<AccessToken> {
        let deadline = self.shared.oidc.inner.channel.deadline();
        let lease = self.shared.engine.token(&OP, deadline).await?;
        Ok(lease.token)
    }

    /// Returns all tokens, with a fresh access token.
    ///
    /// # Errors
    /// Same as [`access_token`](Self::access_token).
    pub async fn tokens(&self) -> Result<TokenSet> {
        self.access_token().await?;
        Ok(self.shared.state.tokens())
    }

    /// Refreshes after a service has refused `token`, unless another task has already refreshed it.
    ///
    /// # Errors
    /// Same as [`access_token`](Self::access_token).
    pub async fn refresh_refused(&self, token: &AccessToken) -> Result<AccessToken> {
        self.shared.engine.invalidate_token(token);
        self.access_token().await
    }

    /// Ends the session at the server, like [`Oidc::logout`], and here. It waits for a running
    /// refresh and ends the session with its result. The session returns no tokens any more,
    /// whatever the server responds.
    ///
    /// If the server cannot be reached, the session and its store keep what is needed to call this
    /// again; an application can end its own session at once. [`close`](Self::close) forgets the
    /// tokens without asking the server.
    ///
    /// # Errors
    /// Same as [`Oidc::logout`], or the store's error if the tokens cannot be removed.
    pub async fn logout(&self) -> Result<()> {
        let shared = &self.shared;
        shared.state.close();
        shared.engine.invalidate_all();
        if !shared.state.has_ended() {
            let tokens = shared.state.last_tokens().await;
            shared.engine.invalidate_all();
            if let Err(error) = shared.oidc.logout(&tokens).await {
                if error.oauth_code() != Some("invalid_grant") {
                    return Err(not_ended_at_server(error));
                }
                // The session has already ended: there is nothing to try again.
                shared.state.end();
                shared.state.forget().await?;
                return Err(error);
            }
            shared.state.end();
        }
        shared.state.forget().await
    }

    /// Starts the URL that ends the session in the browser too; see [`Oidc::logout_url`]. It still
    /// identifies the session after [`logout`](Self::logout).
    pub fn logout_url(&self) -> LogoutUrl {
        self.shared.oidc.logout_url(&self.shared.state.tokens())
    }

    /// Forgets the tokens without asking the server, such as after a back-channel logout.
    ///
    /// # Errors
    /// Returns the store's error if the tokens cannot be removed.
    pub async fn close(&self) -> Result<()> {
        let shared = &self.shared;
        shared.state.close();
        shared.engine.invalidate_all();
        shared.state.wait_for_refresh().await;
        shared.engine.invalidate_all();
        shared.state.forget().await
    }
}

impl TokenSource for Session {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
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

/// The server was not asked, or did not end the session.
fn not_ended_at_server(error: crate::Error) -> crate::Error {
    // Without a response, the endpoint or the refresh token is missing.
    let hopeless =
        matches!(error.kind(), ErrorKind::Config | ErrorKind::Protocol) && error.status().is_none();
    let more = if hopeless {
        "this session returns no more tokens: call close() to forget them"
    } else {
        "this session returns no more tokens: call logout() again to end it at the server"
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
