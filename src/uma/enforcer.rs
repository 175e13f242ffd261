//! Access decisions for HTTP requests by path and method. A request is denied unless a rule and the
//! server allow it.

mod cache;
mod pattern;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;

use self::cache::Cache;
use self::pattern::{Pattern, segments};
use super::access::AuthStatus;
use super::requested::RequestedPermission;
use super::resources::Resource;
use crate::error::{Result, config};
use crate::jose;
use crate::oidc::Oidc;

/// The default size of the cache, and the default age of its entries.
const ENTRIES: usize = 10_000;
const AGE: Duration = Duration::from_secs(30);

/// The permissions required for requests to matching paths.
#[derive(Debug, Clone)]
pub struct PathRule {
    pattern: String,
    access: Vec<(Method, Vec<RequestedPermission>)>,
    open: bool,
}

impl PathRule {
    /// Creates a rule that allows no method yet. Patterns are paths such as `/albums`,
    /// `/albums/{id}` (one segment) and `/albums/*` (`/albums` and everything below).
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            access: Vec::new(),
            open: false,
        }
    }

    /// Allows every method to everyone, without a token.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Allows a method to callers with all of these permissions, in addition to those set before
    /// for the method.
    #[must_use]
    pub fn method<P: Into<RequestedPermission>>(
        mut self,
        method: Method,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let permissions = permissions.into_iter().map(Into::into);
        match self.access.iter_mut().find(|(known, _)| *known == method) {
            Some((_, wanted)) => wanted.extend(permissions),
            None => self.access.push((method, permissions.collect())),
        }
        self
    }

    /// Creates a rule for each URI of a resource. `methods` assigns scopes to methods: a method is
    /// allowed to callers with its scope, or with all its scopes if there are several. Scopes that
    /// the resource lacks are ignored.
    ///
    /// [`build`](PathEnforcerBuilder::build) refuses a URI that is not a path pattern, such as
    /// `https://host/x` or `*.html`, and a URI of two resources. Write rules for such URIs by hand.
    pub fn of_resource(resource: &Resource, methods: &[(Method, &str)]) -> Vec<Self> {
        let name = resource.id.as_ref().unwrap_or(&resource.name);
        let has = |scope: &str| resource.scopes.iter().any(|known| known == scope);
        let rule = |uri: &String| {
            let methods = methods.iter().filter(|(_, scope)| has(scope));
            methods.fold(Self::new(uri), |rule, (method, scope)| {
                let wanted = RequestedPermission::resource(name).scope(*scope);
                rule.method(method.clone(), [wanted])
            })
        };
        resource.uris.iter().map(rule).collect()
    }
}

/// The decision about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Access is granted.
    Granted,
    /// There is no token, or the server does not accept it: respond with 401.
    NotLoggedIn,
    /// Permissions are missing, or no rule allows the request: respond with 403.
    Denied,
}

/// A builder for a [`PathEnforcer`], from [`Oidc::path_enforcer`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct PathEnforcerBuilder {
    oidc: Oidc,
    rules: Vec<PathRule>,
    entries: usize,
    age: Duration,
    holder_verified: bool,
}

/// Decides about requests by path and method. Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct PathEnforcer {
    inner: Arc<PathEnforcerInner>,
}

struct PathEnforcerInner {
    oidc: Oidc,
    rules: Vec<(Pattern, PathRule)>,
    cache: Cache,
    holder_verified: bool,
}

impl Oidc {
    /// Returns a builder for access decisions about HTTP requests to this client, a resource
    /// server.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: Option<&str>) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::Method;
    /// use keycloak_kit::uma::{Access, PathRule};
    ///
    /// let methods = [(Method::GET, "view"), (Method::PUT, "edit")];
    /// let resources = oidc.uma().resources().list().await?;
    /// let enforcer = oidc
    ///     .path_enforcer()
    ///     .rule(PathRule::new("/health").open())
    ///     .rules(resources.iter().flat_map(|r| PathRule::of_resource(r, &methods)))
    ///     .build()?;
    /// match enforcer.check(&Method::GET, "/albums/7", bearer).await? {
    ///     Access::Granted => println!("200"),
    ///     Access::NotLoggedIn => println!("401"),
    ///     _ => println!("403"),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn path_enforcer(&self) -> PathEnforcerBuilder {
        PathEnforcerBuilder {
            oidc: self.clone(),
            rules: Vec::new(),
            entries: ENTRIES,
            age: AGE,
            holder_verified: false,
        }
    }
}

impl PathEnforcerBuilder {
    /// Adds a rule.
    pub fn rule(mut self, rule: PathRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds rules.
    pub fn rules(mut self, rules: impl IntoIterator<Item = PathRule>) -> Self {
        self.rules.extend(rules);
        self
    }

    /// Sets how many decisions are cached, and for how long. The defaults are 10,000 and 30 s; no
    /// decision is used after the token has expired.
    ///
    /// Denials are cached too. Within this time a revoked permission still works, and a new one is
    /// still refused. An age of zero disables the cache.
    pub fn cache(mut self, entries: usize, age: Duration) -> Self {
        self.entries = entries;
        self.age = age;
        self
    }

    /// Also accepts tokens bound to a TLS certificate or a key. Before each
    /// [`check`](PathEnforcer::check) the caller must verify that the bearer holds it; see
    /// [`Permissions::holder_verified`](super::Permissions::holder_verified).
    pub fn holder_verified(mut self) -> Self {
        self.holder_verified = true;
        self
    }

    /// Creates the enforcer. Nothing is sent until the first request.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if a pattern is not a path pattern, two rules have the
    /// same pattern, or an open rule has methods.
    pub fn build(self) -> Result<PathEnforcer> {
        let mut rules: Vec<(Pattern, PathRule)> = Vec::new();
        for rule in self.rules {
            let pattern = Pattern::parse(&rule.pattern).ok_or_else(|| {
                config(format!(
                    "{:?} is not a path pattern: write it like /albums, /albums/{{id}} or /albums/*",
                    rule.pattern
                ))
            })?;
            if rule.open && !rule.access.is_empty() {
                return Err(config(format!(
                    "the rule for {:?} is open, but has methods that need permissions",
                    rule.pattern
                ))
                .with_hint("an open rule allows every method: use either open or method"));
            }
            if rules.iter().any(|(known, _)| known.is_same(&pattern)) {
                return Err(config(format!(
                    "two rules match the same paths; the second is {:?}",
                    rule.pattern
                )));
            }
            rules.push((pattern, rule));
        }
        // Only the most specific matching rule decides.
        rules.sort_by_key(|(pattern, _)| Reverse(pattern.specificity()));
        Ok(PathEnforcer {
            inner: Arc::new(PathEnforcerInner {
                oidc: self.oidc,
                rules,
                cache: Cache::new(self.entries, self.age),
                holder_verified: self.holder_verified,
            }),
        })
    }
}

impl PathEnforcer {
    /// Decides about a request. `path` is the raw path of the request, with or without query. An
    /// ambiguous path (dot segments, encoded slashes, empty segments, `#`) is denied. `bearer` is
    /// the access token of the request.
    ///
    /// # Errors
    /// - If the server cannot be asked, respond with 503. An error is never a decision, and is not
    ///   cached.
    /// - The error has [`Binding`](crate::TokenFault::Binding) if the token is bound to a TLS
    ///   certificate or a key (DPoP): respond with 401; see
    ///   [`holder_verified`](PathEnforcerBuilder::holder_verified).
    pub async fn check(&self, method: &Method, path: &str, bearer: Option<&str>) -> Result<Access> {
        let Some(segments) = segments(path) else {
            return Ok(Access::Denied);
        };
        let mut rules = self.inner.rules.iter();
        let Some((_, rule)) = rules.find(|(pattern, _)| pattern.matches(&segments)) else {
            return Ok(Access::Denied);
        };
        if rule.open {
            return Ok(Access::Granted);
        }
        let Some(bearer) = bearer.filter(|bearer| !bearer.is_empty()) else {
            return Ok(Access::NotLoggedIn);
        };
        let mut methods = rule.access.iter();
        let Some((_, wanted)) = methods.find(|(known, _)| known == method) else {
            return Ok(Access::Denied);
        };
        if wanted.is_empty() {
            return Ok(Access::Denied);
        }
        let key = cache::key(bearer, wanted);
        if let Some(known) = self.inner.cache.get(&key) {
            return Ok(known);
        }
        let asked =
            self.inner
                .oidc
                .access(bearer.into(), wanted.clone(), self.inner.holder_verified);
        let status = asked.await?;
        let access = match status {
            AuthStatus {
                logged_in: false, ..
            } => Access::NotLoggedIn,
            AuthStatus {
                authorized: true, ..
            } => Access::Granted,
            _ => Access::Denied,
        };
        let left = jose::decode_unverified(bearer)
            .ok()
            .and_then(|token| jose::time::seconds(token.claims(), "exp"))
            .map(|end| end - jose::time::unix_seconds(SystemTime::now()) as f64);
        let left = left.map_or(Duration::MAX, |left| {
            Duration::try_from_secs_f64(left).unwrap_or_default()
        });
        self.inner.cache.put(key, access.clone(), left);
        Ok(access)
    }

    /// Clears the cache, for example after permissions were changed.
    pub fn forget(&self) {
        self.inner.cache.clear();
    }
}

impl fmt::Debug for PathEnforcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathEnforcer")
            .field("rules", &self.inner.rules.len())
            .finish_non_exhaustive()
    }
}
