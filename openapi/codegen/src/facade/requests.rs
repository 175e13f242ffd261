//! One struct for each call with optional parameters: its setters, `.stream()`, `.count()`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::paging::paging;
use super::{docs, output};
use crate::model::{Body, Kind, Operation, Query};
use crate::names::Table;
use crate::spelling::camel;

/// `realm.users.list` as `UsersList`.
pub(super) fn request_name(call: &str) -> syn::Ident {
    format_ident!("{}", camel(call.strip_prefix("realm.").unwrap_or(call)))
}

/// A body as an argument.
pub(super) fn body_argument(body: &Body) -> TokenStream {
    match body {
        Body::Value(ty) if is_str(ty) => quote!(body: impl AsRef<str> + Send),
        Body::Value(ty) | Body::Form(ty) => quote!(body: &#ty),
        Body::List(ty) if is_string(ty) => quote!(body: &[impl AsRef<str> + Sync]),
        Body::List(ty) => quote!(body: &[#ty]),
        Body::Plain(ty) => quote!(body: #ty),
        Body::Text(ty) => quote!(body: impl Into<#ty>),
        Body::Upload(ty) => quote!(body: &crate::admin::uploads::#ty),
    }
}

/// The text itself is the body.
pub(super) fn is_str(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("str"))
}

pub(super) fn is_string(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "String"))
}

/// The file of requests.
pub fn generate(table: &Table, operations: &[Operation]) -> TokenStream {
    let requests = operations
        .iter()
        .filter(|operation| operation.has_setters())
        .map(|operation| {
            let counted = table.count.get(&operation.named.call).and_then(|count| {
                operations
                    .iter()
                    .find(|operation| operation.named.call == *count)
            });
            request(table, operation, counted)
        });
    quote!(#(#requests)*)
}

fn request(table: &Table, operation: &Operation, count: Option<&Operation>) -> TokenStream {
    let name = request_name(&operation.named.call);
    let doc = format!(
        "{}\n\nMade by `{}`; `.await` gives the value, `.send()` status and headers beside it.",
        docs::operation(operation),
        operation.named.call
    );
    let setters = operation
        .query
        .iter()
        .filter(|query| !query.required)
        .map(setter);
    let attribute = attribute(table, operation);
    let output = output(&operation.success);
    let paging = paging(table, operation, count);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[must_use = "a request does nothing until it is awaited or sent"]
        pub struct #name {
            pub(crate) request: crate::admin::Request<#output>,
        }

        impl #name {
            #(#setters)*
            #attribute
            #paging
        }

        crate::admin::request::request_with_parameters!(#name, #output);
    }
}

/// Attributes by name and value, where there is a `q` to write them in.
fn attribute(table: &Table, operation: &Operation) -> Option<TokenStream> {
    operation.query.iter().find(|query| query.name == "q")?;
    let doc = docs::attribute(table, operation);
    Some(quote! {
        #[doc = #doc]
        pub fn attribute(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            let request = self.request.inner_mut();
            let q = request.get("q").map(str::to_owned);
            match crate::admin::search::with(q, name.as_ref(), value.as_ref()) {
                Ok(q) => request.set("q", q),
                Err(what) => request.refuse(what),
            }
            self
        }
    })
}

fn setter(query: &Query) -> TokenStream {
    let (setter, name) = (&query.setter, &query.name);
    let ty = &query.ty;
    let doc = docs::setter(query);
    let (takes, sets) = match query.kind {
        Kind::Text => (quote!(impl Into<String>), quote!(set(#name, value.into()))),
        Kind::Flag | Kind::Number => (quote!(#ty), quote!(set(#name, value.to_string()))),
        Kind::List => (
            quote!(impl IntoIterator<Item = impl Into<String>>),
            quote!(set_all(#name, value.into_iter().map(Into::into))),
        ),
    };
    quote! {
        #[doc = #doc]
        #[inline]
        pub fn #setter(mut self, value: #takes) -> Self {
            self.request.inner_mut().#sets;
            self
        }
    }
}
