//! Create or bring to the wanted state.

mod collections;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::bodies::of_update;
use super::change::{Secrets, is_nothing, merge, not_compared};
use super::modify::{Modify, Target};
use super::{Changes, Sending};
use crate::operation::Operation;
use crate::{Result, error};

/// What `ensure` found and did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ensured<I> {
    /// There was no such object: it was created.
    Created(I),
    /// It was there and differed: these members were changed.
    Changed(I, Changes),
    /// It was there as wanted: nothing was written. The members are secrets that the server does
    /// not show, so they were not compared.
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

    /// Whether the object is new.
    pub fn is_created(&self) -> bool {
        matches!(self, Self::Created(_))
    }

    /// What was changed of an object that was there.
    pub fn changes(&self) -> Option<&Changes> {
        match self {
            Self::Changed(_, changes) => Some(changes),
            Self::Created(_) | Self::Unchanged(..) => None,
        }
    }

    /// The secrets that are wanted and were neither written nor compared, because the server does
    /// not show them: such as `smtpServer.password`. [`Ensure::with_secrets`] writes them.
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

type Finding<'a, I> = Pin<Box<dyn Future<Output = Result<Option<I>>> + Send + 'a>>;

/// Where objects of one kind are.
pub(crate) trait Collection<T>: Sync {
    type Id: Send;

    fn operation(&self) -> &'static Operation;
    /// The object that `wanted` names.
    fn find<'a>(&'a self, wanted: &'a T) -> Finding<'a, Self::Id>;
    fn at(&self, id: &Self::Id) -> Box<dyn Target<T>>;
    fn create(&self, wanted: &T) -> Sending<Self::Id>;
}

/// What somebody else is creating at this moment the server may refuse before it finds it.
const NOT_YET: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(500),
];

/// Members that the server never shows.
const NEVER_SHOWN: &[&str] = &["credentials"];

type Running<'a, I> = Pin<Box<dyn Future<Output = Result<Ensured<I>>> + Send + 'a>>;

/// A wanted state of one object, as `ensure` makes it; `.await` brings it about.
#[must_use = "nothing is created or changed until it is awaited"]
pub struct Ensure<'a, I> {
    operation: &'static Operation,
    run: Box<dyn FnOnce(Secrets) -> Running<'a, I> + Send + 'a>,
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

    /// Writes secrets that cannot be compared, because the server does not show them, even where
    /// nothing else differs: passwords of a mail server, an identity provider, a component or a
    /// user. Without this they are written together with another change.
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
    type IntoFuture = Running<'a, I>;

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
    refuse_lost(operation, &members)?;
    let id = match collection.find(wanted).await? {
        Some(found) => found,
        None => match collection.create(wanted).await {
            Ok(id) => {
                // What a server does not take when it creates it drops without a word.
                let target = collection.at(&id);
                return match bring(operation, target, members, Secrets::Keep).await {
                    Ok(_) => Ok(Ensured::Created(id)),
                    Err(lost) => {
                        let hint = lost.hint().unwrap_or("it is not all as wanted");
                        let hint = format!("the object was created and is there; {hint}");
                        Err(lost.with_hint(hint))
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
                // Something else of it is there already.
                found.ok_or(conflict)?
            }
            Err(failed) => return Err(failed),
        },
    };
    let target = collection.at(&id);
    let (changes, not_compared) = bring(operation, target, members, secrets).await?;
    Ok(if changes.is_empty() {
        Ensured::Unchanged(id, not_compared)
    } else {
        Ensured::Changed(id, changes)
    })
}

/// Members that no update takes, so that a wanted state with them is never reached.
fn refuse_lost(operation: &Operation, members: &Map<String, Value>) -> Result<()> {
    let lost: Vec<String> = of_update(operation.takes)
        .filter(|lost| lost.is_refused_by_ensure() && members.contains_key(lost.member))
        .map(|lost| format!("{} (use {})", lost.member, lost.instead))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(error::invalid_argument(
        operation,
        format!(
            "{} cannot be brought to a wanted state with the rest: leave it out; no request was \
             sent",
            lost.join(", ")
        ),
    ))
}

/// Changes what is set in `wanted` and differs; gives what that was, and the secrets that were
/// neither compared nor written.
pub(crate) async fn bring<T>(
    operation: &'static Operation,
    target: Box<dyn Target<T>>,
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
    // Then nothing was edited, and nothing written.
    if let Some(failed) = failed {
        return Err(error::invalid_argument(
            operation,
            format!("the wanted object cannot be put over the present one: {failed}"),
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

/// The member that names an object.
fn key<'a>(
    operation: &Operation,
    member: &'static str,
    value: Option<&'a String>,
) -> Result<&'a str> {
    match value.map(String::as_str) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(error::invalid_argument(
            operation,
            format!("{member} must be set: it says which object is meant"),
        )),
    }
}
