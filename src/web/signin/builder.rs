//! What a sign-in is set up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::SignIn;
use super::index::{MemorySessionIndex, SessionIndex};
use super::keeper::Keepers;
use super::return_path::ReturnPath;
use crate::error::{Result, config};
use crate::oidc::{Authorize, LoginStore, MemoryLoginStore, Oidc};

const MINUTE: Duration = Duration::from_secs(60);

/// How long a login may take, from the request to the callback.
pub(super) const LOGIN_LIFETIME: Duration = Duration::from_secs(1800);

pub(super) type Prepare = Arc<dyn Fn(Authorize) -> Authorize + Send + Sync>;

/// Sets up a [`SignIn`]; from [`SignIn::new`].
#[must_use = "a builder does nothing until it is built"]
pub struct SignInBuilder {
    oidc: Oidc,
    base_url: Option<String>,
    paths: Paths,
    after_logout: String,
    prepare: Prepare,
    logins: Arc<dyn LoginStore>,
    index: Arc<dyn SessionIndex>,
    idle: Duration,
    absolute: Duration,
}

pub(super) struct Settings {
    pub(super) oidc: Oidc,
    /// Scheme, host and port of the application, as a browser sends them as `Origin`.
    pub(super) origin: String,
    pub(super) secure: bool,
    pub(super) paths: Paths,
    pub(super) after_logout: ReturnPath,
    pub(super) prepare: Prepare,
    pub(super) logins: Arc<dyn LoginStore>,
    pub(super) index: Arc<dyn SessionIndex>,
    pub(super) keepers: Keepers,
    pub(super) idle: Duration,
    pub(super) absolute: Duration,
}

/// The paths of the routes.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub(super) login: String,
    pub(super) callback: String,
    pub(super) logout: String,
    pub(super) back_channel: String,
}

impl Paths {
    pub(super) fn all(&self) -> [&str; 4] {
        [
            &self.login,
            &self.callback,
            &self.logout,
            &self.back_channel,
        ]
    }

    /// A route is a path of letters, digits and a few marks, so that no router reads a pattern in it.
    fn check(&self) -> Result<()> {
        let all = self.all();
        for (place, path) in all.iter().enumerate() {
            let plain = path.starts_with('/')
                && !path.contains("//")
                && path
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
            if !plain {
                return Err(config(format!(
                    "the path {path:?} of the sign-in is not a plain path: write one like /login"
                )));
            }
            if all[..place].contains(path) {
                return Err(config(format!(
                    "the path {path:?} is set for two routes of the sign-in: give each its own"
                )));
            }
        }
        Ok(())
    }
}

impl SignInBuilder {
    pub(super) fn new(oidc: Oidc) -> Self {
        Self {
            oidc,
            base_url: None,
            paths: Paths {
                login: "/login".into(),
                callback: "/callback".into(),
                logout: "/logout".into(),
                back_channel: "/backchannel-logout".into(),
            },
            after_logout: "/".into(),
            prepare: Arc::new(|login| login),
            logins: Arc::new(MemoryLoginStore::with_limits(LOGIN_LIFETIME, 10_000)),
            index: Arc::new(MemorySessionIndex::new()),
            idle: 30 * MINUTE,
            absolute: 600 * MINUTE,
        }
    }

    /// Sets where browsers reach the application, such as `https://app.example`: scheme, host and
    /// port, without a path. It must be set. The client's redirect URI at the provider is this and
    /// the [`callback_path`](Self::callback_path).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets the path where logins start; `/login` unless set.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.paths.login = path.into();
        self
    }

    /// Sets the path that the browser comes back to from the provider; `/callback` unless set.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.paths.callback = path.into();
        self
    }

    /// Sets the path that logout forms are sent to; `/logout` unless set.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.logout = path.into();
        self
    }

    /// Sets the path that the provider sends logout tokens to; `/backchannel-logout` unless set.
    pub fn backchannel_logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.back_channel = path.into();
        self
    }

    /// Sets the path that the browser comes back to after a logout; `/` unless set. The URL must be
    /// registered as a post logout redirect URI of the client.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.after_logout = path.into();
        self
    }

    /// Changes every login before it starts: scopes, languages, an identity provider. The redirect
    /// URI is that of the sign-in.
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::web::SignIn;
    ///
    /// let signin = SignIn::new(oidc)
    ///     .base_url("https://app.example")
    ///     .logins(|login| login.scope("profile email organization"))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn logins(
        mut self,
        prepare: impl Fn(Authorize) -> Authorize + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Arc::new(prepare);
        self
    }

    /// Keeps logins in progress in this store; in this process's memory unless set. Applications
    /// that run as several processes need one that the processes share.
    pub fn login_store(mut self, store: impl LoginStore) -> Self {
        self.logins = Arc::new(store);
        self
    }

    /// Keeps which sessions have ended in this index; in this process's memory unless set.
    /// Applications that run as several processes need one that the processes share.
    pub fn session_index(mut self, index: impl SessionIndex) -> Self {
        self.index = Arc::new(index);
        self
    }

    /// Ends sessions that were not used for this long; 30 minutes unless set. It is counted in steps
    /// of up to a minute.
    pub fn idle_lifetime(mut self, lifetime: Duration) -> Self {
        self.idle = lifetime;
        self
    }

    /// Ends sessions this long after their login, however much they are used; 10 hours unless set.
    pub fn absolute_lifetime(mut self, lifetime: Duration) -> Self {
        self.absolute = lifetime;
        self
    }

    /// Builds the sign-in.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if no base URL is
    /// set or it is not an `http` or `https` URL without a path, if a path is not a plain path, or
    /// if two routes have one path.
    pub fn build(self) -> Result<SignIn> {
        let wrong = |why: &str| {
            config(format!(
                "the base URL of the sign-in {why}: write one like https://app.example"
            ))
        };
        let base = self.base_url.ok_or_else(|| wrong("is not set"))?;
        let url = Url::parse(&base).map_err(|_| wrong("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("is not an http or https URL"));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has more than scheme, host and port"));
        }
        self.paths.check()?;
        let after_logout = ReturnPath::new(&self.after_logout).ok_or_else(|| {
            config("the path after a logout is not a path of this site: write one like /bye")
        })?;
        let settings = Settings {
            oidc: self.oidc,
            origin: url.origin().ascii_serialization(),
            secure: url.scheme() == "https",
            paths: self.paths,
            after_logout,
            prepare: self.prepare,
            logins: self.logins,
            index: self.index,
            keepers: Keepers::default(),
            idle: self.idle,
            absolute: self.absolute,
        };
        Ok(SignIn {
            settings: Arc::new(settings),
        })
    }
}

impl fmt::Debug for SignInBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInBuilder")
            .field("oidc", &self.oidc)
            .field("base_url", &self.base_url)
            .field("paths", &self.paths)
            .field("idle_lifetime", &self.idle)
            .field("absolute_lifetime", &self.absolute)
            .finish_non_exhaustive()
    }
}
