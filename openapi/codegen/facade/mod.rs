//! Step 9, facade: the public handles and requests over the generated client.

mod calls;
mod docs;
mod handles;
mod paging;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::document::schemas;
use super::model::{Body, Operation, Parameter, Success, WireArgument};
use super::names::Table;
use super::since;

pub use calls::generate as calls;
pub use docs::sentence;
pub use handles::generate as handles;
pub use requests::generate as requests;

/// The id types the table names: newtypes over a string.
pub fn ids(table: &Table) -> TokenStream {
    let names: BTreeSet<&String> = table
        .ids
        .values()
        .chain(table.created.values())
        .filter(|name| *name != "String")
        .collect();
    let names = names.into_iter().map(|name| {
        let ident = format_ident!("{name}");
        if name == STRICT_ID {
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

/// Keycloak has two things called client id; this one is never made from a bare string.
const STRICT_ID: &str = "ClientUuid";

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
        Some(Body::Value(syn::Type::Path(ty))) => ty.path.segments.last(),
        _ => None,
    };
    let takes = takes.map(|ty| {
        let ty = ty.ident.to_string();
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
        Some(Body::Value(syn::Type::Path(ty)) | Body::List(syn::Type::Path(ty))) => {
            Some(ty.path.segments.last()?.ident.to_string())
        }
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
fn id_argument(parameter: &Parameter) -> TokenStream {
    let (ident, ty) = (&parameter.ident, id_field(parameter));
    match parameter.id.as_str() {
        "String" => quote!(#ident: impl Into<String>),
        STRICT_ID => quote!(#ident: impl ids::IntoClientUuid),
        _ => quote!(#ident: impl ids::IntoId<#ty>),
    }
}

/// The field that such an argument becomes.
fn id_of_argument(parameter: &Parameter) -> TokenStream {
    let ident = &parameter.ident;
    match parameter.id.as_str() {
        "String" => quote!(#ident.into()),
        STRICT_ID => quote!(ids::IntoClientUuid::into_client_uuid(#ident)),
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

/// The statements that check the ids, call the generated client and read its answer.
///
/// `path`, `query` and `body` say where each argument stands.
fn call(
    operation: &Operation,
    path: impl Fn(&Parameter) -> TokenStream,
    query: impl Fn(usize) -> TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let checks = operation.path.iter().map(|parameter| {
        let name = &parameter.name;
        let value = path(parameter);
        quote!((#name, #value))
    });
    let method = format_ident!("{}", operation.named.operation_id());
    let read = match &operation.success {
        Success::Nothing => quote!(wire.nothing(answer)),
        Success::Created(id) if member_of_name(id).is_some() => {
            let sent = member_of_name(id).map(|member| {
                let member = crate::codegen::spelling::ident(member);
                quote!(#body.#member.as_deref())
            });
            quote!(wire.created_by_name(answer, #sent))
        }
        Success::Created(_) if takes(operation, "FlowCopyRepresentation") => {
            quote!(
                wire.created_or_found(answer, self.find_copy(#body))
                    .await
            )
        }
        Success::Created(_) => {
            let given = created_without_location(operation, body);
            quote!(wire.created(answer, #given))
        }
        Success::Value(_) => quote!(wire.value(answer)),
        Success::List(_) => quote!(wire.list(answer)),
        Success::Answer(_) => quote!(wire.answer(answer)),
        Success::Optional(_) => quote!(wire.optional(answer)),
        Success::Text(_) => quote!(wire.text(answer).await),
        Success::OptionalText => quote!(wire.optional_text(answer).await),
        Success::Content => quote!(wire.content(answer).await),
    };
    let form = matches!(operation.body, Some(Body::Upload(_))).then(|| {
        quote! {
            let form = crate::admin::Form::of(#body).await?;
            let wire = wire.form(&form);
        }
    });
    let body = if form.is_some() {
        quote!(form.body)
    } else {
        body.clone()
    };
    let arguments = operation.wire.iter().map(|argument| match argument {
        WireArgument::Path(index) => operation.path.get(*index).map(&path).unwrap_or_default(),
        WireArgument::Query(index) => query(*index),
        WireArgument::Body => body.clone(),
    });
    quote! {
        let wire = self.call.prepare(OPERATION, &[#(#checks),*])?;
        #form
        let answer = wire.client().#method(#(#arguments),*).await;
        #read
    }
}

/// The member that becomes the id of what is created, where that is a name.
fn member_of_name(id: &str) -> Option<&'static str> {
    match id {
        "RoleName" => Some("name"),
        "IdentityProviderAlias" => Some("alias"),
        "RealmName" => Some("realm"),
        _ => None,
    }
}

/// Moving an existing group answers 204 without a `Location`: the id is the one in the body.
fn created_without_location(operation: &Operation, body: &TokenStream) -> TokenStream {
    match takes(operation, "GroupRepresentation") {
        true => quote!(#body.id.as_deref()),
        false => quote!(None),
    }
}

/// Whether the body is of this representation.
fn takes(operation: &Operation, representation: &str) -> bool {
    let Some(Body::Value(syn::Type::Path(path))) = &operation.body else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == representation)
}
