//! `.stream()`, `.all()` and `.count()` of requests for lists that page by `first` and `max`.

use proc_macro2::TokenStream;
use quote::quote;

use super::handles::handle_name;
use super::operation_const;
use super::requests::request_name;
use crate::codegen::model::{Operation, Success};
use crate::codegen::names::{Paging, PagingWord};
use crate::codegen::spelling::ident;

/// Parameters that choose how much of each item is sent, not which items.
const NO_FILTERS: &[&str] = &[
    "briefRepresentation",
    "deep",
    "fields",
    "first",
    "max",
    "populateHierarchy",
    "subGroupsCount",
];

/// Where the server takes users whose directory entry is gone out of a page.
const WITH_GAPS: &[&str] = &["MemberRepresentation", "UserRepresentation"];

/// The member that the server sorts by, where several items may have the same: it does not say
/// which of them comes first, and answers differently from request to request.
const SORT_KEYS: &[(&str, &str)] = &[
    ("AdminEventRepresentation", "time"),
    ("EventRepresentation", "time"),
    ("GroupRepresentation", "name"),
];

/// What a paged list has beside its setters; `count` is the call that counts it.
pub fn paging(operation: &Operation, count: Option<&Operation>) -> Option<TokenStream> {
    let paging = operation.paging.as_ref()?;
    let item = operation.paged_item()?;
    let end = if is_one_of(item, WITH_GAPS) {
        quote!(crate::admin::End::EmptyPage)
    } else if let Some(key) = sort_key(item) {
        let key = ident(key);
        quote!(crate::admin::End::Ties(|a, b| a.#key == b.#key))
    } else {
        quote!(crate::admin::End::ShortPage)
    };
    let paged = quote! {
        crate::admin::ItemStream::paged(self.first, self.max, #end, move |first, max| {
            self.clone().first(first).max(max).into_future()
        })
    };
    let whole = quote! {
        crate::admin::ItemStream::whole(self.first, Self { first: None, max: None, ..self }.into_future())
    };
    let stream = match paging {
        Paging::Word(PagingWord::Ignored) => whole,
        Paging::Word(PagingWord::WithSearch) => {
            quote!(if self.search.is_none() { #whole } else { #paged })
        }
        Paging::Word(PagingWord::Trees) => quote! {
            let searched = self.search.is_some() || self.q.is_some();
            if searched && self.populate_hierarchy != Some(false) { #whole } else { #paged }
        },
        Paging::Word(PagingWord::All) | Paging::Default(_) => paged,
    };
    let last = if is_one_of(item, WITH_GAPS) {
        " The end is a page without items: the server leaves users out whose directory entry is gone."
    } else {
        ""
    };
    let doc = format!(
        "Every item, page by page: `first` is where it starts, `max` the size of a page (100 when \
         not set). The next page is fetched while you work on the present one.\n\n\
         Paging is by offset: items added or removed meanwhile can be missed or seen twice.{last}"
    );
    let count = count.and_then(|count| counted(operation, count));
    Some(quote! {
        #[doc = #doc]
        #[inline]
        pub fn stream(self) -> crate::admin::ItemStream<#item> {
            #stream
        }

        /// Every item of [`stream`](Self::stream) in one list.
        ///
        /// # Errors
        ///
        /// The first error of a page.
        #[inline]
        pub async fn all(self) -> crate::Result<Vec<#item>> {
            self.stream().collect().await
        }

        #count
    })
}

/// `.count()`: the counting call with the filters of the list.
fn counted(list: &Operation, count: &Operation) -> Option<TokenStream> {
    let Success::Value(answer) = &count.success else {
        return None;
    };
    let operation = operation_const(count);
    let path: Vec<TokenStream> = count
        .path
        .iter()
        .map(|parameter| {
            let ident = &parameter.ident;
            quote!(#ident: self.#ident)
        })
        .collect();
    let refused = list
        .query
        .iter()
        .filter(|query| {
            !NO_FILTERS.contains(&query.name.as_str()) && !has(count, &query.setter.to_string())
        })
        .map(|query| {
            let (name, setter) = (&query.name, &query.setter);
            quote!((#name, self.#setter.is_some()))
        });
    // Groups are listed from the top, and counted at every depth unless asked.
    let top = has(count, "top").then(|| {
        quote!(if request.search.is_none() {
            request.top = Some(true);
        })
    });
    let request = if count.has_setters() {
        let name = request_name(&count.named.call);
        let query = count.query.iter().map(|query| {
            let setter = &query.setter;
            if has(list, &setter.to_string()) {
                quote!(#setter: self.#setter)
            } else {
                quote!(#setter: None)
            }
        });
        let mutable = top.is_some().then(|| quote!(mut));
        quote! {
            let #mutable request = crate::admin::requests::#name { call: self.call, #(#path,)* #(#query,)* };
            #top
            let counted = request.await?;
        }
    } else {
        let handle = handle_name(count.named.handle());
        let verb = ident(count.named.verb());
        quote! {
            let handle = crate::admin::handles::#handle { call: self.call, #(#path,)* };
            let counted = handle.#verb().await?;
        }
    };
    let number = if is_one_of(answer, &["i32", "i64"]) {
        quote!(crate::admin::paging::number(OPERATION, counted))
    } else {
        quote!(crate::admin::paging::number(OPERATION, counted.count))
    };
    let doc = format!(
        "How many items match the filters set here, whatever `first` and `max`: `{}`.{}\n\n\
         # Errors\n\n[`Config`](crate::ErrorKind::Config) when a filter is set that the server \
         cannot count by; see also [`ErrorKind`](crate::ErrorKind).",
        count.named.call,
        if has(count, "top") {
            " With `search` the server counts every group that matches, at every depth: as many as \
             the stream gives with `populate_hierarchy(false)`."
        } else {
            ""
        }
    );
    Some(quote! {
        #[doc = #doc]
        #[inline]
        pub async fn count(self) -> crate::Result<u64> {
            #operation
            crate::admin::paging::refuse(OPERATION, &[#(#refused),*])?;
            #request
            #number
        }
    })
}

fn sort_key(item: &syn::Type) -> Option<&'static str> {
    SORT_KEYS
        .iter()
        .find(|(name, _)| is_one_of(item, &[name]))
        .map(|(_, key)| *key)
}

fn has(operation: &Operation, setter: &str) -> bool {
    operation.query.iter().any(|query| query.setter == setter)
}

fn is_one_of(ty: &syn::Type, names: &[&str]) -> bool {
    matches!(ty, syn::Type::Path(path) if path
        .path
        .segments
        .last()
        .is_some_and(|last| names.iter().any(|name| last.ident == name)))
}
