//! One poll of a realm's events.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Days};
use serde::Serialize;
use serde_json::Value;

use super::cursor::millis;
use crate::admin::representations::{AdminEventRepresentation, EventRepresentation};
use crate::stream::ItemStream;
use crate::{BoxFuture, Result};

/// How many new events a poll reads at most, if the server lists the oldest first.
const LIMIT: usize = 1000;

/// What login events and admin events have in common.
pub trait Event: Serialize + Send + Unpin + 'static {
    /// Milliseconds since the epoch.
    fn time(&self) -> i64;

    /// The id, which servers older than 26.4.7 do not send.
    fn id(&self) -> Option<&str>;
}

impl Event for EventRepresentation {
    fn time(&self) -> i64 {
        self.time.unwrap_or_default()
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Event for AdminEventRepresentation {
    fn time(&self) -> i64 {
        self.time.unwrap_or_default()
    }

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Identifies an event by its id, or by a hash of its content.
pub(super) fn key(event: &impl Event) -> String {
    if let Some(id) = event.id() {
        return id.to_owned();
    }
    // Sorted by name, so that the hash does not depend on the order of the members.
    let members: BTreeMap<String, Value> = serde_json::to_value(event)
        .and_then(serde_json::from_value)
        .unwrap_or_default();
    let content = serde_json::to_vec(&members).unwrap_or_default();
    let hash = digest(&SHA256, &content);
    data_encoding::BASE64URL_NOPAD.encode(hash.as_ref())
}

/// The realm's settings for its events.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventSettings {
    pub(super) enabled: bool,
    /// After how many seconds the server deletes an event; `None` if it never does, or if the token
    /// may not read it.
    pub(super) expiration: Option<i64>,
}

type List<T> = Box<dyn Fn(Option<String>, Option<&'static str>) -> ItemStream<T> + Send + Sync>;

/// Where events come from.
pub(super) struct EventSource<T> {
    /// Lists events by `dateFrom` and `direction`.
    pub(super) list: List<T>,
    pub(super) settings: Box<dyn Fn() -> BoxFuture<'static, Result<EventSettings>> + Send + Sync>,
}

/// How the server lists events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// From a time in milliseconds on, oldest first: 26.4.7 and newer.
    OldestFirst,
    /// From a date on, newest first: servers that reject or ignore the other order.
    NewestFirst,
}

/// The result of a poll.
pub(super) struct Batch<T> {
    /// Oldest first.
    pub(super) events: Vec<T>,
    pub(super) order: Order,
    /// When the poll started, by this machine's clock.
    pub(super) began: i64,
    /// Whether there was nothing more.
    pub(super) whole: bool,
    /// Set if they were asked for.
    pub(super) settings: Option<EventSettings>,
}

/// Where a poll starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum FetchFrom {
    At(i64),
    /// At the newest existing event, and the window before it.
    Newest {
        window: i64,
    },
}

impl<T: Event> EventSource<T> {
    /// `known` is how many of the events the caller expects to have seen already.
    pub(super) async fn fetch(
        &self,
        begin: FetchFrom,
        order: Order,
        known: usize,
        with_settings: bool,
    ) -> Result<Batch<T>> {
        let began = millis(SystemTime::now());
        let settings = match with_settings {
            true => Some((self.settings)().await?),
            false => None,
        };
        let (order, whole, mut events) = match (begin, order) {
            (FetchFrom::Newest { window }, order) => (order, true, self.newest(window).await?),
            (FetchFrom::At(from), Order::OldestFirst) => {
                match self.oldest_first(from, known.saturating_add(LIMIT)).await? {
                    Some((events, whole)) => (order, whole, events),
                    None => (Order::NewestFirst, true, self.newest_first(from).await?),
                }
            }
            (FetchFrom::At(from), order) => (order, true, self.newest_first(from).await?),
        };
        events.sort_by_key(Event::time);
        Ok(Batch {
            events,
            order,
            began,
            whole,
            settings,
        })
    }

    /// Returns `None` if the server supports neither the time nor the direction.
    async fn oldest_first(&self, from: i64, limit: usize) -> Result<Option<(Vec<T>, bool)>> {
        let date_from = (from > 0).then(|| from.to_string());
        let mut list = (self.list)(date_from, Some("asc"));
        let mut events: Vec<T> = Vec::new();
        while let Some(event) = list.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) if error.is_validation() && events.is_empty() => return Ok(None),
                Err(error) => return Err(error),
            };
            if events.last().is_some_and(|last| event.time() < last.time()) {
                return Ok(None);
            }
            events.push(event);
            if events.len() >= limit {
                return Ok(Some((events, false)));
            }
        }
        Ok(Some((events, true)))
    }

    async fn newest_first(&self, from: i64) -> Result<Vec<T>> {
        // The date is in the server's time zone: the day before is early enough in every zone.
        let date_from = DateTime::from_timestamp_millis(from)
            .filter(|_| from > 0)
            .and_then(|time| time.date_naive().checked_sub_days(Days::new(1)))
            .map(|day| day.to_string());
        let mut list = (self.list)(date_from, None);
        let mut events = Vec::new();
        while let Some(event) = list.next().await {
            let event = event?;
            if event.time() < from {
                break;
            }
            events.push(event);
        }
        events.reverse();
        Ok(events)
    }

    /// Returns the newest event, and those of the window before it.
    async fn newest(&self, window: i64) -> Result<Vec<T>> {
        let mut list = (self.list)(None, None);
        let mut events: Vec<T> = Vec::new();
        while let Some(event) = list.next().await {
            let event = event?;
            let oldest = events.first().map_or(event.time(), Event::time);
            if event.time() < oldest.saturating_sub(window) {
                break;
            }
            events.push(event);
        }
        events.reverse();
        Ok(events)
    }
}
