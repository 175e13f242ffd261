//! Edits: read, change, write, read again; with a look at the changes before.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Serialize;

use super::{Changes, Sending};
use crate::operation::Operation;
use crate::shared::EditGuard;
use crate::{ErrorKind, Result, error};

/// Where an edited object is.
pub(crate) trait Target<T>: Send + Sync {
    /// The call that writes it.
    fn operation(&self) -> &'static Operation;
    /// Waits until no other edit of the object runs in this client.
    fn lock(&self) -> Pin<Box<dyn Future<Output = EditGuard> + Send + '_>>;
    /// Waits until nothing else in this client writes the object.
    fn turn(&self) -> Pin<Box<dyn Future<Output = Option<EditGuard>> + Send + '_>>;
    fn read(&self) -> Sending<T>;
    /// `before` is what was read.
    fn write(&self, before: &T, wanted: T) -> Sending<()>;
    /// Reads the object after it was written, under its new name where it has one.
    fn read_again(&self, wanted: &T) -> Sending<T>;
}

/// An edit of one object, as `modify` makes it.
///
/// `.await` reads the object, edits it, writes it where something changed, and gives it as the
/// server has it then. To see the changes first:
///
/// ```no_run
/// # async fn run(realm: keycloak_kit::admin::handles::Realm) -> keycloak_kit::Result<()> {
/// let user = realm.user("7d1a4b6e-2f5b-4f3e-9a51-5f2f2a0c1b7e");
/// let preview = user.modify(|user| user.enabled = Some(false)).preview().await?;
/// println!("{}", preview.changes()); // enabled: true -> false
/// preview.apply().await?;
/// # Ok(()) }
/// ```
#[must_use = "an edit does nothing until it is awaited"]
pub struct Modify<'a, T> {
    target: Box<dyn Target<T>>,
    edit: Box<dyn FnOnce(&mut T) + Send + 'a>,
}

/// An edit that was made but not written.
///
/// Other edits of this object in this client wait until it is applied or dropped.
#[must_use = "nothing is written until the preview is applied"]
pub struct Preview<T> {
    target: Box<dyn Target<T>>,
    before: T,
    wanted: T,
    changes: Changes,
    _one_at_a_time: EditGuard,
}

impl<'a, T> Modify<'a, T> {
    pub(crate) fn new(
        target: impl Target<T> + 'static,
        edit: impl FnOnce(&mut T) + Send + 'a,
    ) -> Self {
        Self {
            target: Box::new(target),
            edit: Box::new(edit),
        }
    }
}

impl<'a, T> Modify<'a, T> {
    /// An edit of an object whose kind is known at run time.
    pub(crate) fn of(target: Box<dyn Target<T>>, edit: impl FnOnce(&mut T) + Send + 'a) -> Self {
        Self {
            target,
            edit: Box::new(edit),
        }
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Modify<'_, T> {
    /// Reads and edits the object, and writes nothing yet.
    ///
    /// # Errors
    ///
    /// As reading the object; [`Config`](ErrorKind::Config) when the edit changes a member that an
    /// update leaves alone, with the call that changes it.
    pub async fn preview(self) -> Result<Preview<T>> {
        let guard = self.target.lock().await;
        self.edited(guard).await
    }

    /// Reads, edits and writes the object, and gives it with what was changed.
    pub(crate) async fn done(self) -> Result<(Changes, T)> {
        let guard = self.target.lock().await;
        let turn = self.target.turn().await;
        let preview = self.edited(guard).await?;
        let changes = preview.changes.clone();
        let after = preview.write().await?;
        drop(turn);
        Ok((changes, after))
    }

    async fn edited(self, guard: EditGuard) -> Result<Preview<T>> {
        let Self { target, edit } = self;
        let before = target.read().await?;
        let mut wanted = before.clone();
        edit(&mut wanted);
        let changes = Changes::between(target.operation(), &before, &wanted)?;
        changes.refuse_lost(target.operation())?;
        Ok(Preview {
            target,
            before,
            wanted,
            changes,
            _one_at_a_time: guard,
        })
    }

    /// What the edit would change; nothing is written.
    ///
    /// # Errors
    ///
    /// As [`preview`](Self::preview).
    pub async fn changes(self) -> Result<Changes> {
        Ok(self.preview().await?.changes)
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Preview<T> {
    /// What the edit changes.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The object as the edit leaves it.
    pub fn wanted(&self) -> &T {
        &self.wanted
    }

    /// Writes the object, if it still is as it was read, and gives it as the server has it then.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) when the object has changed meanwhile; else as `modify`.
    pub async fn apply(self) -> Result<T> {
        if self.changes.is_empty() {
            return Ok(self.before);
        }
        let operation = self.target.operation();
        let _turn = self.target.turn().await;
        let now = self.target.read().await?;
        let meanwhile = Changes::between(operation, &self.before, &now)?;
        if !meanwhile.is_empty() {
            let members: Vec<String> = meanwhile.iter().map(|change| change.member()).collect();
            return Err(error::invalid_argument(
                operation,
                format!(
                    "the object has changed since the preview ({}): nothing was written, look at \
                     a new preview",
                    members.join(", ")
                ),
            )
            .with_kind(ErrorKind::Conflict));
        }
        self.write().await
    }

    /// Writes the object and reads it again; the turn is the caller's.
    async fn write(self) -> Result<T> {
        if self.changes.is_empty() {
            return Ok(self.before);
        }
        self.target.write(&self.before, self.wanted.clone()).await?;
        let after = self.target.read_again(&self.wanted).await?;
        self.changes.confirm(self.target.operation(), &after)?;
        Ok(after)
    }
}

impl<'a, T: Serialize + Clone + Send + Sync + 'static> IntoFuture for Modify<'a, T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.done().await?.1) })
    }
}

impl<T> fmt::Debug for Modify<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modify")
            .field("operation", &self.target.operation().name)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Preview<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview")
            .field("operation", &self.target.operation().name)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}
