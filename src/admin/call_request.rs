//! What a call sends, and how it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderName, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use super::call_response::CallResponse;
use super::uploads::{Form, Upload};
use super::{bodies, is_missing, search, unresolved};
use crate::http::request::{HttpRequest, JSON};
use crate::http::segment;
use crate::operation::Operation;
use crate::{BoxFuture, Error, Result, error};

/// Looks up the id of a new object if the server does not send it.
pub(crate) type FindCreated =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Option<String>>> + Send + Sync>;

/// PUT calls that send a mail each time they are executed.
const MAILS: &[&str] = &[
    "realm.user.execute_actions_email",
    "realm.user.send_reset_password_email",
    "realm.user.send_verify_email",
];

/// Pairs of parameters; the server ignores the second one beside the first.
pub(crate) type Hiding = &'static [(&'static str, &'static str)];

/// A call under construction, independent of the type of its response.
#[derive(Clone)]
pub(crate) struct CallRequest {
    call: Call,
    operation: &'static Operation,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    hiding: Hiding,
    accept: HeaderValue,
    body: Option<(HeaderValue, Bytes)>,
    /// Why the call cannot be made.
    refused: Option<Error>,
    /// What the response does not say about the object: its name or id.
    known: Option<String>,
    find_created: Option<FindCreated>,
    /// The object that this call writes. Writers of one object in one client take turns.
    turn: Option<(&'static str, Vec<String>)>,
    /// The messages of a 404 that mean that this very object is missing.
    missing: &'static [&'static str],
}

impl CallRequest {
    pub(crate) fn new(
        call: &Call,
        operation: &'static Operation,
        path: &[(&'static str, &str)],
    ) -> Self {
        Self {
            call: call.clone(),
            operation,
            path: path
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            query: Vec::new(),
            hiding: &[],
            accept: JSON,
            body: None,
            refused: None,
            known: None,
            find_created: None,
            turn: None,
            missing: &[],
        }
    }

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    /// Returns the value of a path parameter.
    pub(crate) fn path_value(&self, name: &str) -> &str {
        let known = self.path.iter().find(|(known, _)| *known == name);
        known.map_or("", |(_, value)| value)
    }

    pub(crate) fn set_timeout(&mut self, total: Duration) {
        self.call.set_timeout(total);
    }

    pub(crate) fn set_header(
        &mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) {
        self.call.set_header(name, value);
    }

    pub(crate) fn set_masks_allowed(&mut self) {
        self.call.set_masks_allowed();
    }

    /// Stores the error of a setter until the call is made.
    pub(crate) fn refuse(&mut self, what: String) {
        self.call.refuse(what);
    }

    /// Sets a query parameter, replacing its value.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.unset(name);
        self.query.push((name, value));
    }

    /// Sets a query parameter once for each value.
    pub(crate) fn set_all(&mut self, name: &'static str, values: impl Iterator<Item = String>) {
        self.unset(name);
        self.query.extend(values.map(|value| (name, value)));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.query.retain(|(known, _)| *known != name);
    }

    pub(crate) fn set_or_unset(&mut self, name: &'static str, value: Option<String>) {
        match value {
            Some(value) => self.set(name, value),
            None => self.unset(name),
        }
    }

    /// Returns the value of a query parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let known = self.query.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.get(name)?.parse().ok()
    }

    /// Copies query parameters of another request; each pair is a name there and a name here.
    pub(crate) fn take_over(&mut self, other: &Self, names: &[(&str, &'static str)]) {
        for (theirs, ours) in names {
            let values = other.query.iter().filter(|(name, _)| name == theirs);
            self.query
                .extend(values.map(|(_, value)| (*ours, value.clone())));
        }
    }

    /// Copies the path values of another request.
    pub(crate) fn take_path(&mut self, other: &Self) {
        self.path.clone_from(&other.path);
    }

    pub(crate) fn set_hiding(&mut self, hiding: Hiding) {
        self.hiding = hiding;
    }

    pub(crate) fn set_json<B: Serialize + ?Sized>(&mut self, body: &B) {
        match serde_json::to_vec(body) {
            Ok(body) => self.set_bytes("application/json", body),
            Err(failed) => {
                let what = format!("the body cannot be written as JSON: {failed}");
                self.refuse(what);
            }
        }
    }

    pub(crate) fn set_form<B: Serialize + ?Sized>(&mut self, body: &B) {
        match form_of(body) {
            Some(body) => self.set_bytes("application/x-www-form-urlencoded", body),
            None => self.refuse("the body cannot be written as a form".to_owned()),
        }
    }

    pub(crate) fn set_upload(&mut self, upload: &impl Upload) {
        match Form::of(upload) {
            Ok(form) => self.set_bytes(&form.content_type, form.body),
            Err(error) => self.refused = Some(error),
        }
    }

    pub(crate) fn set_bytes(&mut self, media_type: &str, body: impl Into<Bytes>) {
        match HeaderValue::from_str(media_type) {
            Ok(media_type) => self.body = Some((media_type, body.into())),
            Err(_) => self.refuse(format!("{media_type:?} is not a media type")),
        }
    }

    /// Accepts a media type other than JSON. The server rejects an unsupported one with 406.
    pub(crate) fn set_accept(&mut self, media_type: &'static str) {
        self.accept = HeaderValue::from_static(media_type);
    }

    pub(crate) fn set_known(&mut self, known: Option<&str>) {
        self.known = known.map(str::to_owned);
    }

    pub(crate) fn set_find_created(&mut self, find: FindCreated) {
        self.find_created = Some(find);
    }

    pub(crate) fn set_turn(&mut self, object: &'static str, ids: &[&str]) {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.turn = Some((object, ids));
    }

    pub(crate) fn set_single_use(&mut self) {
        self.call.options.single_use = true;
    }

    pub(crate) fn set_missing(&mut self, messages: &'static [&'static str]) {
        self.missing = messages;
    }

    /// Sends the call. All calls share one future, so that a program compiles it once.
    pub(crate) fn send(self) -> BoxFuture<'static, Result<CallResponse>> {
        Box::pin(self.sent())
    }

    async fn sent(mut self) -> Result<CallResponse> {
        let operation = self.operation;
        if let Some(error) = self.refused.take() {
            return Err(error.or_operation(operation));
        }
        self.check_hiding(operation)?;
        let mut request = self.request()?;
        // One limit for waiting, for preparatory reads and for the call itself.
        let deadline = self.call.start();
        self.call.options.single_use |= MAILS.contains(&operation.name);
        let _turn = match &self.turn {
            Some((object, ids)) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let turn = deadline.limit(self.call.turn(object, &ids)).await;
                turn.ok_or_else(|| error::timeout(operation, deadline.total))?
            }
            None => None,
        };
        bodies::check(&mut self.call, operation, &mut request)
            .await
            .map_err(|refused| refused.or_operation(operation))?;
        let sent = operation.takes.and(request.body.clone());
        let url = request.url.clone();
        let executed = match self.call.execute(request, operation).await {
            Ok(response) => bodies::confirm(&self.call, operation, &url)
                .await
                .map(|()| response),
            Err(failed) => Err(failed),
        };
        let response = match executed {
            Ok(response) => response,
            Err(error) => {
                let sent = sent.as_deref();
                let error = bodies::explained(&self.call, operation, sent, error).await;
                let error = unresolved::explain(operation, sent, error);
                if is_missing(&error, self.missing) {
                    return Ok(CallResponse::missing(operation));
                }
                return Err(error);
            }
        };
        let mut response = CallResponse::new(operation, response, self.known);
        if let Some(find) = self.find_created
            && response.status() == StatusCode::CREATED
            && !response.has_location()
        {
            response.set_found(find().await?);
        }
        Ok(response)
    }

    /// Refuses pairs of parameters of which the server would ignore one.
    pub(crate) fn check_hiding(&self, operation: &Operation) -> Result<()> {
        let is_set = |name: &str| self.get(name).is_some();
        let mut pairs = self.hiding.iter();
        match pairs.find(|(read, ignored)| is_set(read) && is_set(ignored)) {
            Some((read, ignored)) => Err(search::hidden(operation, read, ignored)),
            None => Ok(()),
        }
    }

    fn request(&mut self) -> Result<HttpRequest> {
        let path = segment::fill(self.operation, &self.path)?;
        let mut url = self.call.url(&path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let method = Method::from_bytes(self.operation.method.as_bytes()).map_err(|_| {
            error::invalid_argument(self.operation, "the method is not one of HTTP")
        })?;
        let mut request = HttpRequest::new(method, url);
        request.headers.insert(ACCEPT, self.accept.clone());
        if let Some((media_type, body)) = self.body.take() {
            request.set_body(media_type, body);
        }
        Ok(request)
    }
}

/// Writes an object's members as a form, without those that are not set.
fn form_of<B: Serialize + ?Sized>(body: &B) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::to_value(body) else {
        return None;
    };
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::Null => continue,
            Value::String(text) => form.append_pair(&name, &text),
            Value::Bool(_) | Value::Number(_) => form.append_pair(&name, &value.to_string()),
            Value::Array(_) | Value::Object(_) => return None,
        };
    }
    Some(form.finish())
}

impl fmt::Debug for CallRequest {
    // A body may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("call", &self.operation.name)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
