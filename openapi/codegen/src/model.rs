//! What the facade is written from: each operation with its arguments, setters and answer.

use serde_json::Value;

use crate::document::{operation, parameters, path_parameters};
use crate::names::{Named, Paging, Table, id_type};
use crate::problem::{Problem, Problems};
use crate::rules::UPLOAD;
use crate::signature::{generic_argument, rust_type};
use crate::since::SINCE;
use crate::spelling::{ident, snake};

/// Names the type of an answer whose headers count too (overlay).
const ANSWER: &str = "x-answer";

/// A path parameter: a field of its handle or an argument of its call.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// As the document spells it.
    pub name: String,
    /// As Rust spells it.
    pub ident: syn::Ident,
    /// The id type, or `String`.
    pub id: String,
}

/// What a query parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// An integer.
    Number,
    /// Strings.
    List,
}

/// A query parameter: a setter, or an argument where the document requires it.
#[derive(Debug)]
pub struct Query {
    /// The name in the query.
    pub name: String,
    /// The name of the setter.
    pub setter: syn::Ident,
    /// The kind of value.
    pub kind: Kind,
    /// The type of a number.
    pub ty: syn::Type,
    /// Whether the call takes it as an argument.
    pub required: bool,
    /// The document's description.
    pub description: Option<String>,
    /// The value that the server assumes.
    pub default: Option<String>,
    /// The release it needs, where the operation is older.
    pub since: Option<String>,
}

/// What a call sends.
#[derive(Debug)]
pub enum Body {
    /// One JSON value.
    Value(syn::Type),
    /// One value as `application/x-www-form-urlencoded`.
    Form(syn::Type),
    /// A JSON list of such.
    List(syn::Type),
    /// A JSON number or flag, passed by value.
    Plain(syn::Type),
    /// Plain text, as a type that is made of text and becomes text.
    Text(syn::Type),
    /// A multipart form: a type of `src/admin/uploads.rs`.
    Upload(syn::Ident),
}

/// What a call gives.
#[derive(Debug)]
pub enum Success {
    /// No value.
    Nothing,
    /// The id out of `Location`.
    Created(String),
    /// A value of this type.
    Value(syn::Type),
    /// A list, which 204 says is empty.
    List(syn::Type),
    /// A value with what is in the headers: a type of `src/admin/` that the overlay names.
    Answer(syn::Type),
    /// A value, or nothing with 204.
    Optional(syn::Type),
    /// Text, as a type that is made of text.
    Text(syn::Type),
    /// Text, or nothing with 204.
    OptionalText,
    /// Bytes with their media type.
    Content,
}

/// One operation of the facade.
#[derive(Debug)]
pub struct Operation {
    /// Its public name.
    pub named: Named,
    /// All path parameters, in order.
    pub path: Vec<Parameter>,
    /// Those that are not the handle's.
    pub arguments: Vec<Parameter>,
    /// The parameters of the query.
    pub query: Vec<Query>,
    /// The body of the request.
    pub body: Option<Body>,
    /// What a success gives.
    pub success: Success,
    /// How the list pages.
    pub paging: Option<Paging>,
    /// The first sentence of the documentation.
    pub summary: String,
    /// The document's description.
    pub description: Option<String>,
    /// Whether the document deprecates it.
    pub deprecated: bool,
    /// The release it needs, where the oldest supported one does not have it.
    pub since: Option<String>,
}

impl Operation {
    /// Optional parameters make a builder; without any the call is a plain `async fn`.
    pub fn has_setters(&self) -> bool {
        self.query.iter().any(|query| !query.required)
    }

    /// What `find` gives, for a `get` that can tell a missing object.
    pub fn found(&self) -> Option<syn::Type> {
        let alone = self.named.verb() == "get" && self.arguments.is_empty() && self.body.is_none();
        match &self.success {
            Success::Value(ty) | Success::List(ty) if alone => Some(ty.clone()),
            Success::Text(ty) if alone => Some(ty.clone()),
            _ => None,
        }
    }

    /// What a list that takes `first` and `max` is a list of.
    pub fn paged_item(&self) -> Option<&syn::Type> {
        let has = |name: &str| self.query.iter().any(|query| query.setter == name);
        match &self.success {
            Success::List(ty) if has("first") && has("max") => generic_argument(ty, "Vec"),
            _ => None,
        }
    }
}

/// Puts together document and table.
pub fn build(
    document: &Value,
    table: &Table,
    named: &[Named],
    foreign: bool,
) -> Result<Vec<Operation>, Problems> {
    let mut problems = Vec::new();
    let mut built = Vec::new();
    for one in named {
        match build_one(document, table, one, foreign) {
            Ok(operation) => built.push(operation),
            Err(problem) => problems.push(problem),
        }
    }
    Problems(problems).or(built)
}

fn build_one(
    document: &Value,
    table: &Table,
    named: &Named,
    foreign: bool,
) -> Result<Operation, Problem> {
    let refuse = |message: String| Problem::new("facade", named.key(), message);
    let source = operation(document, &named.method, &named.path)
        .ok_or_else(|| refuse("is not in the document".into()))?;
    let text = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(String::from)
    };

    let path: Vec<Parameter> = path_parameters(&named.path)
        .into_iter()
        .map(|name| Parameter {
            ident: ident(&snake(&name)),
            id: id_type(table, named, &name).unwrap_or("String").to_owned(),
            name,
        })
        .collect();
    let of_handle = table
        .handles
        .get(named.handle())
        .map(|prefix| path_parameters(prefix))
        .unwrap_or_default();
    let arguments = path
        .iter()
        .filter(|parameter| !of_handle.contains(&parameter.name))
        .cloned()
        .collect();

    let mut query = Vec::new();
    for parameter in parameters(document, &named.method, &named.path) {
        let name = text(&parameter, "name").unwrap_or_default();
        match parameter.get("in").and_then(Value::as_str) {
            Some("query") => {}
            Some("path") => continue,
            _ => {
                return Err(refuse(format!(
                    "has the parameter {name}, which is neither of the path nor of the query"
                )));
            }
        }
        let without_setter = || {
            refuse(format!(
                "has the query parameter {name} of a type without a setter; correct it by an overlay action"
            ))
        };
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let ty = rust_type(document, schema).map_err(|_| without_setter())?;
        query.push(Query {
            setter: table
                .query
                .get(&name)
                .map_or_else(|| ident(&snake(&name)), |setter| ident(setter)),
            kind: kind(&ty).ok_or_else(without_setter)?,
            ty,
            required: parameter.get("required") == Some(&Value::Bool(true)),
            description: text(&parameter, "description"),
            default: parameter
                .get("x-default")
                .map(|value| value.to_string().trim_matches('"').to_owned()),
            since: text(&parameter, SINCE),
            name,
        });
    }
    query.sort_by(|a, b| a.name.cmp(&b.name));
    let wrong = |what: String| refuse(format!("{what}; correct it by an overlay action"));
    let body = body_of(document, source).map_err(wrong)?;
    let created = table
        .created
        .get(&named.call)
        .map(|created| created.id().to_owned());
    let success = success_of(document, source, created).map_err(wrong)?;
    let summary = match table
        .summaries
        .get(&named.call)
        .cloned()
        .or_else(|| text(source, "summary"))
    {
        Some(summary) => summary,
        None if foreign => named.call.clone(),
        None => {
            return Err(refuse(format!(
                "has no summary; add one to [summaries] in openapi/names.toml: \"{}\" = \"...\"",
                named.call
            )));
        }
    };
    Ok(Operation {
        path,
        arguments,
        query,
        body,
        success,
        paging: table.paging.get(&named.call).cloned(),
        summary,
        description: text(source, "description"),
        deprecated: source.get("deprecated") == Some(&Value::Bool(true)),
        since: text(source, SINCE),
        named: named.clone(),
    })
}

fn kind(ty: &syn::Type) -> Option<Kind> {
    if let Some(item) = generic_argument(ty, "Vec") {
        return (kind(item) == Some(Kind::Text)).then_some(Kind::List);
    }
    let syn::Type::Path(path) = ty else {
        return None;
    };
    match path.path.segments.last()?.ident.to_string().as_str() {
        "String" => Some(Kind::Text),
        "bool" => Some(Kind::Flag),
        "i32" | "i64" => Some(Kind::Number),
        _ => None,
    }
}

/// The type of an operation's text: one of `src/admin/` that the overlay names.
fn text_type(source: &Value) -> syn::Type {
    match source.get("x-text").and_then(Value::as_str) {
        Some(name) => {
            let name = quote::format_ident!("{name}");
            syn::parse_quote!(crate::admin::#name)
        }
        None => syn::parse_quote!(String),
    }
}

/// The media type of a body and its schema.
fn content_of(body: Option<&Value>) -> Option<(&str, &Value)> {
    let content = body?.get("content")?.as_object()?;
    let (media_type, content) = content.iter().next()?;
    Some((media_type, content.get("schema").unwrap_or(&Value::Null)))
}

fn body_of(document: &Value, source: &Value) -> Result<Option<Body>, String> {
    if let Some(upload) = source.get(UPLOAD).and_then(Value::as_str) {
        return Ok(Some(Body::Upload(ident(upload))));
    }
    let Some((media_type, schema)) = content_of(source.get("requestBody")) else {
        return Ok(None);
    };
    if media_type == "text/plain" {
        return Ok(Some(Body::Text(text_type(source))));
    }
    let ty = rust_type(document, schema)?;
    if media_type == "application/x-www-form-urlencoded" {
        return Ok(Some(Body::Form(ty)));
    }
    if media_type != "application/json" {
        return Err(format!("has a body of {media_type}"));
    }
    let plain = ["bool", "i32", "i64", "f32", "f64"];
    Ok(Some(match (&ty, generic_argument(&ty, "Vec")) {
        (_, Some(item)) => Body::List(item.clone()),
        (syn::Type::Path(path), None) if plain.iter().any(|name| path.path.is_ident(name)) => {
            Body::Plain(ty)
        }
        (syn::Type::Path(path), None)
            if path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "String") =>
        {
            Body::Value(syn::parse_quote!(str))
        }
        _ => Body::Value(ty),
    }))
}

fn success_of(
    document: &Value,
    source: &Value,
    created: Option<String>,
) -> Result<Success, String> {
    let Some((media_type, schema)) = content_of(source.pointer("/responses/2XX")) else {
        return Ok(created.map_or(Success::Nothing, Success::Created));
    };
    let empty = source.get("x-empty") == Some(&Value::Bool(true));
    if media_type != "application/json" {
        let text = media_type.starts_with("text/") || media_type.ends_with("xml");
        return Ok(match (text, empty) {
            (true, true) => Success::OptionalText,
            (true, false) => Success::Text(text_type(source)),
            (false, _) => Success::Content,
        });
    }
    if let Some(name) = source.get(ANSWER).and_then(Value::as_str) {
        let name = quote::format_ident!("{name}");
        return Ok(Success::Answer(syn::parse_quote!(crate::admin::#name)));
    }
    let ty = rust_type(document, schema)?;
    Ok(match generic_argument(&ty, "Vec") {
        Some(_) => Success::List(ty),
        None if empty => Success::Optional(ty),
        None => Success::Value(ty),
    })
}
