//! The parameters of a request, including those of the caller.

use crate::Secret;
use crate::endpoint::refuse_control_characters;
use crate::error::{Result, invalid_argument};
use crate::operation::Operation;

/// Parameters in the order in which they are sent. `Debug` shows no values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    own: Vec<(&'static str, Secret)>,
    extra: Vec<(String, Secret)>,
    /// Whether `openid` is added to the scopes if missing.
    openid: bool,
}

impl Params {
    pub(crate) fn of(grant_type: &'static str) -> Self {
        let mut params = Self::default();
        params.push("grant_type", grant_type);
        params
    }

    /// Adds the scope `openid`, for a login with an ID token.
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

    /// Sets a parameter, in place of an earlier value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Secret>) {
        let mut value = value.into();
        if self.openid && name == "scope" {
            value = with_openid(value.expose()).into();
        }
        self.own.retain(|(known, _)| *known != name);
        self.push(name, value);
    }

    /// Adds a parameter that has no setter.
    pub(crate) fn extra(&mut self, name: String, value: Secret) {
        self.extra.push((name, value));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.own.iter().find(|(known, _)| *known == name)?;
        Some(value.expose())
    }

    /// Returns all parameters. Returns an error if the caller added one that the request sets
    /// itself, because the server would receive it twice.
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
                    format!("the parameter {name:?} is set by the request itself: remove it"),
                ));
            }
            pairs.push((name, value.expose()));
        }
        refuse_control_characters(op, &pairs)?;
        Ok(pairs)
    }
}

/// Returns the scopes, with `openid` among them.
pub(crate) fn with_openid(scope: &str) -> String {
    if scope.split(' ').any(|scope| scope == "openid") {
        return scope.to_owned();
    }
    format!("openid {scope}").trim_end().to_owned()
}

/// The parameters of client authentication.
pub(crate) const CLIENT: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// Declares `param`, the setter for any other parameter.
macro_rules! param {
    ($request:ident) => {
        impl $request {
            /// Adds a parameter that has no setter here. The same name can be added several times.
            /// A parameter that the request sets itself is an error when the request is sent.
            #[must_use = "the returned value has the parameter"]
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

/// Declares the setter and the `.await` that every request with parameters has.
macro_rules! request {
    ($request:ident => $output:ty) => {
        $crate::oidc::form::param!($request);
        $crate::oidc::form::awaitable!($request => $output);
    };
}

/// Declares `.await` and `send`, which send a request.
macro_rules! awaitable {
    ($request:ident => $output:ty) => {
        impl $request {
            /// Sends the request and returns the value with the response's status and headers.
            ///
            /// # Errors
            /// Same as awaiting the request.
            pub async fn send(self) -> $crate::Result<$crate::Response<$output>> {
                self.answered().await
            }
        }

        impl std::future::IntoFuture for $request {
            type Output = $crate::Result<$output>;
            type IntoFuture = $crate::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { self.answered().await.map($crate::Response::into_value) })
            }
        }
    };
}

/// Declares the setter of scopes.
macro_rules! scope {
    ($request:ident) => {
        impl $request {
            /// Sets the scopes to request, separated by spaces. A login adds `openid` if missing.
            pub fn scope(mut self, scope: impl Into<String>) -> Self {
                self.params.set("scope", scope.into());
                self
            }
        }
    };
}

/// Declares the setter of a login without an ID token.
macro_rules! without_openid {
    ($request:ident) => {
        impl $request {
            /// Does not add `openid` to the scopes: plain OAuth 2.0, which returns no ID token.
            pub fn without_openid(mut self) -> Self {
                self.params.leave_openid_out();
                self
            }
        }
    };
}

/// Declares the setter of the greatest age of an ID token.
macro_rules! issue_age {
    ($request:ident) => {
        impl $request {
            /// Sets the greatest age of the ID token (`iat`), in place of the client's setting.
            pub fn max_issue_age(mut self, age: std::time::Duration) -> Self {
                self.max_issue_age = Some(age);
                self
            }
        }
    };
}

pub(crate) use {awaitable, issue_age, param, request, scope, without_openid};
