//! The result of an import, user by user.

use std::fmt;

use crate::Error;
use crate::admin::Changes;
use crate::admin::ids::UserId;
use crate::admin::representations::UserRepresentation;

/// What happened to a user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportOutcome {
    /// The user was created.
    Created(UserId),
    /// The user existed; these members were changed.
    Updated(UserId, Changes),
    /// The user existed as wanted.
    Unchanged(UserId),
    /// The user existed, was deleted, and was created again with this id.
    Replaced(UserId),
    /// The user existed and was left unchanged.
    Skipped(UserId),
    /// An earlier import has imported the user; nothing was sent.
    AlreadyDone,
    /// The user was not imported for this reason.
    Failed(Error),
    /// The import was stopped before.
    NotStarted,
}

/// A user of an import.
#[derive(Clone, Debug)]
pub struct ImportedUser {
    username: String,
    outcome: ImportOutcome,
}

impl ImportedUser {
    pub(crate) fn new(user: &UserRepresentation, outcome: ImportOutcome) -> Self {
        Self {
            username: user.username.clone().unwrap_or_default(),
            outcome,
        }
    }

    /// The username as given; empty if none was.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// What happened to the user.
    #[must_use]
    pub fn outcome(&self) -> &ImportOutcome {
        &self.outcome
    }

    /// The user's id, if the user is in the realm now.
    #[must_use]
    pub fn id(&self) -> Option<&UserId> {
        match &self.outcome {
            ImportOutcome::Created(id)
            | ImportOutcome::Updated(id, _)
            | ImportOutcome::Unchanged(id)
            | ImportOutcome::Replaced(id)
            | ImportOutcome::Skipped(id) => Some(id),
            ImportOutcome::AlreadyDone | ImportOutcome::Failed(_) | ImportOutcome::NotStarted => {
                None
            }
        }
    }
}

/// The result of an import: one entry per user, in the order they were given.
///
/// `Display` writes the counts in one line.
#[derive(Clone, Debug)]
#[must_use]
pub struct ImportReport {
    users: Vec<ImportedUser>,
    stopped_by: Option<Error>,
}

/// How many users had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportCounts {
    /// Created.
    pub created: usize,
    /// Existed and were changed.
    pub updated: usize,
    /// Existed as wanted.
    pub unchanged: usize,
    /// Existed and were created again.
    pub replaced: usize,
    /// Existed and were left unchanged.
    pub skipped: usize,
    /// Imported by an earlier import.
    pub already_done: usize,
    /// Not imported.
    pub failed: usize,
    /// Not sent.
    pub not_started: usize,
}

impl ImportReport {
    pub(crate) fn new(users: Vec<ImportedUser>, stopped_by: Option<Error>) -> Self {
        Self { users, stopped_by }
    }

    /// All users, in the order they were given.
    #[must_use]
    pub fn users(&self) -> &[ImportedUser] {
        &self.users
    }

    /// The users that were not imported, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&ImportedUser, &Error)> {
        self.users.iter().filter_map(|user| match &user.outcome {
            ImportOutcome::Failed(error) => Some((user, error)),
            _ => None,
        })
    }

    /// The names of the users that need no further import, for
    /// [`already_done`](super::ImportUsers::already_done).
    pub fn done(&self) -> impl Iterator<Item = &str> {
        self.users
            .iter()
            .filter(|user| {
                user.id().is_some() || matches!(user.outcome, ImportOutcome::AlreadyDone)
            })
            .map(ImportedUser::username)
    }

    /// Why the import ended early: the login failed, the token may not import, the realm is
    /// missing, or the server could not be reached.
    #[must_use]
    pub fn stopped_by(&self) -> Option<&Error> {
        self.stopped_by.as_ref()
    }

    /// How many users had which outcome.
    #[must_use]
    pub fn counts(&self) -> ImportCounts {
        let mut counts = ImportCounts::default();
        for user in &self.users {
            *match user.outcome {
                ImportOutcome::Created(_) => &mut counts.created,
                ImportOutcome::Updated(..) => &mut counts.updated,
                ImportOutcome::Unchanged(_) => &mut counts.unchanged,
                ImportOutcome::Replaced(_) => &mut counts.replaced,
                ImportOutcome::Skipped(_) => &mut counts.skipped,
                ImportOutcome::AlreadyDone => &mut counts.already_done,
                ImportOutcome::Failed(_) => &mut counts.failed,
                ImportOutcome::NotStarted => &mut counts.not_started,
            } += 1;
        }
        counts
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        write!(f, "{} users", self.users.len())?;
        let mut colon = ": ";
        for (number, what) in [
            (counts.created, "created"),
            (counts.updated, "updated"),
            (counts.unchanged, "as wanted"),
            (counts.replaced, "replaced"),
            (counts.skipped, "skipped"),
            (counts.already_done, "done before"),
            (counts.failed, "failed"),
            (counts.not_started, "not started"),
        ] {
            if number > 0 {
                write!(f, "{colon}{number} {what}")?;
                colon = ", ";
            }
        }
        if let Some(error) = &self.stopped_by {
            write!(f, "; stopped by: {error}")?;
        }
        Ok(())
    }
}
