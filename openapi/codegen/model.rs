//! What the facade is written from: each operation with its arguments, setters and answer.

use serde_json::Value;

use super::document::{operation, parameters, path_parameters};
use super::names::{Named, Paging, Table, id_type};
use super::problem::{Problem, Problems};
use super::rules::UPLOAD;
use super::since::SINCE;
use super::spelling::{ident, snake};
use super::wire::{Method, generic_argument};

/// Names the type of an answer whose headers count too (overlay).
const ANSWER: &str = "x-answer";

/// A path parameter: a field of its handle or an argument of its call.
#[derive(Clone)]
pub struct Parameter {
    /// As the document spells it.
    pub name: String,
    /// As Rust spells it.
    pub ident: syn::Ident,
    /// The id type, or `String`.
    pub id: String,
}

/// What a query parameter takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Flag,
    Number,
    List,
}

/// A query parameter: a setter, or an argument where the document requires it.
pub struct Query {
    pub name: String,
    pub setter: syn::Ident,
    pub kind: Kind,
    /// The type of a number.
    pub ty: syn::Type,
    pub required: bool,
    pub description: Option<String>,
    pub default: Option<String>,
    /// The release it needs, where the operation is older.
    pub since: Option<String>,
}

/// What a call sends.
pub enum Body {
    /// One JSON or form value.
    Value(syn::Type),
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
pub enum Success {
    Nothing,
    /// The id out of `Location`.
    Created(String),
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
pub struct Operation {
    pub named: Named,
    /// All path parameters, in order.
    pub path: Vec<Parameter>,
    /// Those that are not the handle's.
    pub arguments: Vec<Parameter>,
    pub query: Vec<Query>,
    pub body: Option<Body>,
    pub success: Success,
    pub paging: Option<Paging>,
    pub summary: String,
    pub description: Option<String>,
    pub deprecated: bool,
    /// The release it needs, where the oldest supported one does not have it.
    pub since: Option<String>,
    /// Names of the generated client's arguments, in its order.
    pub wire: Vec<WireArgument>,
}

/// What stands at each place of the generated client's method.
#[derive(Clone)]
pub enum WireArgument {
    Path(usize),
    Query(usize),
    Body,
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

/// Puts together document, table and generated client.
pub fn build(
    document: &Value,
    table: &Table,
    named: &[Named],
    methods: &std::collections::BTreeMap<String, Method>,
    foreign: bool,
) -> Result<Vec<Operation>, Problems> {
    let mut problems = Vec::new();
    let mut built = Vec::new();
    for one in named {
        match build_one(document, table, one, methods, foreign) {
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
    methods: &std::collections::BTreeMap<String, Method>,
    foreign: bool,
) -> Result<Operation, Problem> {
    let refuse = |message: String| Problem::new("facade", named.key(), message);
    let source = operation(document, &named.method, &named.path)
        .ok_or_else(|| refuse("is not in the document".into()))?;
    let method = methods
        .get(&named.operation_id())
        .ok_or_else(|| refuse("was not generated by progenitor".into()))?;
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
    let mut wire = vec![None; method.arguments.len()];
    for parameter in parameters(document, &named.method, &named.path) {
        let name = text(&parameter, "name").unwrap_or_default();
        if parameter.get("in").and_then(Value::as_str) != Some("query") {
            continue;
        }
        let spelt = ident(&snake(&name)).to_string();
        let (place, ty) = method
            .arguments
            .iter()
            .enumerate()
            .find(|(_, (argument, _))| *argument == spelt)
            .map(|(place, (_, ty))| (place, ty))
            .ok_or_else(|| refuse(format!("has the query parameter {name}, which progenitor spells in a way the facade does not know")))?;
        let required = generic_argument(ty, "Option").is_none();
        let inner = generic_argument(ty, "Option").unwrap_or(ty).clone();
        wire[place] = Some(WireArgument::Query(query.len()));
        query.push(Query {
            setter: table
                .query
                .get(&name)
                .map_or_else(|| ident(&snake(&name)), |setter| ident(setter)),
            kind: kind(&inner).ok_or_else(|| {
                refuse(format!(
                    "has the query parameter {name} of a type without a setter"
                ))
            })?,
            ty: inner,
            required,
            description: text(&parameter, "description"),
            default: parameter
                .get("x-default")
                .map(|value| value.to_string().trim_matches('"').to_owned()),
            since: text(&parameter, SINCE),
            name,
        });
    }
    let mut body = None;
    for (place, (name, ty)) in method.arguments.iter().enumerate() {
        if wire[place].is_some() {
            continue;
        }
        if let Some(index) = path.iter().position(|parameter| parameter.ident == *name) {
            wire[place] = Some(WireArgument::Path(index));
        } else if name == "body" {
            body = Some(match text(source, UPLOAD) {
                Some(upload) => Body::Upload(ident(&upload)),
                None => body_of(source, ty).ok_or_else(|| {
                    refuse("has a body of a type the facade cannot pass on".into())
                })?,
            });
            wire[place] = Some(WireArgument::Body);
        } else {
            return Err(refuse(format!(
                "has the argument {name}, which is neither path, query nor body"
            )));
        }
    }
    let created = table.created.get(&named.call).cloned();
    let success = success_of(source, method, created);
    let summary = match text(source, "summary")
        .or_else(|| table.summaries.get(&named.call).cloned())
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
        description: text(source, "x-description"),
        deprecated: source.get("deprecated") == Some(&Value::Bool(true)),
        since: text(source, SINCE),
        wire: wire.into_iter().flatten().collect(),
        named: named.clone(),
    })
}

fn kind(ty: &syn::Type) -> Option<Kind> {
    match ty {
        syn::Type::Reference(reference) => {
            if generic_argument(&reference.elem, "Vec").is_some() {
                return Some(Kind::List);
            }
            matches!(&*reference.elem, syn::Type::Path(path) if path.path.is_ident("str"))
                .then_some(Kind::Text)
        }
        syn::Type::Path(path) if path.path.is_ident("bool") => Some(Kind::Flag),
        syn::Type::Path(path) if path.path.is_ident("i32") || path.path.is_ident("i64") => {
            Some(Kind::Number)
        }
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

fn body_of(source: &Value, ty: &syn::Type) -> Option<Body> {
    match ty {
        syn::Type::Reference(reference) => Some(match &*reference.elem {
            syn::Type::Slice(slice) => Body::List((*slice.elem).clone()),
            other => Body::Value(other.clone()),
        }),
        syn::Type::Path(path) if path.path.is_ident("String") => {
            Some(Body::Text(text_type(source)))
        }
        syn::Type::Path(path)
            if ["bool", "i32", "i64", "f32", "f64"]
                .iter()
                .any(|name| path.path.is_ident(name)) =>
        {
            Some(Body::Plain(ty.clone()))
        }
        _ => None,
    }
}

fn success_of(source: &Value, method: &Method, created: Option<String>) -> Success {
    let ty = &method.success;
    if matches!(ty, syn::Type::Tuple(tuple) if tuple.elems.is_empty()) {
        return created.map_or(Success::Nothing, Success::Created);
    }
    let empty = source.get("x-empty") == Some(&Value::Bool(true));
    if matches!(ty, syn::Type::Path(path) if path.path.is_ident("ByteStream")) {
        let text = source
            .pointer("/responses/2XX/content")
            .and_then(Value::as_object)
            .is_some_and(|content| {
                content.keys().any(|media_type| {
                    media_type.starts_with("text/") || media_type.ends_with("xml")
                })
            });
        return match (text, empty) {
            (true, true) => Success::OptionalText,
            (true, false) => Success::Text(text_type(source)),
            (false, _) => Success::Content,
        };
    }
    if let Some(name) = source.get(ANSWER).and_then(Value::as_str) {
        let name = quote::format_ident!("{name}");
        return Success::Answer(syn::parse_quote!(crate::admin::#name));
    }
    if generic_argument(ty, "Vec").is_some() {
        return Success::List(ty.clone());
    }
    if empty {
        return Success::Optional(ty.clone());
    }
    Success::Value(ty.clone())
}
