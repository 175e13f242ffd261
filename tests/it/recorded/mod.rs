//! Every call against a recording server, checked against the document itself.

mod assertions;
pub mod document;
mod every_operation;
pub mod given;
mod hostile_ids;
mod locations;
mod sample;
mod secrets;

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use keycloak_kit::Keycloak;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::recorder::Seen;
use given::Given;
use table::REPRESENTATIONS;

pub use table::CALLS;

type Stream =
    for<'a> fn(&'a Keycloak, &'a Given, i32) -> BoxFuture<'a, keycloak_kit::Result<Value>>;

/// One operation of the facade.
pub struct Call {
    /// As the names table has it, `realm.users.list`.
    pub name: &'static str,
    /// `METHOD /path` of the document.
    pub operation: &'static str,
    /// Makes the call with every argument and every setter; gives the answer's value as JSON.
    ///
    /// That this compiles says that the future of every call is `Send`.
    pub run: for<'a> fn(&'a Keycloak, &'a Given) -> BoxFuture<'a, keycloak_kit::Result<Value>>,
    /// The oldest supported release that has it, where that is not the first.
    pub since: Option<&'static str>,
    /// Whether the body is a multipart form.
    pub upload: bool,
    /// Where the call is a list that pages: every item of its stream, with pages of this size.
    pub stream: Option<Stream>,
}

/// One representation type.
pub struct Representation {
    pub name: &'static str,
    /// Reads JSON, and gives what it is written as, and its `Debug`.
    pub read: fn(Value) -> serde_json::Result<(Value, String)>,
    /// What the type's `Default` is written as.
    pub empty: fn() -> Value,
}

impl Representation {
    const fn of<T>(name: &'static str) -> Self
    where
        T: Clone + Default + Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static,
    {
        Self {
            name,
            read: |value| {
                let read: T = serde_json::from_value(value)?;
                Ok((serde_json::to_value(&read)?, format!("{read:?} {read:#?}")))
            },
            empty: || serde_json::to_value(T::default()).unwrap(),
        }
    }
}

/// The requests of the call itself: before it writes, and after, some calls look at what is there.
pub fn own(operation: &document::Operation, mut seen: Vec<Seen>) -> Vec<Seen> {
    if operation.method != "GET" {
        seen.retain(|seen| seen.method != "GET");
    }
    seen
}

#[allow(clippy::all, reason = "generated")]
mod table {
    use keycloak_kit::admin::{ids, uploads};
    use keycloak_kit::representations as types;

    use super::{Call, Representation};

    include!(concat!(env!("OUT_DIR"), "/calls.rs"));
}
