//! The token cache, with a custom source and a paused clock, without a network.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, sleep};

use crate::http::deadline::Deadline;
use crate::operation::Operation;
use crate::token::engine::TokenEngine;
use crate::{AccessToken, BoxFuture, Error, Keycloak, Result, TokenContext, TokenSource};

const OP: Operation = Operation::new("test", "GET", "/");
const SECOND: Duration = Duration::from_secs(1);

/// Returns `t1`, `t2` and so on, each after a permit, or the results in `results`.
#[derive(Debug)]
struct Source {
    fetches: AtomicUsize,
    gate: Semaphore,
    lifetime: Mutex<Option<Duration>>,
    failing: Mutex<bool>,
    panicking: Mutex<bool>,
}

impl TokenSource for Arc<Source> {
    fn fetch<'a>(&'a self, _: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
        Box::pin(async move {
            let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
            self.gate.acquire().await.unwrap().forget();
            assert!(!*self.panicking.lock().unwrap());
            if *self.failing.lock().unwrap() {
                return Err(Error::token_source(format!("hunter{number}")));
            }
            let token = AccessToken::new(format!("t{number}"));
            let lifetime = *self.lifetime.lock().unwrap();
            Ok(lifetime.map_or(token.clone(), |lifetime| token.with_lifetime(lifetime)))
        })
    }
}

struct Bench {
    source: Arc<Source>,
    kc: Keycloak,
}

impl Bench {
    fn new(lifetime: Option<u64>) -> Self {
        let source = Arc::new(Source {
            fetches: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS / 2),
            lifetime: Mutex::new(lifetime.map(Duration::from_secs)),
            failing: Mutex::new(false),
            panicking: Mutex::new(false),
        });
        let builder = Keycloak::builder("http://127.0.0.1:1");
        Self {
            kc: builder.token_source(source.clone()).build().unwrap(),
            source,
        }
    }

    /// Makes fetches wait until `open`.
    fn close(&self) {
        self.source.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.source.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    fn engine(&self) -> &TokenEngine {
        self.kc.authorized.engine().unwrap()
    }

    async fn token(&self) -> String {
        self.kc.token().await.unwrap().expose().to_owned()
    }

    fn fetches(&self) -> usize {
        self.source.fetches.load(Ordering::SeqCst)
    }

    fn fail(&self, failing: bool) {
        *self.source.failing.lock().unwrap() = failing;
    }

    /// Lets spawned tasks run.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_share_one_request() {
    let bench = Bench::new(Some(60));
    bench.close();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let kc = bench.kc.clone();
            tokio::spawn(async move { kc.token().await.unwrap().expose().to_owned() })
        })
        .collect();
    bench.settle().await;
    bench.open();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "t1");
    }
    assert_eq!(bench.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_takes_nothing_with_it() {
    let bench = Bench::new(Some(60));
    bench.close();
    let kc = bench.kc.clone();
    let leader = tokio::spawn(async move { kc.token().await });
    bench.settle().await;
    leader.abort();
    let kc = bench.kc.clone();
    let follower = tokio::spawn(async move { kc.token().await });
    bench.settle().await;
    bench.open();
    assert_eq!(follower.await.unwrap().unwrap().expose(), "t1");
    assert_eq!(bench.fetches(), 1);

    // Nor when all callers have left: the token is kept.
    let bench = Bench::new(Some(60));
    bench.close();
    let kc = bench.kc.clone();
    let alone = tokio::spawn(async move { kc.token().await });
    bench.settle().await;
    alone.abort();
    bench.open();
    bench.settle().await;
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_while_callers_go_on() {
    let bench = Bench::new(Some(60));
    assert_eq!(bench.token().await, "t1");
    advance(29 * SECOND).await;
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t1", 1));
    bench.close();
    advance(2 * SECOND).await;
    assert_eq!(
        bench.token().await,
        "t1",
        "half of its life is over, but it is good"
    );
    bench.settle().await;
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t1", 2));
    bench.open();
    bench.settle().await;
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t2", 2));
}

#[tokio::test(start_paused = true)]
async fn near_the_end_callers_wait() {
    let bench = Bench::new(Some(60));
    assert_eq!(bench.token().await, "t1");
    advance(56 * SECOND).await;
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t2", 2));
    // The same long after the expiry.
    advance(3600 * SECOND).await;
    assert_eq!(bench.token().await, "t3");
}

/// A token that has not expired is used, however long its renewal takes.
#[tokio::test(start_paused = true)]
async fn near_the_end_callers_do_not_wait_past_what_the_token_is_good_for() {
    let bench = Bench::new(Some(60));
    assert_eq!(bench.token().await, "t1");
    bench.close();
    sleep(56 * SECOND).await;
    let asked = Instant::now();
    assert_eq!(bench.token().await, "t1");
    assert_eq!(asked.elapsed(), 2 * SECOND, "half of what is left");
    assert_eq!(bench.fetches(), 2);
    // After the expiry there is no usable token, so such a caller waits for the new one.
    sleep(3 * SECOND).await;
    let op = bench.engine().token(&OP, Deadline::after(SECOND)).await;
    assert_eq!(op.unwrap_err().kind(), crate::ErrorKind::Timeout);
    bench.open();
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t2", 2));
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_keeps_the_token_until_it_expires() {
    let bench = Bench::new(Some(60));
    bench.token().await;
    bench.fail(true);
    advance(31 * SECOND).await;
    for _ in 0..10 {
        assert_eq!(bench.token().await, "t1");
        bench.settle().await;
    }
    assert_eq!(bench.fetches(), 2, "not tried again at once");
    advance(6 * SECOND).await;
    assert_eq!(bench.token().await, "t1");
    bench.settle().await;
    assert_eq!(bench.fetches(), 3);
    // Past the mark at which callers wait, but not expired.
    advance(20 * SECOND).await;
    assert_eq!(bench.token().await, "t1");
    advance(5 * SECOND).await;
    let error = bench.kc.token().await.unwrap_err();
    assert!(
        error.is_unauthorized() && error.operation() == Some("login"),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    bench.fail(false);
    assert!(bench.token().await.starts_with('t'));
}

#[tokio::test(start_paused = true)]
async fn missing_zero_and_huge_lifetimes_have_a_meaning() {
    let bench = Bench::new(None);
    assert_eq!(bench.token().await, "t1");
    advance(1_000_000 * SECOND).await;
    assert_eq!(bench.token().await, "t1", "until a 401");
    let lease = bench
        .engine()
        .token(&OP, Deadline::after(SECOND))
        .await
        .unwrap();
    bench.engine().invalidate(&lease);
    assert_eq!(bench.token().await, "t2");

    let bench = Bench::new(Some(0));
    assert_eq!(bench.token().await, "t1");
    assert_eq!(bench.token().await, "t2");

    let bench = Bench::new(None);
    *bench.source.lifetime.lock().unwrap() = Some(Duration::MAX);
    assert_eq!(bench.token().await, "t1");
    assert_eq!(bench.token().await, "t1");
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_while_under_way_is_not_handed_out() {
    let bench = Bench::new(Some(60));
    bench.close();
    let kc = bench.kc.clone();
    let waiter = tokio::spawn(async move { kc.token().await.unwrap().expose().to_owned() });
    bench.settle().await;
    bench.engine().invalidate_all();
    bench.open();
    assert_eq!(waiter.await.unwrap(), "t2");
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t2", 2));
    bench.engine().invalidate_all();
    assert_eq!(bench.token().await, "t3");
}

#[tokio::test(start_paused = true)]
async fn only_the_token_that_failed_is_dropped() {
    let bench = Bench::new(Some(60));
    let old = bench
        .engine()
        .token(&OP, Deadline::after(SECOND))
        .await
        .unwrap();
    bench.engine().invalidate(&old);
    assert_eq!(bench.token().await, "t2");
    bench.engine().invalidate(&old);
    assert_eq!((bench.token().await.as_str(), bench.fetches()), ("t2", 2));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_call_has_its_own_deadline() {
    let bench = Bench::new(Some(60));
    bench.close();
    let error = bench
        .engine()
        .token(&OP, Deadline::after(SECOND))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error}");
    bench.open();
    assert_eq!(bench.token().await, "t1");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_or_panics_fails_the_call_and_nothing_else() {
    let bench = Bench::new(Some(60));
    bench.close();
    let error = bench.kc.token().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    sleep(300 * SECOND).await;
    bench.open();
    bench.token().await;

    let bench = Bench::new(Some(60));
    *bench.source.panicking.lock().unwrap() = true;
    let error = bench.kc.token().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    *bench.source.panicking.lock().unwrap() = false;
    assert!(bench.token().await.starts_with('t'));
}

#[test]
fn a_request_whose_runtime_is_gone_is_made_again() {
    let bench = Bench::new(Some(60));
    bench.close();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    first.block_on(async {
        let engine = bench.engine();
        engine
            .token(&OP, Deadline::after(Duration::from_millis(1)))
            .await
            .unwrap_err();
    });
    drop(first);
    bench.open();
    assert_eq!(runtime().block_on(bench.token()), "t2");
}
