//! A realm's events, as they happen.

mod cursor;
mod source;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::StreamExt;
use tokio::time::Sleep;

pub use self::cursor::EventCursor;

use self::source::{Batch, Event, EventSettings, EventSource, FetchFrom, Order, key};
use super::handles::{AdminEvents, Events, Realm};
use super::representations::{AdminEventRepresentation, EventRepresentation};
use super::requests::{AdminEventsList, EventsList};
use crate::error::{Error, ErrorKind, protocol};
use crate::operation::Operation;
use crate::{BoxFuture, Result};

const OP: Operation = Operation::new("realm.events.follow", "GET", "");

/// How far each poll goes back by default.
const WINDOW: Duration = Duration::from_secs(60);
/// The default wait between two polls.
const EVERY: Duration = Duration::from_secs(5);

/// A realm's events as they happen, oldest first; returned by [`Events::follow`] and
/// [`AdminEvents::follow`].
///
/// The stream polls the server every five seconds ([`every`](Self::every)). The server sorts events
/// by their time in milliseconds, but shows an event only after its transaction has ended, so an
/// event can appear behind newer ones. Each poll therefore goes back 60 seconds
/// ([`window`](Self::window)) before the newest event, and the [cursor](Self::cursor) holds the
/// events seen there. No event is returned twice; an event is missed only if it appears later than
/// the window after its time. If events have no id (servers older than 26.4.7), two events that are
/// equal in every member, including the time in milliseconds, count as one.
///
/// An error does not end the stream: when polled again, it continues where it was. With
/// [`until_now`](Self::until_now) the error of a failed poll is the last item, and the `None` after
/// it does not mean that everything was read. Two errors report missing events:
///
/// - Kind `Conflict`: the realm does not save these events. Reported once until saving is enabled.
/// - Kind `NotFound`: the server deletes events after a time (`eventsExpiration`, or the realm's
///   attribute `adminEventsExpiration`), and the last poll is longer ago, so events in between may
///   be gone. The cursor is then behind the gap. Events deleted by hand are not noticed.
///
/// A [`Stream`] that is `Send + Unpin + 'static`. Requires the role `view-events`.
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak, saved: keycloak_kit::admin::EventCursor) -> keycloak_kit::Result<()> {
/// # fn save(_: &keycloak_kit::admin::EventCursor) {}
/// let mut events = kc.realm("demo").events().follow(saved);
/// while let Some(event) = events.next().await {
///     let event = event?;
///     println!("{:?} by {:?}", event.type_, event.user_id);
///     save(events.cursor()); // after the event is dealt with
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct EventStream<T> {
    source: Arc<EventSource<T>>,
    cursor: EventCursor,
    window: Duration,
    every: Duration,
    once: bool,
    order: Order,
    /// Whether the next poll reads the realm's settings.
    with_settings: bool,
    reported_off: bool,
    found: VecDeque<(String, T)>,
    /// Facts about the poll whose events are being returned.
    after: Option<BatchEnd>,
    state: State<T>,
}

struct BatchEnd {
    began: i64,
    whole: bool,
}

enum State<T> {
    Idle,
    Fetching(BoxFuture<'static, Result<Batch<T>>>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

impl<T: Event> EventStream<T> {
    fn new(source: EventSource<T>, since: EventCursor) -> Self {
        Self {
            source: Arc::new(source),
            cursor: since,
            window: WINDOW,
            every: EVERY,
            once: false,
            order: Order::OldestFirst,
            with_settings: true,
            reported_off: false,
            found: VecDeque::new(),
            after: None,
            state: State::Idle,
        }
    }

    /// Sets how far each poll goes back before the newest event, for events that appear late; the
    /// default is 60 s. Each poll reads all events of the window.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets the wait between two polls; the default is 5 s.
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Ends the stream when the server has no more events, instead of waiting for new ones; for
    /// programs that are started from time to time. A failed poll ends it too, with its error as
    /// the last item.
    pub fn until_now(mut self) -> Self {
        self.once = true;
        self
    }

    /// The position after all events returned so far. Save it after handling an event, and pass it
    /// to `follow` to resume.
    pub fn cursor(&self) -> &EventCursor {
        &self.cursor
    }

    /// Returns the next event, waiting until there is one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(self).await
    }

    fn window_millis(&self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)
    }

    fn start_fetch(&self) -> BoxFuture<'static, Result<Batch<T>>> {
        let window = self.window_millis();
        let begin = match self.cursor.fetch_from(window) {
            Some(from) => FetchFrom::At(from),
            None => FetchFrom::Newest { window },
        };
        let source = Arc::clone(&self.source);
        let (order, known, ask) = (self.order, self.cursor.seen(), self.with_settings);
        Box::pin(async move { source.fetch(begin, order, known, ask).await })
    }

    /// Accepts the result of a poll. Returns an error about events that are missing.
    fn accept(&mut self, batch: Batch<T>) -> Option<Error> {
        self.order = batch.order;
        let window = self.window_millis();
        match self.cursor.fetch_from(window) {
            None => {
                let newest = batch.events.last().map(Event::time);
                let from = newest.map_or(0, |newest| newest.saturating_sub(window));
                let seen = batch.events.iter().map(|event| (key(event), event.time()));
                self.cursor.begin_after(seen.collect::<Vec<_>>(), from);
            }
            Some(from) => {
                let new = batch.events.into_iter().filter_map(|event| {
                    let key = key(&event);
                    (event.time() >= from && !self.cursor.knows(&key)).then_some((key, event))
                });
                self.found = new.collect();
            }
        }
        self.after = Some(BatchEnd {
            began: batch.began,
            whole: batch.whole,
        });
        // If there are no new events, the settings may be the reason.
        self.with_settings = self.found.is_empty() && batch.whole;
        self.check_settings(batch.settings?, batch.began)
    }

    fn check_settings(&mut self, settings: EventSettings, now: i64) -> Option<Error> {
        if !settings.enabled {
            let told = std::mem::replace(&mut self.reported_off, true);
            return (!told).then(|| {
                protocol("the realm does not save these events")
                    .with_kind(ErrorKind::Conflict)
                    .with_operation(&OP)
                    .with_hint(
                        "enable them: events_enabled or admin_events_enabled of \
                         realm.events().config()",
                    )
            });
        }
        self.reported_off = false;
        let seconds = settings.expiration.filter(|seconds| *seconds > 0)?;
        let kept_from = now.saturating_sub(seconds.saturating_mul(1000));
        let asked = self.cursor.asked()?;
        if asked >= kept_from {
            return None;
        }
        // It has been told of what is missing until now.
        self.cursor.finish(now);
        let away = Duration::from_millis(now.abs_diff(asked));
        Some(
            protocol(format!(
                "the server deletes these events after {seconds} s and the last poll was {} s \
                 ago: events in between may be missing",
                away.as_secs()
            ))
            .with_kind(ErrorKind::NotFound)
            .with_operation(&OP)
            .with_hint("follow without interruption, or keep the events of the realm longer"),
        )
    }

    /// Called when all events of a poll have been returned.
    fn finish_batch(&mut self, after: &BatchEnd) {
        if after.whole {
            self.cursor.finish(after.began);
        }
        self.cursor.prune(self.window_millis());
        self.state = match after.whole {
            true => self.rest(),
            false => State::Idle,
        };
    }

    fn rest(&self) -> State<T> {
        match self.once {
            true => State::Ended,
            false => State::Waiting(Box::pin(tokio::time::sleep(self.every))),
        }
    }
}

#[cfg(feature = "blocking")]
crate::blocking::items!(EventStream<T: Event>);

impl<T: Event> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some((key, event)) = this.found.pop_front() {
                this.cursor.give(key, event.time());
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(after) = this.after.take() {
                this.finish_batch(&after);
            }
            match &mut this.state {
                State::Idle => this.state = State::Fetching(this.start_fetch()),
                State::Fetching(batch) => {
                    let batch = ready!(batch.as_mut().poll(cx));
                    this.state = State::Idle;
                    let error = match batch {
                        Ok(batch) => this.accept(batch),
                        Err(error) => {
                            this.state = this.rest();
                            this.with_settings = true;
                            Some(error.or_operation(&OP))
                        }
                    };
                    if let Some(error) = error {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    this.state = State::Idle;
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("cursor", &self.cursor)
            .field("window", &self.window)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Follows login events from `since` on: an [`EventCursor`] that was saved earlier, or a time.
    /// To follow only some events, set the filters of a list first:
    /// `events.list().of_type(["LOGIN_ERROR"]).follow(since)`.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::admin::EventCursor;
    ///
    /// let mut events = kc.realm("demo").events().follow(EventCursor::latest());
    /// while let Some(event) = events.next().await {
    ///     println!("{:?}", event?.type_);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn follow(&self, since: impl Into<EventCursor>) -> EventStream<EventRepresentation> {
        self.list().follow(since)
    }
}

impl EventsList {
    /// Follows the events that match this list's filters; see
    /// [`Events::follow`](super::handles::Events::follow). The stream sets `first`, `date_from` and
    /// `direction`; `max` is the page size.
    pub fn follow(self, since: impl Into<EventCursor>) -> EventStream<EventRepresentation> {
        let request = self.request.inner();
        let config = Events {
            call: request.call().clone(),
            realm: request.path_value("realm").into(),
        }
        .config();
        let source = EventSource {
            list: Box::new(move |date_from, direction| {
                let mut list = self.clone();
                let request = list.request.inner_mut();
                request.unset("first");
                request.set_or_unset("dateFrom", date_from);
                request.set_or_unset("direction", direction.map(str::to_owned));
                list.stream()
            }),
            settings: Box::new(move || {
                let config = config.clone();
                Box::pin(async move {
                    let config = config.get().await?;
                    Ok(EventSettings {
                        enabled: config.events_enabled.unwrap_or(true),
                        expiration: config.events_expiration,
                    })
                })
            }),
        };
        EventStream::new(source, since.into())
    }
}

impl AdminEvents {
    /// Follows admin events; see [`Events::follow`](super::handles::Events::follow).
    pub fn follow(&self, since: impl Into<EventCursor>) -> EventStream<AdminEventRepresentation> {
        self.list().follow(since)
    }
}

impl AdminEventsList {
    /// Follows the admin events that match this list's filters; see
    /// [`Events::follow`](super::handles::Events::follow). The stream sets `first`, `date_from` and
    /// `direction`; `max` is the page size.
    pub fn follow(self, since: impl Into<EventCursor>) -> EventStream<AdminEventRepresentation> {
        let request = self.request.inner();
        let realm = Realm {
            call: request.call().clone(),
            realm: request.path_value("realm").into(),
        };
        let source = EventSource {
            list: Box::new(move |date_from, direction| {
                let mut list = self.clone();
                let request = list.request.inner_mut();
                request.unset("first");
                request.set_or_unset("dateFrom", date_from);
                request.set_or_unset("direction", direction.map(str::to_owned));
                list.stream()
            }),
            settings: Box::new(move || {
                let realm = realm.clone();
                Box::pin(async move {
                    let config = realm.events().config().get().await?;
                    Ok(EventSettings {
                        enabled: config.admin_events_enabled.unwrap_or(true),
                        expiration: expiration_of_admin_events(&realm).await,
                    })
                })
            }),
        };
        EventStream::new(source, since.into())
    }
}

/// Reads an attribute of the realm, which a token with only `view-events` may not read.
async fn expiration_of_admin_events(realm: &Realm) -> Option<i64> {
    let attributes = realm.get().await.ok()?.attributes?;
    attributes.get("adminEventsExpiration")?.parse().ok()
}
