//! Every GET, on a realm that is there, and that is not changed.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http::Method;
use serde_json::{Value, json};

use super::sources::{Source, of_parameter, of_query};
use super::suite::Suite;
use crate::recorded::document::operations;
use crate::recorded::given::Given;
use crate::recorded::{CALLS, Call};

type Path = BTreeMap<String, String>;

/// Calls of one operation; where the realm has more, these are spread over all there are.
const MOST_CALLS: usize = 100;

/// Makes every GET call with what the realm has; gives those that could not be made, and why.
pub async fn run(suite: &mut Suite, realm: &str) -> Vec<(&'static str, String)> {
    let mut found = Found::default();
    let start = Path::from([("realm".to_owned(), realm.to_owned())]);
    let mut listed = Vec::new();
    for call in CALLS {
        let Some(path) = call.operation.strip_prefix("GET ") else {
            continue;
        };
        let contexts = found.contexts(suite, path, &start).await;
        let mut reason = match contexts.is_empty() {
            true => Some("the realm has nothing that it is about".to_owned()),
            false => None,
        };
        for context in spread(contexts) {
            for query in found.queries(suite, call, &context).await {
                let given = Given::of(context.clone(), query, json!("not asked for"));
                let refused = suite.read(call, &given).await;
                reason = reason.or(refused);
            }
        }
        let outcome = &suite.outcomes[call.name];
        if outcome.called == 0 && outcome.lacking == 0 && outcome.failures.is_empty() {
            let reason = reason.unwrap_or_else(|| "there is nothing to ask for".to_owned());
            listed.push((call.name, reason));
        }
    }
    listed
}

/// Whether a call is one that reads.
pub fn is_read(name: &str) -> bool {
    CALLS
        .iter()
        .any(|call| call.name == name && call.operation.starts_with("GET "))
}

/// As many as one operation is called with.
fn spread<T>(all: Vec<T>) -> impl Iterator<Item = T> {
    let step = all.len().div_ceil(MOST_CALLS).max(1);
    all.into_iter().step_by(step)
}

/// What lists of the realm gave, by the path and query of each.
#[derive(Default)]
struct Found(BTreeMap<(String, String), Value>);

impl Found {
    /// Values for all parameters of `path`, beside those of `start`.
    fn contexts<'a>(
        &'a mut self,
        suite: &'a Suite,
        path: &'a str,
        start: &'a Path,
    ) -> LocalBoxFuture<'a, Vec<Path>> {
        async move {
            let mut contexts = vec![start.clone()];
            for (at, name) in parameters(path) {
                if start.contains_key(name) {
                    continue;
                }
                let source = of_parameter(&path[..at]);
                let mut longer = Vec::new();
                for context in spread(contexts) {
                    for value in self.values(suite, &source, &context).await {
                        let mut context = context.clone();
                        context.insert(name.to_owned(), value);
                        longer.push(context);
                    }
                }
                contexts = longer;
            }
            contexts
        }
        .boxed_local()
    }

    /// What a source gives for a parameter.
    async fn values(&mut self, suite: &Suite, source: &Source, context: &Path) -> Vec<String> {
        let (list, member) = match source {
            Source::Fixed(values) => return values.iter().map(|&value| value.into()).collect(),
            Source::Listed(list, member) => (*list, *member),
        };
        let mut values = Vec::new();
        for context in spread(self.contexts(suite, list, context).await) {
            let answer = self.list(suite, list, &context).await;
            collect(answer, member, &mut values);
        }
        values.sort();
        values.dedup();
        values
    }

    /// The answer of a GET; nothing where the server refuses it.
    async fn list(&mut self, suite: &Suite, template: &str, context: &Path) -> &Value {
        let (path, query) = template.split_once('?').unwrap_or((template, ""));
        let segments: Vec<&str> = path
            .split('/')
            .skip(1)
            .map(|segment| match parameters(segment).first() {
                Some((_, name)) => context[*name].as_str(),
                None => segment,
            })
            .collect();
        let key = (segments.join("\n"), query.to_owned());
        if !self.0.contains_key(&key) {
            let request = suite.kc.request(Method::GET, segments);
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let request = request.query(&pairs.collect::<Vec<_>>());
            let answer: keycloak_kit::Result<Value> = request.await;
            self.0.insert(key.clone(), answer.unwrap_or_default());
        }
        &self.0[&key]
    }

    /// The queries to ask with: as it is, and whole where it is brief unasked.
    async fn queries(
        &mut self,
        suite: &Suite,
        call: &Call,
        context: &Path,
    ) -> Vec<BTreeMap<String, Value>> {
        let mut plain = BTreeMap::new();
        let operation = &operations()[call.operation];
        for query in &operation.query {
            let Some(source) = of_query(&operation.path, &query.name) else {
                continue;
            };
            let values = self.values(suite, &source, context).await;
            match values.into_iter().next() {
                Some(value) => plain.insert(query.name.clone(), json!(value)),
                None if query.required => return Vec::new(),
                None => None,
            };
        }
        let mut all = vec![plain.clone()];
        let takes = |name: &str| operation.query.iter().any(|query| query.name == name);
        if takes("briefRepresentation") {
            for brief in [true, false] {
                let mut query = plain.clone();
                query.insert("briefRepresentation".to_owned(), json!(brief));
                all.push(query);
            }
        }
        all
    }
}

/// Every value of `member`, whose last part may be in an object, in the objects of a list, in
/// those of their members, or the text of a list itself.
fn collect(answer: &Value, member: &str, values: &mut Vec<String>) {
    match (answer, member.split_once('/')) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, member, values)),
        (Value::Object(members), _) if member == "*" => values.extend(members.keys().cloned()),
        (Value::Object(members), Some(("*", rest))) => members
            .values()
            .for_each(|value| collect(value, rest, values)),
        (Value::Object(members), Some((name, rest))) => {
            if let Some(value) = members.get(name) {
                collect(value, rest, values);
            }
        }
        (Value::Object(members), None) => {
            values.extend(members.get(member).and_then(Value::as_str).map(Into::into));
        }
        (Value::String(text), _) if member.is_empty() => values.push(text.clone()),
        _ => {}
    }
}

/// The path parameters of a template, and where each ends.
fn parameters(path: &str) -> Vec<(usize, &str)> {
    path.match_indices('{')
        .filter_map(|(start, _)| {
            let end = start + path[start..].find('}')?;
            Some((end + 1, &path[start + 1..end]))
        })
        .collect()
}
