//! Create or bring to the wanted state.

mod collections;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::change::merge;
use super::modify::{Modify, Target};
use super::{Changes, Sending};
use crate::http::operation::Operation;
use crate::{Result, error};

/// What `ensure` found and did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ensured<I> {
    /// There was no such object: it was created.
    Created(I),
    /// It was there and differed: these members were changed.
    Changed(I, Changes),
    /// It was there as wanted: nothing was written.
    Unchanged(I),
}

impl<I> Ensured<I> {
    /// The object's id.
    pub fn id(&self) -> &I {
        match self {
            Self::Created(id) | Self::Changed(id, _) | Self::Unchanged(id) => id,
        }
    }

    /// The object's id, owned.
    pub fn into_id(self) -> I {
        match self {
            Self::Created(id) | Self::Changed(id, _) | Self::Unchanged(id) => id,
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
            Self::Created(_) | Self::Unchanged(_) => None,
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
            Self::Unchanged(id) => write!(f, "{id}: as wanted"),
        }
    }
}

type Found<I, T> = Option<(I, Box<dyn Target<T>>)>;
type Finding<'a, I, T> = Pin<Box<dyn Future<Output = Result<Found<I, T>>> + Send + 'a>>;

/// Where objects of one kind are.
pub(crate) trait Collection<T>: Sync {
    type Id: Send;

    fn operation(&self) -> &'static Operation;
    /// Members that creating takes and updating does not, with what does instead.
    fn apart(&self) -> &'static [(&'static str, &'static str)];
    /// The object that `wanted` names.
    fn find<'a>(&'a self, wanted: &'a T) -> Finding<'a, Self::Id, T>;
    fn create(&self, wanted: &T) -> Sending<Self::Id>;
}

/// What somebody else is creating at this moment the server may refuse before it finds it.
const NOT_YET: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(80),
    Duration::from_millis(200),
    Duration::from_millis(500),
];

/// A password is set once: the server never tells which one is.
const ONLY_NEW: &[&str] = &["credentials"];

pub(crate) async fn ensure<C, T>(collection: &C, wanted: &T) -> Result<Ensured<C::Id>>
where
    C: Collection<T>,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let operation = collection.operation();
    let members = members(operation, wanted)?;
    for (member, instead) in collection.apart() {
        if members.contains_key(*member) {
            return Err(error::invalid_argument(
                operation,
                format!(
                    "{member} cannot be brought to a wanted state with the rest: leave it out and \
                     use {instead}"
                ),
            ));
        }
    }
    let found = match collection.find(wanted).await? {
        Some(found) => Some(found),
        None => match collection.create(wanted).await {
            Ok(id) => return Ok(Ensured::Created(id)),
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
                Some(found.ok_or(conflict)?)
            }
            Err(failed) => return Err(failed),
        },
    };
    let Some((id, target)) = found else {
        return Err(
            error::protocol("the object is neither there nor created").with_operation(operation)
        );
    };
    let changes = bring(operation, target, members).await?;
    Ok(if changes.is_empty() {
        Ensured::Unchanged(id)
    } else {
        Ensured::Changed(id, changes)
    })
}

/// Changes what is set in `wanted` and differs; gives what that was.
pub(crate) async fn bring<T>(
    operation: &'static Operation,
    target: Box<dyn Target<T>>,
    mut wanted: Map<String, Value>,
) -> Result<Changes>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    wanted.retain(|member, _| !ONLY_NEW.contains(&member.as_str()));
    let wanted = Value::Object(wanted);
    let mut failed = None;
    let preview = Modify::of(target, |now: &mut T| {
        let merged = serde_json::to_value(&*now)
            .and_then(|now| serde_json::from_value(merge(&now, &wanted)));
        match merged {
            Ok(merged) => *now = merged,
            Err(error) => failed = Some(error),
        }
    })
    .preview()
    .await?;
    if let Some(failed) = failed {
        return Err(error::invalid_argument(
            operation,
            format!("the wanted object cannot be put over the present one: {failed}"),
        ));
    }
    let changes = preview.changes().clone();
    preview.write().await?;
    Ok(changes)
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
