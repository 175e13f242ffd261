//! The tokens of a login.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use serde_json::{Map, Value};

use super::client::OidcInner;
use super::verify::{Expected, IdToken, TokenOrigin, scopes};
use crate::Secret;
use crate::error::{CallbackFault, Result, refused_callback};
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::{Granted, Renewal};

/// The tokens of one login. `Debug` shows none of their values.
#[derive(Clone)]
pub struct TokenSet {
    pub(super) access_token: AccessToken,
    pub(super) renewal: Option<Renewal>,
    pub(super) id_token: Option<IdToken>,
    pub(super) scope: Option<String>,
    pub(super) rest: Map<String, Value>,
}

impl TokenSet {
    /// Returns the access token, to call services on behalf of the user.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Returns the refresh token, to get new tokens without the user. Only the server can read it.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.renewal.as_ref().map(|renewal| &renewal.token)
    }

    /// Returns the lifetime of the refresh token, counted from when it was issued; `None` if it
    /// does not expire by itself (an offline token) or if the server did not report it.
    pub fn refresh_lifetime(&self) -> Option<Duration> {
        self.renewal.as_ref().and_then(Renewal::lifetime)
    }

    /// Returns the verified ID token, which says who logged in. Present if the scope had `openid`.
    pub fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }

    /// Returns the granted scopes, separated by spaces.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns any other member of the response, such as `session_state` or `not-before-policy`.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.rest.get(name)
    }
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("access_token", &self.access_token)
            .field("refresh_token", &self.refresh_token())
            .field("id_token", &self.id_token)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The tokens of a user's login in the browser: a [`TokenSet`] with an ID token.
#[derive(Debug, Clone)]
pub struct Login {
    tokens: TokenSet,
    id_token: IdToken,
    note: Option<Secret>,
}

impl Login {
    pub(super) fn new(tokens: TokenSet, note: Option<Secret>) -> Result<Self> {
        match tokens.id_token.clone() {
            Some(id_token) => Ok(Self {
                tokens,
                id_token,
                note,
            }),
            None => Err(refused_callback(
                CallbackFault::NoIdToken,
                "the server returned no ID token although openid was requested",
            )
            .with_hint(
                "check that the client's scopes include openid; for a server without ID tokens, use \
                 Authorize::without_openid",
            )),
        }
    }

    /// Returns the verified ID token, which says who logged in.
    pub fn id_token(&self) -> &IdToken {
        &self.id_token
    }

    /// Returns the note of [`Authorize::note`](super::Authorize::note).
    pub fn note(&self) -> Option<&str> {
        self.note.as_ref().map(Secret::expose)
    }

    /// Returns the token set.
    pub fn into_tokens(self) -> TokenSet {
        self.tokens
    }
}

impl Deref for Login {
    type Target = TokenSet;

    fn deref(&self) -> &TokenSet {
        &self.tokens
    }
}

impl From<Login> for TokenSet {
    fn from(login: Login) -> Self {
        login.tokens
    }
}

impl OidcInner {
    /// Verifies the ID token, and adds what the response lacks from `before`.
    pub(super) async fn token_set(
        &self,
        op: &'static Operation,
        granted: Granted,
        expected: Expected<'_>,
        before: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        let mut rest = granted.rest;
        // `scope` may be a string or an array, or be named `scp`; an empty one counts as missing.
        let given = scopes(&rest).join(" ");
        rest.remove("scope");
        let scope = Some(given)
            .filter(|scope| !scope.is_empty())
            .or_else(|| before?.scope.clone());
        let mut text = |name: &str| match rest.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let id_token = match text("id_token") {
            None => before.and_then(|before| before.id_token.clone()),
            Some(raw) => {
                let expected = expected
                    .or_max_issue_age(self.rules.max_issue_age)
                    .access_token(granted.token.expose());
                let verified = self.id_token(&raw, expected, TokenOrigin::Issuer).await;
                Some(verified.map_err(|error| error.or_operation(op))?)
            }
        };
        let renewal = granted.renewal.or_else(|| before?.renewal.clone());
        Ok(TokenSet {
            access_token: granted.token,
            renewal,
            id_token,
            scope,
            rest,
        })
    }
}
