//! Accounts at identity providers.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::call::Account;
use super::part;
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
    /// An identity provider, and the user's account there where it is linked.
    LinkedAccount {
        /// Whether it is linked.
        connected: bool,
        /// Whether it is a social network.
        social: bool,
        /// The provider's name in the realm.
        provider_alias: String,
        /// The kind of provider.
        provider_name: String,
        /// The name users see.
        display_name: String,
        /// The user's name there.
        linked_username: String,
        /// Its place in a list.
        gui_order: String,
    }
}

/// A list of linked accounts under construction; `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct LinkedAccountsRequest {
    account: Account,
    query: Vec<(&'static str, String)>,
}

impl Account {
    /// The identity providers of the realm that are linked to the user, or could be.
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
    /// As [`profile`](Self::profile).
    pub fn linked_accounts(&self) -> LinkedAccountsRequest {
        LinkedAccountsRequest {
            account: self.clone(),
            query: Vec::new(),
        }
    }

    /// Ends the link to an identity provider.
    ///
    /// # Errors
    /// Of kind `Validation` when there is no such link, or the user could not log in without it.
    pub async fn unlink(&self, provider_alias: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&UNLINK, &["linked-accounts", provider_alias.as_ref()], &[])
            .await
    }
}

impl LinkedAccountsRequest {
    /// Those that are linked, or those that are not.
    pub fn linked(self, linked: bool) -> Self {
        self.with("linked", linked.to_string())
    }

    /// Those with this in their name. The server reads this, `first` and `max` only beside
    /// [`linked`](Self::linked).
    pub fn search(self, text: impl Into<String>) -> Self {
        self.with("search", text.into())
    }

    /// How many are left out in front.
    pub fn first(self, first: u32) -> Self {
        self.with("first", first.to_string())
    }

    /// How many there are at most.
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
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

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
