//! Checks of bodies: what the server would do with them, before they are sent and after a refusal.

mod added;
mod create;
mod deletes;
mod fields;
mod ignored;
mod left_out;
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
pub(crate) use ignored::{is_attribute_of_a_member, of_update, refuse_attributes};
pub(crate) use unknown::explained;

/// Checks that the caller, or an earlier step, makes unnecessary.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SkippedChecks {
    /// Whether ten asterisks may be stored as a secret.
    pub(crate) masks: bool,
    /// Whether the body was read, edited and compared, so that ignored members are unchanged.
    pub(crate) compared: bool,
}

/// What a call does with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Create,
    Update,
    /// Many objects at once, including members that creating a single one does not accept.
    Import,
}

impl Purpose {
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

/// Refuses what the server would ignore or misread, and completes what belongs together.
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
    let purpose = Purpose::of(op);
    let skipped = call.skipped_checks;
    if !skipped.masks {
        masks::refuse(op, ty, purpose, &body)?;
    }
    let mut completed = ignored::complete(op, ty, purpose, &path_of(request), &mut body)?;
    if purpose == Purpose::Create {
        create::refuse(op, ty, &body)?;
    }
    if !skipped.compared {
        ignored::refuse(op, ty, purpose, &body)?;
        let mut now = CurrentState {
            call,
            op,
            url: &request.url,
            state: None,
        };
        not_taken(&mut now, ty, purpose, &body).await?;
        completed |= left_out::complete(ty, purpose, &mut now, &mut body).await?;
    }
    left_out::refuse_halves(op, ty, &body)?;
    unknown::refuse_dropped(call, op, ty, &body).await?;
    if ty == "PartialImportRepresentation" {
        // Existing objects are skipped, so a second time changes nothing.
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

/// The present state of the object to update, read once if a check needs it.
struct CurrentState<'a> {
    call: &'a Call,
    op: &'static Operation,
    url: &'a Url,
    state: Option<Map<String, Value>>,
}

impl CurrentState<'_> {
    async fn get(&mut self) -> Result<&Map<String, Value>> {
        let read = match self.state.take() {
            Some(read) => read,
            None => self.read(self.url.clone()).await?,
        };
        Ok(self.state.insert(read))
    }

    /// If the response is not an object, the update itself reports it.
    async fn read(&self, url: Url) -> Result<Map<String, Value>> {
        let read = HttpRequest::new(Method::GET, url);
        let response = self.call.execute(read, self.op).await?;
        Ok(serde_json::from_slice(response.body()).unwrap_or_default())
    }
}

/// Refuses other values of members that can be read but not updated.
async fn not_taken(
    now: &mut CurrentState<'_>,
    ty: &str,
    purpose: Purpose,
    body: &Map<String, Value>,
) -> Result<()> {
    let shown = ignored::shown(ty, purpose, body);
    let named = ignored::named_attributes(ty, purpose, body);
    if shown.is_empty() && named.is_empty() {
        return Ok(());
    }
    let op = now.op;
    let there = now.get().await?;
    if there.is_empty() {
        return Ok(());
    }
    ignored::refuse_other(op, &shown, there, body)?;
    ignored::refuse_named_attributes(op, &named, there, body)
}
