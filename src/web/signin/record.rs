//! What the session record keeps of a user.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tower_sessions_core::Session;
use tower_sessions_core::session::{Error, Id};

use super::index;
use super::keys::{self, SessionKeys};
use crate::Secret;
use crate::error::Result;
use crate::oidc::{IdToken, StoredTokens};
use crate::web::log;

/// The name of our entry in a session record.
pub(super) const KEY: &str = "keycloak_kit.sign_in";

/// One login. It is as secret as its tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// A name of this login, at random.
    pub(super) login: String,
    /// What logout forms have to send.
    pub(super) form_token: Secret,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) session_id: Option<String>,
    /// When the first ID token was issued, by the issuer's clock, in seconds since 1970.
    pub(super) issued_at: u64,
    /// By our clock, in seconds since 1970.
    pub(super) began: u64,
    pub(super) used: u64,
    /// The claims of the last ID token, which may have expired.
    pub(super) claims: Map<String, Value>,
    /// `None` where the processes share them in a store of their own.
    pub(super) tokens: Option<StoredTokens>,
}

impl Record {
    pub(super) fn new(
        login: String,
        form_token: Secret,
        id_token: &IdToken,
        tokens: Option<StoredTokens>,
    ) -> Self {
        let now = seconds(SystemTime::now());
        Self {
            login,
            form_token,
            issuer: id_token.issuer().to_owned(),
            subject: id_token.subject().to_owned(),
            session_id: id_token.session_id().map(str::to_owned),
            issued_at: id_token.issued_at().map_or(now, seconds),
            began: now,
            used: now,
            claims: id_token.claims().clone(),
            tokens,
        }
    }

    /// Reads the record of a session; `None` if nobody is signed in. A record that cannot be read is
    /// one of nobody.
    pub(super) async fn of(session: &Session, keys: &SessionKeys) -> Result<Option<Self>, Error> {
        let Some(Value::String(sealed)) = session.get_value(KEY).await? else {
            return Ok(None);
        };
        let plain = session
            .id()
            .and_then(|id| keys.open_text(&place(id), &sealed));
        if plain.is_none() {
            log::unreadable();
        }
        Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
    }

    /// Encrypts the record for one session: in the place of another it cannot be read.
    pub(super) fn sealed(&self, id: Id, keys: &SessionKeys) -> Result<String> {
        keys.seal_text(&place(id), &keys::json(self)?)
    }

    /// Whether the session was not used for too long, or is too old. One that begins in the future
    /// was written with a wrong clock.
    pub(super) fn is_over(&self, idle: Duration, absolute: Duration, now: SystemTime) -> bool {
        let now = seconds(now);
        let limit = |since: u64, limit: Duration| now.saturating_sub(since) >= limit.as_secs();
        limit(self.used, idle) || limit(self.began, absolute) || self.began > now + 300
    }

    /// Notes that the session is used; a record is not written for every request.
    pub(super) fn touch(&mut self, idle: Duration, now: SystemTime) -> bool {
        let now = seconds(now);
        let step = (idle.as_secs() / 10).min(60);
        let due = now.saturating_sub(self.used) > step;
        if due {
            self.used = now;
        }
        due
    }

    /// The keys under which the end of this session may be noted.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = vec![
            index::key_of_login(&self.issuer, &self.login),
            index::key_of_user(&self.issuer, &self.subject),
        ];
        if let Some(session_id) = &self.session_id {
            keys.push(index::key_of_session(&self.issuer, session_id));
        }
        keys
    }

    /// Whether one of the notes, in the order of the keys, ends this session.
    pub(super) fn is_ended_by(&self, notes: &[Option<SystemTime>]) -> bool {
        let noted = |place: usize| notes.get(place).copied().flatten();
        let of_user = noted(1).is_some_and(|until| self.issued_at <= seconds(until));
        // A login and a session of the provider end once and for all.
        noted(0).is_some() || of_user || noted(2).is_some()
    }
}

/// Where the record of a session is.
pub(super) fn place(id: Id) -> String {
    format!("session {id}")
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
