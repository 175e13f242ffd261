//! Lists that come page by page.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::stream::{StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::task::JoinHandle;

use super::repeats::{REMEMBERED, Repeats};
use crate::http::trace;
use crate::{Result, error};

/// The size of a page when the caller sets none.
const PAGE: i32 = 100;

type Page<T> = Pin<Box<dyn Future<Output = Result<Vec<T>>> + Send>>;

/// The items of a paged list, fetched page by page as they are asked for.
///
/// While the caller works on one page the next is fetched; never more than one. Dropping the
/// stream gives that request up.
///
/// No item comes twice, and none is left out while the list stays the same: where a page repeats
/// an item (the list has grown at its beginning, or the server sorts it anew with every request, as
/// some lists of older releases are), up to 1000 items are read once more in one request.
///
/// A [`Stream`], `Send + Unpin + 'static`. Without a stream library at hand, use
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
    /// Items of the present page.
    page: std::vec::IntoIter<T>,
}

/// How the server shows where a list ends.
pub(crate) enum End<T> {
    /// A page with less than was asked for is the last.
    ShortPage,
    /// Only an empty page is the last: the server takes users out of a page whose directory entry
    /// is gone (and deletes them, so that the rest moves up).
    EmptyPage,
    /// As a short page; and items of which this is true (those that the server sorts by the same
    /// time or name) come in another order with every request: a page must not end among them.
    Ties(fn(&T, &T) -> bool),
}

enum Source<T> {
    Paged(Pages<T>),
    Whole { list: Page<T>, skip: usize },
    Made(Pin<Box<dyn Stream<Item = Result<T>> + Send>>),
    Ended,
}

struct Pages<T> {
    fetch: Box<dyn FnMut(i32, i32) -> Page<T> + Send>,
    end: End<T>,
    /// Where the list was to begin.
    start: i32,
    first: i32,
    size: i32,
    /// How many times `size` the next request asks for.
    times: i32,
    /// The request for the page at `first`.
    ahead: Option<Ahead<T>>,
    given: Repeats<T>,
    again: Again,
}

/// Whether the list is read once more, for what the pages have left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    NotYet,
    Now,
    Done,
}

enum Ahead<T> {
    /// Polled with the stream: the first page.
    Here(Page<T>),
    /// Goes on while the caller does something else.
    Task(Task<T>),
}

struct Task<T>(JoinHandle<Result<Vec<T>>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T: Send + 'static> ItemStream<T> {
    /// Pages by `first` and `max`.
    pub(crate) fn paged<F>(first: Option<i32>, max: Option<i32>, end: End<T>, fetch: F) -> Self
    where
        F: FnMut(i32, i32) -> Page<T> + Send + 'static,
        T: Serialize,
    {
        let start = first.unwrap_or(0).max(0);
        Self::from(Source::Paged(Pages {
            fetch: Box::new(fetch),
            end,
            start,
            first: start,
            size: max.unwrap_or(PAGE),
            times: 1,
            ahead: None,
            given: Repeats::new(),
            again: Again::NotYet,
        }))
    }

    /// A list that the server does not page; `first` is where it starts all the same.
    pub(crate) fn whole(first: Option<i32>, list: Page<T>) -> Self {
        let skip = usize::try_from(first.unwrap_or(0)).unwrap_or(0);
        Self::from(Source::Whole { list, skip })
    }

    /// Items that come out of several lists.
    pub(crate) fn made(items: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self::from(Source::Made(Box::pin(items)))
    }

    fn from(source: Source<T>) -> Self {
        Self {
            source,
            page: Vec::new().into_iter(),
        }
    }

    /// How many items one request asks for; 100 unless the request's `max` says otherwise. Where
    /// the server does not page, there is one request whatever the size.
    ///
    /// Set it before the first item is taken: later it counts from the page after the next.
    pub fn page_size(mut self, items: i32) -> Self {
        if let Source::Paged(pages) = &mut self.source {
            pages.size = items;
        }
        self
    }

    /// The next item; `None` at the end. After an error the stream is at its end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(self).await
    }

    /// Every item in one list.
    ///
    /// # Errors
    ///
    /// The first error of a page.
    pub async fn collect(self) -> Result<Vec<T>> {
        self.try_collect().await
    }
}

impl<T: Send + 'static> Pages<T> {
    /// The next page and whether it is the last one.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Vec<T>, bool)>> {
        if self.size == 0 {
            return Poll::Ready(Err(error::config(
                "a page of 0 items never ends: set the page size to 1 or more",
            )));
        }
        let size = self.asks_for();
        let mut ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => Ahead::Here((self.fetch)(self.first, size)),
        };
        let Poll::Ready(page) = ahead.poll(cx) else {
            self.ahead = Some(ahead);
            return Poll::Pending;
        };
        let mut page = page?;
        let length = i32::try_from(page.len()).unwrap_or(i32::MAX);
        let last = match self.end {
            // More than asked for: the server does not page here.
            End::ShortPage | End::Ties(_) => length != size,
            End::EmptyPage => length == 0 || length > size,
        };
        if !last {
            self.leave_ties(&mut page);
        }
        let taken = i32::try_from(page.len()).unwrap_or(i32::MAX);
        let repeated = self.given.take_out(&mut page);
        let next = match self.again {
            Again::NotYet if repeated > 0 => {
                self.again = Again::Now;
                Some(self.start)
            }
            Again::Now => {
                self.again = Again::Done;
                self.first.checked_add(taken)
            }
            // Nothing new on a full page: the server does not page here.
            Again::Done if repeated > 0 && page.is_empty() => None,
            Again::NotYet | Again::Done => self.first.checked_add(taken),
        };
        let next = next.filter(|_| !last || self.again == Again::Now);
        if let Some(next) = next {
            self.first = next;
            let size = self.asks_for();
            self.ahead = Some(Ahead::start((self.fetch)(next, size)));
        }
        Poll::Ready(Ok((page, next.is_none())))
    }

    /// The server reads a negative number as "all" in most lists, and fails in some.
    fn asks_for(&self) -> i32 {
        if self.again == Again::Now {
            return REMEMBERED;
        }
        let size = if self.size < 0 { PAGE } else { self.size };
        size.saturating_mul(self.times)
    }

    /// Leaves the ties of a page's last item to the next page, which then has them all; where they
    /// fill the page, the next one is larger.
    fn leave_ties(&mut self, page: &mut Vec<T>) {
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
        self.times = if kept == 0 {
            self.times.saturating_mul(2)
        } else {
            1
        };
    }
}

impl<T: Send + 'static> Ahead<T> {
    fn start(page: Page<T>) -> Self {
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
                Source::Made(items) => match ready!(items.as_mut().poll_next(cx)) {
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

/// Nothing in it is pinned.
impl<T> Unpin for ItemStream<T> {}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::{oneshot, watch};

    use super::*;

    type Asked = Arc<Mutex<Vec<(i32, i32)>>>;

    /// A server with `items` items; the second value is what it was asked.
    fn server(items: i32, pages: bool, end: End<i32>) -> (ItemStream<i32>, Asked) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let stream = ItemStream::paged(Some(0), Some(10), end, move |first, max| {
            log.lock().unwrap().push((first, max));
            let last = if pages { items.min(first + max) } else { items };
            let first = if pages { first } else { 0 };
            Box::pin(async move { Ok((first..last).collect()) })
        });
        (stream, asked)
    }

    #[tokio::test]
    async fn pages_end_with_a_short_one() {
        for (items, requests) in [(0, 1), (9, 1), (10, 2), (25, 3)] {
            let (stream, asked) = server(items, true, End::ShortPage);
            assert_eq!(
                stream.collect().await.unwrap(),
                (0..items).collect::<Vec<_>>()
            );
            assert_eq!(asked.lock().unwrap().len(), requests, "{items} items");
        }
    }

    #[tokio::test]
    async fn where_the_server_drops_items_only_an_empty_page_is_the_last() {
        // Seven of twenty are gone as soon as they are read.
        let left = Arc::new(Mutex::new((0..20).collect::<Vec<i32>>()));
        let stream = ItemStream::paged(None, Some(6), End::EmptyPage, move |first, max| {
            let mut left = left.lock().unwrap();
            let first = usize::try_from(first).unwrap();
            let last = left.len().min(first + usize::try_from(max).unwrap());
            let page: Vec<i32> = left.drain(first.min(last)..last).collect();
            let page: Vec<i32> = page.into_iter().filter(|item| item % 3 != 0).collect();
            let place = first.min(left.len());
            left.splice(place..place, page.clone());
            Box::pin(async move { Ok(page) })
        });
        let kept: Vec<i32> = (0..20).filter(|item| item % 3 != 0).collect();
        assert_eq!(stream.collect().await.unwrap(), kept);
    }

    /// Each request sorts items of one time anew.
    #[tokio::test]
    async fn a_page_does_not_end_among_ties() {
        let times: Vec<i64> = vec![9, 8, 8, 8, 7, 6, 6, 6, 6, 6, 5, 5];
        for size in 1..=13 {
            let (times, mut turn) = (times.clone(), 0_usize);
            let by_time = |a: &(i64, usize), b: &(i64, usize)| a.0 == b.0;
            let stream =
                ItemStream::paged(None, Some(size), End::Ties(by_time), move |first, max| {
                    turn += 1;
                    let mut all: Vec<(i64, usize)> = times.iter().copied().zip(0..).collect();
                    all.sort_by_key(|(time, id)| (-time, id.wrapping_mul(7 + turn) % 12));
                    let all = all.into_iter().skip(usize::try_from(first).unwrap());
                    let page: Vec<_> = all.take(usize::try_from(max).unwrap()).collect();
                    Box::pin(async move { Ok(page) })
                });
            let read = stream.collect().await.unwrap();
            assert!(read.is_sorted_by_key(|(time, _)| -time), "{size}: {read:?}");
            let mut ids: Vec<usize> = read.into_iter().map(|(_, id)| id).collect();
            ids.sort_unstable();
            assert_eq!(ids, (0..12).collect::<Vec<_>>(), "pages of {size}");
        }
    }

    #[tokio::test]
    async fn a_list_that_ignores_max_is_read_once() {
        for end in [End::ShortPage, End::EmptyPage] {
            let (stream, asked) = server(25, false, end);
            assert_eq!(stream.collect().await.unwrap().len(), 25);
            assert_eq!(*asked.lock().unwrap(), [(0, 10)]);
        }
    }

    #[tokio::test]
    async fn a_list_that_ignores_first_is_read_once_more() {
        for end in [End::ShortPage, End::EmptyPage] {
            let (stream, asked) = server(10, false, end);
            assert_eq!(stream.collect().await.unwrap().len(), 10);
            let asked = asked.lock().unwrap();
            assert_eq!(asked[..3], [(0, 10), (10, 10), (0, 1000)]);
            assert!(asked.len() <= 4, "{asked:?}");
        }
    }

    /// Each request sorts the list anew.
    #[tokio::test]
    async fn an_order_that_changes_loses_nothing() {
        for size in [1, 2, 3, 7, 40] {
            let mut turn = 0;
            let stream = ItemStream::paged(None, Some(size), End::ShortPage, move |first, max| {
                turn += 1;
                let mut all: Vec<i32> = (0..37).collect();
                all.sort_by_key(|item| (item * 7919 + turn * 104_729) % 1009);
                let all = all.into_iter().skip(usize::try_from(first).unwrap());
                let page: Vec<i32> = all.take(usize::try_from(max).unwrap()).collect();
                Box::pin(async move { Ok(page) })
            });
            let mut read = stream.collect().await.unwrap();
            read.sort_unstable();
            assert_eq!(read, (0..37).collect::<Vec<_>>(), "pages of {size}");
        }
    }

    /// Something new at the beginning moves everything.
    #[tokio::test]
    async fn a_list_that_grows_gives_nothing_twice() {
        let mut newest = 5000;
        let stream = ItemStream::paged(None, Some(100), End::ShortPage, move |first, max| {
            newest += 3;
            let all = (0..newest).rev().skip(usize::try_from(first).unwrap());
            let page: Vec<i32> = all.take(usize::try_from(max).unwrap()).collect();
            Box::pin(async move { Ok(page) })
        });
        let read = stream.collect().await.unwrap();
        let distinct: std::collections::BTreeSet<&i32> = read.iter().collect();
        assert_eq!(distinct.len(), read.len());
        assert!((0..5000).all(|item| distinct.contains(&item)));
    }

    #[tokio::test]
    async fn nothing_is_asked_before_the_first_item_and_then_one_page_ahead() {
        let (mut stream, asked) = server(45, true, End::ShortPage);
        assert!(asked.lock().unwrap().is_empty());
        for taken in 1..=10 {
            stream.next().await.unwrap().unwrap();
            assert_eq!(asked.lock().unwrap().len(), 2, "after {taken} items");
        }
        stream.next().await.unwrap().unwrap();
        assert_eq!(asked.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn the_next_page_comes_while_the_caller_works_and_is_given_up_with_the_stream() {
        let (arrived, mut arrivals) = watch::channel(0);
        let (held, given_up) = oneshot::channel::<()>();
        let mut held = Some(held);
        let mut stream = ItemStream::paged(None, Some(2), End::ShortPage, move |first, _| {
            let arrived = arrived.clone();
            let last = if first == 4 { held.take() } else { None };
            Box::pin(async move {
                arrived.send_replace(first);
                if let Some(_held) = last {
                    std::future::pending::<()>().await;
                }
                Ok(vec![first, first + 1])
            })
        });
        assert_eq!(stream.next().await.unwrap().unwrap(), 0);
        // The stream is not polled here, and still the second page is asked for.
        arrivals.wait_for(|first| *first == 2).await.unwrap();
        for item in 1..=2 {
            assert_eq!(stream.next().await.unwrap().unwrap(), item);
        }
        arrivals.wait_for(|first| *first == 4).await.unwrap();
        drop(stream);
        given_up.await.expect_err("the request is dropped");
    }

    #[tokio::test]
    async fn the_page_size_may_be_set_on_the_stream() {
        let (stream, asked) = server(5, true, End::ShortPage);
        assert_eq!(stream.page_size(3).collect().await.unwrap().len(), 5);
        assert_eq!(*asked.lock().unwrap(), [(0, 3), (3, 3)]);
    }

    #[tokio::test]
    async fn a_page_size_of_zero_is_refused_and_a_negative_one_is_the_usual() {
        let mut empty = ItemStream::<i32>::paged(None, Some(0), End::ShortPage, |_, _| {
            Box::pin(async { Ok(vec![]) })
        });
        assert!(empty.next().await.unwrap().is_err());
        let all = ItemStream::paged(None, Some(-1), End::ShortPage, |_, max| {
            Box::pin(async move { Ok((0..max - 1).collect()) })
        });
        assert_eq!(all.collect().await.unwrap().len(), 99);
    }

    #[tokio::test]
    async fn a_negative_start_is_the_first_item() {
        let asked = Asked::default();
        let log = Arc::clone(&asked);
        let stream = ItemStream::paged(Some(-5), Some(10), End::ShortPage, move |first, max| {
            log.lock().unwrap().push((first, max));
            Box::pin(async move { Ok((first..first.saturating_add(max).min(12)).collect()) })
        });
        assert_eq!(
            stream.collect().await.unwrap(),
            (0..12).collect::<Vec<i32>>()
        );
        assert_eq!(*asked.lock().unwrap(), [(0, 10), (10, 10)]);
    }

    #[tokio::test]
    async fn a_whole_list_starts_at_first() {
        let list = || Box::pin(async { Ok(vec![1, 2, 3]) });
        let from = |first| ItemStream::whole(first, list());
        assert_eq!(from(None).collect().await.unwrap(), [1, 2, 3]);
        assert_eq!(from(Some(2)).page_size(1).collect().await.unwrap(), [3]);
        assert!(from(Some(9)).collect().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_error_ends_the_stream() {
        let mut stream = ItemStream::<i32>::paged(None, None, End::ShortPage, |first, _| {
            Box::pin(async move {
                if first == 0 {
                    Ok(vec![0; 100])
                } else {
                    Err(error::config("no"))
                }
            })
        });
        for _ in 0..100 {
            stream.next().await.unwrap().unwrap();
        }
        assert!(stream.next().await.unwrap().is_err());
        assert!(stream.next().await.is_none());
    }
}
