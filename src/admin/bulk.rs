//! Many calls, with a limit on how many run at a time.

use std::fmt;
use std::future::{Future, IntoFuture};

use futures_core::Stream;
use futures_util::future;
use futures_util::stream::{self, StreamExt};

use crate::BoxFuture;

/// The default number of calls that run at a time.
const AT_ONCE: usize = 8;

/// Makes a call for each item, eight at a time unless [`at_once`](Bulk::at_once) sets another
/// number.
///
/// `.await` returns one result per item, in the order of the items. A failed call does not stop the
/// others. Items are pulled only when their call can start, so the iterator may be long. Dropping
/// the future, or the [`stream`](Bulk::stream), cancels the running calls.
///
/// Writing different objects concurrently is safe. Calls of this client that update the same object
/// take turns. The server may refuse to delete groups concurrently, or realm roles that contain
/// each other: delete those one at a time (`at_once(1)`).
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak, ids: Vec<keycloak_kit::admin::ids::UserId>) {
/// use keycloak_kit::admin::bulk;
///
/// let realm = kc.realm("demo");
/// let results = bulk(&ids, |id| {
///     let user = realm.user(id);
///     async move { user.modify(|user| user.enabled = Some(false)).await }
/// })
/// .at_once(4)
/// .on_progress(|progress| println!("{} done, {} failed", progress.done, progress.failed))
/// .await;
/// for (id, result) in ids.iter().zip(&results) {
///     if let Err(error) = result {
///         println!("{id}: {error}");
///     }
/// }
/// # }
/// ```
pub fn bulk<'a, I, F, R>(items: I, call: F) -> Bulk<'a, I::IntoIter, F>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> R,
    R: IntoFuture,
{
    Bulk {
        items: items.into_iter(),
        call,
        at_once: AT_ONCE,
        progress: None,
        stop: Box::pin(future::pending()),
    }
}

/// The calls of [`bulk`].
#[must_use = "nothing is called until it is awaited or its stream is polled"]
pub struct Bulk<'a, I, F> {
    items: I,
    call: F,
    at_once: usize,
    progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    stop: BoxFuture<'a, ()>,
}

/// The progress of a [`Bulk`], reported after every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many calls have ended, including failed ones.
    pub done: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many items there are, if the iterator knows.
    pub total: Option<usize>,
}

/// A call that has ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done<T, E> {
    /// The index of the item, from 0.
    pub index: usize,
    /// The result of the call.
    pub result: Result<T, E>,
}

impl<'a, I, F> Bulk<'a, I, F> {
    /// Sets how many calls run at a time; 0 means 1.
    pub fn at_once(mut self, calls: usize) -> Self {
        self.at_once = calls.max(1);
        self
    }

    /// Sets a function that is called after every call.
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(tell));
        self
    }

    /// Starts no more calls once `stop` is ready. Running calls end. `.await` then returns fewer
    /// results than there are items: those of the first items, without a gap.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak, ids: Vec<keycloak_kit::admin::ids::UserId>) {
    /// # let (enough, stop) = tokio::sync::oneshot::channel::<()>();
    /// # let realm = kc.realm("demo");
    /// let results = keycloak_kit::admin::bulk(&ids, |id| {
    ///     let user = realm.user(id);
    ///     async move { user.logout().await }
    /// })
    /// .stop_when(async { stop.await.unwrap_or_default() })
    /// .await;
    /// println!("{} were not begun", ids.len() - results.len());
    /// # }
    /// ```
    pub fn stop_when(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.stop = Box::pin(stop);
        self
    }

    /// Returns the results as they arrive, each with the index of its item. While the caller takes
    /// no results, no further calls start.
    pub fn stream<R, T, E>(self) -> impl Stream<Item = Done<T, E>> + Send + 'a
    where
        I: Iterator + Send + 'a,
        I::Item: Send,
        F: FnMut(I::Item) -> R + Send + 'a,
        R: IntoFuture<Output = Result<T, E>, IntoFuture: Send> + 'a,
        T: Send + 'a,
        E: Send + 'a,
    {
        let Self {
            items,
            mut call,
            at_once,
            mut progress,
            stop,
        } = self;
        let total = match items.size_hint() {
            (least, Some(most)) if least == most => Some(most),
            _ => None,
        };
        let (mut done, mut failed) = (0, 0);
        stream::iter(items.enumerate())
            .take_until(stop)
            .map(move |(index, item)| {
                let result = call(item).into_future();
                async move {
                    Done {
                        index,
                        result: result.await,
                    }
                }
            })
            .buffer_unordered(at_once)
            .inspect(move |one| {
                done += 1;
                failed += usize::from(one.result.is_err());
                if let Some(tell) = &mut progress {
                    tell(Progress {
                        done,
                        failed,
                        total,
                    });
                }
            })
    }
}

impl<'a, I, F, R, T, E> IntoFuture for Bulk<'a, I, F>
where
    I: Iterator + Send + 'a,
    I::Item: Send,
    F: FnMut(I::Item) -> R + Send + 'a,
    R: IntoFuture<Output = Result<T, E>, IntoFuture: Send> + 'a,
    T: Send + 'a,
    E: Send + 'a,
{
    type Output = Vec<Result<T, E>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut done: Vec<Done<T, E>> = self.stream().collect().await;
            done.sort_unstable_by_key(|one| one.index);
            done.into_iter().map(|one| one.result).collect()
        })
    }
}

impl<I, F> fmt::Debug for Bulk<'_, I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::{Semaphore, oneshot};

    use super::*;

    #[tokio::test]
    async fn results_come_in_the_order_of_the_items_and_failures_stop_nothing() {
        let mut told = Vec::new();
        let results = bulk(0..20_usize, |item| async move {
            // The later ones end first.
            for _ in item..20 {
                tokio::task::yield_now().await;
            }
            if item % 3 == 0 { Err(item) } else { Ok(item) }
        })
        .at_once(20)
        .on_progress(|progress| told.push(progress))
        .await;
        let expected: Vec<_> = (0..20)
            .map(|item| if item % 3 == 0 { Err(item) } else { Ok(item) })
            .collect();
        assert_eq!(results, expected);
        assert_eq!(told.len(), 20);
        let last = told.last().unwrap();
        assert_eq!((last.done, last.failed, last.total), (20, 7, Some(20)));
    }

    /// Counts how many calls run at a time.
    #[tokio::test]
    async fn no_more_run_than_allowed_and_items_are_taken_when_a_call_can_start() {
        let (taken, running, most) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let items = (0..100).inspect(|_| {
            taken.fetch_add(1, Ordering::SeqCst);
        });
        let (taken, running, most) = (&taken, &running, &most);
        let mut results = Box::pin(
            bulk(items, |item| async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, ()>(item)
            })
            .at_once(3)
            .stream(),
        );
        results.next().await.unwrap();
        assert!(taken.load(Ordering::SeqCst) <= 4, "{taken:?}");
        assert_eq!(results.count().await, 99);
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_stop_ends_what_runs_and_starts_no_more() {
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let results = bulk(0..100, |item| async move { Ok::<_, ()>(item) })
            .at_once(2)
            .on_progress(|progress| {
                if progress.done == 10 {
                    stop.take().unwrap().send(()).unwrap();
                }
            })
            .stop_when(async { stopped.await.unwrap() })
            .await;
        assert!((10..15).contains(&results.len()), "{}", results.len());
        let items: Vec<i32> = results.into_iter().map(Result::unwrap).collect();
        assert!(
            items
                .iter()
                .copied()
                .eq(0..i32::try_from(items.len()).unwrap())
        );
    }

    #[tokio::test]
    async fn dropping_it_drops_the_calls() {
        let gate = Arc::new(Semaphore::new(0));
        let held = Arc::new(());
        let calls = bulk(0..10, |_| {
            let (gate, held) = (Arc::clone(&gate), Arc::clone(&held));
            async move {
                let _held = held;
                gate.acquire().await.map(drop)
            }
        });
        let mut calls = Box::pin(calls.at_once(4).stream());
        assert!(futures_util::FutureExt::now_or_never(calls.next()).is_none());
        assert_eq!(Arc::strong_count(&held), 5);
        drop(calls);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
