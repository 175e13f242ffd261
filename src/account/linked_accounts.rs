//! Accounts at identity providers.

use std::future::IntoFuture;

use super::call::Account;
use super::part;
use crate::BoxFuture;
use crate::error::Result;
use crate::operation::Operation;

const LIST: Operation = Operation::new(
    "account.linked_accounts",
    "GET",
    "/realms/{realm}/account/linked-accounts",
);
const UNLINK: Operation = Operation::new(
    "account.unlink",
    "DELETE",
    "/realms/{realm}/account/linked-accounts/{provider_alias}",
);

part! {
    /// An identity provider, and the user's account there if it is linked.
    LinkedAccount {
        /// Whether the account is linked.
        connected: bool,
        /// Whether the provider is a social network.
        social: bool,
        /// The provider's alias in the realm.
        provider_alias: String,
        /// The provider's type.
        provider_name: String,
        /// The provider's display name.
        display_name: String,
        /// The user's name at the provider.
        linked_username: String,
        /// The provider's position in lists.
        gui_order: String,
    }
}

/// A request for linked accounts; `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct LinkedAccountsRequest {
    account: Account,
    query: Vec<(&'static str, String)>,
}

impl Account {
    /// Lists the realm's identity providers, linked or not.
    ///
    /// ```no_run
    /// # async fn show(account: keycloak_kit::account::Account) -> keycloak_kit::Result<()> {
    /// for linked in account.linked_accounts().linked(true).await? {
    ///     println!("{:?} as {:?}", linked.provider_alias, linked.linked_username);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub fn linked_accounts(&self) -> LinkedAccountsRequest {
        LinkedAccountsRequest {
            account: self.clone(),
            query: Vec::new(),
        }
    }

    /// Removes the link to an identity provider.
    ///
    /// # Errors
    /// Returns an error of kind `Validation` if there is no such link, or the user could not log in
    /// without it.
    pub async fn unlink(&self, provider_alias: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&UNLINK, &["linked-accounts", provider_alias.as_ref()], &[])
            .await
    }
}

impl LinkedAccountsRequest {
    /// Lists only linked providers, or only those that are not linked.
    pub fn linked(self, linked: bool) -> Self {
        self.with("linked", linked.to_string())
    }

    /// Lists only providers whose name contains `text`. The server ignores `search`, `first` and
    /// `max` without [`linked`](Self::linked).
    pub fn search(self, text: impl Into<String>) -> Self {
        self.with("search", text.into())
    }

    /// Skips this many providers.
    pub fn first(self, first: u32) -> Self {
        self.with("first", first.to_string())
    }

    /// Lists at most this many providers.
    pub fn max(self, max: u32) -> Self {
        self.with("max", max.to_string())
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value));
        self
    }
}

impl IntoFuture for LinkedAccountsRequest {
    type Output = Result<Vec<LinkedAccount>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let query: Vec<(&str, &str)> = self
                .query
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            self.account.get(&LIST, &["linked-accounts"], &query).await
        })
    }
}
