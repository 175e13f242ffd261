//! Streams of paged lists.

mod seen_items;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::stream::{StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::task::JoinHandle;

use self::seen_items::{REMEMBERED, SeenItems};
use crate::http::trace;
use crate::{BoxFuture, Result, error};

/// The default page size.
const PAGE: i32 = 100;

/// The items of a paged list, fetched page by page.
///
/// While the caller works on one page, the next one is fetched, but never more than one. Dropping
/// the stream cancels that request.
///
/// No item is returned twice, and none is missed while the list stays the same. If a page repeats
/// an item (the list has grown at its start, or the server sorts it differently in every request,
/// as older releases do with some lists), up to 1000 items are read again in one request.
///
/// A [`Stream`] that is `Send + Unpin + 'static`. Without a stream library, use
/// [`next`](Self::next):
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// let mut users = kc.realm("demo").users().list().search("ada").stream();
/// while let Some(user) = users.next().await {
///     println!("{:?}", user?.username);
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T> {
    source: Source<T>,
    /// Items of the current page.
    page: std::vec::IntoIter<T>,
}

/// How the end of a list is recognized.
pub(crate) enum End<T> {
    /// A page with fewer items than requested is the last one.
    ShortPage,
    /// Only an empty page is the last one: the server removes users from a page if their directory
    /// entry is gone (and deletes them, so the rest moves up).
    EmptyPage,
    /// Like a short page. Items for which this is true, because the server sorts them by the same
    /// time or name, change their order from request to request, so a page must not end among them.
    Ties(fn(&T, &T) -> bool),
}

enum Source<T> {
    Paged(Pages<T>),
    Whole {
        list: BoxFuture<'static, Result<Vec<T>>>,
        skip: usize,
    },
    Stream(Pin<Box<dyn Stream<Item = Result<T>> + Send>>),
    Ended,
}

/// Requests the page at `first` with at most `max` items.
type FetchPage<T> = Box<dyn FnMut(i32, i32) -> BoxFuture<'static, Result<Vec<T>>> + Send>;

struct Pages<T> {
    fetch: FetchPage<T>,
    end: End<T>,
    /// Where the list starts.
    start: i32,
    first: i32,
    size: i32,
    /// The next request asks for `size` times this factor.
    page_factor: i32,
    /// The request for the page at `first`.
    prefetch: Option<Prefetch<T>>,
    seen: SeenItems<T>,
    second_pass: SecondPass,
}

/// Whether the list is read again for items that the pages have missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SecondPass {
    Pending,
    Running,
    Done,
}

enum Prefetch<T> {
    /// Polled with the stream: the first page.
    Here(BoxFuture<'static, Result<Vec<T>>>),
    /// Runs while the caller does something else.
    Task(Task<T>),
}

struct Task<T>(JoinHandle<Result<Vec<T>>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T: Send + 'static> ItemStream<T> {
    /// Creates a stream that pages by `first` and `max`.
    pub(crate) fn paged<F>(first: Option<i32>, max: Option<i32>, end: End<T>, fetch: F) -> Self
    where
        F: FnMut(i32, i32) -> BoxFuture<'static, Result<Vec<T>>> + Send + 'static,
        T: Serialize,
    {
        let start = first.unwrap_or(0).max(0);
        Self::from(Source::Paged(Pages {
            fetch: Box::new(fetch),
            end,
            start,
            first: start,
            size: max.unwrap_or(PAGE),
            page_factor: 1,
            prefetch: None,
            seen: SeenItems::new(),
            second_pass: SecondPass::Pending,
        }))
    }

    /// Creates a stream of a list that the server does not page; `first` is where it starts.
    pub(crate) fn whole(first: Option<i32>, list: BoxFuture<'static, Result<Vec<T>>>) -> Self {
        let skip = usize::try_from(first.unwrap_or(0)).unwrap_or(0);
        Self::from(Source::Whole { list, skip })
    }

    /// Creates a stream of items from several lists.
    pub(crate) fn from_items(items: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self::from(Source::Stream(Box::pin(items)))
    }

    fn from(source: Source<T>) -> Self {
        Self {
            source,
            page: Vec::new().into_iter(),
        }
    }

    /// Sets how many items one request asks for; the default is the request's `max`, or 100. Lists
    /// that the server does not page take a single request.
    ///
    /// Set it before taking the first item; later it applies from the page after the next.
    pub fn page_size(mut self, items: i32) -> Self {
        if let Source::Paged(pages) = &mut self.source {
            pages.size = items;
        }
        self
    }

    /// Returns the next item, or `None` at the end. The stream ends after an error.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(self).await
    }

    /// Reads all items into a list.
    ///
    /// # Errors
    ///
    /// Returns the error of the first page that fails.
    pub async fn collect(self) -> Result<Vec<T>> {
        self.try_collect().await
    }
}

impl<T: Send + 'static> Pages<T> {
    /// Returns the next page and whether it is the last one.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Vec<T>, bool)>> {
        if self.size == 0 {
            return Poll::Ready(Err(error::config(
                "a page of 0 items never ends: set the page size to 1 or more",
            )));
        }
        let size = self.asks_for();
        let mut ahead = match self.prefetch.take() {
            Some(ahead) => ahead,
            None => Prefetch::Here((self.fetch)(self.first, size)),
        };
        let Poll::Ready(page) = ahead.poll(cx) else {
            self.prefetch = Some(ahead);
            return Poll::Pending;
        };
        let mut page = page?;
        let length = i32::try_from(page.len()).unwrap_or(i32::MAX);
        let last = match self.end {
            // More than requested: the server does not page this list.
            End::ShortPage | End::Ties(_) => length != size,
            End::EmptyPage => length == 0 || length > size,
        };
        if !last {
            self.hold_back_ties(&mut page);
        }
        let taken = i32::try_from(page.len()).unwrap_or(i32::MAX);
        let repeated = self.seen.remove_seen(&mut page);
        let next = match self.second_pass {
            SecondPass::Pending if repeated > 0 => {
                self.second_pass = SecondPass::Running;
                Some(self.start)
            }
            SecondPass::Running => {
                self.second_pass = SecondPass::Done;
                self.first.checked_add(taken)
            }
            // Nothing new on a full page: the server does not page this list.
            SecondPass::Done if repeated > 0 && page.is_empty() => None,
            SecondPass::Pending | SecondPass::Done => self.first.checked_add(taken),
        };
        let next = next.filter(|_| !last || self.second_pass == SecondPass::Running);
        if let Some(next) = next {
            self.first = next;
            let size = self.asks_for();
            self.prefetch = Some(Prefetch::start((self.fetch)(next, size)));
        }
        Poll::Ready(Ok((page, next.is_none())))
    }

    /// The number of items to request. The server reads a negative number as "all" in most lists,
    /// and fails in some.
    fn asks_for(&self) -> i32 {
        if self.second_pass == SecondPass::Running {
            return REMEMBERED;
        }
        let size = if self.size < 0 { PAGE } else { self.size };
        size.saturating_mul(self.page_factor)
    }

    /// Holds back the ties of a page's last item for the next page, which then has all of them. If
    /// they fill the page, the next one is larger.
    fn hold_back_ties(&mut self, page: &mut Vec<T>) {
        let End::Ties(tied) = self.end else {
            return;
        };
        let Some(last) = page.last() else {
            return;
        };
        let kept = page
            .iter()
            .rposition(|item| !tied(item, last))
            .map_or(0, |before| before + 1);
        page.truncate(kept);
        self.page_factor = if kept == 0 {
            self.page_factor.saturating_mul(2)
        } else {
            1
        };
    }
}

impl<T: Send + 'static> Prefetch<T> {
    fn start(page: BoxFuture<'static, Result<Vec<T>>>) -> Self {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => Self::Task(Task(runtime.spawn(trace::inherited(page)))),
            Err(_) => Self::Here(page),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<T>>> {
        match self {
            Self::Here(page) => page.as_mut().poll(cx),
            Self::Task(task) => Poll::Ready(match ready!(Pin::new(&mut task.0).poll(cx)) {
                Ok(page) => page,
                Err(failed) => match failed.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(error::config(
                        "the Tokio runtime was shut down while a page was fetched",
                    )),
                },
            }),
        }
    }
}

#[cfg(feature = "blocking")]
crate::blocking::items!(ItemStream<T: Send>);

impl<T: Send + 'static> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let page = match &mut this.source {
                Source::Paged(pages) => ready!(pages.poll(cx)),
                Source::Whole { list, skip } => {
                    let skip = *skip;
                    ready!(list.as_mut().poll(cx))
                        .map(|list| (list.into_iter().skip(skip).collect(), true))
                }
                Source::Stream(items) => match ready!(items.as_mut().poll_next(cx)) {
                    Some(Ok(item)) => return Poll::Ready(Some(Ok(item))),
                    Some(Err(failed)) => Err(failed),
                    None => Ok((Vec::new(), true)),
                },
                Source::Ended => return Poll::Ready(None),
            };
            let ended = page.as_ref().map_or(true, |(_, ended)| *ended);
            if ended {
                this.source = Source::Ended;
            }
            match page {
                Ok((page, _)) => this.page = page.into_iter(),
                Err(failed) => return Poll::Ready(Some(Err(failed))),
            }
        }
    }
}

/// The stream contains nothing that is pinned.
impl<T> Unpin for ItemStream<T> {}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}
