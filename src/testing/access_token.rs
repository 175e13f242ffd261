//! Access tokens as a test wants them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::state::{AccessRecord, Shared, new_id, now, object, seconds};
use super::tokens::record_access_token;
use crate::jose::{DpopKey, SignatureAlgorithm, hash};

/// An access token in the making; created by
/// [`TestProvider::access_token`](super::TestProvider::access_token).
///
/// Unless changed, it is a token of the user `user` and the client `test`, that was issued now and
/// lives 300 s, with the claims that Keycloak writes.
#[must_use = "a token is made by sign()"]
pub struct AccessTokenBuilder {
    shared: Arc<Shared>,
    claims: Map<String, Value>,
    /// A lightweight token has them in its introspection response only.
    lightweight: bool,
    typ: &'static str,
    algorithm: Option<SignatureAlgorithm>,
}

impl AccessTokenBuilder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (issuer, lifespan) = {
            let state = shared.state();
            (state.issuer.clone(), state.access_token_lifespan)
        };
        let now = now();
        let claims = object(json!({
            "exp": now.saturating_add(seconds(lifespan)), "iat": now, "auth_time": now,
            "jti": format!("onrtac:{}", new_id()), "iss": issuer, "sub": "user", "typ": "Bearer",
            "azp": "test", "sid": new_id(), "acr": "1", "scope": "openid email profile",
            "preferred_username": "user",
        }));
        Self {
            shared,
            claims,
            lightweight: false,
            typ: "JWT",
            algorithm: None,
        }
    }

    /// Sets the user: the subject, and the user name (`preferred_username`) with it.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        self.claim("preferred_username", subject.as_str())
            .claim("sub", subject)
    }

    /// Sets the user name (`preferred_username`).
    pub fn username(self, name: impl Into<String>) -> Self {
        self.claim("preferred_username", name.into())
    }

    /// Sets the client that the token was issued to (`azp`).
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.claim("azp", id.into())
    }

    /// Adds an audience: a service that the token is for.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        let audience = Value::String(audience.into());
        match self.claims.get_mut("aud") {
            None => {
                self.claims.insert("aud".to_owned(), audience);
            }
            Some(Value::Array(all)) => all.push(audience),
            Some(one) => *one = json!([one.take(), audience]),
        }
        self
    }

    /// Adds a realm role.
    pub fn realm_role(mut self, role: impl Into<String>) -> Self {
        let roles = self.claims.entry("realm_access");
        push(roles.or_insert_with(|| json!({})), "roles", role.into());
        self
    }

    /// Adds a role of a client.
    pub fn client_role(mut self, client_id: impl Into<String>, role: impl Into<String>) -> Self {
        let access = self.claims.entry("resource_access");
        if let Value::Object(clients) = access.or_insert_with(|| json!({})) {
            let client = clients.entry(client_id.into());
            push(client.or_insert_with(|| json!({})), "roles", role.into());
        }
        self
    }

    /// Adds a group, such as `/staff`.
    pub fn group(mut self, path: impl Into<String>) -> Self {
        push_claim(&mut self.claims, "groups", path.into());
        self
    }

    /// Adds an organization that the user is a member of.
    pub fn organization(mut self, alias: impl Into<String>) -> Self {
        push_claim(&mut self.claims, "organization", alias.into());
        self
    }

    /// Sets the scopes, separated by spaces.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.claim("scope", scope.into())
    }

    /// Sets the authentication level of the login (`acr`).
    pub fn acr(self, level: impl Into<String>) -> Self {
        self.claim("acr", level.into())
    }

    /// Sets how long ago the user logged in (`auth_time`), in whole seconds.
    pub fn logged_in_ago(self, age: Duration) -> Self {
        self.claim("auth_time", now().saturating_sub(seconds(age)))
    }

    /// Sets a claim of any name, in place of what it would be.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets how long the token lives from now on, in whole seconds.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        self.claim("exp", now().saturating_add(seconds(lifetime)))
    }

    /// Makes a token that has expired: issued an hour ago, with a lifetime of 300 s.
    pub fn expired(self) -> Self {
        let issued = now().saturating_sub(3600);
        self.claim("iat", issued)
            .claim("auth_time", issued)
            .claim("exp", issued.saturating_add(300))
    }

    /// Makes a token that is valid in an hour (`nbf`).
    pub fn not_yet_valid(self) -> Self {
        let start = now().saturating_add(3600);
        self.claim("nbf", start)
            .claim("exp", start.saturating_add(300))
    }

    /// Makes a lightweight access token, as Keycloak does if the client is so configured: the token
    /// has neither subject nor audience nor roles, and the introspection response has them.
    pub fn lightweight(mut self) -> Self {
        self.lightweight = true;
        self.claim("jti", format!("onltac:{}", new_id()))
    }

    /// Binds the token to a key (DPoP, RFC 9449 section 6.1).
    pub fn bound_to(self, key: &DpopKey) -> Self {
        self.claim("cnf", json!({ "jkt": key.thumbprint() }))
    }

    /// Binds the token to a TLS client certificate in DER (RFC 8705 section 3.1).
    pub fn bound_to_certificate(self, der: impl AsRef<[u8]>) -> Self {
        self.claim("cnf", json!({ "x5t#S256": hash::sha256(der) }))
    }

    /// Writes the header `typ` of RFC 9068, `at+jwt`, in place of `JWT`.
    pub fn at_jwt(mut self) -> Self {
        self.typ = "at+jwt";
        self
    }

    /// Signs with this algorithm, in place of the provider's. A symmetric one has a key that is not
    /// published, as at Keycloak.
    pub fn algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// Signs the token. The provider knows it from then on, at the introspection and userinfo
    /// endpoints too. The first token of an RSA algorithm generates a key, which takes a moment.
    pub fn sign(self) -> String {
        let record = AccessRecord {
            claims: self.claims,
            session: None,
        };
        let mut state = self.shared.state();
        record_access_token(
            &mut state,
            self.algorithm,
            self.typ,
            self.lightweight,
            record,
        )
    }
}

/// Adds to the list `name` of an object.
fn push(object: &mut Value, name: &str, value: String) {
    if let Value::Object(members) = object {
        push_claim(members, name, value);
    }
}

fn push_claim(claims: &mut Map<String, Value>, name: &str, value: String) {
    let list = claims.entry(name).or_insert_with(|| json!([]));
    if let Value::Array(list) = list {
        list.push(value.into());
    }
}

impl fmt::Debug for AccessTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenBuilder")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .field("lightweight", &self.lightweight)
            .finish_non_exhaustive()
    }
}
