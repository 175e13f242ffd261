//! The requests of an import.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Existing, ImportOutcome, ImportedUser, OPERATION};
use crate::admin::change::Secrets;
use crate::admin::ensure::{members, reconcile};
use crate::admin::handles::Realm;
use crate::admin::ids::UserId;
use crate::admin::representations::{
    PartialImportAction, PartialImportRepresentation, PartialImportResourceType,
    PartialImportResult, UserRepresentation,
};
use crate::{Error, ErrorKind, Result, error};

type Batch = Vec<(usize, UserRepresentation)>;
/// The outcomes of a batch, and the error that the rest of the import would meet as well.
type Imported = (Vec<(usize, ImportedUser)>, Option<Error>);

/// Members that other calls set on an existing user, or that no update accepts.
const MEMBERSHIPS: &[&str] = &[
    "groups",
    "realmRoles",
    "clientRoles",
    "federatedIdentities",
    "clientConsents",
    // The user keeps its own.
    "createdTimestamp",
    "credentials",
    "id",
];

/// The hint if a replacement could not be created.
const DELETED: &str = "the existing user was deleted: import this one again";
/// The hint if roles could not be assigned.
const WITHOUT_ROLES: &str = "the user exists, but without these roles: add them with assign_roles";

/// How often a rate-limited request is sent again.
const LIMITED_ATTEMPTS: u32 = 10;
/// The first wait, if the limiter does not name one.
const SHORT_WAIT: Duration = Duration::from_millis(200);
/// A limiter that asks for a longer wait ends the import.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct Importer {
    pub(super) realm: Realm,
    pub(super) existing: Existing,
    pub(super) one_by_one: bool,
    /// Held by the request that was rate-limited.
    pub(super) limited: Arc<Mutex<()>>,
}

impl Importer {
    /// Imports a batch. Borrows nothing, because several run at a time.
    pub(super) fn import(&self, batch: Batch) -> impl Future<Output = Imported> + Send + use<> {
        let this = self.clone();
        async move {
            if this.one_by_one {
                this.import_each(batch).await
            } else {
                this.import_batch(batch).await
            }
        }
    }

    /// Sends one request for the whole batch, and smaller ones if the server refuses it.
    async fn import_batch(&self, batch: Batch) -> Imported {
        let mut imported = Vec::with_capacity(batch.len());
        let mut batches = vec![batch];
        while let Some(mut batch) = batches.pop() {
            match self.send(&batch).await {
                Ok(results) => {
                    for (index, user) in batch {
                        let result = results.get(&name_of(&user));
                        let outcome = self.outcome(&user, result).await;
                        imported.push((index, ImportedUser::new(&user, outcome)));
                    }
                }
                Err(failed) if !is_about_users(&failed) => {
                    let all = batch.into_iter().chain(batches.into_iter().flatten());
                    imported.extend(all.map(|(index, user)| {
                        let outcome = ImportOutcome::Failed(failed.clone());
                        (index, ImportedUser::new(&user, outcome))
                    }));
                    return (imported, Some(failed));
                }
                Err(_) if batch.len() > 1 => {
                    let rest = batch.split_off(batch.len() / 2);
                    batches.push(rest);
                    batches.push(batch);
                }
                Err(failed) => {
                    for (index, user) in batch {
                        let failed = self.explained(&user, failed.clone()).await;
                        let outcome = ImportOutcome::Failed(failed);
                        imported.push((index, ImportedUser::new(&user, outcome)));
                    }
                }
            }
        }
        (imported, None)
    }

    /// Sends a request for each user.
    async fn import_each(&self, batch: Batch) -> Imported {
        let mut imported = Vec::with_capacity(batch.len());
        let mut fatal = None;
        for (index, user) in batch {
            let outcome = match self.create(&user).await {
                Ok(outcome) => outcome,
                Err(failed) => {
                    if !is_about_users(&failed) {
                        fatal = Some(failed.clone());
                    }
                    ImportOutcome::Failed(self.explained(&user, failed).await)
                }
            };
            imported.push((index, ImportedUser::new(&user, outcome)));
        }
        (imported, fatal)
    }

    async fn send(&self, batch: &Batch) -> Result<HashMap<String, PartialImportResult>> {
        let policy = match self.existing {
            Existing::Replace => "OVERWRITE",
            // The server's FAIL refuses the whole request.
            Existing::Skip | Existing::Update | Existing::Fail => "SKIP",
        };
        let body = PartialImportRepresentation::default()
            .if_resource_exists(policy)
            .users(batch.iter().map(|(_, user)| user.clone()));
        let import = || {
            let request = self.realm.partial_import(&body);
            match self.existing {
                // A repeated request would find the users of the first one.
                Existing::Fail => request.single_use(),
                _ => request,
            }
        };
        let results = self.wait_out_limiter(import).await?;
        Ok(results
            .results
            .into_iter()
            .flatten()
            .filter(|result| result.resource_type == Some(PartialImportResourceType::User))
            .filter_map(|result| Some((result.resource_name.as_ref()?.to_lowercase(), result)))
            .collect())
    }

    /// Waits as long as a rate limiter asks for, beyond the retries of a single call. Rate-limited
    /// requests take turns.
    async fn wait_out_limiter<T, F>(&self, call: impl Fn() -> F) -> Result<T>
    where
        F: IntoFuture<Output = Result<T>>,
    {
        let (mut turn, mut delay) = (None, SHORT_WAIT);
        for _ in 0..LIMITED_ATTEMPTS {
            let limited = match call().await {
                Err(limited) if limited.is_rate_limited() => limited,
                other => return other,
            };
            let wait = limited.retry_after().unwrap_or(delay);
            if wait > LONGEST_WAIT {
                return Err(limited);
            }
            if turn.is_none() {
                turn = Some(self.limited.lock().await);
            }
            tokio::time::sleep(wait).await;
            delay = LONGEST_WAIT.min(delay * 2);
        }
        call().await
    }

    /// Translates the server's result for a user.
    async fn outcome(
        &self,
        user: &UserRepresentation,
        result: Option<&PartialImportResult>,
    ) -> ImportOutcome {
        let Some((id, action)) = result
            .and_then(|result| Some((UserId::new(result.id.clone()?), result.action.clone()?)))
        else {
            return ImportOutcome::Failed(
                error::protocol("the server reported no result for this user")
                    .with_operation(OPERATION),
            );
        };
        match action {
            PartialImportAction::Added => ImportOutcome::Created(id),
            PartialImportAction::Overwritten => ImportOutcome::Replaced(id),
            PartialImportAction::Skipped => self
                .resolve_existing(user, id)
                .await
                .unwrap_or_else(ImportOutcome::Failed),
            other => ImportOutcome::Failed(
                error::protocol(format!(
                    "the server reported the unknown action {other} for this user"
                ))
                .with_operation(OPERATION),
            ),
        }
    }

    /// Handles a user that exists already.
    async fn resolve_existing(
        &self,
        user: &UserRepresentation,
        id: UserId,
    ) -> Result<ImportOutcome> {
        match self.existing {
            Existing::Skip => Ok(ImportOutcome::Skipped(id)),
            Existing::Fail => Err(error::invalid_argument(
                OPERATION,
                format!("there is a user with this name already: {id}"),
            )
            .with_kind(ErrorKind::Conflict)),
            Existing::Update => {
                let mut wanted = members(OPERATION, user)?;
                wanted.retain(|member, _| !MEMBERSHIPS.contains(&member.as_str()));
                let handle = self.realm.user(&id);
                let (changes, _) =
                    reconcile(OPERATION, Box::new(handle), wanted, Secrets::Keep).await?;
                self.join_groups(user, &id).await?;
                self.give_roles(user, &id).await?;
                Ok(if changes.is_empty() {
                    ImportOutcome::Unchanged(id)
                } else {
                    ImportOutcome::Updated(id, changes)
                })
            }
            Existing::Replace => {
                // Looks for what would prevent creating the new user before deleting the old one.
                if let Some((kind, reason)) = self.reason(user).await? {
                    return Err(error::invalid_argument(OPERATION, reason).with_kind(kind));
                }
                self.wait_out_limiter(|| self.realm.user(&id).delete())
                    .await?;
                let (users, new) = (self.realm.users(), without_roles(user));
                let created = self.wait_out_limiter(|| users.create(&new)).await;
                let id = created.map_err(|failed| failed.with_hint(DELETED))?;
                self.give_roles(user, &id).await?;
                Ok(ImportOutcome::Replaced(id))
            }
        }
    }

    async fn create(&self, user: &UserRepresentation) -> Result<ImportOutcome> {
        let (users, new) = (self.realm.users(), without_roles(user));
        match self.wait_out_limiter(|| users.create(&new)).await {
            Ok(id) => {
                self.give_roles(user, &id).await?;
                Ok(ImportOutcome::Created(id))
            }
            Err(conflict) if conflict.is_conflict() => {
                let found = self.realm.users().find_by_username(name_of(user)).await?;
                match found {
                    Some(found) => self.resolve_existing(user, found.user_id()?).await,
                    None => Err(conflict),
                }
            }
            Err(failed) => Err(failed),
        }
    }

    async fn join_groups(&self, user: &UserRepresentation, id: &UserId) -> Result<()> {
        for path in user.groups.iter().flatten() {
            let group = self.realm.groups().by_path(path).await?;
            self.realm.user(id).groups().add(group.group_id()?).await?;
        }
        Ok(())
    }

    async fn give_roles(&self, user: &UserRepresentation, id: &UserId) -> Result<()> {
        let assign = || {
            let realm_roles = user.realm_roles.iter().flatten();
            let mut roles = self.realm.user(id).assign_roles(realm_roles);
            for (client, names) in user.client_roles.iter().flatten() {
                roles = roles.of_client(client, names);
            }
            roles
        };
        let given = self.wait_out_limiter(assign).await;
        given
            .map(drop)
            .map_err(|failed| failed.with_hint(WITHOUT_ROLES))
    }

    /// Looks for a reason if the server fails without one.
    async fn explained(&self, user: &UserRepresentation, failed: Error) -> Error {
        if !failed.is_server() {
            return failed;
        }
        match self.reason(user).await {
            Ok(Some((kind, reason))) => error::invalid_argument(OPERATION, reason).with_kind(kind),
            Ok(None) | Err(_) => failed,
        }
    }

    async fn reason(&self, user: &UserRepresentation) -> Result<Option<(ErrorKind, String)>> {
        if let Some(email) = &user.email {
            let of_another = self.realm.users().find_by_email(email).await?;
            let of_another = of_another.and_then(|other| other.username);
            if let Some(other) = of_another.filter(|other| *other != name_of(user)) {
                let reason = format!("the e-mail address is that of user {other:?}");
                return Ok(Some((ErrorKind::Conflict, reason)));
            }
        }
        let mut unknown = Vec::new();
        for path in user.groups.iter().flatten() {
            if self.realm.groups().find_by_path(path).await?.is_none() {
                unknown.push(format!("group {path:?}"));
            }
        }
        for client in user.client_roles.iter().flatten().map(|(client, _)| client) {
            let found = self.realm.clients().find_by_client_id(client).await?;
            if found.is_none() {
                unknown.push(format!("client {client:?}"));
            }
        }
        Ok((!unknown.is_empty()).then(|| {
            let reason = format!("there is no {}", unknown.join(", no "));
            (ErrorKind::NotFound, reason)
        }))
    }
}

/// Creating a user accepts groups, but not roles.
fn without_roles(user: &UserRepresentation) -> UserRepresentation {
    let mut user = user.clone();
    (user.realm_roles, user.client_roles) = (None, None);
    user
}

/// Keycloak stores usernames in lower case.
fn name_of(user: &UserRepresentation) -> String {
    user.username.as_deref().unwrap_or_default().to_lowercase()
}

/// Whether other users of the request may succeed.
fn is_about_users(failed: &Error) -> bool {
    match failed.kind() {
        ErrorKind::Conflict | ErrorKind::Validation => true,
        ErrorKind::Server => failed.status() == Some(http::StatusCode::INTERNAL_SERVER_ERROR),
        _ => false,
    }
}
