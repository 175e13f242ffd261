//! Imports of many users, with a report.

mod report;
#[cfg(test)]
mod tests;
mod users;

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, Either};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Progress;
use super::handles::Realm;
use super::representations::UserRepresentation;
use crate::operation::Operation;
use crate::{BoxFuture, Error, ErrorKind, error};

pub use report::{ImportCounts, ImportOutcome, ImportReport, ImportedUser};

const OPERATION: &Operation = &Operation::new(
    "realm.import_users",
    "POST",
    "/admin/realms/{realm}/partialImport",
);

/// Users per request. Larger requests take longer in total.
const CHUNK: usize = 100;
/// Requests that run at a time.
const AT_ONCE: usize = 4;

/// What to do with users that exist already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Leave them unchanged.
    #[default]
    Skip,
    /// Change what is set in the import and differs. Groups and roles are added, none are removed.
    /// The user keeps its id, sessions and credentials.
    Update,
    /// Delete them and create them again with a new id. What the import does not contain is lost.
    Replace,
    /// Leave them unchanged and count them as failed.
    Fail,
}

impl Realm {
    /// Imports users; `users` may yield many thousands.
    ///
    /// Sends them through [`partial_import`](Self::partial_import), a hundred at a time. It accepts
    /// hashed passwords, groups and roles, creates unknown roles, does not check the user profile,
    /// and needs the role `manage-realm` besides `manage-users`. A request that the server refuses
    /// is split until the users it is about are found; the others are imported. A rate-limited
    /// request (429) waits as long as the server asks for, at most a minute at a time.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) {
    /// use keycloak_kit::representations::UserRepresentation;
    ///
    /// let users = (0..10_000).map(|n| UserRepresentation::default().username(format!("user-{n}")));
    /// let report = kc.realm("demo").import_users(users).await;
    /// println!("{report}");
    /// for (user, error) in report.failures() {
    ///     println!("{}: {error}", user.username());
    /// }
    /// # }
    /// ```
    #[inline]
    pub fn import_users<'a, I>(&self, users: I) -> ImportUsers<'a>
    where
        I: IntoIterator<Item = UserRepresentation>,
        I::IntoIter: Send + 'a,
    {
        ImportUsers {
            realm: self.clone(),
            users: Box::new(users.into_iter()),
            existing: Existing::default(),
            chunk: CHUNK,
            at_once: AT_ONCE,
            one_by_one: false,
            done: HashMap::new(),
            progress: None,
            stop: Box::pin(future::pending()),
        }
    }
}

/// An import of users; see [`Realm::import_users`]. `.await` returns its [`ImportReport`].
#[must_use = "nothing is imported until it is awaited"]
pub struct ImportUsers<'a> {
    realm: Realm,
    users: Box<dyn Iterator<Item = UserRepresentation> + Send + 'a>,
    existing: Existing,
    chunk: usize,
    at_once: usize,
    one_by_one: bool,
    /// Usernames in lower case: `None` if already imported, otherwise the index of the user.
    done: HashMap<String, Option<usize>>,
    progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    stop: BoxFuture<'a, ()>,
}

impl<'a> ImportUsers<'a> {
    /// Sets what to do with users that exist already; the default is to skip them.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Sets how many users a request contains (100); 0 means 1.
    pub fn chunk(mut self, users: usize) -> Self {
        self.chunk = users.max(1);
        self
    }

    /// Sets how many requests run at a time (4); 0 means 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    /// Sends a request for each user, which takes several times as long. The server then checks the
    /// realm's user profile and gives the reason of a refusal, and the role `manage-users`
    /// suffices.
    pub fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self
    }

    /// Continues an import that was stopped: users with these names are not sent again. An earlier
    /// report's [`done`](ImportReport::done) returns them.
    pub fn already_done(mut self, usernames: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names = usernames.into_iter();
        self.done
            .extend(names.map(|name| (name.as_ref().to_lowercase(), None)));
        self
    }

    /// Sets a function that is called after every request, with numbers of users.
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(tell));
        self
    }

    /// Starts no more requests once `stop` is ready; running ones end. Users that were not sent are
    /// [`NotStarted`](ImportOutcome::NotStarted) in the report.
    pub fn stop_when(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop = Box::pin(stop);
        self
    }

    async fn run(self) -> ImportReport {
        let Self {
            realm,
            users,
            existing,
            chunk,
            at_once,
            one_by_one,
            mut done,
            mut progress,
            stop,
        } = self;
        let total = match users.size_hint() {
            (least, Some(most)) if least == most => Some(most),
            _ => None,
        };
        let size = if one_by_one { 1 } else { chunk };
        let importer = users::Importer {
            realm,
            existing,
            one_by_one,
            limited: Arc::default(),
        };
        let mut users = users.enumerate();
        let mut imported: Vec<(usize, ImportedUser)> = Vec::new();
        let mut running = FuturesUnordered::new();
        let (mut stop, mut halted) = (stop.fuse(), false);
        let (mut counted, mut failed) = (0, 0);
        let mut stopped_by: Option<Error> = None;
        loop {
            while !halted && running.len() < at_once {
                let mut part = Vec::new();
                let before = imported.len();
                for (index, user) in users.by_ref() {
                    match outcome_before_sending(&mut done, index, &user) {
                        None => part.push((index, user)),
                        Some(outcome) => imported.push((index, ImportedUser::new(&user, outcome))),
                    }
                    if part.len() == size {
                        break;
                    }
                }
                if part.is_empty() {
                    if imported.len() == before {
                        halted = true;
                    }
                    continue;
                }
                running.push(importer.import(part));
            }
            if running.is_empty() {
                break;
            }
            match future::select(running.next(), &mut stop).await {
                Either::Left((Some((part, fatal)), _)) => {
                    imported.extend(part);
                    if let Some(fatal) = fatal {
                        halted = true;
                        stopped_by.get_or_insert(fatal);
                    }
                }
                Either::Left((None, _)) => {}
                Either::Right(((), _)) => halted = true,
            }
            if let Some(tell) = &mut progress {
                failed += count_failed(imported.get(counted..).unwrap_or_default());
                counted = imported.len();
                tell(Progress {
                    done: imported.len(),
                    failed,
                    total,
                });
            }
        }
        imported.extend(users.map(|(index, user)| {
            let outcome = ImportOutcome::NotStarted;
            (index, ImportedUser::new(&user, outcome))
        }));
        imported.sort_unstable_by_key(|(index, _)| *index);
        ImportReport::new(
            imported.into_iter().map(|(_, user)| user).collect(),
            stopped_by,
        )
    }
}

fn count_failed(imported: &[(usize, ImportedUser)]) -> usize {
    let failed = |outcome: &ImportOutcome| matches!(outcome, ImportOutcome::Failed(_));
    imported
        .iter()
        .filter(|(_, user)| failed(user.outcome()))
        .count()
}

/// Returns the outcome of a user that need not be sent.
fn outcome_before_sending(
    done: &mut HashMap<String, Option<usize>>,
    index: usize,
    user: &UserRepresentation,
) -> Option<ImportOutcome> {
    let name = match user.username.as_deref() {
        Some(name) if !name.trim().is_empty() => name.to_lowercase(),
        _ => {
            return Some(ImportOutcome::Failed(error::invalid_argument(
                OPERATION,
                "username must be set",
            )));
        }
    };
    match done.get(&name) {
        None => {
            done.insert(name, Some(index));
            None
        }
        Some(None) => Some(ImportOutcome::AlreadyDone),
        Some(Some(first)) => Some(ImportOutcome::Failed(
            error::invalid_argument(
                OPERATION,
                format!("the username is that of user {first} of this import, counted from 0"),
            )
            .with_kind(ErrorKind::Conflict),
        )),
    }
}

impl<'a> IntoFuture for ImportUsers<'a> {
    type Output = ImportReport;
    type IntoFuture = BoxFuture<'a, ImportReport>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for ImportUsers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportUsers")
            .field("existing", &self.existing)
            .field("chunk", &self.chunk)
            .field("at_once", &self.at_once)
            .field("one_by_one", &self.one_by_one)
            .finish_non_exhaustive()
    }
}
