//! Edits: read, change, write and read again, with an optional preview of the changes.

use std::fmt;
use std::future::IntoFuture;

use serde::Serialize;

use super::Changes;
use crate::operation::Operation;
use crate::shared::EditGuard;
use crate::{BoxFuture, ErrorKind, Result, error};

/// The object that an edit reads and writes.
pub(crate) trait EditTarget<T>: Send + Sync {
    /// The call that writes the object.
    fn operation(&self) -> &'static Operation;
    /// Waits until no other edit of the object runs in this client.
    fn lock(&self) -> BoxFuture<'_, EditGuard>;
    /// Waits until nothing else in this client writes the object.
    fn turn(&self) -> BoxFuture<'_, Option<EditGuard>>;
    fn read(&self) -> BoxFuture<'static, Result<T>>;
    /// Writes `wanted`; `before` is what was read.
    fn write(&self, before: &T, wanted: T) -> BoxFuture<'static, Result<()>>;
    /// Reads the object after it was written, under its new name if it has one.
    fn read_again(&self, wanted: &T) -> BoxFuture<'static, Result<T>>;
}

/// An edit of an object, returned by `modify`.
///
/// `.await` reads the object, edits it, writes it if something changed, and returns it as the
/// server has it afterwards. To see the changes first:
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
    target: Box<dyn EditTarget<T>>,
    edit: Box<dyn FnOnce(&mut T) + Send + 'a>,
}

/// An edit that has not been written yet.
///
/// Other edits of this object in this client wait until the preview is applied or dropped.
#[must_use = "nothing is written until the preview is applied"]
pub struct Preview<T> {
    target: Box<dyn EditTarget<T>>,
    before: T,
    wanted: T,
    changes: Changes,
    _one_at_a_time: EditGuard,
}

impl<'a, T> Modify<'a, T> {
    pub(crate) fn new(
        target: impl EditTarget<T> + 'static,
        edit: impl FnOnce(&mut T) + Send + 'a,
    ) -> Self {
        Self {
            target: Box::new(target),
            edit: Box::new(edit),
        }
    }
}

impl<'a, T> Modify<'a, T> {
    /// Creates an edit of an object whose kind is known only at run time.
    pub(crate) fn of(
        target: Box<dyn EditTarget<T>>,
        edit: impl FnOnce(&mut T) + Send + 'a,
    ) -> Self {
        Self {
            target,
            edit: Box::new(edit),
        }
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Modify<'_, T> {
    /// Reads and edits the object without writing it.
    ///
    /// # Errors
    ///
    /// - [`Config`](ErrorKind::Config) if the edit changes a member that an update ignores; the
    ///   error names the call that changes it.
    /// - Any other [`ErrorKind`] if reading the object fails.
    pub async fn preview(self) -> Result<Preview<T>> {
        let guard = self.target.lock().await;
        self.edited(guard).await
    }

    /// Reads, edits and writes the object. Returns the changes and the object.
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
        changes.refuse_ignored(target.operation())?;
        Ok(Preview {
            target,
            before,
            wanted,
            changes,
            _one_at_a_time: guard,
        })
    }

    /// Returns what the edit would change, without writing it.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`preview`](Self::preview).
    pub async fn changes(self) -> Result<Changes> {
        Ok(self.preview().await?.changes)
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Preview<T> {
    /// The changes of the edit.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The edited object.
    pub fn wanted(&self) -> &T {
        &self.wanted
    }

    /// Writes the object if it has not changed since the preview, and returns it as the server has
    /// it afterwards.
    ///
    /// # Errors
    ///
    /// - [`Conflict`](ErrorKind::Conflict) if the object has changed since the preview.
    /// - Any other [`ErrorKind`] if the write fails.
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
                    "the object has changed since the preview ({}): nothing was written, make a \
                     new preview",
                    members.join(", ")
                ),
            )
            .with_kind(ErrorKind::Conflict));
        }
        self.write().await
    }

    /// Writes the object and reads it again. The caller holds the turn.
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
    type IntoFuture = BoxFuture<'a, Result<T>>;

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
