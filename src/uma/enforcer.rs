//! Deciding about HTTP requests: by path and method, denied unless a rule and the server allow it.

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

/// How many decisions are kept, and how long.
const ENTRIES: usize = 10_000;
const AGE: Duration = Duration::from_secs(30);

/// What requests to some paths need.
#[derive(Debug, Clone)]
pub struct PathRule {
    pattern: String,
    access: Vec<(Method, Vec<RequestedPermission>)>,
    open: bool,
}

impl PathRule {
    /// For paths like `/albums` or `/albums/{id}` (one segment), `/albums/*` (everything below,
    /// and `/albums` itself). No method is allowed yet.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            access: Vec::new(),
            open: false,
        }
    }

    /// Everybody may send every method.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Requests of this method need each of these permissions, beside those that it was given
    /// before.
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

    /// A rule for each URI of a resource: a method is allowed to whoever has its scope, where the
    /// resource has this scope (all of them, where a method has several). A URI that is no pattern
    /// for paths, such as `https://host/x` or `*.html`, and one that two resources have are refused
    /// by [`build`](PathEnforcerBuilder::build): write rules for these.
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

/// What is decided about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Let it through.
    Granted,
    /// There is no token, or the server does not accept it: answer 401.
    NotLoggedIn,
    /// Permissions are missing, or no rule allows the request: answer 403.
    Denied,
}

/// Sets up a [`PathEnforcer`]; from [`Oidc::path_enforcer`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct PathEnforcerBuilder {
    oidc: Oidc,
    rules: Vec<PathRule>,
    entries: usize,
    age: Duration,
    holder_verified: bool,
}

/// Decides about requests by their path and method. Cheap to clone; clones share what is cached.
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
    /// Decides about HTTP requests to this client, a resource server.
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

    /// How many decisions are kept at most, and how long; 10 000 and 30 s unless set, and never
    /// longer than the token is good for. Denials are kept too: within that time a permission that
    /// was taken away still works, and one that was just granted is still refused. With an age of zero every request asks the server.
    pub fn cache(mut self, entries: usize, age: Duration) -> Self {
        self.entries = entries;
        self.age = age;
        self
    }

    /// Decides about tokens that are bound to a TLS certificate or a key too: before each
    /// [`check`](PathEnforcer::check) the caller has verified that the bearer holds it; see
    /// [`Permissions::holder_verified`](super::Permissions::holder_verified).
    pub fn holder_verified(mut self) -> Self {
        self.holder_verified = true;
        self
    }

    /// Checks the rules. Nothing is sent until the first request.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if a pattern is not a pattern for paths, if two rules have the
    /// same pattern, or if a rule is open and names methods.
    pub fn build(self) -> Result<PathEnforcer> {
        let mut rules: Vec<(Pattern, PathRule)> = Vec::new();
        for rule in self.rules {
            let pattern = Pattern::parse(&rule.pattern).ok_or_else(|| {
                config(format!(
                    "{:?} is no pattern for paths: write it like /albums, /albums/{{id}} or \
                     /albums/*",
                    rule.pattern
                ))
            })?;
            if rule.open && !rule.access.is_empty() {
                return Err(config(format!(
                    "the rule for {:?} is open, and names methods that need permissions",
                    rule.pattern
                ))
                .with_hint("an open rule lets every method through: write one or the other"));
            }
            if rules.iter().any(|(known, _)| known.is_same(&pattern)) {
                return Err(config(format!(
                    "two rules are for the same paths, the second is {:?}",
                    rule.pattern
                )));
            }
            rules.push((pattern, rule));
        }
        // The one that says most about a path decides alone.
        rules.sort_by_key(|(pattern, _)| Reverse(pattern.weight()));
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
    /// Decides about one request. `path` is the raw path of the request, with or without query;
    /// one that can be read in two ways (dot segments, encoded slashes, empty segments, `#`) is denied.
    /// `bearer` is the access token that came with it.
    ///
    /// # Errors
    /// When the server cannot be asked: answer 503. That is never a decision, and never cached. With
    /// [`Binding`](crate::TokenFault::Binding) when the token is bound to a TLS certificate or a key
    /// (DPoP): answer 401; see [`holder_verified`](PathEnforcerBuilder::holder_verified).
    pub async fn check(&self, method: &Method, path: &str, bearer: Option<&str>) -> Result<Access> {
        let Some(segments) = segments(path) else {
            return Ok(Access::Denied);
        };
        let mut rules = self.inner.rules.iter();
        let Some((_, rule)) = rules.find(|(pattern, _)| pattern.fits(&segments)) else {
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

    /// Forgets all decisions, such as after permissions were changed.
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
