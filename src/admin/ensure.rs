//! Creates an object, or changes it to the wanted state.

mod collections;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Changes;
use super::bodies::of_update;
use super::change::{Secrets, is_nothing, merge, not_compared};
use super::modify::{EditTarget, Modify};
use crate::operation::Operation;
use crate::{BoxFuture, Result, error};

/// What `ensure` found and did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ensured<I> {
    /// The object did not exist and was created.
    Created(I),
    /// The object existed and differed; these members were changed.
    Changed(I, Changes),
    /// The object existed as wanted; nothing was written. The members are secrets that were not
    /// compared, because the server does not show them.
    Unchanged(I, Vec<String>),
}

impl<I> Ensured<I> {
    /// The object's id.
    pub fn id(&self) -> &I {
        match self {
            Self::Created(id) | Self::Changed(id, _) | Self::Unchanged(id, _) => id,
        }
    }

    /// The object's id, owned.
    pub fn into_id(self) -> I {
        match self {
            Self::Created(id) | Self::Changed(id, _) | Self::Unchanged(id, _) => id,
        }
    }

    /// Whether the object was created.
    pub fn is_created(&self) -> bool {
        matches!(self, Self::Created(_))
    }

    /// What was changed in an existing object.
    pub fn changes(&self) -> Option<&Changes> {
        match self {
            Self::Changed(_, changes) => Some(changes),
            Self::Created(_) | Self::Unchanged(..) => None,
        }
    }

    /// The wanted secrets that were neither written nor compared because the server does not show
    /// them, such as `smtpServer.password`. [`Ensure::with_secrets`] writes them.
    pub fn not_compared(&self) -> &[String] {
        match self {
            Self::Unchanged(_, members) => members,
            Self::Created(_) | Self::Changed(..) => &[],
        }
    }
}

impl<I: fmt::Display> fmt::Display for Ensured<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(id) => write!(f, "{id}: created"),
            Self::Changed(id, changes) => {
                let members: Vec<String> = changes.iter().map(|change| change.member()).collect();
                write!(f, "{id}: changed {}", members.join(", "))
            }
            Self::Unchanged(id, secrets) if secrets.is_empty() => write!(f, "{id}: as wanted"),
            Self::Unchanged(id, secrets) => {
                write!(f, "{id}: as wanted; not compared: {}", secrets.join(", "))
            }
        }
    }
}

/// A place with objects of one kind.
pub(crate) trait Collection<T>: Sync {
    type Id: Send;

    fn operation(&self) -> &'static Operation;
    /// Finds the object that `wanted` names.
    fn find<'a>(&'a self, wanted: &'a T) -> BoxFuture<'a, Result<Option<Self::Id>>>;
    fn at(&self, id: &Self::Id) -> Box<dyn EditTarget<T>>;
    fn create(&self, wanted: &T) -> BoxFuture<'static, Result<Self::Id>>;
}

/// Waits for a concurrent create: the server may report a conflict before the object is visible.
const NOT_YET: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(500),
];

/// Members that the server never shows.
const NEVER_SHOWN: &[&str] = &["credentials"];

/// A wanted state of an object, returned by `ensure`. `.await` creates or changes the object.
#[must_use = "nothing is created or changed until it is awaited"]
pub struct Ensure<'a, I> {
    operation: &'static Operation,
    run: Box<dyn FnOnce(Secrets) -> BoxFuture<'a, Result<Ensured<I>>> + Send + 'a>,
    secrets: Secrets,
}

impl<'a, I: Send + 'a> Ensure<'a, I> {
    pub(crate) fn new<C, T>(collection: &'a C, wanted: &'a T) -> Self
    where
        C: Collection<T, Id = I>,
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    {
        Self {
            operation: collection.operation(),
            run: Box::new(move |secrets| Box::pin(ensure(collection, wanted, secrets))),
            secrets: Secrets::Keep,
        }
    }

    /// Also writes secrets when nothing else differs. The server does not show passwords of a mail
    /// server, an identity provider, a component or a user, so they cannot be compared. Without
    /// this setting they are written only together with another change.
    pub fn with_secrets(mut self) -> Self {
        self.secrets = Secrets::Write;
        self
    }
}

impl<I> fmt::Debug for Ensure<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ensure")
            .field("operation", &self.operation.name)
            .field("with_secrets", &(self.secrets == Secrets::Write))
            .finish_non_exhaustive()
    }
}

impl<'a, I> IntoFuture for Ensure<'a, I> {
    type Output = Result<Ensured<I>>;
    type IntoFuture = BoxFuture<'a, Result<Ensured<I>>>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.secrets)
    }
}

async fn ensure<C, T>(collection: &C, wanted: &T, secrets: Secrets) -> Result<Ensured<C::Id>>
where
    C: Collection<T>,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let operation = collection.operation();
    let members = members(operation, wanted)?;
    refuse_ignored(operation, &members)?;
    let id = match collection.find(wanted).await? {
        Some(found) => found,
        None => match collection.create(wanted).await {
            Ok(id) => {
                // The server silently drops members that it does not accept on create.
                let target = collection.at(&id);
                return match reconcile(operation, target, members, Secrets::Keep).await {
                    Ok(_) => Ok(Ensured::Created(id)),
                    Err(ignored) => {
                        let hint = ignored.hint().unwrap_or("not every member is as wanted");
                        let hint = format!("the object was created and exists; {hint}");
                        Err(ignored.with_hint(hint))
                    }
                };
            }
            Err(conflict) if conflict.is_conflict() => {
                let mut found = collection.find(wanted).await?;
                for wait in NOT_YET {
                    if found.is_some() {
                        break;
                    }
                    tokio::time::sleep(wait).await;
                    found = collection.find(wanted).await?;
                }
                // The conflict is about another property of the object.
                found.ok_or(conflict)?
            }
            Err(failed) => return Err(failed),
        },
    };
    let target = collection.at(&id);
    let (changes, not_compared) = reconcile(operation, target, members, secrets).await?;
    Ok(if changes.is_empty() {
        Ensured::Unchanged(id, not_compared)
    } else {
        Ensured::Changed(id, changes)
    })
}

/// Refuses members that no update accepts, so the wanted state could never be reached.
fn refuse_ignored(operation: &Operation, members: &Map<String, Value>) -> Result<()> {
    let ignored: Vec<String> = of_update(operation.takes)
        .filter(|ignored| ignored.is_refused_by_ensure() && members.contains_key(ignored.member))
        .map(|ignored| format!("{} (use {})", ignored.member, ignored.instead))
        .collect();
    if ignored.is_empty() {
        return Ok(());
    }
    Err(error::invalid_argument(
        operation,
        format!(
            "{} is not set by ensure: leave it out; no request was sent",
            ignored.join(", ")
        ),
    ))
}

/// Changes the members that are set in `wanted` and differ. Returns the changes, and the secrets
/// that were neither compared nor written.
pub(crate) async fn reconcile<T>(
    operation: &'static Operation,
    target: Box<dyn EditTarget<T>>,
    wanted: Map<String, Value>,
    secrets: Secrets,
) -> Result<(Changes, Vec<String>)>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let mut shown = wanted.clone();
    shown.retain(|member, _| !NEVER_SHOWN.contains(&member.as_str()));
    let (shown, wanted) = (Value::Object(shown), Value::Object(wanted));
    let (mut failed, mut secret) = (None, Vec::new());
    let edit = Modify::of(target, |now: &mut T| {
        let merged = serde_json::to_value(&*now).and_then(|now| {
            secret = not_compared(&now, &wanted);
            let never = NEVER_SHOWN.iter().filter(|member| {
                let set = wanted.get(member);
                set.is_some_and(|set| !is_nothing(set))
            });
            secret.extend(never.map(|member| (*member).to_owned()));
            let merged = merge(&now, &shown, Secrets::Keep);
            serde_json::from_value(if secrets == Secrets::Write || merged != now {
                merge(&now, &wanted, Secrets::Write)
            } else {
                merged
            })
        });
        match merged {
            Ok(merged) => *now = merged,
            Err(error) => failed = Some(error),
        }
    });
    let (changes, _) = edit.done().await?;
    // In that case nothing was edited or written.
    if let Some(failed) = failed {
        return Err(error::invalid_argument(
            operation,
            format!("the wanted object cannot be merged into the present one: {failed}"),
        ));
    }
    Ok((changes, secret))
}

/// The members of a representation that are set.
pub(crate) fn members<T: Serialize>(
    operation: &Operation,
    wanted: &T,
) -> Result<Map<String, Value>> {
    match serde_json::to_value(wanted) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(error::invalid_argument(
            operation,
            "the wanted object is not written as a JSON object",
        )),
        Err(failed) => Err(error::invalid_argument(
            operation,
            format!("the wanted object cannot be written as JSON: {failed}"),
        )),
    }
}

/// Returns the member that identifies an object.
fn key<'a>(
    operation: &Operation,
    member: &'static str,
    value: Option<&'a String>,
) -> Result<&'a str> {
    match value.map(String::as_str) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(error::invalid_argument(
            operation,
            format!("{member} must be set: it identifies the object"),
        )),
    }
}
