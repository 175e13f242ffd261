//! The parameters of a request, those of the caller included.

use crate::Secret;
use crate::endpoint::refuse_control_characters;
use crate::error::{Result, invalid_argument};
use crate::operation::Operation;

/// Parameters in the order they are sent. `Debug` shows no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    own: Vec<(&'static str, Secret)>,
    extra: Vec<(String, Secret)>,
    /// Whether `openid` is added to the scopes where it is missing.
    openid: bool,
}

impl Params {
    pub(crate) fn of(grant_type: &'static str) -> Self {
        let mut params = Self::default();
        params.push("grant_type", grant_type);
        params
    }

    /// Of a login, which asks for an ID token.
    pub(crate) fn with_openid(mut self) -> Self {
        self.set("scope", "openid");
        self.openid = true;
        self
    }

    pub(crate) fn leave_openid_out(&mut self) {
        self.openid = false;
        let scopes = self.get("scope").unwrap_or_default().split(' ');
        let rest: Vec<&str> = scopes.filter(|scope| *scope != "openid").collect();
        let rest = rest.join(" ");
        self.own.retain(|(name, _)| *name != "scope");
        if !rest.is_empty() {
            self.push("scope", rest);
        }
    }

    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Secret>) {
        self.own.push((name, value.into()));
    }

    /// In place of an earlier value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Secret>) {
        let mut value = value.into();
        if self.openid && name == "scope" {
            value = with_openid(value.expose()).into();
        }
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
        refuse_control_characters(op, &pairs)?;
        Ok(pairs)
    }
}

/// The scopes with `openid` among them.
pub(crate) fn with_openid(scope: &str) -> String {
    if scope.split(' ').any(|scope| scope == "openid") {
        return scope.to_owned();
    }
    format!("openid {scope}").trim_end().to_owned()
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

/// `.await` on a request sends it, and so does `send`.
macro_rules! awaitable {
    ($request:ident => $output:ty) => {
        impl $request {
            /// Sends the request and gives status and headers beside the value.
            ///
            /// # Errors
            /// As awaiting the request itself.
            pub async fn send(self) -> $crate::Result<$crate::Response<$output>> {
                self.answered().await
            }
        }

        impl std::future::IntoFuture for $request {
            type Output = $crate::Result<$output>;
            type IntoFuture =
                std::pin::Pin<Box<dyn std::future::Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { self.answered().await.map($crate::Response::into_value) })
            }
        }
    };
}

/// The setter of scopes.
macro_rules! scope {
    ($request:ident) => {
        impl $request {
            /// Scopes to ask for, separated by spaces. A login adds `openid` where it is missing.
            pub fn scope(mut self, scope: impl Into<String>) -> Self {
                self.params.set("scope", scope.into());
                self
            }
        }
    };
}

/// The setter of a login without an ID token.
macro_rules! without_openid {
    ($request:ident) => {
        impl $request {
            /// Does not add `openid` to the scopes: plain OAuth 2, which gives no ID token.
            pub fn without_openid(mut self) -> Self {
                self.params.leave_openid_out();
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

pub(crate) use {awaitable, issue_age, param, request, scope, without_openid};
