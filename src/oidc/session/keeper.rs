//! Refreshes the one set of tokens, and keeps a store in step.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Map;
use tokio::time::Instant;

use super::store::{StoredTokens, TURN, TokenStore};
use super::{OP, ended};
use crate::Secret;
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

/// A token of another process with less than this left is not worth taking over.
const WORTH: Duration = Duration::from_secs(10);

/// Between two looks at a store in which somebody refreshes.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A store that shows older entries than were written keeps nobody for longer.
const STORE_WAIT: Duration = Duration::from_secs(30);

/// Between two attempts to write where somebody else was faster.
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
                "the token store does not show what was written into it",
                Some(Duration::from_secs(1)),
            )
            .with_operation(&OP)
            .with_hint(
                "load must read where compare_and_swap writes, not a copy that lags behind",
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        Ok(())
    }
}

/// Who refreshes.
enum Turn {
    TakenOver(Box<TokenSet>),
    /// This process, under this entry.
    Mine(StoredTokens),
}

pub(super) struct Keeper {
    oidc: Oidc,
    known: Mutex<Known>,
    store: Option<Arc<dyn TokenStore>>,
    closed: AtomicBool,
    /// The server has ended the session: there is nothing left to ask it for.
    ended: AtomicBool,
    /// Held while tokens change.
    gate: tokio::sync::Mutex<()>,
}

struct Known {
    tokens: TokenSet,
    /// Of the entry in the store that these tokens are.
    version: Option<u64>,
    login: String,
    /// What the caller adds to a refresh.
    extra: Vec<(String, Secret)>,
    /// The refresh token was refused: there is nothing to try any more.
    over: bool,
}

impl Keeper {
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
            known: Mutex::new(Known {
                tokens,
                version,
                login,
                extra: Vec::new(),
                over: false,
            }),
            store,
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            gate: tokio::sync::Mutex::default(),
        }
    }

    /// Writes the tokens over whatever the store has.
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
        let tokens = read(&oidc, &entry, None).await;
        let login = entry.login().to_owned();
        let keeper = Self::with(oidc, tokens, Some(version), login, Some(store));
        if entry.is_ending() {
            keeper.close();
        }
        Ok(Some(keeper))
    }

    pub(super) fn tokens(&self) -> TokenSet {
        self.lock().tokens.clone()
    }

    pub(super) fn param(&self, name: String, value: Secret) {
        self.lock().extra.push((name, value));
    }

    /// From now on no token comes out.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Notes that the server has ended the session.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Waits for any refresh that is under way, here or in another process. A store that cannot be
    /// read has none.
    pub(super) async fn settle(&self) {
        let _gate = self.gate.lock().await;
        self.settled().await;
    }

    /// The tokens to end the session with, after any refresh that is under way. From then on they
    /// are in the store for that only, so that a logout that fails can be tried again, by another
    /// process too.
    pub(super) async fn last_tokens(&self) -> TokenSet {
        let _gate = self.gate.lock().await;
        let wait = StoreWait::new();
        while let (Some(store), Some(entry)) = (&self.store, self.settled().await)
            && !entry.is_ending()
        {
            let ending = entry.to_end();
            let version = ending.version();
            match store
                .compare_and_swap(Some(entry.version()), Some(ending))
                .await
            {
                Ok(true) => {
                    self.lock().version = Some(version);
                    break;
                }
                // Somebody was faster: what was written is what has to be ended.
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

    /// This login's entry in the store when nobody refreshes it, taken over.
    async fn settled(&self) -> Option<StoredTokens> {
        let store = self.store.as_ref()?;
        while let Ok(Some(entry)) = store.load().await
            && self.is_of(&entry)
        {
            if !entry.is_claimed() {
                self.take_over(Some(&entry), None).await;
                return Some(entry);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        None
    }

    /// Removes the tokens from the store, whoever has refreshed them last; what another login has
    /// put there stays.
    pub(super) async fn forget(&self) -> Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let wait = StoreWait::new();
        while let Some(entry) = store.load().await?
            && self.is_of(&entry)
            && !store.compare_and_swap(Some(entry.version()), None).await?
        {
            wait.next().await?;
        }
        Ok(())
    }

    fn is_of(&self, entry: &StoredTokens) -> bool {
        self.lock().login == entry.login()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, refused: Option<&AccessToken>) -> Result<TokenSet> {
        let _gate = self.gate.lock().await;
        if self.is_closed() {
            return Err(ended());
        }
        let claim = match &self.store {
            None => None,
            Some(store) => match self.claim(&**store, refused).await? {
                Turn::TakenOver(tokens) => return Ok(*tokens),
                Turn::Mine(entry) => Some((&**store, entry)),
            },
        };
        let Some((store, entry)) = claim else {
            return self.refresh().await;
        };
        let outcome = tokio::time::timeout(TURN, self.refresh())
            .await
            .unwrap_or_else(|_| Err(timeout(&OP, TURN)));
        match &outcome {
            Ok(tokens) => self.keep(store, &entry, tokens).await,
            Err(_) => {
                // Somebody who does not claim may have been faster: what there is, is read once.
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
        let (before, over, extra) = {
            let known = self.lock();
            (known.tokens.clone(), known.over, known.extra.clone())
        };
        if over {
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
        let granted = refresh.spend().await.inspect_err(|error| {
            self.lock().over = error.oauth_code() == Some("invalid_grant");
        })?;
        // After a rotation this one alone is good, whatever becomes of the ID token beside it.
        if let Some(renewal) = &granted.renewal {
            self.lock().tokens.renewal = Some(renewal.clone());
        }
        let tokens = refresh.verified(granted).await?;
        self.lock().tokens = tokens.clone();
        Ok(tokens)
    }

    /// Waits for whoever refreshes, and takes over what it got, or takes the turn.
    async fn claim(&self, store: &dyn TokenStore, refused: Option<&AccessToken>) -> Result<Turn> {
        let mut wait = StoreWait::new();
        loop {
            let Some(entry) = store.load().await? else {
                // Another process has logged out.
                return Err(ended());
            };
            if !self.is_of(&entry) {
                // Somebody has logged in anew: these are the tokens of another session.
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
                return Ok(Turn::TakenOver(Box::new(tokens)));
            }
            if entry.is_claimed() {
                tokio::time::sleep(LOOK_AGAIN).await;
                wait = StoreWait::new();
                continue;
            }
            let claimed = entry.claimed();
            let written = store.compare_and_swap(Some(entry.version()), Some(claimed.clone()));
            if written.await? {
                self.lock().version = Some(claimed.version());
                return Ok(Turn::Mine(claimed));
            }
            wait.next().await?;
        }
    }

    /// What another process has written since. Its refresh token replaces this one's in any case;
    /// its access token is given only when it is worth it.
    async fn take_over(
        &self,
        entry: Option<&StoredTokens>,
        refused: Option<&AccessToken>,
    ) -> Option<TokenSet> {
        let entry = entry?;
        if !self.is_of(entry) {
            return None;
        }
        let before = {
            let known = self.lock();
            if known.version == Some(entry.version()) {
                return None;
            }
            known.tokens.clone()
        };
        let tokens = read(&self.oidc, entry, Some(&before)).await;
        let saved = entry.tokens();
        let new = before.access_token().expose() != saved.access_token.expose();
        let renewed = before.refresh_token().map(Secret::expose)
            != saved.refresh_token.as_ref().map(Secret::expose);
        let fresh = saved.lifetime().is_none_or(|left| left > WORTH)
            && refused.is_none_or(|token| token.expose() != saved.access_token.expose());
        let mut known = self.lock();
        known.version = Some(entry.version());
        if new || renewed {
            known.tokens = tokens.clone();
            known.over = false;
        }
        drop(known);
        (new && fresh).then_some(tokens)
    }

    /// Keeps new tokens in the store. When it fails they are kept here all the same: after a
    /// rotation they are the only good ones.
    async fn keep(&self, store: &dyn TokenStore, claim: &StoredTokens, tokens: &TokenSet) {
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
            Ok(true) => self.lock().version = Some(version),
            // The claim ran out, or somebody has put another login there.
            Ok(false) => trace::token("another process has stored its own"),
            Err(_) => trace::token("not stored"),
        }
    }
}

/// Tokens out of a store. The ID token is verified again; one that has expired since is left out,
/// or that of `before` stays.
async fn read(oidc: &Oidc, entry: &StoredTokens, before: Option<&TokenSet>) -> TokenSet {
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

impl Obtain for Arc<Keeper> {
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

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("oidc", &self.oidc)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
