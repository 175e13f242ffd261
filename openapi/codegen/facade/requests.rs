//! One struct for each call with optional parameters: setters, `.await`, `.send()`, `.stream()`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::paging::paging;
use super::{call, docs, id_field, operation_const, output};
use crate::codegen::model::{Body, Kind, Operation, Parameter, Query};
use crate::codegen::names::Table;
use crate::codegen::spelling::camel;

/// `realm.users.list` as `UsersList`.
pub fn request_name(call: &str) -> syn::Ident {
    format_ident!("{}", camel(call.strip_prefix("realm.").unwrap_or(call)))
}

/// A body as an argument.
pub fn body_argument(body: &Body) -> TokenStream {
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
pub fn is_str(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("str"))
}

pub fn is_string(ty: &syn::Type) -> bool {
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
    let path_fields = operation.path.iter().map(|parameter| {
        let (ident, ty) = (&parameter.ident, id_field(parameter));
        quote!(pub(crate) #ident: #ty)
    });
    let query_fields = operation.query.iter().map(|query| {
        let (setter, ty) = (&query.setter, query_field(query));
        quote!(pub(crate) #setter: #ty)
    });
    let body_field = operation.body.as_ref().map(|body| match body {
        Body::Value(ty) if is_str(ty) => quote!(pub(crate) body: String,),
        Body::Value(ty) | Body::Form(ty) | Body::Plain(ty) => quote!(pub(crate) body: #ty,),
        Body::List(ty) => quote!(pub(crate) body: Vec<#ty>,),
        Body::Text(ty) => quote!(pub(crate) body: #ty,),
        Body::Upload(ty) => quote!(pub(crate) body: crate::admin::uploads::#ty,),
    });
    let setters = operation
        .query
        .iter()
        .filter(|query| !query.required)
        .map(setter);
    let attribute = attribute(operation);
    let hiding = hiding(table, operation);
    let place = |parameter: &Parameter| {
        let ident = &parameter.ident;
        if parameter.id == "String" {
            quote!(&self.#ident)
        } else {
            quote!(self.#ident.as_str())
        }
    };
    let body_place = match operation.body {
        Some(Body::Text(_)) => quote!(String::from(self.body.clone())),
        Some(Body::Plain(_)) => quote!(self.body),
        _ => quote!(&self.body),
    };
    let operation_const = operation_const(operation);
    let statements = call(operation, place, query_value, &body_place);
    let output = output(&operation.success);
    let paging = paging(operation, count);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[must_use = "a request does nothing until it is awaited"]
        pub struct #name {
            pub(crate) call: crate::admin::Call,
            #(#path_fields,)*
            #(#query_fields,)*
            #body_field
        }

        impl #name {
            #(#setters)*
            #attribute

            /// The longest this call may take, retries included.
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.call.set_timeout(timeout);
                self
            }

            /// Adds a header. A name or value that HTTP does not take is the error of the call.
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.call.set_header(name.as_ref(), value.as_ref());
                self
            }

            /// Sends the request and gives status and headers beside the value.
            ///
            /// # Errors
            ///
            /// See [`ErrorKind`](crate::ErrorKind).
            #[inline]
            pub async fn send(self) -> crate::Result<crate::Response<#output>> {
                #operation_const
                #hiding
                #statements
            }

            #paging
        }

        impl ::std::future::IntoFuture for #name {
            type Output = crate::Result<#output>;
            type IntoFuture = crate::admin::Sending<#output>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                ::std::boxed::Box::pin(async move { self.send().await.map(crate::Response::into_value) })
            }
        }
    }
}

/// Attributes by name and value, where there is a `q` to write them in.
fn attribute(operation: &Operation) -> Option<TokenStream> {
    operation.query.iter().find(|query| query.name == "q")?;
    let doc = docs::attribute(operation);
    Some(quote! {
        #[doc = #doc]
        pub fn attribute(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            match crate::admin::search::with(self.q.take(), name.as_ref(), value.as_ref()) {
                Ok(q) => self.q = Some(q),
                Err(what) => self.call.refuse(what),
            }
            self
        }
    })
}

/// Refuses parameters that the server would not read beside others.
fn hiding(table: &Table, operation: &Operation) -> Option<TokenStream> {
    let rows = table.hiding.get(&operation.named.call)?;
    let setter = |name: &String| {
        let query = operation.query.iter().find(|query| query.name == *name);
        query.map(|query| &query.setter)
    };
    let pairs = rows.iter().flat_map(|(by, hidden)| {
        hidden.iter().filter_map(move |name| {
            let (read, ignored) = (setter(by)?, setter(name)?);
            Some(quote!((#by, #name, self.#read.is_some() && self.#ignored.is_some())))
        })
    });
    Some(quote!(crate::admin::search::refuse_hidden(OPERATION, &[#(#pairs),*])?;))
}

fn query_field(query: &Query) -> TokenStream {
    let ty = &query.ty;
    let inner = match query.kind {
        Kind::Text => quote!(String),
        Kind::List => quote!(Vec<String>),
        Kind::Flag | Kind::Number => quote!(#ty),
    };
    if query.required {
        inner
    } else {
        quote!(Option<#inner>)
    }
}

fn query_value(query: &Query) -> TokenStream {
    let setter = &query.setter;
    match (query.kind, query.required) {
        (Kind::Text | Kind::List, false) => quote!(self.#setter.as_deref()),
        (Kind::Flag | Kind::Number, false) => quote!(self.#setter),
        (_, true) => quote!(Some(&self.#setter)),
    }
}

fn setter(query: &Query) -> TokenStream {
    let name = &query.setter;
    let ty = &query.ty;
    let doc = docs::setter(query);
    let (takes, converts) = match query.kind {
        Kind::Text => (quote!(impl Into<String>), quote!(value.into())),
        Kind::Flag | Kind::Number => (quote!(#ty), quote!(value)),
        Kind::List => (
            quote!(impl IntoIterator<Item = impl Into<String>>),
            quote!(value.into_iter().map(Into::into).collect()),
        ),
    };
    quote! {
        #[doc = #doc]
        pub fn #name(mut self, value: #takes) -> Self {
            self.#name = Some(#converts);
            self
        }
    }
}
