//! The user's groups and organizations.

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
        /// The group's id.
        id: String,
        /// The group's name.
        name: String,
        /// The group's path, such as `/staff/editors`.
        path: String,
        /// The group's description.
        description: String,
        /// The group's attributes.
        attributes: BTreeMap<String, Vec<String>>,
    }
}

part! {
    /// An organization of the user.
    AccountOrganization {
        /// The organization's id.
        id: String,
        /// The organization's name.
        name: String,
        /// The organization's alias, its name in tokens.
        alias: String,
        /// Whether the organization is enabled.
        enabled: bool,
        /// The organization's description.
        description: String,
        /// The organization's domains.
        domains: Vec<String>,
    }
}

impl Account {
    /// Lists the user's groups, with their attributes. The role `view-groups` is sufficient.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn groups(&self) -> Result<Vec<AccountGroup>> {
        let query = [("briefRepresentation", "false")];
        self.get(&GROUPS, &["groups"], &query).await
    }

    /// Lists the user's organizations. The role `view-profile` is sufficient.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if organizations are disabled on the server or in the
    /// realm.
    pub async fn organizations(&self) -> Result<Vec<AccountOrganization>> {
        self.get(&ORGANIZATIONS, &["organizations"], &[]).await
    }
}
