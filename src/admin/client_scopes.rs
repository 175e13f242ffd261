//! A client's scopes, assigned by name.

use std::collections::BTreeMap;

use super::handles::{Client, Realm};
use super::ids::ClientScopeId;
use super::representations::ClientRepresentation;
use crate::operation::Operation;
use crate::{ErrorKind, Result, error};

/// The scope that the server adds and removes together with the service account.
pub(crate) const OF_SERVICE_ACCOUNTS: &str = "service_account";

const OPERATION: &Operation = &Operation::new(
    "realm.client.modify",
    "PUT",
    "/admin/realms/{realm}/clients/{client-uuid}",
);

fn names(list: Option<&Vec<String>>) -> Vec<&String> {
    list.into_iter().flatten().collect()
}

/// The names that are only in the second list.
fn added<'a>(before: &[&String], after: &[&'a String]) -> Vec<&'a String> {
    let mut added = after.to_vec();
    added.retain(|name| !before.contains(name));
    added
}

impl Client {
    /// Assigns the wanted default and optional client scopes, which an update of a client ignores.
    pub(crate) async fn assign_client_scopes(
        &self,
        before: &ClientRepresentation,
        wanted: &ClientRepresentation,
    ) -> Result<()> {
        let (had, wants) = (
            names(before.default_client_scopes.as_ref()),
            names(wanted.default_client_scopes.as_ref()),
        );
        let (had_optional, wants_optional) = (
            names(before.optional_client_scopes.as_ref()),
            names(wanted.optional_client_scopes.as_ref()),
        );
        let (add, add_optional) = (added(&had, &wants), added(&had_optional, &wants_optional));
        let (mut remove, remove_optional) =
            (added(&wants, &had), added(&wants_optional, &had_optional));
        // The server may have just removed it.
        remove.retain(|name| {
            *name != OF_SERVICE_ACCOUNTS || wanted.service_accounts_enabled == Some(true)
        });
        let changes = [&add, &add_optional, &remove, &remove_optional];
        if changes.iter().all(|names| names.is_empty()) {
            return Ok(());
        }
        let realm = Realm {
            call: self.call.clone(),
            realm: self.realm.clone(),
        };
        let ids: BTreeMap<String, String> = realm
            .client_scopes()
            .list()
            .await?
            .into_iter()
            .filter_map(|scope| Some((scope.name?, scope.id?)))
            .collect();
        let id = |name: &String| -> Result<ClientScopeId> {
            ids.get(name).map(ClientScopeId::new).ok_or_else(|| {
                error::invalid_argument(
                    OPERATION,
                    format!("the realm has no client scope {name:?}: create it first"),
                )
                .with_kind(ErrorKind::NotFound)
            })
        };
        // All names are resolved before any of them is written.
        for name in changes.into_iter().flatten() {
            id(name)?;
        }
        // An optional scope cannot become a default one before it is removed, and vice versa.
        for name in &remove {
            self.default_client_scopes().remove(id(name)?).await?;
        }
        for name in &remove_optional {
            self.optional_client_scopes().remove(id(name)?).await?;
        }
        for name in &add {
            self.default_client_scopes().add(id(name)?).await?;
        }
        for name in &add_optional {
            self.optional_client_scopes().add(id(name)?).await?;
        }
        Ok(())
    }
}
