//! What the user belongs to.

use std::collections::BTreeMap;

use super::call::Account;
use super::part;
use crate::error::Result;
use crate::operation::Operation;

const GROUPS: Operation = Operation::new("account.groups", "GET", "/realms/{realm}/account/groups");
const ORGANIZATIONS: Operation = Operation::new(
    "account.organizations",
    "GET",
    "/realms/{realm}/account/organizations",
);

part! {
    /// A group of the user.
    AccountGroup {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// Its path, such as `/staff/editors`.
        path: String,
        /// What it is.
        description: String,
        /// Its attributes.
        attributes: BTreeMap<String, Vec<String>>,
    }
}

part! {
    /// An organization of the user.
    AccountOrganization {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// The name in tokens.
        alias: String,
        /// Whether it is switched on.
        enabled: bool,
        /// What it is.
        description: String,
        /// Its domains.
        domains: Vec<String>,
    }
}

impl Account {
    /// The user's groups, with their attributes. `view-groups` is enough.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn groups(&self) -> Result<Vec<AccountGroup>> {
        let query = [("briefRepresentation", "false")];
        self.get(&GROUPS, &["groups"], &query).await
    }

    /// The user's organizations. `view-profile` is enough.
    ///
    /// # Errors
    /// Of kind `NotFound` where the server or the realm has organizations switched off.
    pub async fn organizations(&self) -> Result<Vec<AccountOrganization>> {
        self.get(&ORGANIZATIONS, &["organizations"], &[]).await
    }
}
