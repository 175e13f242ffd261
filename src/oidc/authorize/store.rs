//! Stores for logins in progress.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::LoginAttempt;
use super::request::Authorize;
use crate::error::Result;
use crate::jose::hash;
use crate::{BoxFuture, Secret};

/// Keeps logins between the request and the response: in memory, a database, an encrypted cookie.
///
/// A login is taken once: a second browser with the same response finds nothing.
pub trait LoginStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps a login under a key that cannot be guessed.
    ///
    /// # Errors
    /// Returns the store's error if the login cannot be kept.
    fn keep<'a>(&'a self, key: &'a str, attempt: LoginAttempt) -> BoxFuture<'a, Result<()>>;

    /// Removes a login and returns it, in one atomic step; `None` if the key is unknown.
    ///
    /// # Errors
    /// Returns the store's error if it cannot be read. An unknown key is not an error.
    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<LoginAttempt>>>;
}

/// A login that waits in a store. `Debug` shows neither the `state` nor the cookie.
#[derive(Clone)]
pub struct StartedLogin {
    url: String,
    key: Secret,
}

impl StartedLogin {
    /// Returns the URL to send the browser to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the value to set as a cookie of the browser: the key of the login in the store. Set
    /// it with `Secure`, `HttpOnly` and `SameSite=Lax`, or `SameSite=None` for the response mode
    /// form_post.
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
    /// Starts the login and keeps it in `store`; [`Oidc::callback_from`] takes it from there.
    ///
    /// # Errors
    /// Same as [`start`](Self::start), and the store's error if the login cannot be kept.
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

/// Keeps logins in this process's memory: for a single server, and for tests.
///
/// # Security
/// Anyone who starts enough logins pushes out those of other users, who then have to start again.
/// Limit how many logins an address may start.
pub struct MemoryLoginStore {
    lifetime: Duration,
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    logins: HashMap<String, (Instant, LoginAttempt)>,
    /// In the order of their start. Keys of logins that were taken stay here until they reach the
    /// front.
    order: VecDeque<(Instant, String)>,
}

impl Waiting {
    /// Removes expired logins, and the oldest ones until there is room for one more.
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
    /// Creates a store that keeps at most 10 000 logins, each for half an hour; one more pushes the
    /// oldest out.
    pub fn new() -> Self {
        Self::with_limits(Duration::from_secs(1800), 10_000)
    }

    /// Creates a store that keeps at most `most` logins, each for `lifetime`; one more pushes the
    /// oldest out.
    pub fn with_limits(lifetime: Duration, most: usize) -> Self {
        Self {
            lifetime,
            most,
            waiting: Mutex::default(),
        }
    }
}

/// Shows the number of logins, because their keys are browser cookies.
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
    fn keep<'a>(&'a self, key: &'a str, attempt: LoginAttempt) -> BoxFuture<'a, Result<()>> {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.make_room(self.lifetime, self.most);
        waiting.order.push_back((now, key.to_owned()));
        waiting.logins.insert(key.to_owned(), (now, attempt));
        Box::pin(std::future::ready(Ok(())))
    }

    fn take<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<LoginAttempt>>> {
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

    /// A login is kept for its lifetime and no longer.
    #[tokio::test(start_paused = true)]
    async fn logins_wait_for_their_lifetime_and_no_longer() {
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

    /// Expired logins are removed before others.
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
