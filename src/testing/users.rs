//! The users of the provider.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::state::Shared;
use super::tokens::has_scope;
use crate::Secret;

/// A user of a [`TestProvider`](super::TestProvider). `Debug` shows only the user name.
///
/// ```
/// use keycloak_kit::testing::TestUser;
///
/// let ada = TestUser::new("ada").email("ada@example.org").realm_role("editor");
/// ```
#[derive(Clone)]
#[must_use = "a user is added by users().add(..)"]
pub struct TestUser {
    pub(super) username: String,
    pub(super) subject: String,
    password: Option<Secret>,
    pub(super) acr: Option<String>,
    realm_roles: Vec<String>,
    client_roles: Vec<(String, String)>,
    groups: Vec<String>,
    organizations: Vec<String>,
    email: Option<String>,
    names: Option<(String, String)>,
    claims: Map<String, Value>,
    access_token_claims: Map<String, Value>,
}

impl TestUser {
    /// Creates a user, whose subject is the user name and who logs in with any password.
    pub fn new(username: impl Into<String>) -> Self {
        let username = username.into();
        Self {
            subject: username.clone(),
            username,
            password: None,
            acr: None,
            realm_roles: Vec::new(),
            client_roles: Vec::new(),
            groups: Vec::new(),
            organizations: Vec::new(),
            email: None,
            names: None,
            claims: Map::new(),
            access_token_claims: Map::new(),
        }
    }

    /// Sets the subject, which is a random id at Keycloak, in place of the user name.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets the only password that the user can log in with.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets a verified e-mail address.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.email = Some(address.into());
        self
    }

    /// Sets the first name and the last name.
    pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.names = Some((first.into(), last.into()));
        self
    }

    /// Adds a realm role.
    pub fn realm_role(mut self, role: impl Into<String>) -> Self {
        self.realm_roles.push(role.into());
        self
    }

    /// Adds a role of a client, which becomes an audience of the user's access tokens.
    pub fn client_role(mut self, client_id: impl Into<String>, role: impl Into<String>) -> Self {
        self.client_roles.push((client_id.into(), role.into()));
        self
    }

    /// Adds a group, such as `/staff`. Tokens have the claim `groups`, as with a mapper of Keycloak.
    pub fn group(mut self, path: impl Into<String>) -> Self {
        self.groups.push(path.into());
        self
    }

    /// Adds an organization that the user is a member of. Tokens with the scope `organization` have
    /// it.
    pub fn organization(mut self, alias: impl Into<String>) -> Self {
        self.organizations.push(alias.into());
        self
    }

    /// Sets the authentication level that the user reaches (`acr`), whatever is requested. Unless
    /// set, it is the first requested level, or `1`.
    pub fn acr(mut self, level: impl Into<String>) -> Self {
        self.acr = Some(level.into());
        self
    }

    /// Sets a claim of the user's tokens and userinfo responses.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets a claim of the user's access tokens alone, as a mapper that leaves ID tokens out.
    pub fn access_token_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.access_token_claims.insert(name.into(), value.into());
        self
    }

    /// Returns whether the user can log in with this password.
    pub(super) fn has_password(&self, given: &str) -> bool {
        self.password
            .as_ref()
            .is_none_or(|own| own.expose() == given)
    }

    /// Returns the claims about the user that a token with these scopes has.
    pub(super) fn claims(&self, scope: &str) -> Map<String, Value> {
        let has = |name: &str| has_scope(scope, name);
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        if has("profile") {
            set("preferred_username", self.username.as_str().into());
            if let Some((first, last)) = &self.names {
                set("name", format!("{first} {last}").into());
                set("given_name", first.as_str().into());
                set("family_name", last.as_str().into());
            }
        }
        if has("email") {
            set("email_verified", self.email.is_some().into());
            if let Some(email) = &self.email {
                set("email", email.as_str().into());
            }
        }
        if !self.groups.is_empty() {
            set("groups", json!(self.groups));
        }
        if has("organization") && !self.organizations.is_empty() {
            set("organization", json!(self.organizations));
        }
        claims.extend(self.claims.clone());
        claims
    }

    /// Returns the roles, and the other claims that only access tokens have.
    pub(super) fn access_token_claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        if !self.realm_roles.is_empty() {
            let roles = json!({ "roles": self.realm_roles });
            claims.insert("realm_access".to_owned(), roles);
        }
        let mut access = Map::new();
        for (client, _) in &self.client_roles {
            let own = self.client_roles.iter().filter(|(of, _)| of == client);
            let roles: Vec<&str> = own.map(|(_, role)| role.as_str()).collect();
            access.insert(client.clone(), json!({ "roles": roles }));
        }
        if !access.is_empty() {
            claims.insert("resource_access".to_owned(), access.into());
        }
        claims.extend(self.access_token_claims.clone());
        claims
    }

    /// Returns the clients that the user has roles of.
    pub(super) fn clients(&self) -> impl Iterator<Item = &str> {
        self.client_roles.iter().map(|(client, _)| client.as_str())
    }
}

impl fmt::Debug for TestUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestUser")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The users of a provider; see [`TestProvider::users`](super::TestProvider::users).
#[derive(Debug, Clone)]
pub struct TestUsers {
    shared: Arc<Shared>,
}

impl TestUsers {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a user, in place of the one with the same user name.
    pub fn add(&self, user: TestUser) {
        let mut state = self.shared.state();
        state.users.retain(|known| known.username != user.username);
        state.users.push(user);
    }

    /// Removes a user. The tokens of the user end with it.
    pub fn remove(&self, username: &str) {
        let mut state = self.shared.state();
        state.users.retain(|known| known.username != username);
        state
            .sessions
            .retain(|_, session| session.username != username);
    }
}
