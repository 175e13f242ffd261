//! One look at the events of a realm.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Days};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::cursor::millis;
use crate::Result;
use crate::admin::ItemStream;
use crate::admin::representations::{AdminEventRepresentation, EventRepresentation};

/// How many new events one look reads at most, where the server gives the oldest first.
const LIMIT: usize = 1000;

/// What login events and admin events have in common.
pub trait Event: Serialize + Send + Unpin + 'static {
    /// Milliseconds since the epoch.
    fn time(&self) -> i64;

    /// Its id; servers older than 26.4.7 give none.
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

/// What an event is known by: its id, or a hash of its content.
pub(super) fn key(event: &impl Event) -> String {
    if let Some(id) = event.id() {
        return id.to_owned();
    }
    // By name, so that the hash does not depend on the order of the members.
    let members: BTreeMap<String, Value> = serde_json::to_value(event)
        .and_then(serde_json::from_value)
        .unwrap_or_default();
    let content = serde_json::to_vec(&members).unwrap_or_default();
    let hash = digest(&SHA256, &content);
    data_encoding::BASE64URL_NOPAD.encode(hash.as_ref())
}

/// The realm's settings for its events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    pub(super) enabled: bool,
    /// After how many seconds the server deletes an event; `None` where it never does, or where
    /// the token may not know.
    pub(super) expiration: Option<i64>,
}

type List<T> = Box<dyn Fn(Option<String>, Option<&'static str>) -> ItemStream<T> + Send + Sync>;

/// Where events come from.
pub(super) struct Source<T> {
    /// A list, by `dateFrom` and `direction`.
    pub(super) list: List<T>,
    pub(super) keeping: Box<dyn Fn() -> BoxFuture<'static, Result<Keeping>> + Send + Sync>,
}

/// How the server lists events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// From a time in milliseconds on, the oldest first: 26.4.7 and newer.
    OldestFirst,
    /// From a date on, the newest first: servers that refuse or ignore the other way.
    NewestFirst,
}

/// What one look has found.
pub(super) struct Look<T> {
    /// The oldest first.
    pub(super) events: Vec<T>,
    pub(super) order: Order,
    /// When it began, by the clock of this machine.
    pub(super) began: i64,
    /// Whether there was nothing more.
    pub(super) whole: bool,
    /// Where it was asked for.
    pub(super) keeping: Option<Keeping>,
}

/// Where a look begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begin {
    At(i64),
    /// At the newest event there is, and the window before it.
    Newest {
        window: i64,
    },
}

impl<T: Event> Source<T> {
    /// `known` is how many of the events the caller expects to have had before.
    pub(super) async fn look(
        &self,
        begin: Begin,
        order: Order,
        known: usize,
        with_keeping: bool,
    ) -> Result<Look<T>> {
        let began = millis(SystemTime::now());
        let keeping = match with_keeping {
            true => Some((self.keeping)().await?),
            false => None,
        };
        let (order, whole, mut events) = match (begin, order) {
            (Begin::Newest { window }, order) => (order, true, self.newest(window).await?),
            (Begin::At(from), Order::OldestFirst) => {
                match self.oldest_first(from, known.saturating_add(LIMIT)).await? {
                    Some((events, whole)) => (order, whole, events),
                    None => (Order::NewestFirst, true, self.newest_first(from).await?),
                }
            }
            (Begin::At(from), order) => (order, true, self.newest_first(from).await?),
        };
        events.sort_by_key(Event::time);
        Ok(Look {
            events,
            order,
            began,
            whole,
            keeping,
        })
    }

    /// `None` where the server knows neither the time nor the direction.
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
        // The day is that of the server's time zone: the day before is early enough in all.
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

    /// The newest event, and what the window before it has.
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
