//! For the tests: every operation once through the facade, with the arguments a test chooses.

use proc_macro2::TokenStream;
use quote::quote;

use super::requests::is_string;
use crate::codegen::document::path_parameters;
use crate::codegen::model::{Body, Kind, Operation, Parameter};
use crate::codegen::names::{Table, handle_id_type};
use crate::codegen::spelling::ident;

/// `CALLS`: name, operation, and a function that calls it.
pub fn generate(table: &Table, operations: &[Operation]) -> TokenStream {
    let rows = operations.iter().map(|operation| {
        let name = &operation.named.call;
        let key = operation.named.key();
        let expression = expression(table, operation);
        let drop = if operation.deprecated {
            quote!(#[allow(deprecated)])
        } else {
            quote!()
        };
        quote! {
            Call {
                name: #name,
                operation: #key,
                run: |kc, given| Box::pin(async move {
                    #drop
                    let answer = #expression.await;
                    answer.map(|_| ())
                }),
            }
        }
    });
    quote!(pub static CALLS: &[Call] = &[#(#rows,)*];)
}

fn expression(table: &Table, operation: &Operation) -> TokenStream {
    let mut expression = quote!(kc);
    let mut chain = String::new();
    let mut known: Vec<String> = Vec::new();
    for segment in operation.named.handle().split('.') {
        if !chain.is_empty() {
            chain.push('.');
        }
        chain.push_str(segment);
        let path = table
            .handles
            .get(&chain)
            .map(String::as_str)
            .unwrap_or_default();
        let new: Vec<String> = path_parameters(path)
            .into_iter()
            .filter(|name| !known.contains(name))
            .collect();
        let arguments = new.iter().map(|name| {
            id_argument(
                name,
                handle_id_type(table, &chain, name).unwrap_or("String"),
            )
        });
        let method = ident(segment);
        expression = quote!(#expression.#method(#(#arguments),*));
        known.extend(new);
    }
    let method = ident(operation.named.verb());
    let ids = operation
        .arguments
        .iter()
        .map(|Parameter { name, id, .. }| id_argument(name, id));
    let required = operation
        .query
        .iter()
        .filter(|query| query.required)
        .map(|query| {
            let name = &query.name;
            quote!(given.text(#name))
        });
    let body = operation.body.as_ref().map(|body| match body {
        Body::Value(ty) => quote!(&given.body::<#ty>()),
        Body::List(ty) if is_string(ty) => quote!(&given.body::<Vec<String>>()),
        Body::List(ty) => quote!(&given.body::<Vec<#ty>>()),
        Body::Text => quote!(given.body::<String>()),
    });
    let arguments = ids.chain(required).chain(body);
    let setters = operation
        .query
        .iter()
        .filter(|query| !query.required)
        .map(|query| {
            let (setter, name) = (&query.setter, &query.name);
            match query.kind {
                Kind::Text => quote!(.#setter(given.text(#name))),
                Kind::Flag => quote!(.#setter(given.flag(#name))),
                Kind::Number => quote!(.#setter(given.number(#name))),
                Kind::List => quote!(.#setter(given.list(#name))),
            }
        });
    quote!(#expression.#method(#(#arguments),*) #(#setters)*)
}

fn id_argument(name: &str, id: &str) -> TokenStream {
    if id == super::STRICT_ID {
        let id = ident(id);
        quote!(ids::#id::new(given.path(#name)))
    } else {
        quote!(given.path(#name))
    }
}
