//! Issuers that are known only at run time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::timeout;

use super::rejection::Rejection;
use crate::BoxFuture;
use crate::error::Result;
use crate::jose::jws::Jws;
use crate::kept::Recent;
use crate::oidc::{AccessTokenVerifier, AccessTokenVerifierBuilder, Oidc, ReplayMemory};

/// An issuer longer than this is refused, in bytes.
const MAX_ISSUER: usize = 2048;
/// How many lookups run at once.
const LOOKUPS: usize = 8;
/// How many issuers are looked up or wait for it.
const WAITING: usize = 1000;

/// Knows the tenants of a service: the application's own database, mostly.
///
/// ```
/// use keycloak_kit::oidc::Oidc;
/// use keycloak_kit::web::TenantResolver;
/// use keycloak_kit::{BoxFuture, Keycloak, Result};
///
/// #[derive(Debug)]
/// struct Realms(Keycloak);
///
/// impl TenantResolver for Realms {
///     fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Oidc>>> {
///         Box::pin(async move {
///             // Only tenants that signed up: never every realm of the server.
///             let realm = issuer.strip_prefix("https://sso.example.org/realms/");
///             match realm.filter(|realm| ["acme", "globex"].contains(realm)) {
///                 Some(realm) => self.0.oidc(realm, "api").build().map(Some),
///                 None => Ok(None),
///             }
///         })
///     }
/// }
/// ```
pub trait TenantResolver: fmt::Debug + Send + Sync + 'static {
    /// Returns the provider with this issuer, or `None` if no tenant has it.
    ///
    /// The issuer is out of a token that nobody has verified: it is a text to look up, not an address
    /// to call. Nothing is fetched for an issuer unless this method returns its provider.
    ///
    /// # Errors
    ///
    /// Any error means that the tenant is not known at present: the request is answered with 503, and
    /// nothing is remembered.
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Oidc>>>;
}

/// How tokens of a tenant are verified.
pub(super) type SetUp =
    dyn Fn(AccessTokenVerifierBuilder) -> AccessTokenVerifierBuilder + Send + Sync;

/// How tenants are looked up and remembered.
pub(super) struct Tenants {
    resolver: Box<dyn TenantResolver>,
    set_up: Box<SetUp>,
    known: Recent<String, AccessTokenVerifier>,
    refused: Recent<String, ()>,
    lookups: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
    at_once: Semaphore,
    replay: Arc<ReplayMemory>,
    time_limit: Duration,
}

/// The settings of [`Tenants`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) entries: usize,
    pub(super) age: Duration,
    pub(super) time_limit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1000,
            age: Duration::from_secs(60),
            time_limit: Duration::from_secs(5),
        }
    }
}

impl Tenants {
    pub(super) fn new(
        resolver: Box<dyn TenantResolver>,
        set_up: Box<SetUp>,
        limits: Limits,
    ) -> Self {
        Self {
            resolver,
            set_up,
            known: Recent::new(limits.entries, limits.age),
            refused: Recent::new(limits.entries, limits.age),
            lookups: Mutex::default(),
            at_once: Semaphore::new(LOOKUPS),
            replay: Arc::default(),
            time_limit: limits.time_limit,
        }
    }

    /// The verifier for a token, by the issuer that the token names.
    pub(super) async fn verifier(
        &self,
        token: &str,
    ) -> Result<AccessTokenVerifier, (Rejection, String)> {
        let invalid = |reason: &str| {
            (
                Rejection::invalid_token("the access token is invalid"),
                reason.to_owned(),
            )
        };
        let claims = Jws::parse(token).and_then(|token| token.unverified_claims());
        let claims = claims.map_err(|error| invalid(&error.to_string()))?;
        let issuer = claims.get("iss").and_then(|issuer| issuer.as_str());
        let issuer = issuer
            .filter(|issuer| !issuer.is_empty() && issuer.len() <= MAX_ISSUER)
            .ok_or_else(|| invalid("the token names no issuer, or a very long one"))?;
        if let Some(known) = self.kept(issuer) {
            return known.ok_or_else(|| invalid("no tenant has the issuer of the token"));
        }
        let looked_up = match Turn::of(self, issuer) {
            Some(turn) => self.one_at_a_time(&turn).await,
            None => Err("too many tenants are looked up at once".to_owned()),
        };
        match looked_up {
            Ok(Some(verifier)) => Ok(verifier),
            Ok(None) => Err(invalid("no tenant has the issuer of the token")),
            Err(reason) => Err((Rejection::unavailable(), reason)),
        }
    }

    /// What is remembered: a verifier, or that no tenant has the issuer.
    fn kept(&self, issuer: &str) -> Option<Option<AccessTokenVerifier>> {
        if let Some((verifier, _)) = self.known.get(issuer) {
            return Some(Some(verifier));
        }
        self.refused.get(issuer).map(|_| None)
    }

    /// Looks an issuer up, unless another request has done so meanwhile.
    async fn one_at_a_time(&self, turn: &Turn<'_>) -> Result<Option<AccessTokenVerifier>, String> {
        let limited = timeout(self.time_limit, async {
            let _mine = turn.lock.lock().await;
            if let Some(known) = self.kept(turn.issuer) {
                return Ok(known);
            }
            let _permit = self.at_once.acquire().await;
            self.look_up(turn.issuer).await
        });
        let late = "the lookup of the tenant took too long";
        limited.await.unwrap_or_else(|_| Err(late.to_owned()))
    }

    async fn look_up(&self, issuer: &str) -> Result<Option<AccessTokenVerifier>, String> {
        let said = self.resolver.resolve(issuer).await;
        let Some(oidc) = said.map_err(|error| error.to_string())? else {
            self.refused.put(issuer.to_owned(), ());
            return Ok(None);
        };
        let metadata = oidc.metadata().await.map_err(|error| error.to_string())?;
        if metadata.issuer != issuer {
            super::log::misconfigured(
                "the resolver of tenants gave a provider with another issuer than was asked for",
            );
            self.refused.put(issuer.to_owned(), ());
            return Ok(None);
        }
        // A lookup makes a new verifier, which must know the proofs that the one before it has seen.
        let verifier = oidc
            .access_token_verifier()
            .replay_store(self.replay.clone());
        let verifier = (self.set_up)(verifier);
        let verifier = verifier.build().map_err(|error| error.to_string())?;
        self.known.put(issuer.to_owned(), verifier.clone());
        Ok(Some(verifier))
    }
}

/// A place in the queue for the lookup of one issuer. A request that is given up leaves it too.
struct Turn<'a> {
    tenants: &'a Tenants,
    issuer: &'a str,
    lock: Arc<AsyncMutex<()>>,
}

impl<'a> Turn<'a> {
    /// Nothing if too many issuers are waited for: anybody can make one up.
    fn of(tenants: &'a Tenants, issuer: &'a str) -> Option<Self> {
        let mut lookups = lock(&tenants.lookups);
        if lookups.len() >= WAITING && !lookups.contains_key(issuer) {
            return None;
        }
        let lock = lookups.entry(issuer.to_owned()).or_default().clone();
        drop(lookups);
        Some(Self {
            tenants,
            issuer,
            lock,
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut lookups = lock(&self.tenants.lookups);
        // The map's and this one.
        if Arc::strong_count(&self.lock) <= 2 {
            lookups.remove(self.issuer);
        }
    }
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("resolver", &self.resolver)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
