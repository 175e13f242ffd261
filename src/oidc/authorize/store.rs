//! Where logins wait for their browser.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::LoginAttempt;
use super::request::Authorize;
use crate::Secret;
use crate::error::Result;
use crate::jose::hash;

/// What the calls of a store return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Keeps logins between the request and the answer: memory, a database, an encrypted cookie.
///
/// A login is taken once: the second browser that comes with the same answer finds nothing.
pub trait LoginStore: Send + Sync + fmt::Debug {
    /// Keeps a login under a key that nobody can guess.
    ///
    /// # Errors
    /// Whatever prevents it.
    fn keep<'a>(&'a self, key: &'a str, attempt: LoginAttempt) -> StoreFuture<'a, ()>;

    /// Takes a login out; from then on it is gone, in one step.
    ///
    /// # Errors
    /// Whatever prevents it; that there is none is no error.
    fn take<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<LoginAttempt>>;
}

/// A login that waits in a store. `Debug` shows neither `state` nor cookie.
#[derive(Clone)]
pub struct StartedLogin {
    url: String,
    key: Secret,
}

impl StartedLogin {
    /// Where to send the browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What to set as a cookie of the browser (`Secure`, `HttpOnly`, `SameSite=Lax`, or `None` for
    /// the mode form_post): the key of the login in the store.
    pub fn cookie(&self) -> &Secret {
        &self.key
    }
}

impl fmt::Debug for StartedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        f.debug_struct("StartedLogin")
            .field("url", &url)
            .finish_non_exhaustive()
    }
}

impl Authorize {
    /// Starts the login and keeps it in `store`; [`Oidc::callback_from`] takes it out again.
    ///
    /// # Errors
    /// As [`start`](Self::start), and what prevents the store from keeping it.
    ///
    /// [`Oidc::callback_from`]: crate::oidc::Oidc::callback_from
    pub async fn start_in(self, store: &dyn LoginStore) -> Result<StartedLogin> {
        let attempt = self.start().await?;
        let key = Secret::from(hash::random::<32>()?);
        let url = attempt.url.clone();
        store.keep(key.expose(), attempt).await?;
        Ok(StartedLogin { url, key })
    }
}

/// Logins in the memory of this process: for one server, and for tests.
///
/// # Security
/// Whoever starts as many logins as it keeps pushes out those of others, who then have to start
/// again: limit how many an address may start.
pub struct MemoryLoginStore {
    lifetime: Duration,
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    logins: HashMap<String, (Instant, LoginAttempt)>,
    /// In the order of their start; those that were taken out are left here until their turn.
    order: VecDeque<(Instant, String)>,
}

impl Waiting {
    /// Takes out what has waited too long, and the oldest until there is room for one more.
    fn make_room(&mut self, lifetime: Duration, most: usize) {
        while let Some((since, key)) = self.order.front() {
            let waits = self.logins.get(key).is_some_and(|(at, _)| at == since);
            if waits && since.elapsed() < lifetime && self.logins.len() < most {
                break;
            }
            if waits {
                self.logins.remove(key);
            }
            self.order.pop_front();
        }
        if self.order.len() > 2 * most.max(8) {
            let logins = &self.logins;
            self.order
                .retain(|(since, key)| logins.get(key).is_some_and(|(at, _)| at == since));
        }
    }
}

impl MemoryLoginStore {
    /// Logins wait for half an hour, at most 10 000 of them: one more pushes the oldest out.
    pub fn new() -> Self {
        Self::with_limits(Duration::from_secs(1800), 10_000)
    }

    /// Logins wait for `lifetime`, at most `most` of them: one more pushes the oldest out.
    pub fn with_limits(lifetime: Duration, most: usize) -> Self {
        Self {
            lifetime,
            most,
            waiting: Mutex::default(),
        }
    }
}

/// How many logins wait: their keys are the cookies of browsers.
impl fmt::Debug for MemoryLoginStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("MemoryLoginStore")
            .field("lifetime", &self.lifetime)
            .field("most", &self.most)
            .field("waiting", &waiting.logins.len())
            .finish()
    }
}

impl Default for MemoryLoginStore {
    fn default() -> Self {
        Self::new()
    }
}

impl LoginStore for MemoryLoginStore {
    fn keep<'a>(&'a self, key: &'a str, attempt: LoginAttempt) -> StoreFuture<'a, ()> {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.make_room(self.lifetime, self.most);
        waiting.order.push_back((now, key.to_owned()));
        waiting.logins.insert(key.to_owned(), (now, attempt));
        Box::pin(std::future::ready(Ok(())))
    }

    fn take<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<LoginAttempt>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting
            .logins
            .remove(key)
            .filter(|(since, _)| since.elapsed() < self.lifetime)
            .map(|(_, attempt)| attempt);
        Box::pin(std::future::ready(Ok(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> LoginAttempt {
        serde_json::from_value(serde_json::json!({
            "url": "https://op/authorize", "state": "s", "nonce": "n", "verifier": "v",
            "issuer": "https://op", "client_id": "app", "redirect_uri": "https://app/cb",
            "response_type": "Code", "response_mode": "Query", "max_age": null, "acr": [],
            "started": 0,
        }))
        .unwrap()
    }

    /// A login waits for its lifetime and not a moment longer.
    #[tokio::test(start_paused = true)]
    async fn s06_logins_wait_for_their_lifetime() {
        let store = MemoryLoginStore::with_limits(Duration::from_secs(600), 1);
        store.keep("one", attempt()).await.unwrap();
        tokio::time::advance(Duration::from_secs(599)).await;
        assert_eq!(store.take("one").await.unwrap().unwrap().state(), "s");
        // The oldest goes first.
        store.keep("two", attempt()).await.unwrap();
        store.keep("three", attempt()).await.unwrap();
        assert!(store.take("two").await.unwrap().is_none());
        assert!(store.take("three").await.unwrap().is_some());
        store.keep("three", attempt()).await.unwrap();
        tokio::time::advance(Duration::from_secs(600)).await;
        store.keep("four", attempt()).await.unwrap();
        assert!(store.take("three").await.unwrap().is_none());
        tokio::time::advance(Duration::from_secs(600)).await;
        assert!(store.take("four").await.unwrap().is_none());
        let shown = format!("{store:?}");
        assert!(
            shown.contains("lifetime: 600s, most: 1, waiting: 0"),
            "{shown}"
        );
    }

    /// What has waited too long leaves its place before anybody who waits does.
    #[tokio::test(start_paused = true)]
    async fn expired_logins_make_room_first() {
        let store = MemoryLoginStore::with_limits(Duration::from_secs(600), 2);
        store.keep("old", attempt()).await.unwrap();
        tokio::time::advance(Duration::from_secs(599)).await;
        store.keep("young", attempt()).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        store.keep("new", attempt()).await.unwrap();
        assert!(store.take("young").await.unwrap().is_some());
        assert!(store.take("new").await.unwrap().is_some());
        for number in 0..1000 {
            let key = number.to_string();
            store.keep(&key, attempt()).await.unwrap();
            assert!(store.take(&key).await.unwrap().is_some());
        }
        let waiting = store.waiting.lock().unwrap();
        assert!(waiting.logins.is_empty() && waiting.order.len() <= 17);
    }
}
