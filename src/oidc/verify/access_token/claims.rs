//! What an access token of Keycloak says.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::super::Actor;
use super::super::claims::{audience, scopes, text, texts};
use crate::jose::time::point;

/// The claims of a verified access token; `T` is a type of your own for all of them
/// ([`AccessTokenVerifier::verify_as`](super::AccessTokenVerifier::verify_as)). `Debug` shows the
/// names of the claims only.
///
/// Which claims are there is the choice of the realm's mappers: what is missing reads as empty.
#[derive(Clone)]
pub struct AccessTokenClaims<T = ()> {
    claims: Map<String, Value>,
    own: T,
}

/// Access to a resource that the server granted (`authorization.permissions` of a requesting party
/// token).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The id of the resource.
    pub resource_id: Option<String>,
    /// Its name.
    pub resource_name: Option<String>,
    /// What may be done with it; empty when it has no scopes.
    pub scopes: Vec<String>,
}

impl Permission {
    /// The server's list of permissions; empty when it is none.
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

/// The aliases in one entry of the claim.
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

    /// The claims as the type asked for.
    pub fn own(&self) -> &T {
        &self.own
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The issuer.
    pub fn issuer(&self) -> Option<&str> {
        text(&self.claims, "iss")
    }

    /// The user, or the user of the client's own account.
    pub fn subject(&self) -> Option<&str> {
        text(&self.claims, "sub")
    }

    /// The services that the token is for.
    pub fn audience(&self) -> Vec<&str> {
        audience(&self.claims)
    }

    /// The client that the token was issued to (`azp`, or `client_id` of RFC 9068).
    pub fn client_id(&self) -> Option<&str> {
        text(&self.claims, "azp").or_else(|| text(&self.claims, "client_id"))
    }

    /// The id of the token (`jti`).
    pub fn id(&self) -> Option<&str> {
        text(&self.claims, "jti")
    }

    /// The session at the server (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        text(&self.claims, "sid")
    }

    /// The user name.
    pub fn username(&self) -> Option<&str> {
        text(&self.claims, "preferred_username")
    }

    /// The level the user logged in at.
    pub fn acr(&self) -> Option<&str> {
        text(&self.claims, "acr")
    }

    /// When it was made.
    pub fn issued_at(&self) -> Option<SystemTime> {
        point(&self.claims, "iat")
    }

    /// When it expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        point(&self.claims, "exp")
    }

    /// When the user logged in.
    pub fn auth_time(&self) -> Option<SystemTime> {
        point(&self.claims, "auth_time")
    }

    /// The scopes that were granted: `scope`, or `scp` where it is missing, as a text with spaces
    /// or as a list.
    pub fn scopes(&self) -> Vec<&str> {
        scopes(&self.claims)
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().contains(&scope)
    }

    /// The user's roles of the realm.
    pub fn realm_roles(&self) -> Vec<&str> {
        let access = self.claims.get("realm_access");
        texts(access.and_then(|access| access.get("roles")))
    }

    /// Whether the user has a role of the realm.
    pub fn has_realm_role(&self, role: &str) -> bool {
        self.realm_roles().contains(&role)
    }

    /// The user's roles of a client.
    pub fn client_roles(&self, client_id: &str) -> Vec<&str> {
        let access = self.claims.get("resource_access");
        let client = access.and_then(|access| access.get(client_id));
        texts(client.and_then(|client| client.get("roles")))
    }

    /// Whether the user has a role of a client.
    pub fn has_client_role(&self, client_id: &str, role: &str) -> bool {
        self.client_roles(client_id).contains(&role)
    }

    /// The user's groups, where a mapper writes them into `groups`.
    pub fn groups(&self) -> Vec<&str> {
        texts(self.claims.get("groups"))
    }

    /// The aliases of the user's organizations, where the scope `organization` was granted.
    pub fn organizations(&self) -> Vec<&str> {
        match self.claims.get("organization") {
            // With ids or attributes it is an object that has the aliases as names.
            Some(Value::Object(all)) => all.keys().map(String::as_str).collect(),
            // Some mappers make a list of such objects.
            Some(Value::Array(all)) => all.iter().flat_map(aliases).collect(),
            other => texts(other),
        }
    }

    /// Who acts for the subject (`act`, RFC 8693 section 4.1): after a token exchange with an actor,
    /// or an impersonation.
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::of(&self.claims)
    }

    /// What the server granted access to, in a requesting party token.
    pub fn permissions(&self) -> Vec<Permission> {
        let authorization = self.claims.get("authorization");
        Permission::list(authorization.and_then(|all| all.get("permissions")))
    }

    /// The thumbprint of the DPoP key that the token is bound to (RFC 9449 section 6.1).
    pub fn dpop_thumbprint(&self) -> Option<&str> {
        self.confirmation("jkt")
    }

    /// The SHA-256 of the certificate that the token is bound to (RFC 8705 section 3.1).
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
