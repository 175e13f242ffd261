//! Events of a realm, as they happen.

mod cursor;
mod look;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::StreamExt;
use tokio::time::Sleep;

pub use self::cursor::EventCursor;

use self::look::{Begin, Event, Keeping, Look, Order, Source, key};
use super::handles::{AdminEvents, Events, Realm};
use super::representations::{AdminEventRepresentation, EventRepresentation};
use super::requests::{AdminEventsList, EventsList};
use crate::Result;
use crate::error::{Error, ErrorKind, protocol};
use crate::operation::Operation;

const OP: Operation = Operation::new("realm.events.follow", "GET", "");

/// How far each look goes back, unless set.
const WINDOW: Duration = Duration::from_secs(60);
/// Between two looks, unless set.
const EVERY: Duration = Duration::from_secs(5);

/// The events of a realm, as they happen, the oldest first; from
/// [`Events::follow`] and [`AdminEvents::follow`].
///
/// The server is asked every five seconds ([`every`](Self::every)). It orders events by their time in
/// milliseconds and shows one only when its transaction is through, so that an event can appear
/// behind newer ones. Each look therefore goes back 60 seconds ([`window`](Self::window)) behind the
/// newest event, and the [cursor](Self::cursor) holds what was seen there: no event is given twice,
/// and the one that can be missed is an event that appears later than the window after its time.
/// Where events have no id (servers older than 26.4.7) two events that are equal in every member,
/// the time in milliseconds included, count as one.
///
/// An error does not end the stream: polled again, it goes on from where it was. With
/// [`until_now`](Self::until_now) a look that failed is the last item, and the `None` behind it does
/// not say that everything was read. Two errors tell of events that do not come:
///
/// - Kind `Conflict`: the realm does not keep these events; told once until they are switched on.
/// - Kind `NotFound`: the server deletes events after a time (`eventsExpiration`, or the realm's
///   attribute `adminEventsExpiration`), and the last look is longer ago: what happened in between
///   may be gone. The cursor then stands behind the gap. Events deleted by hand are not noticed.
///
/// A [`Stream`], `Send + Unpin + 'static`. It needs the role `view-events`.
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
    source: Arc<Source<T>>,
    cursor: EventCursor,
    window: Duration,
    every: Duration,
    once: bool,
    order: Order,
    /// Whether the settings of the realm are read at the next look.
    ask_settings: bool,
    told_off: bool,
    found: VecDeque<(String, T)>,
    /// What the look that is being given out has learned.
    after: Option<After>,
    state: State<T>,
}

struct After {
    began: i64,
    whole: bool,
}

enum State<T> {
    Idle,
    Looking(BoxFuture<'static, Result<Look<T>>>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

impl<T: Event> EventStream<T> {
    fn new(source: Source<T>, since: EventCursor) -> Self {
        Self {
            source: Arc::new(source),
            cursor: since,
            window: WINDOW,
            every: EVERY,
            once: false,
            order: Order::OldestFirst,
            ask_settings: true,
            told_off: false,
            found: VecDeque::new(),
            after: None,
            state: State::Idle,
        }
    }

    /// How far each look goes back behind the newest event, for events that appear late; 60 s unless
    /// set. All events of the window are read at each look.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How long to wait between two looks; 5 s unless set.
    pub fn every(mut self, wait: Duration) -> Self {
        self.every = wait;
        self
    }

    /// Ends the stream where the server has nothing more, instead of waiting for what happens next:
    /// for programs that are started from time to time. A look that failed ends it too, with its
    /// error as the last item.
    pub fn until_now(mut self) -> Self {
        self.once = true;
        self
    }

    /// How far the program has read: everything that was given out so far. Save it after an event is
    /// dealt with, and pass it to `follow` to resume.
    pub fn cursor(&self) -> &EventCursor {
        &self.cursor
    }

    /// The next event; waits until there is one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(self).await
    }

    fn window_millis(&self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)
    }

    fn start_look(&self) -> BoxFuture<'static, Result<Look<T>>> {
        let window = self.window_millis();
        let begin = match self.cursor.look_from(window) {
            Some(from) => Begin::At(from),
            None => Begin::Newest { window },
        };
        let source = Arc::clone(&self.source);
        let (order, known, ask) = (self.order, self.cursor.seen(), self.ask_settings);
        Box::pin(async move { source.look(begin, order, known, ask).await })
    }

    /// Takes in what a look has found; an error says what does not come.
    fn take_in(&mut self, look: Look<T>) -> Option<Error> {
        self.order = look.order;
        let window = self.window_millis();
        match self.cursor.look_from(window) {
            None => {
                let newest = look.events.last().map(Event::time);
                let from = newest.map_or(0, |newest| newest.saturating_sub(window));
                let seen = look.events.iter().map(|event| (key(event), event.time()));
                self.cursor.begin_after(seen.collect::<Vec<_>>(), from);
            }
            Some(from) => {
                let new = look.events.into_iter().filter_map(|event| {
                    let key = key(&event);
                    (event.time() >= from && !self.cursor.knows(&key)).then_some((key, event))
                });
                self.found = new.collect();
            }
        }
        self.after = Some(After {
            began: look.began,
            whole: look.whole,
        });
        // Where nothing comes, the settings may be why.
        self.ask_settings = self.found.is_empty() && look.whole;
        self.complain(look.keeping?, look.began)
    }

    fn complain(&mut self, keeping: Keeping, now: i64) -> Option<Error> {
        if !keeping.enabled {
            let told = std::mem::replace(&mut self.told_off, true);
            return (!told).then(|| {
                protocol("the realm does not keep these events")
                    .with_kind(ErrorKind::Conflict)
                    .with_operation(&OP)
                    .with_hint(
                        "switch them on: events_enabled or admin_events_enabled of \
                         realm.events().config()",
                    )
            });
        }
        self.told_off = false;
        let seconds = keeping.expiration.filter(|seconds| *seconds > 0)?;
        let kept_from = now.saturating_sub(seconds.saturating_mul(1000));
        let asked = self.cursor.asked()?;
        if asked >= kept_from {
            return None;
        }
        self.cursor.finish(kept_from);
        let away = Duration::from_millis(now.abs_diff(asked));
        Some(
            protocol(format!(
                "the server deletes these events after {seconds} s and was asked last {} s ago: \
                 events in between may be missing",
                away.as_secs()
            ))
            .with_kind(ErrorKind::NotFound)
            .with_operation(&OP)
            .with_hint("follow without a break, or let the realm keep its events longer"),
        )
    }

    /// Everything that a look has found is given out.
    fn finish_look(&mut self, after: &After) {
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
                this.finish_look(&after);
            }
            match &mut this.state {
                State::Idle => this.state = State::Looking(this.start_look()),
                State::Looking(look) => {
                    let look = ready!(look.as_mut().poll(cx));
                    this.state = State::Idle;
                    let error = match look {
                        Ok(look) => this.take_in(look),
                        Err(error) => {
                            this.state = this.rest();
                            this.ask_settings = true;
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
    /// Login events as they happen, from `since` on: an [`EventCursor`] that an earlier program has
    /// saved, or a time. To follow only some events, set the filters of a list first:
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
    /// The events that the filters of this list let through, as they happen; see
    /// [`Events::follow`](super::handles::Events::follow). `first`, `date_from` and `direction` are
    /// set by the stream; `max` is the size of a page.
    pub fn follow(self, since: impl Into<EventCursor>) -> EventStream<EventRepresentation> {
        let request = self.request.inner();
        let config = Events {
            call: request.call().clone(),
            realm: request.path_value("realm").into(),
        }
        .config();
        let source = Source {
            list: Box::new(move |date_from, direction| {
                let mut list = self.clone();
                let request = list.request.inner_mut();
                request.unset("first");
                request.set_or_unset("dateFrom", date_from);
                request.set_or_unset("direction", direction.map(str::to_owned));
                list.stream()
            }),
            keeping: Box::new(move || {
                let config = config.clone();
                Box::pin(async move {
                    let config = config.get().await?;
                    Ok(Keeping {
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
    /// Admin events as they happen; see [`Events::follow`](super::handles::Events::follow).
    pub fn follow(&self, since: impl Into<EventCursor>) -> EventStream<AdminEventRepresentation> {
        self.list().follow(since)
    }
}

impl AdminEventsList {
    /// The admin events that the filters of this list let through, as they happen; see
    /// [`Events::follow`](super::handles::Events::follow). `first`, `date_from` and `direction` are
    /// set by the stream; `max` is the size of a page.
    pub fn follow(self, since: impl Into<EventCursor>) -> EventStream<AdminEventRepresentation> {
        let request = self.request.inner();
        let realm = Realm {
            call: request.call().clone(),
            realm: request.path_value("realm").into(),
        };
        let source = Source {
            list: Box::new(move |date_from, direction| {
                let mut list = self.clone();
                let request = list.request.inner_mut();
                request.unset("first");
                request.set_or_unset("dateFrom", date_from);
                request.set_or_unset("direction", direction.map(str::to_owned));
                list.stream()
            }),
            keeping: Box::new(move || {
                let realm = realm.clone();
                Box::pin(async move {
                    let config = realm.events().config().get().await?;
                    Ok(Keeping {
                        enabled: config.admin_events_enabled.unwrap_or(true),
                        expiration: expiration_of_admin_events(&realm).await,
                    })
                })
            }),
        };
        EventStream::new(source, since.into())
    }
}

/// An attribute of the realm, which a token with `view-events` only may not read.
async fn expiration_of_admin_events(realm: &Realm) -> Option<i64> {
    let attributes = realm.get().await.ok()?.attributes?;
    attributes.get("adminEventsExpiration")?.parse().ok()
}
