//! Which applications the user uses, and what they agreed to.

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
        /// The id applications know it by.
        client_id: String,
        /// The name users see.
        client_name: String,
        /// What it is.
        description: String,
        /// Whether users are asked for their consent.
        user_consent_required: bool,
        /// Whether the user has a session with it.
        in_use: bool,
        /// Whether it has an offline token of the user's.
        offline_access: bool,
        /// Where relative addresses begin.
        root_url: String,
        /// Where it starts.
        base_url: String,
        /// The address that these make.
        effective_url: String,
        /// Its logo.
        logo_uri: String,
        /// Its privacy policy.
        policy_uri: String,
        /// Its terms of service.
        tos_uri: String,
        /// What the user agreed to.
        consent: Consent,
    }
}

part! {
    /// What a user agreed to for one application.
    Consent {
        /// The scopes.
        granted_scopes: Vec<ConsentScope>,
        /// When they agreed, in milliseconds since 1970.
        created_date: i64,
        /// When they changed it, in milliseconds since 1970.
        last_updated_date: i64,
    }
}

part! {
    /// A scope that was agreed to.
    ConsentScope {
        /// The id of the client scope; what a consent is given with.
        id: String,
        /// The text users are asked with, or its key, such as `${emailScopeConsentText}`.
        name: String,
        /// What it is.
        description: String,
        /// Its protocol.
        protocol: String,
        /// That text in the user's language.
        display_text: String,
    }
}

impl Consent {
    /// A consent to the client scopes with these ids.
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
    /// The applications that the user uses or may use. `view-applications` is enough.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn applications(&self) -> Result<Vec<Application>> {
        self.get(&LIST, &["applications"], &[]).await
    }

    /// The applications whose name has `name` in it. `view-applications` is enough.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn applications_named(
        &self,
        name: impl AsRef<str> + Send,
    ) -> Result<Vec<Application>> {
        let query = [("name", name.as_ref())];
        self.get(&LIST, &["applications"], &query).await
    }

    /// What the user agreed to for a client; `None` when they have not. `view-consent` is
    /// enough.
    ///
    /// # Errors
    /// Of kind `NotFound` when there is no such client.
    pub async fn consent(&self, client_id: impl AsRef<str> + Send) -> Result<Option<Consent>> {
        let path = ["applications", client_id.as_ref(), "consent"];
        let query = [("briefRepresentation", "false")];
        self.get(&GET, &path, &query).await
    }

    /// Agrees to scopes for a client, in place of what was agreed to before. `manage-consent`
    /// is enough.
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
    /// Of kind `NotFound` when there is no such client, `Validation` when it does not have a
    /// scope.
    pub async fn grant_consent(
        &self,
        client_id: impl AsRef<str> + Send,
        consent: &Consent,
    ) -> Result<Consent> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.send(&GRANT, Method::POST, &path, consent).await
    }

    /// The same for a client that the user has agreed to before.
    ///
    /// # Errors
    /// As [`grant_consent`](Self::grant_consent).
    pub async fn update_consent(
        &self,
        client_id: impl AsRef<str> + Send,
        consent: &Consent,
    ) -> Result<Consent> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.send(&UPDATE, Method::PUT, &path, consent).await
    }

    /// Takes back what was agreed to for a client, and its offline tokens. `manage-consent`
    /// is enough.
    ///
    /// # Errors
    /// Of kind `NotFound` when there is no such client.
    pub async fn revoke_consent(&self, client_id: impl AsRef<str> + Send) -> Result<()> {
        let path = ["applications", client_id.as_ref(), "consent"];
        self.delete(&REVOKE, &path, &[]).await
    }
}
