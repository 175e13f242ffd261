//! Refreshes the tokens of a session, and keeps them in step with a store.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Map;
use tokio::time::Instant;

use super::store::{REFRESH_LIMIT, StoredTokens, TokenStore};
use super::{OP, ended};
use crate::error::{Result, timeout, unauthorized, unavailable};
use crate::http::trace;
use crate::jose::hash;
use crate::oidc::Oidc;
use crate::oidc::client::no_refresh_token;
use crate::oidc::tokens::TokenSet;
use crate::oidc::verify::{Expected, TokenOrigin};
use crate::response::Head;
use crate::token::AccessToken;
use crate::token::engine::{Obtain, Obtained};
use crate::token::{Granted, Renewal};
use crate::{BoxFuture, Secret};

/// The shortest remaining lifetime of a token that is worth taking over from another process.
const MIN_LIFETIME: Duration = Duration::from_secs(10);

/// The time between two reads of a store while another process refreshes.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for a store that returns older entries than were written.
const STORE_WAIT: Duration = Duration::from_secs(30);

/// Waits between two attempts to write, when another process was faster.
struct StoreWait {
    end: Instant,
}

impl StoreWait {
    fn new() -> Self {
        Self {
            end: Instant::now() + STORE_WAIT,
        }
    }

    async fn next(&self) -> Result<()> {
        if Instant::now() >= self.end {
            return Err(unavailable(
                "the token store does not return what was written to it",
                Some(Duration::from_secs(1)),
            )
            .with_operation(&OP)
            .with_hint(
                "load must read from where compare_and_swap writes, not from a lagging replica",
            ));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        Ok(())
    }
}

/// Whether this process has to refresh.
enum Claim {
    TakenOver(Box<TokenSet>),
    /// This process refreshes, under this entry of the store.
    Claimed(StoredTokens),
}

pub(super) struct SessionState {
    oidc: Oidc,
    current: Mutex<CurrentTokens>,
    store: Option<Arc<dyn TokenStore>>,
    closed: AtomicBool,
    /// The server has ended the session, so it need not be asked again.
    ended: AtomicBool,
    /// Held while the tokens change.
    refresh_lock: tokio::sync::Mutex<()>,
}

struct CurrentTokens {
    tokens: TokenSet,
    /// The version of the store entry that these tokens came from.
    version: Option<u64>,
    login: String,
    /// Parameters that the caller adds to a refresh.
    extra: Vec<(String, Secret)>,
    /// The refresh token was refused, so it is not tried again.
    refresh_refused: bool,
}

impl SessionState {
    pub(super) fn new(oidc: Oidc, tokens: TokenSet) -> Self {
        Self::with(oidc, tokens, None, String::new(), None)
    }

    fn with(
        oidc: Oidc,
        tokens: TokenSet,
        version: Option<u64>,
        login: String,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Self {
        Self {
            oidc,
            current: Mutex::new(CurrentTokens {
                tokens,
                version,
                login,
                extra: Vec::new(),
                refresh_refused: false,
            }),
            store,
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            refresh_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Writes the tokens in place of those in the store.
    pub(super) async fn stored(
        oidc: Oidc,
        tokens: TokenSet,
        store: Arc<dyn TokenStore>,
    ) -> Result<Self> {
        let login = hash::random::<16>()?;
        let wait = StoreWait::new();
        loop {
            let before = store.load().await?.map(|entry| entry.version());
            let version = before.unwrap_or(0).wrapping_add(1);
            let entry = StoredTokens::new(version, &login, &tokens);
            if store.compare_and_swap(before, Some(entry)).await? {
                return Ok(Self::with(oidc, tokens, Some(version), login, Some(store)));
            }
            wait.next().await?;
        }
    }

    pub(super) async fn restored(oidc: Oidc, store: Arc<dyn TokenStore>) -> Result<Option<Self>> {
        let Some(entry) = store.load().await? else {
            return Ok(None);
        };
        let version = entry.version();
        let tokens = read_entry(&oidc, &entry, None).await;
        let login = entry.login().to_owned();
        let state = Self::with(oidc, tokens, Some(version), login, Some(store));
        if entry.is_ending() {
            state.close();
        }
        Ok(Some(state))
    }

    pub(super) fn tokens(&self) -> TokenSet {
        self.current().tokens.clone()
    }

    pub(super) fn param(&self, name: String, value: Secret) {
        self.current().extra.push((name, value));
    }

    /// Makes the session return no more tokens.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Records that the server has ended the session.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Waits for a running refresh, in this process or another. A store that cannot be read has no
    /// refresh.
    pub(super) async fn wait_for_refresh(&self) {
        let _guard = self.refresh_lock.lock().await;
        self.unclaimed_entry().await;
    }

    /// Returns the tokens to end the session with, after a running refresh. From then on the
    /// store's entry is only for logging out, so that any process can retry a failed logout.
    pub(super) async fn last_tokens(&self) -> TokenSet {
        let _guard = self.refresh_lock.lock().await;
        let wait = StoreWait::new();
        while let (Some(store), Some(entry)) = (&self.store, self.unclaimed_entry().await)
            && !entry.is_ending()
        {
            let ending = entry.ending();
            let version = ending.version();
            match store
                .compare_and_swap(Some(entry.version()), Some(ending))
                .await
            {
                Ok(true) => {
                    self.current().version = Some(version);
                    break;
                }
                // Another process was faster: the tokens that it wrote have to be ended.
                Ok(false) if wait.next().await.is_ok() => {}
                Ok(false) => break,
                Err(_) => {
                    trace::token("not stored");
                    break;
                }
            }
        }
        self.tokens()
    }

    /// Takes over this login's entry in the store and returns it, once no process refreshes it.
    async fn unclaimed_entry(&self) -> Option<StoredTokens> {
        let store = self.store.as_ref()?;
        while let Ok(Some(entry)) = store.load().await
            && self.is_same_login(&entry)
        {
            if !entry.is_claimed() {
                self.take_over(Some(&entry), None).await;
                return Some(entry);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        None
    }

    /// Removes the tokens from the store, whoever refreshed them last. Those of another login stay.
    pub(super) async fn forget(&self) -> Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let wait = StoreWait::new();
        while let Some(entry) = store.load().await?
            && self.is_same_login(&entry)
            && !store.compare_and_swap(Some(entry.version()), None).await?
        {
            wait.next().await?;
        }
        Ok(())
    }

    fn is_same_login(&self, entry: &StoredTokens) -> bool {
        self.current().login == entry.login()
    }

    fn current(&self) -> MutexGuard<'_, CurrentTokens> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, refused: Option<&AccessToken>) -> Result<TokenSet> {
        let _guard = self.refresh_lock.lock().await;
        if self.is_closed() {
            return Err(ended());
        }
        let claim = match &self.store {
            None => None,
            Some(store) => match self.claim(&**store, refused).await? {
                Claim::TakenOver(tokens) => return Ok(*tokens),
                Claim::Claimed(entry) => Some((&**store, entry)),
            },
        };
        let Some((store, entry)) = claim else {
            return self.refresh().await;
        };
        let outcome = tokio::time::timeout(REFRESH_LIMIT, self.refresh())
            .await
            .unwrap_or_else(|_| Err(timeout(&OP, REFRESH_LIMIT)));
        match &outcome {
            Ok(tokens) => self.store_tokens(store, &entry, tokens).await,
            Err(_) => {
                // A process that does not claim may have been faster: the store is read once.
                let entry_now = store.load().await.ok().flatten();
                if let Some(tokens) = self.take_over(entry_now.as_ref(), refused).await {
                    return Ok(tokens);
                }
                self.release(store, &entry).await;
            }
        }
        outcome
    }

    async fn refresh(&self) -> Result<TokenSet> {
        let (before, refused, extra) = {
            let current = self.current();
            (
                current.tokens.clone(),
                current.refresh_refused,
                current.extra.clone(),
            )
        };
        if refused {
            return Err(unauthorized("the session has ended at the server")
                .with_operation(&OP)
                .with_hint("log in again"));
        }
        if before.refresh_token().is_none() {
            return Err(no_refresh_token(&OP));
        }
        let refresh = extra
            .into_iter()
            .fold(self.oidc.refresh(&before), |refresh, (name, value)| {
                refresh.param(name, value)
            });
        let granted = refresh.redeem().await.inspect_err(|error| {
            self.current().refresh_refused = error.oauth_code() == Some("invalid_grant");
        })?;
        // After a rotation only this refresh token is valid, whatever the check of the ID token
        // returns.
        if let Some(renewal) = &granted.renewal {
            self.current().tokens.renewal = Some(renewal.clone());
        }
        let tokens = refresh.verified(granted).await?;
        self.current().tokens = tokens.clone();
        Ok(tokens)
    }

    /// Claims the refresh, or waits for the process that refreshes and takes over its tokens.
    async fn claim(&self, store: &dyn TokenStore, refused: Option<&AccessToken>) -> Result<Claim> {
        let mut wait = StoreWait::new();
        loop {
            let Some(entry) = store.load().await? else {
                // Another process has logged out.
                return Err(ended());
            };
            if !self.is_same_login(&entry) {
                // The user has logged in again: these are the tokens of another session.
                self.close();
                return Err(ended().with_hint(
                    "another login is in the store: get its session with session_from",
                ));
            }
            if entry.is_ending() {
                self.close();
                return Err(ended());
            }
            if let Some(tokens) = self.take_over(Some(&entry), refused).await {
                return Ok(Claim::TakenOver(Box::new(tokens)));
            }
            if entry.is_claimed() {
                tokio::time::sleep(POLL_INTERVAL).await;
                wait = StoreWait::new();
                continue;
            }
            let claimed = entry.claimed();
            let written = store.compare_and_swap(Some(entry.version()), Some(claimed.clone()));
            if written.await? {
                self.current().version = Some(claimed.version());
                return Ok(Claim::Claimed(claimed));
            }
            wait.next().await?;
        }
    }

    /// Takes over the tokens that another process has written since. The refresh token is always
    /// replaced; the tokens are returned only if the access token is usable.
    async fn take_over(
        &self,
        entry: Option<&StoredTokens>,
        refused: Option<&AccessToken>,
    ) -> Option<TokenSet> {
        let entry = entry?;
        if !self.is_same_login(entry) {
            return None;
        }
        let before = {
            let current = self.current();
            if current.version == Some(entry.version()) {
                return None;
            }
            current.tokens.clone()
        };
        let tokens = read_entry(&self.oidc, entry, Some(&before)).await;
        let saved = entry.tokens();
        let new = before.access_token().expose() != saved.access_token.expose();
        let renewed = before.refresh_token().map(Secret::expose)
            != saved.refresh_token.as_ref().map(Secret::expose);
        let fresh = saved.lifetime().is_none_or(|left| left > MIN_LIFETIME)
            && refused.is_none_or(|token| token.expose() != saved.access_token.expose());
        let mut current = self.current();
        current.version = Some(entry.version());
        if new || renewed {
            current.tokens = tokens.clone();
            current.refresh_refused = false;
        }
        drop(current);
        (new && fresh).then_some(tokens)
    }

    /// Writes new tokens to the store. If that fails they are still kept here, because after a
    /// rotation only they are valid.
    async fn store_tokens(&self, store: &dyn TokenStore, claim: &StoredTokens, tokens: &TokenSet) {
        let version = claim.version().wrapping_add(1);
        let entry = StoredTokens::new(version, claim.login(), tokens);
        self.write(store, claim, entry).await;
    }

    async fn release(&self, store: &dyn TokenStore, claim: &StoredTokens) {
        let released = claim.released(self.tokens().refresh_token());
        self.write(store, claim, released).await;
    }

    async fn write(&self, store: &dyn TokenStore, claim: &StoredTokens, entry: StoredTokens) {
        let version = entry.version();
        match store
            .compare_and_swap(Some(claim.version()), Some(entry))
            .await
        {
            Ok(true) => self.current().version = Some(version),
            // The claim has expired, or another login has replaced the entry.
            Ok(false) => trace::token("another process has stored other tokens"),
            Err(_) => trace::token("not stored"),
        }
    }
}

/// Reads the tokens of a store entry. The ID token is verified again; if that fails, that of
/// `before` stays.
async fn read_entry(oidc: &Oidc, entry: &StoredTokens, before: Option<&TokenSet>) -> TokenSet {
    let saved = entry.tokens();
    let known = before.and_then(TokenSet::id_token).cloned();
    let id_token = match &saved.id_token {
        None => known,
        Some(raw) if known.as_ref().is_some_and(|k| k.expose() == raw.expose()) => known,
        Some(raw) => {
            let expected = match &known {
                Some(known) => Expected::new().refreshed_from(known),
                None => Expected::new().any_nonce(),
            };
            oidc.inner
                .id_token(raw.expose(), expected, TokenOrigin::Issuer)
                .await
                .ok()
                .or(known)
        }
    };
    saved.token_set(oidc, id_token)
}

impl Obtain for Arc<SessionState> {
    fn can_grant(&self) -> bool {
        false
    }

    fn obtain(&self, _: Option<Renewal>, refused: Option<AccessToken>) -> BoxFuture<'_, Obtained> {
        Box::pin(async move {
            let result = self.renew(refused.as_ref()).await.map(|tokens| Granted {
                token: tokens.access_token,
                renewal: None,
                rest: Map::new(),
                head: Head::default(),
            });
            Obtained {
                result,
                renewal_spent: false,
            }
        })
    }
}

impl fmt::Debug for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionState")
            .field("oidc", &self.oidc)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
