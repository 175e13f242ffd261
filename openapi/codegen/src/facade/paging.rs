//! `.stream()`, `.all()` and `.count()` of requests for lists that page by `first` and `max`.

use proc_macro2::TokenStream;
use quote::quote;

use super::operation_const;
use crate::model::{Operation, Success};
use crate::names::{Paging, PagingWord, Table};
use crate::signature::type_name;
use crate::spelling::ident;

/// What a paged list has beside its setters; `count` is the call that counts it.
pub(super) fn paging(
    table: &Table,
    operation: &Operation,
    count: Option<&Operation>,
) -> Option<TokenStream> {
    let paging = operation.paging.as_ref()?;
    let item = operation.paged_item()?;
    let items = type_name(item).and_then(|name| table.items.get(&name.to_string()));
    let gaps = items.is_some_and(|items| items.gaps);
    let end = if gaps {
        quote!(crate::admin::End::EmptyPage)
    } else if let Some(key) = items.and_then(|items| items.sorted_by.as_ref()) {
        let key = ident(key);
        quote!(crate::admin::End::Ties(|a, b| a.#key == b.#key))
    } else {
        quote!(crate::admin::End::ShortPage)
    };
    let paged = quote!(self.request.paged(#end));
    let whole = quote!(self.request.whole());
    let is_set = |name: &str| quote!(self.request.inner().get(#name).is_some());
    let stream = match paging {
        Paging::Word(PagingWord::Ignored) => whole,
        Paging::Word(PagingWord::WithSearch) => {
            let searched = is_set("search");
            quote!(if !#searched { #whole } else { #paged })
        }
        Paging::Word(PagingWord::Trees) => {
            let (search, q) = (is_set("search"), is_set("q"));
            quote! {
                let is_flat = self.request.inner().get("populateHierarchy") == Some("false");
                if (#search || #q) && !is_flat { #whole } else { #paged }
            }
        }
        Paging::Word(PagingWord::All) | Paging::Default(_) => paged,
    };
    let last = if gaps {
        " The end is a page without items: the server leaves users out whose directory entry is gone."
    } else {
        ""
    };
    let doc = format!(
        "Every item, page by page: `first` is where it starts, `max` the size of a page (100 when \
         not set). The next page is fetched while you work on the present one.\n\n\
         Paging is by offset: items added or removed meanwhile can be missed or seen twice.{last}"
    );
    let count = count.and_then(|count| counted(table, operation, count));
    Some(quote! {
        #[doc = #doc]
        #[inline]
        pub fn stream(self) -> crate::ItemStream<#item> {
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
fn counted(table: &Table, list: &Operation, count: &Operation) -> Option<TokenStream> {
    let Success::Value(answer) = &count.success else {
        return None;
    };
    let operation = operation_const(count);
    let (shared, others): (Vec<_>, Vec<_>) = list
        .query
        .iter()
        .map(|query| {
            let same = count.query.iter().find(|one| one.setter == query.setter);
            (query, same.map(|same| &same.name))
        })
        .partition(|(_, same)| same.is_some());
    let shared = shared.iter().map(|(query, same)| {
        let name = &query.name;
        quote!((#name, #same))
    });
    let others = others
        .iter()
        .map(|(query, _)| &query.name)
        .filter(|name| !table.no_filters.contains_key(*name));
    // Groups are listed from the top, and counted at every depth unless asked.
    let top = has(count, "top").then(|| {
        quote! {
            if request.inner().get("search").is_none() {
                request.inner_mut().set("top", "true".to_owned());
            }
        }
    });
    let mutable = top.is_some().then(|| quote!(mut));
    let number = if is_one_of(answer, &["i32", "i64"]) {
        quote!(|answer| answer.count(|count: #answer| i64::from(count)))
    } else {
        quote!(|answer| answer.count(|answer: #answer| answer.count.into()))
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
            let #mutable request = self.request.counted(
                OPERATION,
                #number,
                &[#(#shared),*],
                &[#(#others),*],
            )?;
            #top
            request.await
        }
    })
}

fn has(operation: &Operation, setter: &str) -> bool {
    operation.query.iter().any(|query| query.setter == setter)
}

fn is_one_of(ty: &syn::Type, names: &[&str]) -> bool {
    type_name(ty).is_some_and(|ty| names.iter().any(|name| ty == name))
}
