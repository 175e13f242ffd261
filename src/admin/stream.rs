//! Lists that come page by page.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::{Result, error};

/// The size of a page when the caller sets none.
const PAGE: i32 = 100;

/// The items of a paged list, fetched page by page as they are asked for.
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
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send>>,
}

struct Pages<T, F> {
    fetch: F,
    first: i32,
    size: i32,
    page: std::vec::IntoIter<T>,
    last: bool,
}

impl<T: Send + 'static> ItemStream<T> {
    /// Pages by `first` and `max`; a page shorter than asked for is the last.
    pub(crate) fn paged<F, P>(first: Option<i32>, max: Option<i32>, fetch: F) -> Self
    where
        F: FnMut(i32, i32) -> P + Send + 'static,
        P: Future<Output = Result<Vec<T>>> + Send + 'static,
    {
        let size = max.unwrap_or(PAGE);
        let pages = Pages {
            fetch,
            // The server takes a negative offset for 0; counting on from it sends items twice.
            first: first.unwrap_or(0).max(0),
            size,
            page: Vec::new().into_iter(),
            last: false,
        };
        let items = stream::try_unfold(pages, |mut pages| async move {
            loop {
                if let Some(item) = pages.page.next() {
                    return Ok(Some((item, pages)));
                }
                if pages.last {
                    return Ok(None);
                }
                if pages.size == 0 {
                    return Err(error::config(
                        "a page of 0 items never ends: set `max` to 1 or more",
                    ));
                }
                let page = (pages.fetch)(pages.first, pages.size).await?;
                let length = i32::try_from(page.len()).unwrap_or(i32::MAX);
                // A longer page: the server does not page here. A negative size: it sent all.
                pages.last = length != pages.size;
                match pages.first.checked_add(length) {
                    Some(next) => pages.first = next,
                    None => pages.last = true,
                }
                pages.page = page.into_iter();
            }
        });
        Self {
            items: Box::pin(items),
        }
    }

    /// A list that the server does not page.
    pub(crate) fn whole<P>(list: P) -> Self
    where
        P: Future<Output = Result<Vec<T>>> + Send + 'static,
    {
        let items = stream::once(list)
            .map_ok(|list| stream::iter(list.into_iter().map(Ok)))
            .try_flatten();
        Self {
            items: Box::pin(items),
        }
    }

    /// The next item; `None` at the end. After an error the stream is at its end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(&mut self.items).await
    }

    /// Every item in one list.
    ///
    /// # Errors
    ///
    /// The first error of a page.
    pub async fn collect(self) -> Result<Vec<T>> {
        self.items.try_collect().await
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    type Asked = Arc<Mutex<Vec<(i32, i32)>>>;

    /// A server with `items` items; the second value is what it was asked.
    fn server(items: i32, pages: bool) -> (ItemStream<i32>, Asked) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let stream = ItemStream::paged(Some(0), Some(10), move |first, max| {
            log.lock().unwrap().push((first, max));
            let end = if pages { items.min(first + max) } else { items };
            let first = if pages { first } else { 0 };
            async move { Ok((first..end).collect()) }
        });
        (stream, asked)
    }

    #[tokio::test]
    async fn pages_end_with_a_short_one() {
        for (items, requests) in [(0, 1), (9, 1), (10, 2), (25, 3)] {
            let (stream, asked) = server(items, true);
            assert_eq!(
                stream.collect().await.unwrap(),
                (0..items).collect::<Vec<_>>()
            );
            assert_eq!(asked.lock().unwrap().len(), requests, "{items} items");
        }
    }

    #[tokio::test]
    async fn a_list_that_ignores_max_is_read_once() {
        let (stream, asked) = server(25, false);
        assert_eq!(stream.collect().await.unwrap().len(), 25);
        assert_eq!(*asked.lock().unwrap(), [(0, 10)]);
    }

    #[tokio::test]
    async fn a_negative_start_is_the_first_item() {
        let asked = Asked::default();
        let log = Arc::clone(&asked);
        let stream = ItemStream::paged(Some(-5), Some(10), move |first, max| {
            log.lock().unwrap().push((first, max));
            async move { Ok((first..first.saturating_add(max).min(12)).collect()) }
        });
        assert_eq!(stream.collect().await.unwrap(), (0..12).collect::<Vec<_>>());
        assert_eq!(*asked.lock().unwrap(), [(0, 10), (10, 10)]);
    }

    #[tokio::test]
    async fn nothing_is_asked_before_the_first_item_and_only_what_is_needed() {
        let (mut stream, asked) = server(25, true);
        assert!(asked.lock().unwrap().is_empty());
        for _ in 0..10 {
            stream.next().await.unwrap().unwrap();
        }
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_page_size_of_zero_is_refused_and_minus_one_means_all() {
        let mut empty = ItemStream::<i32>::paged(None, Some(0), |_, _| async { Ok(vec![]) });
        assert!(empty.next().await.unwrap().is_err());
        let all = ItemStream::paged(None, Some(-1), |_, max| async move {
            assert_eq!(max, -1);
            Ok(vec![1, 2, 3])
        });
        assert_eq!(all.collect().await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_error_ends_the_stream() {
        let mut stream =
            ItemStream::<i32>::paged(None, None, |_, _| async { Err(error::config("no")) });
        assert!(stream.next().await.unwrap().is_err());
        assert!(stream.next().await.is_none());
    }
}
