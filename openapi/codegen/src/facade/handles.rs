//! One struct for each handle of the table, with its sub-handles and calls.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs;
use super::requests::{body_argument, request_name};
use super::{id_argument, id_field, id_of_argument, operation_const, output, reader, request};
use crate::document::path_parameters;
use crate::model::{Body, Operation, Parameter, Success};
use crate::names::{Table, handle_id_type};
use crate::spelling::{camel, ident, snake};

/// `realm.user.role_mappings` as `UserRoleMappings`.
pub(super) fn handle_name(chain: &str) -> syn::Ident {
    format_ident!("{}", camel(chain.strip_prefix("realm.").unwrap_or(chain)))
}

/// The file of handles.
pub fn generate(table: &Table, operations: &[Operation]) -> TokenStream {
    let mut by_handle: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_handle
            .entry(operation.named.handle())
            .or_default()
            .push(operation);
    }
    let used: Vec<&String> = table
        .handles
        .keys()
        .filter(|chain| {
            by_handle
                .keys()
                .any(|used| used == chain || used.starts_with(&format!("{chain}.")))
        })
        .collect();
    let handles = used.iter().map(|chain| {
        let own = by_handle
            .get(chain.as_str())
            .map(Vec::as_slice)
            .unwrap_or_default();
        handle(table, chain, own, &used)
    });
    let roots = used
        .iter()
        .filter(|chain| !chain.contains('.'))
        .map(|chain| root(table, chain));
    quote! {
        impl crate::Keycloak { #(#roots)* }
        #(#handles)*
    }
}

/// The parameters of a handle, each with the chain that introduced it.
fn parameters(table: &Table, chain: &str) -> Vec<Parameter> {
    let path = table
        .handles
        .get(chain)
        .map(String::as_str)
        .unwrap_or_default();
    path_parameters(path)
        .into_iter()
        .map(|name| Parameter {
            ident: ident(&snake(&name)),
            id: handle_id_type(table, chain, &name)
                .unwrap_or("String")
                .to_owned(),
            name,
        })
        .collect()
}

fn root(table: &Table, chain: &str) -> TokenStream {
    let own = parameters(table, chain);
    constructor(
        table,
        chain,
        &own,
        &[],
        &quote!(crate::admin::Call::new(self)),
    )
}

/// The method that makes a handle from its parent.
fn constructor(
    table: &Table,
    chain: &str,
    own: &[Parameter],
    inherited: &[Parameter],
    call: &TokenStream,
) -> TokenStream {
    let method = ident(chain.rsplit_once('.').map_or(chain, |(_, last)| last));
    let name = handle_name(chain);
    let path = table
        .handles
        .get(chain)
        .map(String::as_str)
        .unwrap_or_default();
    let doc = format!("`{path}`");
    let arguments = own.iter().map(|one| id_argument(table, one));
    let given = own.iter().map(|parameter| {
        let (ident, value) = (&parameter.ident, id_of_argument(table, parameter));
        quote!(#ident: #value)
    });
    let kept = inherited.iter().map(|parameter| {
        let ident = &parameter.ident;
        quote!(#ident: self.#ident.clone())
    });
    quote! {
        #[doc = #doc]
        #[must_use]
        #[inline]
        pub fn #method(&self, #(#arguments),*) -> #name {
            #name { call: #call, #(#kept,)* #(#given,)* }
        }
    }
}

/// The calls that stand first on the page of a handle.
const FIRST: &[&str] = &["list", "get", "create", "update", "delete", "count"];

/// The place of a call on the page of its handle.
fn rank(verb: &str) -> usize {
    let place = FIRST.iter().position(|first| *first == verb);
    place.unwrap_or(FIRST.len())
}

fn handle(table: &Table, chain: &str, operations: &[&Operation], used: &[&String]) -> TokenStream {
    let name = handle_name(chain);
    let own = parameters(table, chain);
    let path = table
        .handles
        .get(chain)
        .map(String::as_str)
        .unwrap_or_default();
    let doc = format!(
        "Handle for `{path}`.\n\nOwned, cheap to clone, and storable: see [`admin`](crate::admin)."
    );
    let fields = own.iter().map(|parameter| {
        let (ident, ty) = (&parameter.ident, id_field(parameter));
        quote!(pub(crate) #ident: #ty)
    });
    let accessor = own
        .last()
        .filter(|last| introduces(chain, table, last))
        .map(accessor);
    let children = used
        .iter()
        .filter(|other| {
            other
                .rsplit_once('.')
                .is_some_and(|(parent, _)| parent == chain)
        })
        .map(|child| {
            let all = parameters(table, child);
            let (inherited, new): (Vec<_>, Vec<_>) = all
                .into_iter()
                .partition(|parameter| own.iter().any(|own| own.name == parameter.name));
            constructor(table, child, &new, &inherited, &quote!(self.call.clone()))
        });
    let mut sorted = operations.to_vec();
    sorted.sort_by_key(|operation| rank(operation.named.verb()));
    let (first, others) = sorted
        .split_at(sorted.partition_point(|operation| rank(operation.named.verb()) < FIRST.len()));
    let calls = |operations: &[&Operation]| -> Vec<TokenStream> {
        let calls = operations.iter();
        calls
            .map(|operation| method(table, operation, &own))
            .collect()
    };
    let (first, others) = (calls(first), calls(others));
    let finds = operations
        .iter()
        .filter_map(|operation| find(table, operation, &own));
    let modify = table
        .modify
        .get(chain)
        .and_then(|key| modify(table, chain, key, operations, &own));
    let (modify, target) = modify.unzip();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        pub struct #name { pub(crate) call: crate::admin::Call, #(#fields,)* }

        crate::admin::handle_settings::handle_settings!(#name);

        impl #name {
            #(#first)*
            #(#finds)*
            #modify
            #(#others)*
            #(#children)*
            #accessor
        }

        #target
    }
}

/// Whether a handle has a parameter that the one it is made from lacks.
fn introduces(chain: &str, table: &Table, parameter: &Parameter) -> bool {
    let parent = chain.rsplit_once('.').map_or("", |(parent, _)| parent);
    !parameters(table, parent)
        .iter()
        .any(|other| other.name == parameter.name)
}

/// What the handle was made with, by the name that representations have for it: `user.user_id()`,
/// `client.client_uuid()`, `role.role_name()`.
fn accessor(parameter: &Parameter) -> TokenStream {
    if parameter.id == "String" {
        return TokenStream::new();
    }
    let name = ident(&snake(&parameter.id));
    let (field, ty) = (&parameter.ident, id_field(parameter));
    quote! {
        /// Returns what this handle was made with.
        #[must_use]
        #[inline]
        pub fn #name(&self) -> &#ty {
            &self.#field
        }
    }
}

/// The object that a handle, or a call, writes, with what tells it from others of its kind.
fn written(table: &Table, row: &str) -> (String, Vec<TokenStream>) {
    let object = table.turns.get(row).map_or(row, String::as_str);
    let ids = parameters(table, object);
    let ids = ids.iter().map(|parameter| {
        let ident = &parameter.ident;
        quote!(self.#ident.as_str())
    });
    (object.to_owned(), ids.collect())
}

/// Where two writers would lose what one of them wrote: the wait for this one's turn.
fn turn(table: &Table, operation: &Operation) -> Option<TokenStream> {
    let named = &operation.named;
    let row = if table.turns.contains_key(&named.call) {
        &named.call
    } else if named.verb() == "update" && table.modify.contains_key(named.handle()) {
        named.handle()
    } else {
        return None;
    };
    let (object, ids) = written(table, row);
    Some(quote!(.turn(#object, &[#(#ids),*])))
}

/// A call: the function that makes its request.
fn method(table: &Table, operation: &Operation, own: &[Parameter]) -> TokenStream {
    let name = ident(operation.named.verb());
    let doc = docs::operation(operation);
    let deprecated = operation
        .deprecated
        .then(|| quote!(#[deprecated = "deprecated by Keycloak"]));
    let arguments = operation
        .arguments
        .iter()
        .map(|one| id_argument(table, one));
    let into = operation.arguments.iter().map(|parameter| {
        let (ident, ty) = (&parameter.ident, id_field(parameter));
        let value = id_of_argument(table, parameter);
        quote!(let #ident: #ty = #value;)
    });
    let required = operation
        .query
        .iter()
        .filter(|query| query.required)
        .map(|query| {
            let setter = &query.setter;
            quote!(#setter: impl Into<String>)
        });
    let body = operation.body.as_ref().map(body_argument);
    let operation_const = operation_const(operation);
    let request = request(table, operation, |parameter| place(parameter, own));
    let turn = turn(table, operation);
    let output = output(&operation.success);
    let (ty, made) = if operation.has_setters() {
        let ty = request_name(&operation.named.call);
        (
            quote!(requests::#ty),
            quote!(requests::#ty { request: #request #turn }),
        )
    } else {
        (
            quote!(crate::admin::Request<#output>),
            quote!(#request #turn),
        )
    };
    quote! {
        #[doc = #doc]
        #deprecated
        #[inline]
        pub fn #name(&self, #(#arguments,)* #(#required,)* #body) -> #ty {
            #operation_const
            #(#into)*
            #made
        }
    }
}

/// Where the value of a path parameter stands: in the handle or in an argument.
fn place(parameter: &Parameter, own: &[Parameter]) -> TokenStream {
    let ident = &parameter.ident;
    let is_own = own.iter().any(|own| own.name == parameter.name);
    match (is_own, parameter.id == "String") {
        (true, false) => quote!(self.#ident.as_str()),
        (true, true) => quote!(&self.#ident),
        (false, false) => quote!(#ident.as_str()),
        (false, true) => quote!(&#ident),
    }
}

/// `find`: `None` when exactly this object is missing.
fn find(table: &Table, operation: &Operation, own: &[Parameter]) -> Option<TokenStream> {
    let messages = table
        .missing
        .get(&operation.named.call)
        .filter(|messages| !messages.is_empty())?;
    let ty = operation.found()?;
    let operation_const = operation_const(operation);
    let values = operation.path.iter().map(|parameter| {
        let (name, value) = (&parameter.name, place(parameter, own));
        quote!((#name, #value))
    });
    let read = reader(table, &operation.success);
    let anything = matches!(operation.success, Success::Text(_));
    let accept = anything.then(|| quote!(.accept("*/*")));
    Some(quote! {
        /// Like `get`, but `None` when this object is missing.
        ///
        /// Only then: an unknown realm, a missing parent, a feature that is off or a proxy's own
        /// 404 stay errors.
        #[inline]
        pub fn find(&self) -> crate::admin::Request<Option<#ty>> {
            #operation_const
            crate::admin::Request::new(
                &self.call,
                OPERATION,
                &[#(#values),*],
                |answer| answer.found(#read),
            )
            .missing(&[#(#messages),*])
            #accept
        }
    })
}

/// `modify`: read, edit, write, read again.
fn modify(
    table: &Table,
    chain: &str,
    key: &str,
    operations: &[&Operation],
    own: &[Parameter],
) -> Option<(TokenStream, TokenStream)> {
    let by_verb = |verb: &str| {
        operations
            .iter()
            .find(|operation| operation.named.verb() == verb)
    };
    let (get, update) = (by_verb("get")?, by_verb("update")?);
    let (Success::Value(ty), Some(Body::Value(_))) = (&get.success, &update.body) else {
        return None;
    };
    let operation_const = operation_const(update);
    let (object, parts) = written(table, chain);
    let again = if key.is_empty() {
        quote!(self.clone())
    } else {
        let member = ident(&snake(key));
        let field = own.last().map(|parameter| &parameter.ident)?;
        quote! {
            match &wanted.#member {
                Some(name) => Self { #field: name.as_str().into(), ..self.clone() },
                None => self.clone(),
            }
        }
    };
    let renamed = if key.is_empty() {
        String::new()
    } else {
        format!(
            "\n\nA new `{key}` moves the object: this handle then names nothing, take a new one."
        )
    };
    let doc = format!(
        "Changes this object: reads it, hands it to `edit`, writes it, and reads it again.\n\n\
         `.preview()` shows what it would change before it does.\n\n\
         Members this crate does not know survive. Within a client (and its clones) edits and updates of one \
         object take turns; the server keeps no version, so what another process writes between reading and \
         writing is overwritten. Nothing is written when `edit` changes nothing.{renamed}\n\n\
         # Errors\n\nAs `get` and `update`; and an error of kind \
         [`Protocol`](crate::ErrorKind::Protocol) that names the member when the server took the request \
         but ignored an edit."
    );
    let name = handle_name(chain);
    let (beside, then) = match table.after_update.get(chain) {
        Some(method) => {
            let method = ident(method);
            (
                quote!(let before = before.clone();),
                quote!(this.#method(&before, &wanted).await),
            )
        }
        None => (quote!(let _ = before;), quote!(Ok(()))),
    };
    let wanted = if key.is_empty() {
        quote!(_)
    } else {
        quote!(wanted)
    };
    let method = quote! {
        #[doc = #doc]
        #[inline]
        pub fn modify<'a>(&self, edit: impl FnOnce(&mut #ty) + Send + 'a) -> crate::admin::Modify<'a, #ty> {
            crate::admin::Modify::new(self.clone(), edit)
        }
    };
    let target = quote! {
        impl crate::admin::EditTarget<#ty> for #name {
            #[inline]
            fn operation(&self) -> &'static Operation {
                #operation_const
                OPERATION
            }

            #[inline]
            fn lock(&self) -> crate::BoxFuture<'_, crate::admin::EditGuard> {
                ::std::boxed::Box::pin(async move { self.call.edit(#object, &[#(#parts),*]).await })
            }

            #[inline]
            fn turn(&self) -> crate::BoxFuture<'_, Option<crate::admin::EditGuard>> {
                ::std::boxed::Box::pin(async move { self.call.turn(#object, &[#(#parts),*]).await })
            }

            #[inline]
            fn read(&self) -> crate::BoxFuture<'static, crate::Result<#ty>> {
                let this = self.clone();
                ::std::boxed::Box::pin(async move { this.get().await })
            }

            #[inline]
            fn write(&self, before: &#ty, wanted: #ty) -> crate::BoxFuture<'static, crate::Result<()>> {
                let mut this = self.clone();
                this.call.set_compared();
                #beside
                ::std::boxed::Box::pin(async move {
                    this.update(&wanted).await.map(drop)?;
                    #then
                })
            }

            #[inline]
            fn read_again(&self, #wanted: &#ty) -> crate::BoxFuture<'static, crate::Result<#ty>> {
                let this = #again;
                ::std::boxed::Box::pin(async move { this.get().await })
            }
        }
    };
    Some((method, target))
}
