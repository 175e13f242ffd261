//! A scripted realm: the test sets what the server shows at each poll.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;

use super::*;

/// A realm's events, and how its server lists them.
#[derive(Default)]
struct Realm {
    events: Mutex<Vec<EventRepresentation>>,
    old: bool,
    expiration: Mutex<Option<i64>>,
    off: Mutex<bool>,
    fails: Mutex<u32>,
    lists: Mutex<Vec<(Option<String>, Option<&'static str>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Realm {
    fn old() -> Arc<Self> {
        Arc::new(Self {
            old: true,
            ..Self::default()
        })
    }

    fn add(&self, id: &str, time: i64) {
        let mut event = EventRepresentation::default().time(time).user_id(id);
        if !self.old {
            event = event.id(id);
        }
        lock(&self.events).push(event);
    }

    fn list(
        &self,
        from: Option<String>,
        direction: Option<&'static str>,
    ) -> Result<Vec<EventRepresentation>> {
        lock(&self.lists).push((from.clone(), direction));
        let mut fails = lock(&self.fails);
        if *fails > 0 {
            *fails -= 1;
            return Err(protocol("broken").with_kind(ErrorKind::Server));
        }
        let mut all = lock(&self.events).clone();
        all.sort_by_key(|event| event.time);
        if let Some(from) = from.filter(|_| !self.old) {
            let from: i64 = from.parse().unwrap();
            all.retain(|event| event.time >= Some(from));
        } else if lock(&self.lists)
            .last()
            .is_some_and(|(from, _)| from.as_ref().is_some_and(|from| !from.contains('-')))
        {
            return Err(protocol("expected format is yyyy-MM-dd").with_kind(ErrorKind::Validation));
        }
        if self.old || direction.is_none() {
            all.reverse();
        }
        Ok(all)
    }

    fn follow(self: &Arc<Self>, since: EventCursor) -> EventStream<EventRepresentation> {
        let (list, settings) = (Arc::clone(self), Arc::clone(self));
        let source = EventSource {
            list: Box::new(move |from, direction| {
                let page = list.list(from, direction);
                crate::ItemStream::whole(None, Box::pin(async { page }))
            }),
            settings: Box::new(move || {
                let settings = EventSettings {
                    enabled: !*lock(&settings.off),
                    expiration: *lock(&settings.expiration),
                };
                Box::pin(async move { Ok(settings) })
            }),
        };
        EventStream::new(source, since)
    }
}

/// What the stream returns without waiting for the next poll.
fn ready(stream: &mut EventStream<EventRepresentation>) -> Vec<String> {
    std::iter::from_fn(|| stream.next().now_or_never().flatten())
        .map(|event| event.unwrap().user_id.unwrap())
        .collect()
}

/// Lets the time until the next poll pass.
async fn pass() {
    tokio::time::advance(EVERY).await;
}

fn resumed(stream: &EventStream<EventRepresentation>) -> EventCursor {
    let saved = serde_json::to_string(stream.cursor()).unwrap();
    serde_json::from_str(&saved).unwrap()
}

#[tokio::test(start_paused = true)]
async fn events_come_once_and_the_oldest_first() {
    for realm in [Arc::new(Realm::default()), Realm::old()] {
        realm.add("b", 2_000_000_000_500);
        realm.add("a", 2_000_000_000_100);
        let mut stream = realm.follow(EventCursor::beginning());
        assert_eq!(ready(&mut stream), ["a", "b"]);
        pass().await;
        assert_eq!(ready(&mut stream), Vec::<String>::new());
        realm.add("c", 2_000_000_000_500);
        pass().await;
        assert_eq!(
            ready(&mut stream),
            ["c"],
            "of the same millisecond as another"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_appears_late_is_given_up_to_the_window() {
    let realm = Arc::new(Realm::default());
    realm.add("a", 2_000_000_100_000);
    let mut stream = realm.follow(EventCursor::beginning());
    assert_eq!(ready(&mut stream), ["a"]);
    realm.add("late", 2_000_000_040_000);
    realm.add("too late", 2_000_000_039_999);
    pass().await;
    assert_eq!(ready(&mut stream), ["late"]);
    let mut stream = stream.window(Duration::from_secs(600));
    pass().await;
    assert_eq!(
        ready(&mut stream),
        Vec::<String>::new(),
        "what was seen is known from there on only"
    );
}

#[tokio::test(start_paused = true)]
async fn a_saved_cursor_resumes_behind_the_event_given_last() {
    for realm in [Arc::new(Realm::default()), Realm::old()] {
        for (number, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
            realm.add(id, 2_000_000_000_000 + i64::try_from(number).unwrap() / 2);
        }
        let mut stream = realm.follow(EventCursor::beginning());
        for expected in ["a", "b", "c"] {
            let event = stream.next().await.unwrap().unwrap();
            assert_eq!(event.user_id.unwrap(), expected);
        }
        let mut stream = realm.follow(resumed(&stream));
        assert_eq!(ready(&mut stream), ["d"]);
        realm.add("e", 2_000_000_000_000);
        let mut stream = realm.follow(resumed(&stream));
        assert_eq!(ready(&mut stream), ["e"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_the_latest_gives_only_what_comes() {
    let realm = Arc::new(Realm::default());
    realm.add("before", 2_000_000_000_000);
    let mut stream = realm.follow(EventCursor::latest());
    assert_eq!(ready(&mut stream), Vec::<String>::new());
    realm.add("after", 2_000_000_000_000);
    pass().await;
    assert_eq!(ready(&mut stream), ["after"]);

    let empty = Arc::new(Realm::default());
    let mut stream = empty.follow(EventCursor::latest());
    assert_eq!(ready(&mut stream), Vec::<String>::new());
    empty.add("first", 2_000_000_000_000);
    pass().await;
    assert_eq!(ready(&mut stream), ["first"]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_at_a_time_begins_there() {
    let realm = Arc::new(Realm::default());
    realm.add("before", 1_999_999_999_999);
    realm.add("then", 2_000_000_000_000);
    let then = std::time::UNIX_EPOCH + Duration::from_millis(2_000_000_000_000);
    assert_eq!(ready(&mut realm.follow(then.into())), ["then"]);
}

#[tokio::test(start_paused = true)]
async fn many_events_are_read_in_several_looks() {
    let realm = Arc::new(Realm::default());
    for number in 0..2500 {
        realm.add(&format!("{number:04}"), 2_000_000_000_000 + number / 7);
    }
    let mut stream = realm.follow(EventCursor::beginning()).until_now();
    let given = stream.by_ref().collect::<Vec<_>>().await;
    assert_eq!(given.len(), 2500);
    assert!(lock(&realm.lists).len() >= 3);
    assert!(stream.next().await.is_none(), "it has ended");
}

#[tokio::test(start_paused = true)]
async fn an_old_server_is_asked_by_date() {
    let realm = Realm::old();
    realm.add("a", 2_000_000_000_000);
    let then = std::time::UNIX_EPOCH + Duration::from_millis(2_000_000_000_000);
    let mut stream = realm.follow(then.into());
    assert_eq!(ready(&mut stream), ["a"]);
    pass().await;
    assert_eq!(ready(&mut stream), Vec::<String>::new());
    let by_date = (Some("2033-05-17".to_owned()), None);
    assert_eq!(
        *lock(&realm.lists),
        [
            (Some("2000000000000".to_owned()), Some("asc")),
            by_date.clone(),
            by_date
        ],
        "and by time only until it has refused it"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_does_not_end_the_stream() {
    let realm = Arc::new(Realm::default());
    realm.add("a", 2_000_000_000_000);
    *lock(&realm.fails) = 1;
    let mut stream = realm.follow(EventCursor::beginning());
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(stream.next().await.unwrap().unwrap().user_id.unwrap(), "a");

    *lock(&realm.fails) = 1;
    let mut stream = realm.follow(EventCursor::beginning()).until_now();
    stream.next().await.unwrap().unwrap_err();
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn events_that_are_switched_off_are_told_once() {
    let realm = Arc::new(Realm::default());
    *lock(&realm.off) = true;
    let mut stream = realm.follow(EventCursor::beginning());
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("events_enabled"), "{error}");
    for _ in 0..3 {
        pass().await;
        assert!(stream.next().now_or_never().is_none(), "told already");
    }
    *lock(&realm.off) = false;
    pass().await;
    assert!(stream.next().now_or_never().is_none());
    *lock(&realm.off) = true;
    pass().await;
    stream.next().await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn events_that_have_expired_since_the_last_look_are_told() {
    let realm = Arc::new(Realm::default());
    *lock(&realm.expiration) = Some(3600);
    realm.add("old", 1_700_000_000_000);
    let mut stream = realm.follow(EventCursor::beginning());
    assert_eq!(
        ready(&mut stream),
        ["old"],
        "the beginning is what there is"
    );
    let mut cursor = serde_json::to_value(stream.cursor()).unwrap();
    let asked = cursor["asked"].as_i64().unwrap();
    let again = |cursor: &serde_json::Value| {
        let cursor = serde_json::from_value(cursor.clone()).unwrap();
        realm.follow(cursor)
    };
    cursor["asked"] = (asked - 1_000_000).into();
    assert_eq!(ready(&mut again(&cursor)), Vec::<String>::new());
    cursor["asked"] = (asked - 3_700_000).into();
    realm.add("new", asked);
    let mut stream = again(&cursor);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("after 3600 s"), "{error}");
    // A program that stops at the error and saves the cursor does not get the error again.
    let saved = serde_json::to_value(stream.cursor()).unwrap();
    assert!(saved["asked"].as_i64().unwrap() >= asked, "{saved}");
    assert_eq!(ready(&mut realm.follow(resumed(&stream))), ["new"]);
    assert_eq!(ready(&mut stream), ["new"]);
}

#[test]
fn events_without_id_are_known_by_their_content() {
    let event = |time| EventRepresentation::default().time(time).user_id("ada");
    assert_eq!(key(&event(1)), key(&event(1)));
    assert_ne!(key(&event(1)), key(&event(2)));
    assert_eq!(key(&event(1).id("x")), "x");
    // A hash that is saved with the cursor must not change with the crate.
    assert_eq!(
        key(&event(1)),
        "IoB-LQU2kCOApUVBeh0m0ZiolEtuzoYgP1xvqCSjB8w",
        "SHA-256 of the members by name"
    );
}
