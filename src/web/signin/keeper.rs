//! Keeps the tokens of a login fresh: one refresh, however many requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::record::Record;
use crate::error::Result;
use crate::jose::jws::Jws;
use crate::oidc::{AccessTokenClaims, Oidc, Session, StoredTokens, TokenSet, TokenStore};
use crate::{BoxFuture, Secret};

/// How long a keeper stays after its last request. The session record has the tokens too.
const STAYS: Duration = Duration::from_secs(600);

/// The tokens that the requests of one login share in this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry(Arc<Mutex<Option<StoredTokens>>>);

impl Entry {
    fn lock(&self) -> MutexGuard<'_, Option<StoredTokens>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens, unless they are being refreshed.
    pub(super) fn settled(&self) -> Option<StoredTokens> {
        self.lock().clone().filter(|entry| !entry.is_claimed())
    }

    /// Takes tokens of a record that another process has refreshed since.
    fn offer(&self, tokens: &StoredTokens) {
        let mut entry = self.lock();
        let newer = |entry: &StoredTokens| entry.version() < tokens.version();
        if entry.as_ref().is_some_and(newer) {
            *entry = Some(tokens.clone());
        }
    }
}

impl TokenStore for Entry {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        Box::pin(std::future::ready(Ok(self.lock().clone())))
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        let mut entry = self.lock();
        let fits = entry.as_ref().map(StoredTokens::version) == expected;
        if fits {
            *entry = tokens;
        }
        Box::pin(std::future::ready(Ok(fits)))
    }
}

/// What keeps the tokens of one login fresh.
pub(super) struct Keeper {
    pub(super) session: Session,
    pub(super) entry: Entry,
    keys: Vec<String>,
    used: Mutex<Instant>,
    /// The access token whose claims were read last.
    read: Mutex<Option<(Secret, Arc<AccessTokenClaims>)>>,
}

impl Keeper {
    /// Returns what requirements look at: the claims of the access token, which has the roles, with
    /// the login's level and time from the ID token, and what the access token lacks. The access
    /// token came from the issuer itself, so its signature is not checked.
    pub(super) fn claims(&self, tokens: &TokenSet, record: &Record) -> Arc<AccessTokenClaims> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let raw = tokens.access_token().expose();
        if let Some((token, claims)) = &*read
            && token.expose() == raw
        {
            return claims.clone();
        }
        let mut claims = Jws::parse(raw)
            .and_then(|token| token.unverified_claims())
            .unwrap_or_default();
        if let Some(scope) = tokens.scope() {
            claims.insert("scope".into(), scope.into());
        }
        for (name, value) in &record.claims {
            if matches!(name.as_str(), "acr" | "auth_time" | "iss" | "sub") {
                claims.insert(name.clone(), value.clone());
            } else {
                claims.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        let claims = Arc::new(AccessTokenClaims::new(claims, ()));
        *read = Some((raw.into(), claims.clone()));
        claims
    }
}

/// The keepers of this process, by login.
#[derive(Default)]
pub(super) struct Keepers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    all: HashMap<String, Arc<Keeper>>,
    /// How many keepers there may be before those that nobody uses are looked for.
    look_at: usize,
}

impl Keepers {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the keeper of a record's login, which may be of an earlier request.
    pub(super) async fn of(&self, oidc: &Oidc, record: &Record) -> Result<Option<Arc<Keeper>>> {
        let known = self.lock().all.get(&record.login).cloned();
        if let Some(keeper) = known {
            keeper.entry.offer(&record.tokens);
            *keeper.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            return Ok(Some(keeper));
        }
        let entry = Entry(Arc::new(Mutex::new(Some(record.tokens.clone()))));
        let session = oidc.session_from(entry.clone()).await?;
        Ok(session.map(|session| self.keep(record, session, entry)))
    }

    /// Keeps the session of a login, unless another request was faster.
    pub(super) fn keep(&self, record: &Record, session: Session, entry: Entry) -> Arc<Keeper> {
        let keeper = Arc::new(Keeper {
            session,
            entry,
            keys: record.keys(),
            used: Mutex::new(Instant::now()),
            read: Mutex::default(),
        });
        let mut kept = self.lock();
        if kept.all.len() >= kept.look_at {
            kept.all.retain(|_, keeper| {
                let used = keeper.used.lock().unwrap_or_else(PoisonError::into_inner);
                // A task that has the user refreshes too.
                used.elapsed() < STAYS || Arc::strong_count(keeper) > 1
            });
            kept.look_at = (2 * kept.all.len()).max(1024);
        }
        kept.all
            .entry(record.login.clone())
            .or_insert(keeper)
            .clone()
    }

    /// Forgets the tokens of a login.
    pub(super) fn forget(&self, login: &str) {
        let keeper = self.lock().all.remove(login);
        close(keeper);
    }

    /// Forgets the tokens of all logins under a key of the index.
    pub(super) fn forget_all(&self, key: &str) {
        let mut kept = self.lock();
        let (ended, rest): (HashMap<_, _>, HashMap<_, _>) = std::mem::take(&mut kept.all)
            .into_iter()
            .partition(|(_, keeper)| keeper.keys.iter().any(|one| one == key));
        kept.all = rest;
        drop(kept);
        close(ended.into_values());
    }
}

/// Closes sessions beside the request, because a refresh may be running.
fn close(keepers: impl IntoIterator<Item = Arc<Keeper>>) {
    for keeper in keepers {
        tokio::spawn(async move {
            let _ = keeper.session.close().await;
        });
    }
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keepers")
            .field("logins", &self.lock().all.len())
            .finish()
    }
}
