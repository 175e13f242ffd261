//! Members that the server does not have, located in the body.

use serde_json::{Map, Value};

use super::fields::{self, Field};
use crate::admin::call::Call;
use crate::admin::version;
use crate::error::FieldError;
use crate::http::error_body::UNRECOGNISED;
use crate::newer::{DROPPED, MEMBERS};
use crate::operation::Operation;
use crate::shared::Version;
use crate::{Error, ErrorKind, Result, call, error};

/// The server's messages for a body that it cannot read. An unknown member may be the reason, but
/// the message does not name it.
const UNREADABLE: &[&str] = &[
    "unable to read contents from stream",
    "Cannot parse the JSON",
];

/// Refuses members that an older server would silently drop.
pub(super) async fn refuse_dropped(
    call: &Call,
    op: &'static Operation,
    ty: &str,
    body: &Map<String, Value>,
) -> Result<()> {
    let dropped: Vec<_> = DROPPED
        .iter()
        .filter(|(of, member, _)| *of == ty && body.get(*member).is_some_and(|set| !set.is_null()))
        .collect();
    if dropped.is_empty() {
        return Ok(());
    }
    let Some(server) = version::of(call).await else {
        return Ok(());
    };
    for (_, member, release) in dropped {
        if server < Version::parse(release) {
            return Err(error::invalid_argument(
                op,
                format!(
                    "this server is Keycloak {server}, which silently drops {member}: leave it \
                     out, or use Keycloak {release} or newer; no request was sent"
                ),
            )
            .with_needs(Some(release)));
        }
    }
    Ok(())
}

/// Adds which members of the body the server does not have, and which release has them, judged by
/// the server's message or its version.
pub(crate) async fn explained(
    call: &Call,
    op: &'static Operation,
    sent: Option<&[u8]>,
    error: Error,
) -> Error {
    if error.operation() != Some(op.name) {
        // The error is not about this body, but about the login, for example.
        return error;
    }
    let error = match error
        .needs_keycloak()
        .filter(|_| error.field_errors().is_empty())
    {
        Some(release) => match version::of(call).await {
            Some(server) if server >= Version::parse(release) => call::without_needs(error, op),
            _ => return error,
        },
        None => error,
    };
    let (Some(ty), Some(Ok(Value::Object(body)))) = (
        op.takes.filter(|ty| fields::is_known(ty)),
        sent.map(serde_json::from_slice),
    ) else {
        return error;
    };
    let fields = fields::all(ty, &body);
    if error.field_errors().iter().any(is_unknown) {
        return located(error, &fields);
    }
    let said = error.server_message().unwrap_or_default();
    let unreadable = UNREADABLE.contains(&said);
    let silent = error.kind() == ErrorKind::Server && error.oauth_code() == Some("unknown_error");
    if !(unreadable || silent) {
        return error;
    }
    suspected(call, ty, &fields, unreadable, error).await
}

fn is_unknown(field: &FieldError) -> bool {
    field.message.starts_with(UNRECOGNISED)
}

/// Locates the members that the server named.
fn located(error: Error, fields: &[Field<'_>]) -> Error {
    let mut found: Vec<FieldError> = Vec::new();
    for named in error.field_errors() {
        let of = named.message.rsplit_once(" of ").map(|(_, ty)| ty);
        let here = |typed: bool| {
            let named_here = move |field: &&Field<'_>| {
                Some(field.member) == named.field.as_deref()
                    && (!typed || Some(field.ty) == of)
                    && (typed || !field.known)
            };
            fields
                .iter()
                .filter(named_here)
                .map(|field| field.path.clone())
        };
        let mut paths: Vec<String> = here(true).collect();
        if paths.is_empty() {
            paths = here(false).collect();
        }
        if paths.is_empty() {
            found.push(named.clone());
        }
        found.extend(paths.into_iter().map(|path| FieldError {
            field: Some(path),
            ..named.clone()
        }));
    }
    let paths: Vec<&str> = found
        .iter()
        .filter_map(|field| field.field.as_deref())
        .collect();
    let hint = call::unknown_member(error.needs_keycloak(), &paths.join(", "));
    error.with_field_errors(found).with_hint(hint)
}

/// Finds members that need a newer release, if the server gave no reason.
async fn suspected(
    call: &Call,
    ty: &str,
    fields: &[Field<'_>],
    unreadable: bool,
    error: Error,
) -> Error {
    // A policy's body is one of the kinds.
    let is_policy = ty == "PolicyRepresentation";
    let since = |field: &Field<'_>| {
        let is_of = |name: &str| name == field.ty || is_policy && name.ends_with(field.ty);
        MEMBERS
            .iter()
            .filter(|(name, member, _)| is_of(name) && *member == field.member)
            .map(|(_, _, release)| *release)
            .max_by_key(|release| Version::parse(release))
    };
    let newer: Vec<(&Field<'_>, &'static str)> = fields
        .iter()
        .filter_map(|field| Some((field, since(field)?)))
        .collect();
    let foreign: Vec<&Field<'_>> = fields
        .iter()
        .filter(|field| unreadable && !field.known && !is_policy)
        .collect();
    if newer.is_empty() && foreign.is_empty() {
        return error;
    }
    let server = version::of(call).await;
    let lacks = |release: &str| {
        server
            .as_ref()
            .is_some_and(|server| *server < Version::parse(release))
    };
    let lacking: Vec<_> = newer.iter().filter(|(_, release)| lacks(release)).collect();
    let mut named: Vec<String> = Vec::new();
    let mut refused: Vec<FieldError> = Vec::new();
    for (field, release) in &lacking {
        named.push(format!("{} (needs {release})", field.path));
        refused.push(unrecognised(field));
    }
    for field in &foreign {
        named.push(field.path.clone());
        refused.push(unrecognised(field));
    }
    if !named.is_empty() {
        let needs = lacking
            .iter()
            .map(|(_, release)| *release)
            .max_by_key(|release| Version::parse(release));
        let who = match &server {
            Some(server) => format!("this server is Keycloak {server} and"),
            None => "this server".to_owned(),
        };
        let newer = match needs {
            Some(release) => format!(", or use Keycloak {release} or newer"),
            None => String::new(),
        };
        return error
            .with_needs(needs)
            .with_field_errors(refused)
            .with_hint(format!(
                "{who} may not have what was sent: leave out {}{newer}",
                named.join(", ")
            ));
    }
    if server.is_none() && unreadable {
        let named: Vec<String> = newer
            .iter()
            .map(|(field, release)| format!("{} (needs {release})", field.path))
            .collect();
        return error.with_hint(format!(
            "the server cannot read the body and does not tell its version; if it is an older \
             one, leave out {}",
            named.join(", ")
        ));
    }
    error
}

fn unrecognised(field: &Field<'_>) -> FieldError {
    FieldError {
        field: Some(field.path.clone()),
        message: format!("{UNRECOGNISED} of {}", field.ty),
        params: Vec::new(),
    }
}
