//! What a sign-in is set up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::SignIn;
use super::index::{MemorySessionIndex, SessionIndex};
use super::keeper::Keepers;
use super::keys::{SessionKey, SessionKeys};
use super::return_path::ReturnPath;
use super::shared::{Shared, SharedStore};
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
    logins: Option<Arc<dyn LoginStore>>,
    index: Option<Arc<dyn SessionIndex>>,
    shared: Option<Arc<dyn SharedStore>>,
    keys: Option<SessionKeys>,
    form_post: bool,
    actions: Vec<String>,
    organizations: Vec<String>,
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
    pub(super) shared: Option<Shared>,
    pub(super) keys: SessionKeys,
    pub(super) form_post: bool,
    pub(super) actions: Vec<String>,
    pub(super) organizations: Vec<String>,
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
    /// Not there unless set.
    pub(super) front_channel: Option<String>,
}

impl Paths {
    pub(super) fn all(&self) -> Vec<&str> {
        let always = [
            self.login.as_str(),
            &self.callback,
            &self.logout,
            &self.back_channel,
        ];
        always
            .into_iter()
            .chain(self.front_channel.as_deref())
            .collect()
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
                front_channel: None,
            },
            after_logout: "/".into(),
            prepare: Arc::new(|login| login),
            logins: None,
            index: None,
            shared: None,
            keys: None,
            form_post: false,
            actions: Vec::new(),
            organizations: Vec::new(),
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

    /// Adds a path for front-channel logouts, such as `/frontchannel-logout`: the provider's logout
    /// page opens it in a frame, with the issuer and the session. The route does not exist unless set. The
    /// request has no proof and no cookie: who knows the id of a session at the provider can end it.
    /// A [back-channel logout](Self::backchannel_logout_path) has a proof, and reaches the
    /// application also where the browser stops half-way.
    pub fn frontchannel_logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.front_channel = Some(path.into());
        self
    }

    /// Asks the provider to send the response to the login in the body of a `POST` (`form_post`), so
    /// that the code is in no URL. The cookie of an attempt is `SameSite=None` then, for which the
    /// base URL must be `https`. With a session cookie that is not, the browser shows no session to
    /// the callback: what the application kept for it before the login is left behind.
    pub fn form_post(mut self) -> Self {
        self.form_post = true;
        self
    }

    /// Allows that `/login` takes these actions as `kc_action`, such as `UPDATE_PASSWORD`: Keycloak
    /// has the user do them. Others are ignored; none is allowed unless set.
    pub fn actions<S: Into<String>>(mut self, actions: impl IntoIterator<Item = S>) -> Self {
        self.actions = actions.into_iter().map(Into::into).collect();
        self
    }

    /// Allows that `/login` takes these aliases as `organization`: the login is for that one, so that
    /// a user changes between organizations. Others are ignored; none is allowed unless set.
    pub fn organizations<S: Into<String>>(mut self, aliases: impl IntoIterator<Item = S>) -> Self {
        self.organizations = aliases.into_iter().map(Into::into).collect();
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
    /// that run as several processes need one that the processes share, such as that of
    /// [`shared`](Self::shared).
    pub fn login_store(mut self, store: impl LoginStore) -> Self {
        self.logins = Some(Arc::new(store));
        self
    }

    /// Keeps which sessions have ended in this index; in this process's memory unless set.
    /// Applications that run as several processes need one that the processes share, such as that of
    /// [`shared`](Self::shared).
    pub fn session_index(mut self, index: impl SessionIndex) -> Self {
        self.index = Some(Arc::new(index));
        self
    }

    /// Shares with the other processes of the application, by this store: logins in progress, which
    /// sessions have ended, used logout tokens, and the tokens of each login, which are refreshed
    /// once for all processes. [`keys`](Self::keys) must be set, to the same in all of them; the
    /// session store is set apart.
    pub fn shared(mut self, store: impl SharedStore) -> Self {
        self.shared = Some(Arc::new(store));
        self
    }

    /// Encrypts what the session store keeps of a login with these keys, for its session alone. Unless
    /// set, a key is made at random, and logins end with the process: set keys for a session store
    /// that outlives it, and the same ones in all processes of an application.
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::web::{SessionKeys, SignIn};
    ///
    /// let signin = SignIn::new(oidc)
    ///     .base_url("https://app.example")
    ///     .keys(SessionKeys::from_env("SESSION_KEYS")?)
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn keys(mut self, keys: SessionKeys) -> Self {
        self.keys = Some(keys);
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
    /// set or it is not an `http` or `https` URL without a path, if a path is not a plain path, if
    /// two routes have one path, if `form_post` is set with an `http` base URL, or if a shared store
    /// is set and no keys are.
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
        if self.form_post && url.scheme() != "https" {
            return Err(config(
                "form_post needs an https base URL: browsers take a SameSite=None cookie from no other",
            ));
        }
        let after_logout = ReturnPath::new(&self.after_logout).ok_or_else(|| {
            config("the path after a logout is not a path of this site: write one like /bye")
        })?;
        let keys = match self.keys {
            Some(keys) => keys,
            None if self.shared.is_some() => {
                return Err(config(
                    "the processes that share a store have no common keys: set \
                     SignInBuilder::keys to the same ones in all of them",
                ));
            }
            None => SessionKeys::new(SessionKey::random()?),
        };
        let shared = self.shared.map(|store| Shared {
            store,
            keys: keys.clone(),
        });
        let logins = self.logins.unwrap_or_else(|| match &shared {
            Some(shared) => Arc::new(shared.clone()),
            None => Arc::new(MemoryLoginStore::with_limits(LOGIN_LIFETIME, 10_000)),
        });
        let index = self.index.unwrap_or_else(|| match &shared {
            Some(shared) => Arc::new(shared.clone()),
            None => Arc::new(MemorySessionIndex::new()),
        });
        let settings = Settings {
            oidc: self.oidc,
            origin: url.origin().ascii_serialization(),
            secure: url.scheme() == "https",
            paths: self.paths,
            after_logout,
            prepare: self.prepare,
            logins,
            index,
            keepers: Keepers::default(),
            shared,
            keys,
            form_post: self.form_post,
            actions: self.actions,
            organizations: self.organizations,
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
