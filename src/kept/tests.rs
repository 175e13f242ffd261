//! Tests of the cache on a paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::state::{KeptState, Step};
use super::{Ages, Kept};
use crate::ErrorKind;
use crate::error::{Error, Result, config, protocol};
use crate::http::deadline::Deadline;

const AGES: Ages = Ages {
    fresh: secs(300),
    background: secs(600),
    at_most: secs(3600),
    pause: secs(30),
};
const WAIT: Duration = secs(5);

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A source of numbers that counts the fetches.
#[derive(Clone)]
struct Place {
    kept: Kept<usize>,
    fetches: Arc<AtomicUsize>,
    delay: Arc<Mutex<Duration>>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Place {
    fn new() -> Self {
        Self {
            kept: Kept::new(AGES, |failure| failure.kind() == ErrorKind::Config),
            fetches: Arc::default(),
            delay: Arc::default(),
            failure: Arc::default(),
        }
    }

    /// Returns what a caller with a deadline of two minutes gets, and how long it waited.
    async fn get(&self) -> (Result<Option<usize>>, Duration) {
        let start = Instant::now();
        let got = self
            .kept
            .get(WAIT, Deadline::after(secs(120)), || self.fetch())
            .await;
        (
            got.map(|got| got.map(|got| *got.value)),
            Instant::now() - start,
        )
    }

    fn fetch(&self) -> impl Future<Output = Result<usize>> + Send + 'static {
        let place = self.clone();
        async move {
            let number = place.fetches.fetch_add(1, Ordering::SeqCst) + 1;
            let delay = *place.delay.lock().unwrap();
            tokio::time::sleep(delay).await;
            match &*place.failure.lock().unwrap() {
                Some(failure) => Err(failure.clone()),
                None => Ok(number),
            }
        }
    }

    fn slow(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    fn fail(&self, failure: Option<Error>) {
        *self.failure.lock().unwrap() = failure;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Runs a fetch to its end.
    async fn settle(&self) {
        while let Some(waiting) = self.kept.pending() {
            let _ = waiting.wait(secs(1000)).await;
        }
    }

    async fn gets(&self, value: usize, waited: Duration) {
        let (got, took) = self.get().await;
        assert_eq!((got.unwrap(), took), (Some(value), waited));
    }
}

#[tokio::test(start_paused = true)]
async fn by_age_it_is_used_then_renewed_beside_then_renewed_first() {
    let place = Place::new();
    place.slow(secs(1));
    place.gets(1, secs(1)).await;
    // The age counts from the start of the fetch.
    sleep(secs(298)).await;
    place.gets(1, secs(0)).await;
    assert_eq!(
        (place.fetches(), place.kept.pending().is_some()),
        (1, false)
    );
    sleep(secs(1)).await;
    place.gets(1, secs(0)).await;
    place.settle().await;
    place.gets(2, secs(0)).await;
    assert_eq!(place.fetches(), 2);
    // After a time without calls the value is too old to be used before its renewal.
    sleep(secs(599)).await;
    place.gets(3, secs(1)).await;
    sleep(secs(4000)).await;
    place.gets(4, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_hangs_holds_nobody_up_for_longer_than_the_wait() {
    let place = Place::new();
    place.gets(1, secs(0)).await;
    place.slow(secs(120));
    place.fail(Some(protocol("away")));
    sleep(secs(600)).await;
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move { place.gets(1, WAIT).await })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    // Later callers do not wait, neither for this fetch nor after it has failed.
    for _ in 0..10 {
        place.gets(1, secs(0)).await;
        sleep(secs(13)).await;
    }
    assert_eq!(place.fetches(), 1 + 1);
    // After the pause there is another attempt.
    sleep(secs(20)).await;
    place.gets(1, WAIT).await;
    assert_eq!(place.fetches(), 3);
    // The value is used for at most an hour.
    place.slow(secs(0));
    sleep(secs(3000)).await;
    let (got, _) = place.get().await;
    assert!(got.unwrap_err().to_string().contains("away"));
    place.fail(None);
    place.gets(place.fetches() + 1, secs(0)).await;
}

/// A fetch that started or failed while the value was young enough does not replace the attempt
/// that is due later.
#[tokio::test(start_paused = true)]
async fn what_is_old_is_renewed_first_whatever_happened_before() {
    let place = Place::new();
    place.gets(1, secs(0)).await;
    place.fail(Some(protocol("away")));
    sleep(secs(590)).await;
    place.gets(1, secs(0)).await;
    place.settle().await;
    place.gets(1, secs(0)).await;
    assert_eq!(place.fetches(), 2, "it was tried and failed");
    place.fail(None);
    sleep(secs(10)).await;
    place.gets(3, secs(0)).await;

    sleep(secs(590)).await;
    place.slow(secs(12));
    place.gets(3, secs(0)).await;
    sleep(secs(10)).await;
    place.gets(4, secs(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_fetch_outlives_callers_that_give_up() {
    let place = Place::new();
    place.slow(secs(20));
    let impatient = place
        .kept
        .get(WAIT, Deadline::after(secs(1)), || place.fetch());
    assert!(impatient.await.unwrap().is_none());
    assert!(tokio::time::timeout(secs(1), place.get()).await.is_err());
    place.gets(1, secs(18)).await;
    assert_eq!(place.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_and_not_kept_and_one_that_says_wrong_ends_the_use() {
    let place = Place::new();
    place.fail(Some(protocol("away")));
    place.slow(secs(2));
    let (first, second) = tokio::join!(place.get(), place.get());
    assert!(first.0.is_err() && second.0.is_err());
    assert_eq!(place.fetches(), 1);
    place.fail(None);
    place.gets(2, secs(2)).await;
    place.fail(Some(config("gone")));
    sleep(secs(300)).await;
    place.gets(2, secs(0)).await;
    place.settle().await;
    assert!(
        place
            .get()
            .await
            .0
            .unwrap_err()
            .to_string()
            .contains("gone")
    );
    // The last value is still available.
    assert_eq!(*place.kept.last().unwrap().0, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_doubted_is_renewed_first_and_used_on_where_that_fails() {
    let place = Place::new();
    place.kept.doubt();
    place.gets(1, secs(0)).await;
    place.kept.doubt();
    place.gets(2, secs(0)).await;
    place.gets(2, secs(0)).await;
    assert_eq!(place.fetches(), 2);
    // A fetch already in progress may return the doubted value.
    sleep(secs(300)).await;
    place.slow(secs(3));
    place.gets(2, secs(0)).await;
    place.kept.doubt();
    place.gets(3, secs(3)).await;
    place.gets(4, secs(3)).await;
    place.fail(Some(protocol("away")));
    place.kept.doubt();
    place.gets(4, secs(3)).await;
    place.gets(4, secs(0)).await;
    assert_eq!(place.fetches(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_zero_still_renews() {
    let place = Place::new();
    place.gets(1, secs(0)).await;
    sleep(secs(600)).await;
    let got = place
        .kept
        .get(secs(0), Deadline::after(secs(9)), || place.fetch())
        .await;
    assert_eq!(*got.unwrap().unwrap().value, 1);
    place.settle().await;
    place.gets(2, secs(0)).await;
}

/// Tasks end with their runtime; the next caller starts another fetch.
#[test]
fn a_fetch_that_is_lost_with_its_runtime_is_begun_again() {
    let place = Place::new();
    place.slow(secs(3600));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let first = runtime();
    first.block_on(async {
        assert!(tokio::time::timeout(secs(1), place.get()).await.is_err());
    });
    drop(first);
    place.slow(secs(0));
    runtime().block_on(place.gets(2, secs(0)));
}

/// For events in any order, no value is used past its ages, and a missing or expired value is
/// fetched.
#[tokio::test(start_paused = true)]
async fn every_short_history_keeps_the_rules() {
    let events = 6_u32;
    let length = 6;
    for history in 0..events.pow(length) {
        let mut state = KeptState::<Instant>::default();
        let mut now = Instant::now();
        let mut running = None;
        let mut rest = history;
        for _ in 0..length {
            match rest % events {
                0 => now += secs(299),
                1 => now += secs(31),
                2 => {
                    // A caller.
                    let begins = match state.step(&AGES, now, WAIT) {
                        Step::Use(value) => {
                            assert!(now - *value < AGES.at_most);
                            let must_renew = now - *value >= AGES.background;
                            let excused =
                                state.is_fetching(now) || state.pause(&AGES, now).is_some();
                            assert!(!must_renew || excused, "{history}");
                            false
                        }
                        Step::Renew(value) => {
                            assert!((AGES.fresh..AGES.background).contains(&(now - *value)));
                            true
                        }
                        Step::RenewFirst(value, until) => {
                            assert!((AGES.background..AGES.at_most).contains(&(now - *value)));
                            assert!(until > now && until <= now + WAIT);
                            true
                        }
                        Step::Fetch => true,
                    };
                    if begins && !state.is_fetching(now) {
                        running = Some((state.begin(now), now));
                    }
                }
                3 => {
                    if let Some((id, since)) = running.take() {
                        state.succeed(id, Arc::new(since));
                        assert!(!state.is_fetching(now));
                    }
                }
                4 => {
                    if let Some((id, _)) = running.take() {
                        state.fail(id, now, false);
                        assert!(!state.is_fetching(now));
                    }
                }
                _ => now += secs(601),
            }
            rest /= events;
        }
    }
}
