//! What the server would make of a body: looked at before it is sent, and after it was refused.

mod fields;
mod lost;
mod masks;
#[cfg(test)]
mod tests;
mod unknown;

use http::Method;
use serde_json::{Map, Value};

use crate::http::operation::Operation;
use crate::http::options::CallOptions;
use crate::http::transport::Transport;
use crate::{Result, error};

pub(crate) use lost::of_update;
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
    transport: &Transport,
    op: &'static Operation,
    consent: Consent,
    options: &mut CallOptions,
    request: &mut reqwest::Request,
) -> Result<()> {
    let Some(ty) = op.takes.filter(|ty| fields::is_known(ty)) else {
        return Ok(());
    };
    let sent = request.body().and_then(reqwest::Body::as_bytes);
    let Some(Ok(Value::Object(mut body))) = sent.map(serde_json::from_slice) else {
        return Ok(());
    };
    let way = Way::of(op);
    if !consent.masks {
        masks::refuse(op, ty, way, &body)?;
    }
    let completed = lost::complete(op, ty, way, &path_of(request), &mut body)?;
    if !consent.compared {
        lost::refuse(op, ty, way, &body)?;
        not_taken(transport, op, options, request, ty, way, &body).await?;
    }
    unknown::refuse_dropped(transport, op, options, ty, &body).await?;
    if ty == "PartialImportRepresentation" {
        // What is there is left alone, so a second time changes nothing.
        let skips = body.get("ifResourceExists").and_then(Value::as_str) == Some("SKIP");
        options.harmless_twice |= skips;
    }
    if completed {
        let body = serde_json::to_vec(&body).map_err(|failed| {
            error::invalid_argument(op, format!("the body cannot be written as JSON: {failed}"))
        })?;
        *request.body_mut() = Some(body.into());
    }
    Ok(())
}

/// The percent-encoded segments of the path.
fn path_of(request: &reqwest::Request) -> Vec<String> {
    let segments = request.url().path_segments().into_iter().flatten();
    segments.map(str::to_owned).collect()
}

/// Refuses another value of a member that reading shows and updating does not take.
async fn not_taken(
    transport: &Transport,
    op: &'static Operation,
    options: &CallOptions,
    request: &reqwest::Request,
    ty: &str,
    way: Way,
    body: &Map<String, Value>,
) -> Result<()> {
    let shown = lost::shown(ty, way, body);
    if shown.is_empty() {
        return Ok(());
    }
    let read = reqwest::Request::new(Method::GET, request.url().clone());
    let answer = transport.execute(read, op, options).await?;
    // What cannot be read is for the update itself to say.
    let Ok(now) = serde_json::from_slice::<Map<String, Value>>(answer.body()) else {
        return Ok(());
    };
    lost::refuse_other(op, &shown, &now, body)
}
