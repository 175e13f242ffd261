//! Step 9, facade: the public handles and requests.

mod calls;
mod docs;
mod handles;
mod paging;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::document::schemas;
use crate::model::{Body, Operation, Parameter, Success};
use crate::names::{Created, Table};
use crate::signature::type_name;
use crate::since;

pub use calls::generate as calls;
pub use handles::generate as handles;
pub use requests::generate as requests;

use requests::{is_str, is_string};

/// The id types the table names: newtypes over a string.
pub fn ids(table: &Table) -> TokenStream {
    let names: BTreeSet<&str> = table
        .ids
        .values()
        .map(String::as_str)
        .chain(table.created.values().map(Created::id))
        .filter(|name| *name != "String")
        .collect();
    let names = names.into_iter().map(|name| {
        let ident = format_ident!("{name}");
        if is_strict(table, name) {
            quote!(strict #ident)
        } else {
            quote!(open #ident)
        }
    });
    quote! {
        pub use crate::admin::id_types::{IntoClientUuid, IntoId};

        crate::admin::id_types::id_types! { #(#names,)* }
    }
}

/// Whether no bare string becomes an id of this type.
fn is_strict(table: &Table, id: &str) -> bool {
    table.id_types.get(id).is_some_and(|ty| ty.strict)
}

/// `const` with the operation's name, for errors and spans.
fn operation_const(operation: &Operation) -> TokenStream {
    let name = &operation.named.call;
    let method = operation.named.method.to_ascii_uppercase();
    let path = &operation.named.path;
    let since = operation
        .since
        .as_ref()
        .map(|release| quote!(.since(#release)));
    let takes = match &operation.body {
        Some(Body::Value(ty)) => type_name(ty),
        _ => None,
    };
    let takes = takes.map(|ty| {
        let ty = ty.to_string();
        quote!(.takes(#ty))
    });
    quote! {
        const OPERATION: &Operation = &Operation::new(#name, #method, #path) #since #takes;
    }
}

/// `MEMBERS`, for the error of an older server that refuses one.
pub fn newer_members(since: &since::Table) -> TokenStream {
    let members = since
        .members()
        .into_iter()
        .map(|(ty, member, release)| quote!((#ty, #member, #release)));
    quote! {
        /// Type, member and the oldest supported release that has it; sorted.
        pub(crate) static MEMBERS: &[(&str, &str, &str)] = &[#(#members,)*];
    }
}

/// `TYPES`, for where in a body a member is that a server does not know.
pub fn body_types(operations: &[Operation], document: &Value) -> TokenStream {
    let documented: BTreeMap<&String, &Value> = schemas(document).into_iter().collect();
    let mut waiting: Vec<String> = operations.iter().filter_map(body_type).collect();
    let mut types: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        let Some(properties) = documented
            .get(&name)
            .and_then(|schema| schema["properties"].as_object())
            .filter(|_| !types.contains_key(&name))
        else {
            continue;
        };
        let members = properties
            .iter()
            .map(|(member, property)| (member.clone(), referred(property).unwrap_or_default()));
        let mut members: Vec<(String, String)> = members.collect();
        members.sort_unstable();
        let inside = members
            .iter()
            .map(|(_, ty)| ty.trim_start_matches('*').to_owned());
        waiting.extend(inside);
        types.insert(name, members);
    }
    let types = types.iter().map(|(name, members)| {
        let members = members.iter().map(|(member, ty)| quote!((#member, #ty)));
        quote!((#name, &[#(#members),*]))
    });
    quote! {
        /// Each type of a body with its members, and the type that is in them, with `*` before it
        /// where that is a map; sorted.
        pub(crate) static TYPES: &[(&str, &[(&str, &str)])] = &[#(#types,)*];
    }
}

/// Marks a member that older servers read and drop without a word (supplement).
pub const DROPPED_BEFORE: &str = "x-dropped-before";

/// `DROPPED`, for members that are refused before an older server drops them.
pub fn dropped_members(document: &Value) -> TokenStream {
    let rows = schemas(document).into_iter().flat_map(|(ty, schema)| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties.filter_map(move |(member, property)| {
            let release = property[DROPPED_BEFORE].as_str()?;
            Some(quote!((#ty, #member, #release)))
        })
    });
    quote! {
        /// Type, member and the oldest supported release that reads it; older ones drop it.
        pub(crate) static DROPPED: &[(&str, &str, &str)] = &[#(#rows,)*];
    }
}

/// The type of a JSON body.
fn body_type(operation: &Operation) -> Option<String> {
    match &operation.body {
        Some(Body::Value(ty) | Body::List(ty)) => type_name(ty).map(ToString::to_string),
        _ => None,
    }
}

/// The named type in a property, in a list or in the values of a map.
fn referred(property: &Value) -> Option<String> {
    if let Some(target) = property["$ref"].as_str() {
        return target.rsplit('/').next().map(str::to_owned);
    }
    if let Some(inside) = property.get("items").and_then(referred) {
        return Some(inside);
    }
    let inside = property.get("additionalProperties").and_then(referred)?;
    Some(format!("*{}", inside.trim_start_matches('*')))
}

/// The type of a path parameter's field.
fn id_field(parameter: &Parameter) -> TokenStream {
    let id = format_ident!("{}", parameter.id);
    if parameter.id == "String" {
        quote!(String)
    } else {
        quote!(ids::#id)
    }
}

/// A path parameter as an argument: the compiler says of an id's own trait what fits.
fn id_argument(table: &Table, parameter: &Parameter) -> TokenStream {
    let (ident, ty) = (&parameter.ident, id_field(parameter));
    match parameter.id.as_str() {
        "String" => quote!(#ident: impl Into<String>),
        id if is_strict(table, id) => quote!(#ident: impl ids::IntoClientUuid),
        _ => quote!(#ident: impl ids::IntoId<#ty>),
    }
}

/// The field that such an argument becomes.
fn id_of_argument(table: &Table, parameter: &Parameter) -> TokenStream {
    let ident = &parameter.ident;
    match parameter.id.as_str() {
        "String" => quote!(#ident.into()),
        id if is_strict(table, id) => quote!(ids::IntoClientUuid::into_client_uuid(#ident)),
        _ => quote!(ids::IntoId::into_id(#ident)),
    }
}

/// The value a call gives, as written in signatures.
fn output(success: &Success) -> TokenStream {
    match success {
        Success::Nothing => quote!(()),
        Success::Created(id) if id == "String" => quote!(String),
        Success::Created(id) => {
            let id = format_ident!("{id}");
            quote!(ids::#id)
        }
        Success::Value(ty) | Success::List(ty) | Success::Answer(ty) => quote!(#ty),
        Success::Optional(ty) => quote!(Option<#ty>),
        Success::Text(ty) => quote!(#ty),
        Success::OptionalText => quote!(Option<String>),
        Success::Content => quote!(crate::admin::Content),
    }
}

/// The expression that makes the request of an operation.
///
/// `path` says where the value of a parameter stands; the body is the argument `body`.
fn request(
    table: &Table,
    operation: &Operation,
    path: impl Fn(&Parameter) -> TokenStream,
) -> TokenStream {
    let values = operation.path.iter().map(|parameter| {
        let name = &parameter.name;
        let value = path(parameter);
        quote!((#name, #value))
    });
    let required = operation.query.iter().filter(|query| query.required);
    let required = required.map(|query| {
        let (name, setter) = (&query.name, &query.setter);
        quote!(.query(#name, #setter))
    });
    let body = operation.body.as_ref().map(|body| match body {
        Body::Value(ty) if is_str(ty) => quote!(.json(body.as_ref())),
        Body::List(ty) if is_string(ty) => {
            quote!(.json(&body.iter().map(AsRef::as_ref).collect::<Vec<&str>>()))
        }
        Body::Value(_) | Body::List(_) => quote!(.json(body)),
        Body::Plain(_) => quote!(.json(&body)),
        Body::Form(_) => quote!(.form(body)),
        Body::Text(ty) => quote!(.text("text/plain", Into::<#ty>::into(body))),
        Body::Upload(_) => quote!(.upload(body)),
    });
    let anything = matches!(
        operation.success,
        Success::Text(_) | Success::OptionalText | Success::Content
    );
    let accept = anything.then(|| quote!(.accept("*/*")));
    let known = known(table, operation);
    let hiding = hiding(table, operation);
    let read = reader(table, &operation.success);
    quote! {
        crate::admin::Request::new(&self.call, OPERATION, &[#(#values),*], #read)
            #(#required)*
            #body
            #accept
            #known
            #hiding
    }
}

/// The function that reads an answer.
fn reader(table: &Table, success: &Success) -> TokenStream {
    match success {
        Success::Nothing => quote!(|answer| answer.nothing()),
        Success::Created(id) if member_of_name(table, id).is_some() => {
            quote!(|answer| answer.created_by_name())
        }
        Success::Created(_) => quote!(|answer| answer.created()),
        Success::Value(_) => quote!(|answer| answer.value()),
        Success::List(_) => quote!(|answer| answer.list()),
        Success::Answer(_) => quote!(|answer| answer.with_headers()),
        Success::Optional(_) => quote!(|answer| answer.optional()),
        Success::Text(_) => quote!(|answer| answer.text()),
        Success::OptionalText => quote!(|answer| answer.optional_text()),
        Success::Content => quote!(|answer| answer.content()),
    }
}

/// What the answer to a creation may not say, and how it is found out.
fn known(table: &Table, operation: &Operation) -> Option<TokenStream> {
    let Success::Created(id) = &operation.success else {
        return None;
    };
    if let Some(member) = member_of_name(table, id) {
        let member = crate::spelling::ident(member);
        return Some(quote!(.known(body.#member.as_deref())));
    }
    let row = table.created.get(&operation.named.call)?.row()?;
    if let Some(method) = &row.found_by {
        let method = crate::spelling::ident(method);
        return Some(quote!(.find_created(self.#method(body))));
    }
    let member = crate::spelling::ident(row.member.as_ref()?);
    Some(quote!(.known(body.#member.as_deref())))
}

/// Names the parameters that the server would not read beside others.
fn hiding(table: &Table, operation: &Operation) -> Option<TokenStream> {
    let rows = table.hiding.get(&operation.named.call)?;
    let pairs = rows
        .iter()
        .flat_map(|(by, hidden)| hidden.iter().map(move |name| quote!((#by, #name))));
    Some(quote!(.hiding(&[#(#pairs),*])))
}

/// The member that becomes the id of what is created, where that is a name.
fn member_of_name<'a>(table: &'a Table, id: &str) -> Option<&'a str> {
    table.id_types.get(id)?.member.as_deref()
}
