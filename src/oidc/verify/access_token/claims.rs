//! The claims of access tokens.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::super::Actor;
use super::super::claims::{audience, scopes, text, texts};
use crate::jose::time::point;

/// The claims of a verified access token. `T` is an application's own type for all claims
/// ([`AccessTokenVerifier::verify_as`](super::AccessTokenVerifier::verify_as)). `Debug` shows only
/// the names of the claims.
///
/// The realm's mappers determine which claims a token has. A missing list is returned as an empty
/// one.
#[derive(Clone)]
pub struct AccessTokenClaims<T = ()> {
    claims: Map<String, Value>,
    own: T,
}

/// A permission that the server has granted (`authorization.permissions` of a requesting party
/// token).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The id of the resource.
    pub resource_id: Option<String>,
    /// The name of the resource.
    pub resource_name: Option<String>,
    /// The granted scopes; empty if the resource has no scopes.
    pub scopes: Vec<String>,
}

impl Permission {
    /// Reads the server's list of permissions; any other value is read as an empty list.
    pub(crate) fn list(all: Option<&Value>) -> Vec<Self> {
        let own = |permission: &Value, name: &str| {
            permission
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let all = all.and_then(Value::as_array).into_iter().flatten();
        all.map(|permission| Self {
            resource_id: own(permission, "rsid"),
            resource_name: own(permission, "rsname"),
            scopes: texts(permission.get("scopes"))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
        .collect()
    }
}

/// Returns the aliases in an entry of the claim `organization`.
fn aliases(entry: &Value) -> Vec<&str> {
    match entry {
        Value::String(alias) => vec![alias],
        Value::Object(all) => all.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

impl<T> AccessTokenClaims<T> {
    pub(crate) fn new(claims: Map<String, Value>, own: T) -> Self {
        Self { claims, own }
    }

    /// Returns the claims as `T`.
    pub fn own(&self) -> &T {
        &self.own
    }

    /// Returns a claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Returns all claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> Option<&str> {
        text(&self.claims, "iss")
    }

    /// Returns the subject: the user, or the user of the client's service account.
    pub fn subject(&self) -> Option<&str> {
        text(&self.claims, "sub")
    }

    /// Returns the audience: the services that the token is for.
    pub fn audience(&self) -> Vec<&str> {
        audience(&self.claims)
    }

    /// Returns the client that the token was issued to (`azp`, or `client_id` of RFC 9068).
    pub fn client_id(&self) -> Option<&str> {
        text(&self.claims, "azp").or_else(|| text(&self.claims, "client_id"))
    }

    /// Returns the id of the token (`jti`).
    pub fn id(&self) -> Option<&str> {
        text(&self.claims, "jti")
    }

    /// Returns the id of the session at the server (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        text(&self.claims, "sid")
    }

    /// Returns the username.
    pub fn username(&self) -> Option<&str> {
        text(&self.claims, "preferred_username")
    }

    /// Returns the authentication level of the login (`acr`).
    pub fn acr(&self) -> Option<&str> {
        text(&self.claims, "acr")
    }

    /// Returns when the token was issued.
    pub fn issued_at(&self) -> Option<SystemTime> {
        point(&self.claims, "iat")
    }

    /// Returns when the token expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        point(&self.claims, "exp")
    }

    /// Returns when the user logged in.
    pub fn auth_time(&self) -> Option<SystemTime> {
        point(&self.claims, "auth_time")
    }

    /// Returns the granted scopes: `scope`, or `scp` if that is missing, as a space-separated
    /// string or a list.
    pub fn scopes(&self) -> Vec<&str> {
        scopes(&self.claims)
    }

    /// Returns whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().contains(&scope)
    }

    /// Returns the user's realm roles.
    pub fn realm_roles(&self) -> Vec<&str> {
        let access = self.claims.get("realm_access");
        texts(access.and_then(|access| access.get("roles")))
    }

    /// Returns whether the user has a realm role.
    pub fn has_realm_role(&self, role: &str) -> bool {
        self.realm_roles().contains(&role)
    }

    /// Returns the user's roles of a client.
    pub fn client_roles(&self, client_id: &str) -> Vec<&str> {
        let access = self.claims.get("resource_access");
        let client = access.and_then(|access| access.get(client_id));
        texts(client.and_then(|client| client.get("roles")))
    }

    /// Returns whether the user has a role of a client.
    pub fn has_client_role(&self, client_id: &str, role: &str) -> bool {
        self.client_roles(client_id).contains(&role)
    }

    /// Returns the user's groups, if a mapper adds them as `groups`.
    pub fn groups(&self) -> Vec<&str> {
        texts(self.claims.get("groups"))
    }

    /// Returns the aliases of the user's organizations, if the scope `organization` was granted.
    pub fn organizations(&self) -> Vec<&str> {
        match self.claims.get("organization") {
            // With ids or attributes, the claim is an object with the aliases as member names.
            Some(Value::Object(all)) => all.keys().map(String::as_str).collect(),
            // Some mappers create a list of such objects.
            Some(Value::Array(all)) => all.iter().flat_map(aliases).collect(),
            other => texts(other),
        }
    }

    /// Returns the actor that acts for the subject (`act`, RFC 8693 section 4.1), after a token
    /// exchange with an actor or an impersonation.
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::of(&self.claims)
    }

    /// Returns the permissions in a requesting party token.
    pub fn permissions(&self) -> Vec<Permission> {
        let authorization = self.claims.get("authorization");
        Permission::list(authorization.and_then(|all| all.get("permissions")))
    }

    /// Returns the thumbprint of the DPoP key that the token is bound to (RFC 9449 section 6.1).
    pub fn dpop_thumbprint(&self) -> Option<&str> {
        self.confirmation("jkt")
    }

    /// Returns the SHA-256 thumbprint of the certificate that the token is bound to (RFC 8705
    /// section 3.1).
    pub fn certificate_thumbprint(&self) -> Option<&str> {
        self.confirmation("x5t#S256")
    }

    fn confirmation(&self, name: &str) -> Option<&str> {
        self.claims.get("cnf")?.get(name)?.as_str()
    }
}

impl<T> fmt::Debug for AccessTokenClaims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenClaims")
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
