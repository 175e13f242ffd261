//! What a caller must have.

use std::fmt;
use std::ops::Not;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde_json::Value;

use super::caller::Caller;
#[cfg(feature = "signin")]
use super::signin::User;
use crate::oidc::{AccessTokenClaims, has_claim};

/// What a caller must have: made by the functions of this module, and composed by
/// [`and`](Self::and), [`or`](Self::or) and `!`.
///
/// ```
/// use keycloak_kit::web::{Requirement, client_role, organization, realm_role, scope};
///
/// let readers = realm_role("auditor").or(scope("reports:read"));
/// let ours = organization("acme").and(readers).and(!client_role("api", "suspended"));
/// ```
#[derive(Clone)]
pub struct Requirement(Node);

#[derive(Clone)]
enum Node {
    RealmRole(String),
    ClientRole(String, String),
    Scope(String),
    Group(String),
    Organization(String),
    Acr(Vec<String>),
    LoggedInWithin(Duration),
    Claim(String, Value),
    Policy(Policy),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

type Allows<T> = Arc<dyn Fn(&Parts, &T) -> bool + Send + Sync>;

/// A function of the application, which knows callers or users.
#[derive(Clone)]
pub(super) enum Policy {
    Caller(Allows<Caller>),
    #[cfg(feature = "signin")]
    User(Allows<User>),
}

/// Who meets a requirement or does not: a caller, or a user who is signed in.
pub(super) trait Holder {
    fn claims(&self) -> &AccessTokenClaims;

    /// The time that ages of logins are counted to.
    fn now(&self) -> SystemTime;

    /// What a policy says; `None` if it knows nothing of this kind of holder.
    fn allowed_by(&self, policy: &Policy, request: &Parts) -> Option<bool>;
}

/// Requires a role of the realm.
#[must_use]
pub fn realm_role(role: impl Into<String>) -> Requirement {
    Requirement(Node::RealmRole(role.into()))
}

/// Requires a role of a client.
#[must_use]
pub fn client_role(client_id: impl Into<String>, role: impl Into<String>) -> Requirement {
    Requirement(Node::ClientRole(client_id.into(), role.into()))
}

/// Requires a scope.
#[must_use]
pub fn scope(scope: impl Into<String>) -> Requirement {
    Requirement(Node::Scope(scope.into()))
}

/// Requires a group, as a mapper writes it into the token: with its path (`/staff/admins`) or as its
/// name alone.
#[must_use]
pub fn group(group: impl Into<String>) -> Requirement {
    Requirement(Node::Group(group.into()))
}

/// Requires an organization, by its alias.
#[must_use]
pub fn organization(alias: impl Into<String>) -> Requirement {
    Requirement(Node::Organization(alias.into()))
}

/// Requires that the user logged in at one of these levels (`acr`). Who did not is asked to log in
/// again (RFC 9470).
#[must_use]
pub fn acr<T: Into<String>>(levels: impl IntoIterator<Item = T>) -> Requirement {
    Requirement(Node::Acr(levels.into_iter().map(Into::into).collect()))
}

/// Requires that the user logged in at most this long ago (`auth_time`). Who did not is asked to log
/// in again (RFC 9470).
#[must_use]
pub fn logged_in_within(age: Duration) -> Requirement {
    Requirement(Node::LoggedInWithin(age))
}

/// Requires a claim of this value, or a list that has it.
#[must_use]
pub fn claim(name: impl Into<String>, value: impl Into<Value>) -> Requirement {
    Requirement(Node::Claim(name.into(), value.into()))
}

/// Requires what a function says of the request and its caller.
///
/// ```
/// use keycloak_kit::web::policy;
///
/// // /organizations/{alias}/..: members only.
/// let members = policy(|request, caller| {
///     let alias = request.uri.path().split('/').nth(2);
///     alias.is_some_and(|alias| caller.organizations().contains(&alias))
/// });
/// ```
#[must_use]
pub fn policy(allows: impl Fn(&Parts, &Caller) -> bool + Send + Sync + 'static) -> Requirement {
    Requirement(Node::Policy(Policy::Caller(Arc::new(allows))))
}

/// Requires what a function says of the request and the user who is signed in. No caller of an API
/// meets it, as no user meets a [`policy`].
#[cfg(feature = "signin")]
#[must_use]
pub fn user_policy(allows: impl Fn(&Parts, &User) -> bool + Send + Sync + 'static) -> Requirement {
    Requirement(Node::Policy(Policy::User(Arc::new(allows))))
}

/// Requires one of these. Nobody meets an empty list.
#[must_use]
pub fn any_of(requirements: impl IntoIterator<Item = Requirement>) -> Requirement {
    Requirement(Node::Any(
        requirements.into_iter().map(|one| one.0).collect(),
    ))
}

impl Requirement {
    /// Requires both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(match self.0 {
            Node::All(mut all) => {
                all.push(other.0);
                Node::All(all)
            }
            node => Node::All(vec![node, other.0]),
        })
    }

    /// Requires one of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(match self.0 {
            Node::Any(mut all) => {
                all.push(other.0);
                Node::Any(all)
            }
            node => Node::Any(vec![node, other.0]),
        })
    }

    /// Returns what is missing.
    pub(super) fn check(&self, holder: &impl Holder, request: Option<&Parts>) -> Result<(), Unmet> {
        self.0.check(holder, request)
    }
}

impl Not for Requirement {
    type Output = Self;

    fn not(self) -> Self {
        Self(Node::Not(Box::new(self.0)))
    }
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a caller lacks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Unmet {
    /// What no other login gives.
    pub(super) denied: bool,
    /// A policy could not be asked, so that the opposite is not met either.
    undecided: bool,
    pub(super) scopes: Vec<String>,
    pub(super) acr: Vec<String>,
    pub(super) max_age: Option<Duration>,
}

impl Unmet {
    pub(super) fn denied() -> Self {
        Self {
            denied: true,
            ..Self::default()
        }
    }

    /// Of two that are both missing.
    fn with(mut self, other: Self) -> Self {
        self.denied |= other.denied;
        self.undecided &= other.undecided;
        self.scopes.extend(other.scopes);
        if self.acr.is_empty() {
            self.acr = other.acr;
        } else if !other.acr.is_empty() {
            self.acr.retain(|level| other.acr.contains(level));
            self.denied |= self.acr.is_empty();
        }
        self.max_age = match (self.max_age, other.max_age) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self
    }

    /// Whether another login can give what is missing.
    pub(super) fn login_helps(&self) -> bool {
        !self.denied && self.scopes.is_empty()
    }

    /// How much the caller would have to change: a login is less than a scope, which is less than a
    /// role.
    fn distance(&self) -> u8 {
        match (self.denied, self.scopes.is_empty()) {
            (true, _) => 2,
            (false, false) => 1,
            (false, true) => 0,
        }
    }
}

impl Node {
    fn check(&self, holder: &impl Holder, request: Option<&Parts>) -> Result<(), Unmet> {
        let claims = holder.claims();
        let met = match self {
            Self::RealmRole(role) => claims.has_realm_role(role),
            Self::ClientRole(client, role) => claims.has_client_role(client, role),
            Self::Group(group) => claims.groups().contains(&group.as_str()),
            Self::Organization(alias) => claims.organizations().contains(&alias.as_str()),
            Self::Claim(name, wanted) => has_claim(claims.claims(), name, wanted),
            Self::Policy(policy) => {
                let undecided = Unmet {
                    undecided: true,
                    ..Unmet::denied()
                };
                let said = request.and_then(|request| holder.allowed_by(policy, request));
                said.ok_or(undecided)?
            }
            Self::Scope(scope) => {
                let unmet = || Unmet {
                    scopes: vec![scope.clone()],
                    ..Unmet::default()
                };
                return claims.has_scope(scope).then_some(()).ok_or_else(unmet);
            }
            Self::Acr(levels) => {
                let met = claims
                    .acr()
                    .is_some_and(|acr| levels.iter().any(|level| level == acr));
                let unmet = || Unmet {
                    acr: levels.clone(),
                    denied: levels.is_empty(),
                    ..Unmet::default()
                };
                return met.then_some(()).ok_or_else(unmet);
            }
            Self::LoggedInWithin(age) => {
                let at = claims.auth_time();
                let since = at.map(|at| holder.now().duration_since(at).unwrap_or_default());
                let unmet = || Unmet {
                    max_age: Some(*age),
                    ..Unmet::default()
                };
                let met = since.is_some_and(|since| since <= *age);
                return met.then_some(()).ok_or_else(unmet);
            }
            Self::Not(node) => match node.check(holder, request) {
                Err(unmet) if unmet.undecided => return Err(unmet),
                checked => checked.is_err(),
            },
            Self::All(all) => {
                let unmet = all
                    .iter()
                    .filter_map(|node| node.check(holder, request).err())
                    .reduce(Unmet::with);
                return unmet.map_or(Ok(()), Err);
            }
            Self::Any(any) => {
                let mut nearest: Option<Unmet> = None;
                let mut undecided = false;
                for node in any {
                    let Err(unmet) = node.check(holder, request) else {
                        return Ok(());
                    };
                    undecided |= unmet.undecided;
                    if nearest
                        .as_ref()
                        .is_none_or(|nearest| unmet.distance() < nearest.distance())
                    {
                        nearest = Some(unmet);
                    }
                }
                return Err(Unmet {
                    undecided,
                    ..nearest.unwrap_or_else(Unmet::denied)
                });
            }
        };
        met.then_some(()).ok_or_else(Unmet::denied)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, all: &[Self], word: &str| {
            f.write_str("(")?;
            for (place, node) in all.iter().enumerate() {
                if place > 0 {
                    write!(f, " {word} ")?;
                }
                node.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Self::RealmRole(role) => write!(f, "realm_role({role:?})"),
            Self::ClientRole(client, role) => write!(f, "client_role({client:?}, {role:?})"),
            Self::Scope(scope) => write!(f, "scope({scope:?})"),
            Self::Group(group) => write!(f, "group({group:?})"),
            Self::Organization(alias) => write!(f, "organization({alias:?})"),
            Self::Acr(levels) => write!(f, "acr({levels:?})"),
            Self::LoggedInWithin(age) => write!(f, "logged_in_within({age:?})"),
            Self::Claim(name, _) => write!(f, "claim({name:?}, ..)"),
            Self::Policy(_) => f.write_str("policy(..)"),
            Self::All(all) => list(f, all, "and"),
            Self::Any(any) => list(f, any, "or"),
            Self::Not(node) => write!(f, "not {node:?}"),
        }
    }
}
