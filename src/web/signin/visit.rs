//! Who sent a request: found out when it is first asked for.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::OnceCell;
use tower_sessions_core::Session;

use super::SignIn;
use super::record::{KEY, Record};
use super::user::{SignedIn, User};
use crate::error::{Error, ErrorKind};
use crate::web::log;

/// Why it is not known who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Unavailable,
    Misconfigured,
}

/// One request, as a layer of a sign-in has seen it. Nothing is read before a handler or a layer
/// asks for the user.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) signin: SignIn,
    session: Option<Session>,
    user: Arc<OnceCell<Result<Option<User>, Failure>>>,
}

impl Visit {
    pub(super) fn new(signin: SignIn, session: Option<Session>) -> Self {
        Self {
            signin,
            session,
            user: Arc::default(),
        }
    }

    pub(super) async fn user(&self) -> Result<Option<User>, Failure> {
        let found = self.user.get_or_init(async || {
            let Some(session) = &self.session else {
                log::misconfigured("no SessionManagerLayer is around the layer of a sign-in");
                return Err(Failure::Misconfigured);
            };
            self.signin.user_of(session).await
        });
        found.await.clone()
    }
}

impl SignIn {
    /// Returns the user of a session. A session that has ended is emptied.
    async fn user_of(&self, session: &Session) -> Result<Option<User>, Failure> {
        let settings = &self.settings;
        let Some(mut record) = self.record_of(session).await? else {
            return Ok(None);
        };
        let now = SystemTime::now();
        if record.is_over(settings.idle, settings.absolute, now) || self.has_ended(&record).await? {
            self.leave(session, &record).await?;
            return Ok(None);
        }
        let kept = settings.keepers.of(&settings.oidc, &record).await;
        let Some(keeper) = kept.map_err(|error| unavailable(&error))? else {
            self.leave(session, &record).await?;
            return Ok(None);
        };
        let tokens = match keeper.session.tokens().await {
            Ok(tokens) => tokens,
            Err(error) if ends(&error) => {
                log::signed_out("the provider has ended the session", &error);
                self.leave(session, &record).await?;
                return Ok(None);
            }
            Err(error) => return Err(unavailable(&error)),
        };
        let mut changed = record.touch(settings.idle, now);
        if let Some(entry) = keeper.entry.settled()
            && entry.version() != record.tokens.version()
        {
            record.tokens = entry;
            changed = true;
        }
        if let Some(id_token) = tokens.id_token()
            && id_token.claims() != &record.claims
        {
            record.claims = id_token.claims().clone();
            changed = true;
        }
        if changed {
            let written = session.insert(KEY, &record).await;
            written.map_err(|_| store_failed("written"))?;
        }
        let signed_in = SignedIn {
            all: keeper.claims(&tokens, &record),
            claims: record.claims,
            form_token: record.form_token,
            logout_path: settings.paths.logout.clone(),
            keeper,
            oidc: settings.oidc.clone(),
        };
        Ok(Some(User::new(signed_in)))
    }

    pub(super) async fn record_of(&self, session: &Session) -> Result<Option<Record>, Failure> {
        let found = Record::of(session).await;
        found.map_err(|_| store_failed("read"))
    }

    async fn has_ended(&self, record: &Record) -> Result<bool, Failure> {
        let noted = self.settings.index.ended(&record.keys()).await;
        let noted = noted.map_err(|error| unavailable(&error))?;
        Ok(record.is_ended_by(&noted))
    }

    /// Ends a session here: its record, its tokens, and what a slower request of the same session
    /// may still write.
    pub(super) async fn leave(&self, session: &Session, record: &Record) -> Result<(), Failure> {
        self.forget(record).await?;
        session.flush().await.map_err(|_| store_failed("emptied"))
    }

    /// Ends a login: a record of it that is written later is refused.
    pub(super) async fn forget(&self, record: &Record) -> Result<(), Failure> {
        let settings = &self.settings;
        settings.keepers.forget(&record.login);
        let key = super::index::key_of_login(&record.issuer, &record.login);
        let noted = settings
            .index
            .end(&key, SystemTime::now(), settings.absolute);
        noted.await.map_err(|error| unavailable(&error))
    }
}

/// Whether the tokens can never be fresh again: the session has ended, or it has no refresh token.
fn ends(error: &Error) -> bool {
    match (error.kind(), error.oauth_code()) {
        (_, Some(code)) => code == "invalid_grant",
        (ErrorKind::Unauthorized | ErrorKind::Config, None) => true,
        _ => false,
    }
}

fn unavailable(error: &Error) -> Failure {
    log::failed("the user of a request cannot be found out", error);
    Failure::Unavailable
}

pub(super) fn store_failed(what: &str) -> Failure {
    log::misconfigured(&format!("the session store could not be {what}"));
    Failure::Unavailable
}
