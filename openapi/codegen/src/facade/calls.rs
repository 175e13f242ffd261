//! For the tests: every operation once through the facade, with the arguments a test chooses, and
//! every representation type by its name.

use proc_macro2::TokenStream;
use quote::quote;

use super::requests::{is_str, is_string};
use crate::document::path_parameters;
use crate::model::{Body, Kind, Operation, Parameter, Success};
use crate::names::{Table, handle_id_type};
use crate::spelling::ident;

/// `CALLS` and `REPRESENTATIONS`; the types `Call` and `Representation` are the test's.
pub fn generate(
    table: &Table,
    operations: &[Operation],
    representations: &[syn::Ident],
) -> TokenStream {
    let calls = operations.iter().map(|operation| call(table, operation));
    let representations = representations.iter().map(|representation| {
        let name = representation.to_string();
        quote!(Representation::of::<types::#representation>(#name))
    });
    quote! {
        pub static CALLS: &[Call] = &[#(#calls,)*];
        pub static REPRESENTATIONS: &[Representation] = &[#(#representations,)*];
    }
}

/// A type as the tests write it: an open enum is called by its place in the crate.
fn outside(ty: &syn::Type) -> TokenStream {
    let name = match ty {
        syn::Type::Path(path)
            if path
                .path
                .segments
                .first()
                .is_some_and(|s| s.ident == "crate") =>
        {
            path.path.segments.last().map(|last| &last.ident)
        }
        _ => None,
    };
    match name {
        Some(name) => quote!(types::#name),
        None => quote!(#ty),
    }
}

fn call(table: &Table, operation: &Operation) -> TokenStream {
    let name = &operation.named.call;
    let key = operation.named.key();
    let handle = handle(table, operation.named.handle());
    let body = operation.body.as_ref().map(|body| match body {
        Body::Value(ty) if is_str(ty) => quote!(let body = given.body::<String>();),
        Body::Value(ty) | Body::Form(ty) => {
            let ty = outside(ty);
            quote!(let body = given.body::<#ty>();)
        }
        Body::List(ty) if is_string(ty) => quote!(let body = given.body::<Vec<String>>();),
        Body::List(ty) => {
            let ty = outside(ty);
            quote!(let body = given.body::<Vec<#ty>>();)
        }
        Body::Plain(ty) => quote!(let body = given.body::<#ty>();),
        Body::Text(_) => quote!(let body = given.body::<String>();),
        Body::Upload(ty) => quote!(let body = given.upload::<uploads::#ty>();),
    });
    let deprecated = operation.deprecated.then(|| quote!(#[allow(deprecated)]));
    let request = request(table, operation, deprecated.as_ref());
    let since = match &operation.since {
        Some(since) => quote!(Some(#since)),
        None => quote!(None),
    };
    let upload = matches!(operation.body, Some(Body::Upload(_)));
    let stream = stream(table, operation, &handle);
    let answer = match operation.success {
        Success::Content => quote!(answer.into_bytes().to_vec()),
        Success::Answer(_) => quote!(answer.representation()),
        _ => quote!(answer),
    };
    quote! {
        Call {
            name: #name,
            operation: #key,
            run: |kc, given| Box::pin(async move {
                let handle = #handle;
                given.shown(&handle);
                #body
                #request
                given.shown(&request);
                let answer = request.await?;
                Ok(given.kept(&#answer))
            }),
            since: #since,
            upload: #upload,
            stream: #stream,
        }
    }
}

/// Every item of a list that pages, with pages of a size.
fn stream(table: &Table, operation: &Operation, handle: &TokenStream) -> TokenStream {
    if operation.paging.is_none() || operation.paged_item().is_none() {
        return quote!(None);
    }
    let request = request(table, operation, None);
    quote! {
        Some(|kc, given, size| Box::pin(async move {
            let handle = #handle;
            #request
            let items = request.max(size).all().await?;
            Ok(given.kept(&items))
        }))
    }
}

/// The handle that has the call, from the client down.
fn handle(table: &Table, chain: &str) -> TokenStream {
    let mut expression = quote!(kc);
    let mut prefix = String::new();
    let mut known: Vec<String> = Vec::new();
    for segment in chain.split('.') {
        if !prefix.is_empty() {
            prefix.push('.');
        }
        prefix.push_str(segment);
        let path = table
            .handles
            .get(&prefix)
            .map(String::as_str)
            .unwrap_or_default();
        let new: Vec<String> = path_parameters(path)
            .into_iter()
            .filter(|name| !known.contains(name))
            .collect();
        let arguments = new.iter().map(|name| {
            id_argument(
                table,
                name,
                handle_id_type(table, &prefix, name).unwrap_or("String"),
            )
        });
        let method = ident(segment);
        expression = quote!(#expression.#method(#(#arguments),*));
        known.extend(new);
    }
    expression
}

/// The call on `handle`, with every argument and the setters that are given.
fn request(table: &Table, operation: &Operation, deprecated: Option<&TokenStream>) -> TokenStream {
    let method = ident(operation.named.verb());
    let ids = operation
        .arguments
        .iter()
        .map(|Parameter { name, id, .. }| id_argument(table, name, id));
    let required = operation
        .query
        .iter()
        .filter(|query| query.required)
        .map(|query| {
            let name = &query.name;
            quote!(given.required(#name))
        });
    let body = operation.body.as_ref().map(|body| match body {
        Body::Value(_) | Body::Form(_) | Body::List(_) | Body::Upload(_) => quote!(&body),
        Body::Plain(_) | Body::Text(_) => quote!(body),
    });
    let arguments = ids.chain(required).chain(body);
    let setters = operation
        .query
        .iter()
        .filter(|query| !query.required)
        .map(|query| {
            let (setter, name) = (&query.setter, &query.name);
            let given = match query.kind {
                Kind::Text => quote!(given.text(#name)),
                Kind::Flag => quote!(given.flag(#name)),
                Kind::Number => quote!(given.number(#name)),
                Kind::List => quote!(given.list(#name)),
            };
            quote! {
                let request = match #given {
                    Some(value) => request.#setter(value),
                    None => request,
                };
            }
        });
    quote! {
        #deprecated
        let request = handle.#method(#(#arguments),*);
        #(#setters)*
    }
}

fn id_argument(table: &Table, name: &str, id: &str) -> TokenStream {
    if super::is_strict(table, id) {
        let id = ident(id);
        quote!(ids::#id::new(given.path(#name)))
    } else {
        quote!(given.path(#name))
    }
}
