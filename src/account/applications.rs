//! The user's applications, and the consents given to them.

use http::Method;

use super::call::Account;
use super::part;
use crate::error::Result;
use crate::operation::Operation;

const LIST: Operation = Operation::new(
    "account.applications",
    "GET",
    "/realms/{realm}/account/applications",
);
const CONSENT: &str = "/realms/{realm}/account/applications/{client_id}/consent";
const GET: Operation = Operation::new("account.consent", "GET", CONSENT);
const GRANT: Operation = Operation::new("account.grant_consent", "POST", CONSENT);
const UPDATE: Operation = Operation::new("account.update_consent", "PUT", CONSENT);
const REVOKE: Operation = Operation::new("account.revoke_consent", "DELETE", CONSENT);

part! {
    /// An application of the user.
    Application {
        /// The client's id.
        client_id: String,
        /// The client's display name.
        client_name: String,
        /// The client's description.
        description: String,
        /// Whether the client asks users for consent.
        user_consent_required: bool,
        /// Whether the user has a session with the client.
        in_use: bool,
        /// Whether the client has an offline token of the user.
        offline_access: bool,
        /// The root URL, to which relative URLs are appended.
        root_url: String,
        /// The URL of the start page.
        base_url: String,
        /// The absolute URL of the start page.
        effective_url: String,
        /// The URL of the logo.
        logo_uri: String,
        /// The URL of the privacy policy.
        policy_uri: String,
        /// The URL of the terms of service.
        tos_uri: String,
        /// The user's consent.
        consent: Consent,
    }
}

part! {
    /// A user's consent for an application.
    Consent {
        /// The granted scopes.
        granted_scopes: Vec<ConsentScope>,
        /// The creation time, in milliseconds since the Unix epoch.
        created_date: i64,
        /// The time of the last change, in milliseconds since the Unix epoch.
        last_updated_date: i64,
    }
}

part! {
    /// A scope of a consent.
    ConsentScope {
        /// The id of the client scope.
        id: String,
        /// The text of the consent screen or its message key, such as `${emailScopeConsentText}`.
        name: String,
        /// The scope's description.
        description: String,
        /// The scope's protocol.
        protocol: String,
        /// The text of the consent screen in the user's language.
        display_text: String,
    }
}

impl Consent {
    /// Creates a consent to the client scopes with these ids.
    pub fn of_scopes(ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let scope = |id: String| ConsentScope {
            id: Some(id),
            ..ConsentScope::default()
        };
        Self {
            granted_scopes: Some(ids.into_iter().map(|id| scope(id.into())).collect()),
            ..Self::default()
        }
    }
}

impl Account {
    /// Lists the applications that the user uses or may use. The role `view-applications` is
    /// sufficient.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn applications(&self) -> Result<Vec<Application>> {
        self.get(&LIST, &["applications"], &[]).await
    }

    /// Lists the applications whose name contains `name`. The role `view-applications` is
    /// sufficient.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn applications_named(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Vec<Application>> {
        let query = [("name", name.as_ref())];
        self.get(&LIST, &["applications"], &query).await
    }

    /// Returns the user's consent for a client, or `None` if it does not exist. The role `view-consent`
    /// is sufficient.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if there is no such client.
    pub async fn consent(&self, client_id: impl AsRef<str> + Send) -> Result<Option<Consent>> {
        let path = ["applications", client_id.as_ref(), "consent"];
        let query = [("briefRepresentation", "false")];
        self.get(&GET, &path, &query).await
    }

    /// Grants a consent for a client, which replaces an earlier one. The role `manage-consent` is
    /// sufficient.
    ///
    /// ```no_run
    /// # async fn show(account: keycloak_kit::account::Account, scope_id: &str) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::account::Consent;
    ///
    /// account.grant_consent("web", &Consent::of_scopes([scope_id])).await?;
    /// account.revoke_consent("web").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if there is no such client, or `Validation` if the
    /// client lacks a scope.
    pub async fn grant_consent(
        &self,
        client_id: impl AsRef<str> + Send,
        consent: &Consent,
    ) -> Result<Consent> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.send(&GRANT, Method::POST, &path, consent).await
    }

    /// Like [`grant_consent`](Self::grant_consent), for a client with an existing consent.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`grant_consent`](Self::grant_consent).
    pub async fn update_consent(
        &self,
        client_id: impl AsRef<str> + Send,
        consent: &Consent,
    ) -> Result<Consent> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.send(&UPDATE, Method::PUT, &path, consent).await
    }

    /// Revokes the consent for a client, and the client's offline tokens. The role `manage-consent`
    /// is sufficient.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if there is no such client.
    pub async fn revoke_consent(&self, client_id: impl AsRef<str> + Send) -> Result<()> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.delete(&REVOKE, &path, &[]).await
    }
}
