//! The parameters of a request, those of the caller included.

use crate::Secret;
use crate::error::{Result, invalid_argument};
use crate::http::operation::Operation;

/// Parameters in the order they are sent. `Debug` shows no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    own: Vec<(&'static str, Secret)>,
    extra: Vec<(String, Secret)>,
}

impl Params {
    pub(crate) fn of(grant_type: &'static str) -> Self {
        let mut params = Self::default();
        params.push("grant_type", grant_type);
        params
    }

    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Secret>) {
        self.own.push((name, value.into()));
    }

    /// In place of an earlier value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Secret>) {
        self.own.retain(|(known, _)| *known != name);
        self.push(name, value);
    }

    /// A parameter that this crate does not know.
    pub(crate) fn extra(&mut self, name: String, value: Secret) {
        self.extra.push((name, value));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.own.iter().find(|(known, _)| *known == name)?;
        Some(value.expose())
    }

    /// All of them. A parameter of the caller must not be one that the request sets itself: the
    /// server would see it twice.
    pub(crate) fn pairs(&self, op: &Operation, reserved: &[&str]) -> Result<Vec<(&str, &str)>> {
        let mut pairs: Vec<(&str, &str)> = self
            .own
            .iter()
            .map(|(name, value)| (*name, value.expose()))
            .collect();
        for (name, value) in &self.extra {
            if reserved.contains(&name.as_str()) || self.get(name).is_some() {
                return Err(invalid_argument(
                    op,
                    format!("the parameter {name:?} is set by the request itself: leave it out"),
                ));
            }
            pairs.push((name, value.expose()));
        }
        Ok(pairs)
    }
}

/// What the client adds to a form to name and prove itself.
pub(crate) const CLIENT: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// The setter of parameters that have none.
macro_rules! param {
    ($request:ident) => {
        impl $request {
            /// Adds a parameter that has no setter here; the same name can be given several times.
            /// One that the request sets itself is refused.
            #[must_use = "the parameter is in what this gives back"]
            pub fn param(
                mut self,
                name: impl Into<String>,
                value: impl Into<$crate::Secret>,
            ) -> Self {
                self.params.extra(name.into(), value.into());
                self
            }
        }
    };
}

/// Setters that every request with parameters has, and `.await`.
macro_rules! request {
    ($request:ident => $output:ty) => {
        $crate::oidc::form::param!($request);
        $crate::oidc::form::awaitable!($request => $output);
    };
}

/// `.await` on a request sends it.
macro_rules! awaitable {
    ($request:ident => $output:ty) => {
        impl std::future::IntoFuture for $request {
            type Output = $crate::Result<$output>;
            type IntoFuture =
                std::pin::Pin<Box<dyn std::future::Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

/// The setter of scopes.
macro_rules! scope {
    ($request:ident) => {
        impl $request {
            /// Scopes to ask for, separated by spaces.
            pub fn scope(mut self, scope: impl Into<String>) -> Self {
                self.params.set("scope", scope.into());
                self
            }
        }
    };
}

/// The setter of the greatest age of an ID token.
macro_rules! issue_age {
    ($request:ident) => {
        impl $request {
            /// The ID token must have been made at most so long ago (`iat`), in place of what is
            /// set for the client.
            pub fn max_issue_age(mut self, age: std::time::Duration) -> Self {
                self.max_issue_age = Some(age);
                self
            }
        }
    };
}

pub(crate) use {awaitable, issue_age, param, request, scope};
