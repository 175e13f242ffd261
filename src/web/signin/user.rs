//! The user who is signed in.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::keeper::Keeper;
use crate::account::Account;
use crate::error::Result;
use crate::html::escaped;
use crate::oidc::{AccessTokenClaims, Oidc, TokenSet};
use crate::web::requirement::{Holder, Policy, Requirement};
use crate::{AccessToken, Secret};

/// The user who is signed in with the browser that sent a request. Cheap to clone.
///
/// As an extractor, `User` refuses a request without a user: pages are redirected to the login,
/// requests of scripts get 401. `Option<User>` refuses none, but those whose user cannot be found
/// out at present.
#[derive(Clone)]
pub struct User(Arc<SignedIn>);

pub(super) struct SignedIn {
    /// Of the ID token.
    pub(super) claims: Map<String, Value>,
    /// Of the access token and the ID token.
    pub(super) all: Arc<AccessTokenClaims>,
    pub(super) form_token: Secret,
    pub(super) logout_path: String,
    pub(super) keeper: Arc<Keeper>,
    pub(super) oidc: Oidc,
}

impl User {
    pub(super) fn new(signed_in: SignedIn) -> Self {
        Self(Arc::new(signed_in))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.claims.get(name).and_then(Value::as_str)
    }

    /// Returns the verified claims of the last ID token.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.claims
    }

    /// Reads the claims of the ID token as a type of the application's own.
    ///
    /// # Errors
    ///
    /// Returns an error if the claims do not fit `T`.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.0.claims.clone()))
    }

    /// Returns the issuer of the ID token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// Returns the subject, which is unique for the issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Returns the name that the user logs in with (`preferred_username`), if it is known.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.text("preferred_username")
    }

    /// Returns the full name, if it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// Returns the roles of the realm.
    #[must_use]
    pub fn realm_roles(&self) -> Vec<&str> {
        self.0.all.realm_roles()
    }

    /// Returns the roles of a client.
    #[must_use]
    pub fn client_roles(&self, client_id: &str) -> Vec<&str> {
        self.0.all.client_roles(client_id)
    }

    /// Returns the scopes that were granted.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        self.0.all.scopes()
    }

    /// Returns the groups, where a mapper writes them into a token.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        self.0.all.groups()
    }

    /// Returns the aliases of the organizations, where the scope `organization` was granted.
    #[must_use]
    pub fn organizations(&self) -> Vec<&str> {
        self.0.all.organizations()
    }

    /// Returns whether the user meets a requirement. One that needs the request
    /// ([`user_policy`](crate::web::user_policy)) is not met.
    #[must_use]
    pub fn meets(&self, requirement: &Requirement) -> bool {
        requirement.check(self, None).is_ok()
    }

    /// Returns the tokens, with a fresh access token.
    ///
    /// # Errors
    ///
    /// Same as [`Session::access_token`](crate::oidc::Session::access_token).
    pub async fn tokens(&self) -> Result<TokenSet> {
        self.0.keeper.session.tokens().await
    }

    /// Returns a fresh access token, to call services on behalf of the user.
    ///
    /// # Errors
    ///
    /// Same as [`Session::access_token`](crate::oidc::Session::access_token).
    pub async fn access_token(&self) -> Result<AccessToken> {
        self.0.keeper.session.access_token().await
    }

    /// Returns the user's own account at the provider, a Keycloak (Account API).
    #[must_use]
    pub fn account(&self) -> Account {
        self.0.oidc.account(self.0.keeper.session.clone())
    }

    /// Returns what a form that logs out has to send as `form_token`. It protects from forms of
    /// other sites.
    #[must_use]
    pub fn form_token(&self) -> &str {
        self.0.form_token.expose()
    }

    /// Returns a form with a button that logs out, as HTML.
    #[must_use]
    pub fn logout_form(&self, label: &str) -> String {
        format!(
            "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"form_token\" \
             value=\"{}\"><button>{}</button></form>",
            escaped(&self.0.logout_path),
            escaped(self.form_token()),
            escaped(label),
        )
    }
}

impl Holder for User {
    fn claims(&self) -> &AccessTokenClaims {
        &self.0.all
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn allowed_by(&self, policy: &Policy, request: &Parts) -> Option<bool> {
        match policy {
            Policy::User(allows) => Some(allows(request, self)),
            Policy::Caller(_) => None,
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("claims", &self.0.claims.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
