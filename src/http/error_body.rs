//! The body of an error response, in every shape that Keycloak sends.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::challenge::Challenge;
use crate::error::{FieldError, clean};

/// The `error_description` that releases before 26 add to every message, and newer ones only to a
/// code.
const SEE_THE_LOG: &str = "For more on this error consult the server log";

/// Jackson's words for an unknown member.
pub(crate) const UNRECOGNISED: &str = "Unrecognized field";

pub(crate) const NOT_KEYCLOAK: &str = "the response is not Keycloak's JSON: it may come from a \
                                       proxy, or the base URL is wrong";

/// The readable parts of an error response.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    pub(crate) message: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) fields: Vec<FieldError>,
    /// The type that the unknown member belongs to, if the server names it.
    pub(crate) unknown_in: Option<String>,
    /// Whether the response is worded as in releases before 26.
    pub(crate) old_wording: bool,
    /// Set if the body is not the JSON object that Keycloak sends.
    pub(crate) foreign: Option<&'static str>,
}

impl ErrorBody {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut body = Self::from_body(headers, body);
        // The endpoints of OpenID Connect send their reason in a header.
        if body.message.is_none()
            && let Some(challenge) = Challenge::read(headers)
        {
            body.foreign = None;
            body.message = Some(
                challenge
                    .description
                    .unwrap_or_else(|| challenge.code.clone()),
            );
            body.code = body.code.or(Some(challenge.code));
        }
        body
    }

    fn from_body(headers: &HeaderMap, body: &[u8]) -> Self {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self::default();
        }
        // Some proxies put a byte order mark before JSON.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(members)) => Self::from_members(&members),
            _ => Self {
                foreign: is_foreign(headers).then_some(NOT_KEYCLOAK),
                ..Self::default()
            },
        }
    }

    fn from_members(members: &Map<String, Value>) -> Self {
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(clean);
        let error = text("error").filter(|e| !e.is_empty());
        let description = text("error_description").filter(|d| !d.is_empty());
        // `{"error":"Realm not found."}` is a sentence, `{"error":"invalid_grant"}` is a code.
        let code = error.clone().filter(|e| {
            !e.contains(char::is_whitespace)
                && (description.is_some() || e.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        });
        let mut fields = match members.get("errors") {
            Some(Value::Array(entries)) => entries
                .iter()
                .filter_map(Value::as_object)
                .filter_map(field_error)
                .collect(),
            _ => Vec::new(),
        };
        if fields.is_empty() && members.contains_key("field") {
            fields.extend(field_error(members));
        }
        if let Some(Value::Array(violations)) = members.get("violations") {
            fields.extend(violations.iter().filter_map(Value::as_str).map(violation));
        }
        let unknown = error.as_deref().and_then(UnknownMember::read);
        if let Some(unknown) = unknown.as_ref().filter(|_| fields.is_empty()) {
            fields.push(unknown.field_error());
        }
        let unknown_in = unknown.and_then(|unknown| unknown.ty.map(str::to_owned));
        let says_nothing = |text: &String| text.starts_with(SEE_THE_LOG);
        let sentence = error
            .as_ref()
            .is_some_and(|e| e.contains(char::is_whitespace));
        let old_wording = sentence && description.as_ref().is_some_and(says_nothing);
        let message = text("errorMessage")
            .filter(|m| !m.is_empty())
            .or(description.filter(|_| !old_wording))
            .or(error.clone())
            .or_else(|| text("details").filter(|d| !d.is_empty()));
        Self {
            message,
            code,
            fields,
            unknown_in,
            old_wording,
            foreign: None,
        }
    }

    /// The member that the server does not recognize.
    pub(crate) fn unknown_member(&self) -> Option<&str> {
        let unknown = |field: &&FieldError| field.message.starts_with(UNRECOGNISED);
        self.fields.iter().find(unknown)?.field.as_deref()
    }

    /// One line for `Display`.
    pub(crate) fn summary(&self) -> Cow<'static, str> {
        if !self.fields.is_empty() {
            return FieldError::in_one_line(&self.fields).into();
        }
        match (&self.message, &self.code) {
            (Some(message), Some(code)) if message != code => format!("{message} ({code})").into(),
            (Some(message), _) => message.clone().into(),
            (None, _) => "the server gave no reason".into(),
        }
    }
}

/// `Unrecognized field "x"`, which each release words differently:
///
/// - 24.0: `Unrecognized field "x" (class org.keycloak...UserRepresentation), not marked as ignorable`
/// - 26.7: `Invalid json representation for UserRepresentation. Unrecognized field "x" at line 1`
struct UnknownMember<'a> {
    member: &'a str,
    ty: Option<&'a str>,
}

impl<'a> UnknownMember<'a> {
    fn read(message: &'a str) -> Option<Self> {
        let (before, rest) = message.split_once(UNRECOGNISED)?;
        let (member, after) = rest.strip_prefix(" \"")?.split_once('"')?;
        let class = after
            .strip_prefix(" (class ")
            .and_then(|rest| rest.split_once(')'))
            .and_then(|(class, _)| class.rsplit(['.', '$']).next());
        let named = before
            .trim_end()
            .strip_suffix('.')
            .and_then(|before| before.rsplit(' ').next());
        Some(Self {
            member,
            ty: class.or(named).filter(|name| !name.is_empty()),
        })
    }

    fn field_error(&self) -> FieldError {
        FieldError {
            field: Some(self.member.to_owned()),
            message: match self.ty {
                Some(ty) => format!("{UNRECOGNISED} of {ty}"),
                None => UNRECOGNISED.to_owned(),
            },
            params: Vec::new(),
        }
    }
}

/// Reads `redirectUris: must be a URL`, or a sentence about the whole object.
fn violation(text: &str) -> FieldError {
    let text = clean(text);
    let (field, message) = match text.split_once(": ") {
        Some((path, message)) if !path.is_empty() && !path.contains(char::is_whitespace) => {
            (Some(path.to_owned()), message.to_owned())
        }
        _ => (None, text),
    };
    FieldError {
        field,
        message,
        params: Vec::new(),
    }
}

fn field_error(members: &Map<String, Value>) -> Option<FieldError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(clean);
    let message = text("errorMessage").or_else(|| text("error"))?;
    let params = match members.get("params") {
        Some(Value::Array(params)) => params.iter().map(clean_text).collect(),
        _ => Vec::new(),
    };
    Some(FieldError {
        field: text("field"),
        message,
        params,
    })
}

fn clean_text(value: &Value) -> Value {
    match value {
        Value::String(text) => clean(text).into(),
        other => other.clone(),
    }
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    !content_type.to_ascii_lowercase().contains("json")
}
