//! What the server would make of a body: looked at before it is sent, and after it was refused.

mod added;
mod create;
mod deletes;
mod fields;
mod left_out;
mod lost;
mod masks;
#[cfg(test)]
mod tests;
mod unknown;

use http::Method;
use serde_json::{Map, Value};
use url::Url;

use super::call::Call;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::{Result, error};

pub(crate) use added::confirm;
pub(crate) use lost::{is_attribute_of_a_member, of_update, refuse_attributes};
pub(crate) use unknown::explained;

/// What the caller has said or a step before has seen to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Consent {
    /// Ten asterisks are meant as a secret.
    pub(crate) masks: bool,
    /// The body was read, edited and compared: members that an update leaves alone are as they were.
    pub(crate) compared: bool,
}

/// What a call does with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Create,
    Update,
    /// Many objects at once, which takes members that creating one does not.
    Import,
}

impl Way {
    fn of(op: &Operation) -> Self {
        match (op.method, op.takes) {
            ("PUT" | "PATCH", _) => Self::Update,
            (_, Some("PartialImportRepresentation" | "ResourceServerRepresentation")) => {
                Self::Import
            }
            _ => Self::Create,
        }
    }
}

/// Refuses what the server would lose or mistake, and completes what belongs together.
pub(crate) async fn check(
    call: &mut Call,
    op: &'static Operation,
    request: &mut HttpRequest,
) -> Result<()> {
    deletes::check(call, op, request).await?;
    let Some(ty) = op.takes.filter(|ty| fields::is_known(ty)) else {
        return Ok(());
    };
    let sent = request.body.as_deref().map(serde_json::from_slice);
    let Some(Ok(Value::Object(mut body))) = sent else {
        return Ok(());
    };
    let way = Way::of(op);
    let consent = call.consent;
    if !consent.masks {
        masks::refuse(op, ty, way, &body)?;
    }
    let mut completed = lost::complete(op, ty, way, &path_of(request), &mut body)?;
    if way == Way::Create {
        create::refuse(op, ty, &body)?;
    }
    if !consent.compared {
        lost::refuse(op, ty, way, &body)?;
        let mut now = Now {
            call,
            op,
            url: &request.url,
            state: None,
        };
        not_taken(&mut now, ty, way, &body).await?;
        completed |= left_out::complete(ty, way, &mut now, &mut body).await?;
    }
    left_out::refuse_halves(op, ty, &body)?;
    unknown::refuse_dropped(call, op, ty, &body).await?;
    if ty == "PartialImportRepresentation" {
        // What is there is left alone, so a second time changes nothing.
        let skips = body.get("ifResourceExists").and_then(Value::as_str) == Some("SKIP");
        call.options.harmless_twice |= skips;
    }
    if completed {
        let body = serde_json::to_vec(&body).map_err(|failed| {
            error::invalid_argument(op, format!("the body cannot be written as JSON: {failed}"))
        })?;
        request.body = Some(body.into());
    }
    Ok(())
}

/// The percent-encoded segments of the path.
fn path_of(request: &HttpRequest) -> Vec<String> {
    let segments = request.url.path_segments().into_iter().flatten();
    segments.map(str::to_owned).collect()
}

/// The object that an update is about, as it is now: read once, where something needs it.
struct Now<'a> {
    call: &'a Call,
    op: &'static Operation,
    url: &'a Url,
    state: Option<Map<String, Value>>,
}

impl Now<'_> {
    async fn get(&mut self) -> Result<&Map<String, Value>> {
        let read = match self.state.take() {
            Some(read) => read,
            None => self.read(self.url.clone()).await?,
        };
        Ok(self.state.insert(read))
    }

    /// What cannot be read as an object is for the update itself to say.
    async fn read(&self, url: Url) -> Result<Map<String, Value>> {
        let read = HttpRequest::new(Method::GET, url);
        let answer = self.call.execute(read, self.op).await?;
        Ok(serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}

/// Refuses another value of a member that reading shows and updating does not take.
async fn not_taken(now: &mut Now<'_>, ty: &str, way: Way, body: &Map<String, Value>) -> Result<()> {
    let shown = lost::shown(ty, way, body);
    let named = lost::named_attributes(ty, way, body);
    if shown.is_empty() && named.is_empty() {
        return Ok(());
    }
    let op = now.op;
    let there = now.get().await?;
    if there.is_empty() {
        return Ok(());
    }
    lost::refuse_other(op, &shown, there, body)?;
    lost::refuse_named_attributes(op, &named, there, body)
}
