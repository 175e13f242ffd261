//! Where pages end, what is read again, and when requests are sent.

use std::sync::{Arc, Mutex};

use tokio::sync::{oneshot, watch};

use super::*;

type Asked = Arc<Mutex<Vec<(i32, i32)>>>;

/// A server with `items` items; the second value records the requests.
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
    // Seven of twenty disappear as soon as they are read.
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

/// Each request sorts items of the same time differently.
#[tokio::test]
async fn a_page_does_not_end_among_ties() {
    let times: Vec<i64> = vec![9, 8, 8, 8, 7, 6, 6, 6, 6, 6, 5, 5];
    for size in 1..=13 {
        let (times, mut turn) = (times.clone(), 0_usize);
        let by_time = |a: &(i64, usize), b: &(i64, usize)| a.0 == b.0;
        let stream = ItemStream::paged(None, Some(size), End::Ties(by_time), move |first, max| {
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

/// Each request sorts the list differently.
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

/// A new item at the start moves all others.
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
    // The stream is not polled here, but the second page is requested.
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
