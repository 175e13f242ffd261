//! What came of an import, user by user.

use std::fmt;

use crate::Error;
use crate::admin::Changes;
use crate::admin::ids::UserId;
use crate::admin::representations::UserRepresentation;

/// What became of one user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportOutcome {
    /// The user is new.
    Created(UserId),
    /// The user was there and was changed so.
    Updated(UserId, Changes),
    /// The user was there as wanted.
    Unchanged(UserId),
    /// The user was there, was deleted, and made anew with this id.
    Replaced(UserId),
    /// The user was there and was left alone.
    Skipped(UserId),
    /// An earlier import had done it: nothing was sent.
    AlreadyDone,
    /// The user was not imported, for this reason.
    Failed(Error),
    /// The import was stopped before.
    NotStarted,
}

/// One user of an import.
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

    /// The name as it was given; empty where none was.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// What became of the user.
    #[must_use]
    pub fn outcome(&self) -> &ImportOutcome {
        &self.outcome
    }

    /// The user's id, where it is in the realm now.
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

/// What came of an import: one entry a user, in the order they were given.
///
/// `Display` is one line of numbers.
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
    /// New.
    pub created: usize,
    /// There, and changed.
    pub updated: usize,
    /// There as wanted.
    pub unchanged: usize,
    /// There, and made anew.
    pub replaced: usize,
    /// There, and left alone.
    pub skipped: usize,
    /// Done by an earlier import.
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

    /// Every user, in the order they were given.
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

    /// The names of the users that need no further import: what
    /// [`already_done`](super::ImportUsers::already_done) takes.
    pub fn done(&self) -> impl Iterator<Item = &str> {
        self.users
            .iter()
            .filter(|user| {
                user.id().is_some() || matches!(user.outcome, ImportOutcome::AlreadyDone)
            })
            .map(ImportedUser::username)
    }

    /// Why the import was given up before its end: the login failed, the token may not import, the
    /// realm is missing, or the server could not be reached.
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
