//! What a login gives.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::client::Inner;
use crate::Secret;
use crate::error::{Result, protocol};
use crate::http::operation::Operation;
use crate::jose::id_token::{self, Expected};
use crate::jose::{Header, payload};
use crate::token::AccessToken;
use crate::token::grant::{Granted, Renewal};

/// The tokens of one login. `Debug` shows none of their values.
#[derive(Clone)]
pub struct TokenSet {
    access_token: AccessToken,
    renewal: Option<Renewal>,
    id_token: Option<IdToken>,
    scope: Option<String>,
    rest: Map<String, Value>,
}

impl TokenSet {
    /// For calling services in the user's name.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// For getting new tokens without asking the user again.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.renewal.as_ref().map(|renewal| &renewal.token)
    }

    /// How long the refresh token was good for when it was given; `None` when it does not expire
    /// by itself or the server did not say.
    pub fn refresh_lifetime(&self) -> Option<Duration> {
        self.renewal.as_ref().and_then(Renewal::lifetime)
    }

    /// Who logged in, verified. Present when the scope had `openid`.
    pub fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }

    /// The scopes that were granted, separated by spaces.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Any other member of the answer, such as `session_state` or `not-before-policy`.
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

/// A verified ID token (OpenID Connect Core 1.0 section 2). `Debug` shows neither the token nor
/// the values of its claims.
#[derive(Clone)]
pub struct IdToken {
    raw: Secret,
    subject: String,
    claims: Map<String, Value>,
}

impl IdToken {
    /// The user's identifier at this issuer: Keycloak's user id, unless the client has pairwise
    /// subjects.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The token as it came, for `id_token_hint`.
    pub fn raw(&self) -> &Secret {
        &self.raw
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken")
            .field("raw", &self.raw)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl Inner {
    /// Verifies what can be verified and adds what the answer left out from `before`.
    pub(super) async fn token_set(
        &self,
        op: &'static Operation,
        granted: Granted,
        before: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        let mut rest = granted.rest;
        let mut text = |name: &str| match rest.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let scope = text("scope").or_else(|| before?.scope.clone());
        let id_token = match text("id_token") {
            None => before.and_then(|before| before.id_token.clone()),
            Some(raw) => {
                let subject = before
                    .and_then(|before| before.id_token())
                    .map(IdToken::subject);
                let verified = self.verify(raw, subject).await;
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

    async fn verify(&self, raw: String, subject: Option<&str>) -> Result<IdToken> {
        let deadline = self.channel.deadline();
        let metadata = self.channel.metadata(&self.realm, deadline).await?;
        let header = Header::read(&raw)?;
        let keys = self
            .keys
            .for_token(&self.channel, &self.realm, &header, deadline)
            .await?;
        let key = keys
            .find(&header)?
            .ok_or_else(|| protocol("the realm publishes no key that fits the token"))?;
        let claims = payload(&raw, &header, key)?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.auth.id,
            subject,
            leeway: self.leeway,
            now: SystemTime::now(),
        };
        id_token::check(&claims, expected)?;
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        Ok(IdToken {
            raw: raw.into(),
            subject,
            claims,
        })
    }
}
