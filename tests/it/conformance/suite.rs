//! Makes calls, and checks each against the document and what the server sent.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;

use keycloak_kit::Keycloak;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::additions::Additions;
use super::{release, strict};
use crate::recorded::document::{document, names};
use crate::recorded::given::Given;
use crate::recorded::{CALLS, Call};
use crate::support::relay::{Exchange, Relay};

/// What came of one operation's calls.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    pub called: usize,
    /// Calls whose answer had the documented status, media type and shape.
    pub strict: usize,
    /// Calls whose decoded answer, written again, is what the server sent.
    pub lossless: usize,
    /// Calls that made something, and gave its id.
    pub created: usize,
    /// Streams that gave every item once, with pages of several sizes.
    pub paged: usize,
    /// Calls that the server lacks, whose error names the release that has them.
    pub lacking: usize,
    pub failures: Vec<String>,
}

/// A run against one server.
pub struct Suite {
    pub kc: Keycloak,
    relay: Relay,
    additions: Additions,
    /// Path parameters that hold for every call.
    path: BTreeMap<String, String>,
    pub outcomes: BTreeMap<&'static str, Outcome>,
    /// Error answers that were what they should be.
    pub errors: usize,
    created_rows: BTreeSet<String>,
    /// What each call was last given with success.
    pub given: BTreeMap<&'static str, Given>,
}

impl Suite {
    pub fn new(kc: Keycloak, relay: Relay, additions: Additions) -> Self {
        Self {
            kc,
            relay,
            additions,
            path: BTreeMap::new(),
            outcomes: CALLS
                .iter()
                .map(|call| (call.name, Outcome::default()))
                .collect(),
            errors: 0,
            created_rows: names().created.into_keys().collect(),
            given: BTreeMap::new(),
        }
    }

    /// A path parameter for the calls that follow.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.path.insert(name.to_owned(), value.into());
    }

    /// What [`set`](Self::set) was given.
    pub fn value(&self, name: &str) -> String {
        self.path[name].clone()
    }

    /// The call of this name, `realm.users.list`.
    pub fn call(&mut self, name: &str) -> Step<'_> {
        let call = CALLS
            .iter()
            .find(|call| call.name == name)
            .unwrap_or_else(|| panic!("there is no call {name}"));
        Step {
            path: self.path.clone(),
            suite: self,
            call,
            query: BTreeMap::new(),
            body: json!("not asked for"),
        }
    }

    /// Something beside the calls that went wrong.
    pub fn failure(&mut self, name: &str, what: impl Into<String>) {
        let (_, outcome) = self
            .outcomes
            .iter_mut()
            .find(|(known, _)| **known == name)
            .unwrap_or_else(|| panic!("there is no call {name}"));
        let what = what.into();
        eprintln!("{name}: {what}");
        outcome.failures.push(what);
    }
}

/// One call under construction; `.await` makes it, and gives its value, `null` where it fails.
pub struct Step<'a> {
    suite: &'a mut Suite,
    call: &'static Call,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, Value>,
    body: Value,
}

impl<'a> Step<'a> {
    pub fn path(mut self, name: &str, value: impl Into<String>) -> Self {
        self.path.insert(name.to_owned(), value.into());
        self
    }

    pub fn query(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.query.insert(name.to_owned(), value.into());
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    /// The error of a call that must fail.
    pub async fn error(self) -> Option<keycloak_kit::Error> {
        let given = Given::of(self.path, self.query, self.body);
        let result = (self.call.run)(&self.suite.kc, &given).await;
        self.suite.relay.take();
        match result {
            Err(error) => Some(error),
            Ok(value) => {
                let what = format!("should fail, and gives {value}");
                self.suite.failure(self.call.name, what);
                None
            }
        }
    }

    async fn run(mut self) -> Value {
        let operation = document_operation(self.call.operation);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        // What an earlier call gives where the server has it.
        if self.body.is_null() && self.call.since.is_some_and(release::lacks) {
            self.body = json!({});
        }
        release::fit(schema, &mut self.body);
        let key = self.call.operation;
        self.query
            .retain(|name, _| !release::lacks_parameter(key, name));
        let given = Given::of(self.path, self.query, self.body);
        let Some((value, exchange)) = self.suite.once(self.call, &given).await else {
            return Value::Null;
        };
        self.suite
            .judge(self.call, &given, &operation, &value, &exchange)
            .await;
        self.suite.pages(self.call, &given).await;
        self.suite.given.insert(self.call.name, given);
        value
    }
}

impl<'a> IntoFuture for Step<'a> {
    type Output = Value;
    type IntoFuture = Pin<Box<dyn Future<Output = Value> + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// What came of one attempt.
enum Attempt {
    Answered(Value, Exchange),
    /// The server lacks the operation, and the error says which release has it.
    Lacking,
    /// The server answered an error.
    Refused(String),
    Failed(String),
}

impl Suite {
    /// Makes a call that may be refused, for what the realm has not; then gives the reason.
    pub async fn read(&mut self, call: &'static Call, given: &Given) -> Option<String> {
        match self.attempt(call, given).await {
            Attempt::Answered(value, exchange) => {
                let operation = document_operation(call.operation);
                self.judge(call, given, &operation, &value, &exchange).await;
                None
            }
            Attempt::Lacking => {
                self.outcomes.entry(call.name).or_default().lacking += 1;
                None
            }
            Attempt::Refused(what) => Some(what),
            Attempt::Failed(what) => {
                self.failure(call.name, what);
                None
            }
        }
    }

    /// Checks what a call gave against the document and what the server sent.
    async fn judge(
        &mut self,
        call: &'static Call,
        given: &Given,
        operation: &Value,
        value: &Value,
        exchange: &Exchange,
    ) {
        let mut faults = shape_faults(operation, exchange);
        let strict = faults.is_empty();
        if !release::is_newest() {
            // The document is the newest release's.
            faults.clear();
        }
        let is_created = self.created_rows.contains(call.name);
        let mut lossless = false;
        if is_created {
            faults.extend(created_fault(value, exchange, call.name));
        } else {
            let fault = loss(value, exchange);
            lossless = fault.is_none();
            faults.extend(fault.filter(|_| !is_older_body(operation, value, exchange)));
            if lossless
                && call.operation.starts_with("GET ")
                && let Some(fault) = self.newer(call, given, operation, exchange).await
            {
                lossless = false;
                faults.push(fault);
            }
        }
        for fault in &faults {
            eprintln!("{}: {fault}", call.name);
        }
        let outcome = self.outcomes.entry(call.name).or_default();
        outcome.called += 1;
        outcome.strict += usize::from(strict);
        outcome.created += usize::from(is_created && faults.is_empty());
        outcome.lossless += usize::from(lossless);
        outcome.failures.extend(faults);
    }

    /// Makes the call; a failure is kept.
    async fn once(&mut self, call: &'static Call, given: &Given) -> Option<(Value, Exchange)> {
        match self.attempt(call, given).await {
            Attempt::Answered(value, exchange) => return Some((value, exchange)),
            Attempt::Lacking => self.outcomes.entry(call.name).or_default().lacking += 1,
            Attempt::Refused(what) | Attempt::Failed(what) => self.failure(call.name, what),
        }
        None
    }

    async fn attempt(&self, call: &'static Call, given: &Given) -> Attempt {
        self.relay.take();
        // An argument that an earlier call should have given may be missing.
        let made = AssertUnwindSafe((call.run)(&self.kc, given)).catch_unwind();
        let Ok(result) = made.await else {
            return Attempt::Failed("has no arguments".to_owned());
        };
        // A token may have been fetched before it.
        let exchange = self
            .relay
            .take()
            .into_iter()
            // A call may look at something before and afterwards.
            .filter(|exchange| exchange.target.starts_with("/admin"))
            .max_by_key(|exchange| likeness(call.operation, exchange));
        let error = match (result, &exchange) {
            (Ok(value), Some(_)) => return Attempt::Answered(value, exchange.unwrap()),
            (Ok(_), None) => return Attempt::Failed("nothing was sent".to_owned()),
            (Err(error), _) => error,
        };
        if is_lacking(call, &error) {
            return Attempt::Lacking;
        }
        let sent = exchange.as_ref().map(|exchange| {
            let body = String::from_utf8_lossy(&exchange.body);
            let (method, target) = (&exchange.method, &exchange.target);
            let body: String = body.chars().take(300).collect();
            format!(" {method} {target} -> {} {body}", exchange.status)
        });
        let what = format!("{error}{}", sent.unwrap_or_default());
        match exchange {
            Some(exchange) if exchange.status >= 400 => Attempt::Refused(what),
            _ => Attempt::Failed(what),
        }
    }

    /// The stream of a list, with pages of several sizes, against the list in one request.
    async fn pages(&mut self, call: &'static Call, given: &Given) {
        let (Some(stream), 0) = (call.stream, self.outcomes[call.name].paged) else {
            return;
        };
        let whole = given
            .clone()
            .with_query("first", 0)
            .with_query("max", 100_000);
        let Some((whole, _)) = self.once(call, &whole).await else {
            return;
        };
        let ids = |items: &Value| -> Vec<String> {
            let mut ids: Vec<String> = items
                .as_array()
                .into_iter()
                .flatten()
                .map(Value::to_string)
                .collect();
            ids.sort();
            ids
        };
        for size in [1, 2, 3, 100] {
            match stream(&self.kc, given, size).await {
                Ok(items) if ids(&items) == ids(&whole) => {}
                Ok(items) => {
                    let (got, all) = (ids(&items).len(), ids(&whole).len());
                    let what = format!("pages of {size} give {got} items, and there are {all}");
                    return self.failure(call.name, what);
                }
                Err(error) => return self.failure(call.name, format!("pages of {size}: {error}")),
            }
        }
        self.outcomes.entry(call.name).or_default().paged += 1;
    }

    /// The same call of a newer server: members nobody knows are kept.
    async fn newer(
        &mut self,
        call: &'static Call,
        given: &Given,
        operation: &Value,
        before: &Exchange,
    ) -> Option<String> {
        if before.media_type.as_deref() != Some("application/json") {
            return None;
        }
        let schema = answer_schema(operation, before)?;
        self.additions.to(Some(schema));
        let made = self.once(call, given).await;
        self.additions.to(None);
        let (value, exchange) = made?;
        loss(&value, &exchange).map(|fault| format!("with a newer server's members: {fault}"))
    }
}

/// Whether the server lacks the operation, and the error says which release has it.
fn is_lacking(call: &Call, error: &keycloak_kit::Error) -> bool {
    call.since.is_some_and(|since| {
        release::lacks(since) && error.hint().is_some_and(|hint| hint.contains(since))
    })
}

/// How much an exchange is that of an operation: of its method, and of its path.
fn likeness(operation: &str, exchange: &Exchange) -> (bool, bool) {
    let (method, path) = operation.split_once(' ').unwrap_or_default();
    let target = exchange.target.split('?').next().unwrap_or_default();
    let mut sent = target.split('/');
    let like = path.split('/').all(|part| {
        let sent = sent.next();
        part.starts_with('{') || sent == Some(part)
    });
    (exchange.method == method, like)
}

/// The operation object of the corrected document.
fn document_operation(key: &str) -> Value {
    let (method, path) = key.split_once(' ').unwrap();
    document()["paths"][path][method.to_lowercase()].clone()
}

fn answer_schema<'a>(operation: &'a Value, exchange: &Exchange) -> Option<&'a Value> {
    let content = operation["responses"][exchange.status.to_string()].get("content")?;
    let media_type = exchange.media_type.as_deref()?;
    content.get(media_type)?.get("schema")
}

/// Whether an older server sends a body where the document has none, and the call gives nothing.
fn is_older_body(operation: &Value, value: &Value, exchange: &Exchange) -> bool {
    !release::is_newest() && value.is_null() && answer_schema(operation, exchange).is_none()
}

/// Status, media type and shape against the document.
fn shape_faults(operation: &Value, exchange: &Exchange) -> Vec<String> {
    let status = exchange.status.to_string();
    let Some(answer) = operation["responses"].get(&status) else {
        return vec![format!("answers {status}, which is not documented")];
    };
    let documented = answer["content"]
        .as_object()
        .filter(|content| !content.is_empty());
    let Some(documented) = documented else {
        return match exchange.body.is_empty() {
            true => Vec::new(),
            false => vec![format!(
                "answers a body, and none is documented: {}",
                String::from_utf8_lossy(&exchange.body)
            )],
        };
    };
    let media_type = exchange.media_type.as_deref().unwrap_or("no media type");
    let Some(content) = documented.get(media_type) else {
        return vec![format!("answers {media_type}, which is not documented")];
    };
    if media_type != "application/json" {
        return Vec::new();
    }
    match serde_json::from_slice(&exchange.body) {
        Ok(value) => strict::faults(&content["schema"], &value),
        Err(error) => vec![format!("answers what is no JSON: {error}")],
    }
}

/// What the decoded value, written again, lacks of the answer or has beside it.
fn loss(value: &Value, exchange: &Exchange) -> Option<String> {
    let sent = match exchange.media_type.as_deref() {
        None => Value::Null,
        Some("application/json") => serde_json::from_slice(&exchange.body).ok()?,
        _ if value.is_string() => String::from_utf8_lossy(&exchange.body).into(),
        _ => json!(exchange.body),
    };
    difference(&sent, value, "$")
}

/// The first place where two values differ.
fn difference(sent: &Value, kept: &Value, at: &str) -> Option<String> {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            for (name, member) in sent {
                let at = format!("{at}.{name}");
                match kept.get(name) {
                    None => return Some(format!("{at} is lost: {member}")),
                    Some(kept) => {
                        if let Some(found) = difference(member, kept, &at) {
                            return Some(found);
                        }
                    }
                }
            }
            let added = kept.keys().find(|name| !sent.contains_key(*name))?;
            Some(format!("{at}.{added} is added: {}", kept[added]))
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => sent
            .iter()
            .zip(kept)
            .enumerate()
            .find_map(|(index, (sent, kept))| difference(sent, kept, &format!("{at}[{index}]"))),
        (sent, kept) if sent == kept => None,
        (sent, kept) => Some(format!("{at} was {sent} and is written as {kept}")),
    }
}

/// The id that a call gave, against the `Location` of its answer.
fn created_fault(value: &Value, exchange: &Exchange, name: &str) -> Option<String> {
    // Moving a group answers 204 without one.
    if exchange.status == 204 {
        return None;
    }
    let location = exchange.location.as_deref()?;
    let last = location.rsplit('/').next()?;
    let id = percent_decode_str(last).decode_utf8().ok()?;
    (value != id.as_ref()).then(|| format!("{name} gave {value}, and Location says {location}"))
}
