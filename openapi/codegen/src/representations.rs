//! Step 8, representations: what is added to progenitor's types on the syntax tree.
//!
//! Every struct becomes `#[non_exhaustive]` and `Default`, gets chainable setters and a `Debug`
//! that shows no secret; every enum becomes an open one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::document::{enum_values, schemas};
use crate::facade::DROPPED_BEFORE;
use crate::prose::sentence;
use crate::rules::EXTRA;
use crate::signature::generic_argument;
use crate::since::SINCE;
use crate::spelling::{ident, snake, variant};

/// Marks a map whose values may be secrets (overlay).
const SECRET_VALUES: &str = "x-secret-values";

/// Names a flag without which the server ignores the member (overlay); the setter sets it too.
const WITH_FLAG: &str = "x-with-flag";

/// The file of representation types.
pub fn generate(types: Vec<syn::Item>, document: &Value) -> TokenStream {
    let documented: BTreeMap<String, &Value> = schemas(document)
        .into_iter()
        .map(|(name, schema)| (name.clone(), schema))
        .collect();
    let with_default: BTreeSet<String> = types.iter().filter_map(default_of).collect();
    let items = types.into_iter().filter_map(|item| match item {
        syn::Item::Struct(item) => {
            let schema = documented.get(&item.ident.to_string()).copied();
            let default = with_default.contains(&item.ident.to_string());
            Some(structure(&item, schema, default))
        }
        // Conversions by reference and the error of a failed conversion serve progenitor only.
        syn::Item::Impl(item) if is_from_reference(&item) => None,
        syn::Item::Mod(_) => None,
        item => Some(quote!(#item)),
    });
    let enums = documented
        .iter()
        .filter(|(_, schema)| schema.get("enum").is_some())
        .map(|(name, schema)| enumeration(name, schema));
    let items: Vec<TokenStream> = items.collect();
    let enums: Vec<TokenStream> = enums.collect();
    quote! {
        #(#enums)*
        #(#items)*
    }
}

/// The structs among progenitor's types.
pub fn names(types: &[syn::Item]) -> Vec<syn::Ident> {
    types
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(item) => Some(item.ident.clone()),
            _ => None,
        })
        .collect()
}

/// `X` of `impl Default for X`.
fn default_of(item: &syn::Item) -> Option<String> {
    let syn::Item::Impl(item) = item else {
        return None;
    };
    let (path, _) = item.trait_.as_ref()?;
    let is_default = path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Default");
    match (&*item.self_ty, is_default) {
        (syn::Type::Path(ty), true) => ty.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

fn is_from_reference(item: &syn::ItemImpl) -> bool {
    item.trait_.as_ref().is_some_and(|(path, _)| {
        path.segments.last().is_some_and(|segment| {
            segment.ident == "From"
                && matches!(&segment.arguments, syn::PathArguments::AngleBracketed(arguments)
                    if matches!(arguments.args.first(), Some(syn::GenericArgument::Type(syn::Type::Reference(_)))))
        })
    })
}

fn structure(item: &syn::ItemStruct, schema: Option<&Value>, default: bool) -> TokenStream {
    let name = &item.ident;
    let described = schema
        .and_then(|schema| schema.get("description"))
        .and_then(Value::as_str);
    let doc = described.map_or_else(
        || format!("Keycloak's `{name}`."),
        |text| format!("{}\n\nKeycloak's `{name}`.", text.trim()),
    );
    let derive_default = (!default).then(|| quote!(#[derive(Default)]));
    let properties = schema.and_then(|schema| schema.get("properties"));
    let mut fields = Vec::new();
    let mut setters = Vec::new();
    let mut debug = Vec::new();
    for field in &item.fields {
        let Some(field_name) = &field.ident else {
            continue;
        };
        let ty = &field.ty;
        let serde: Vec<&syn::Attribute> = field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
            .collect();
        let wire_name = renamed(field).unwrap_or_else(|| field_name.to_string());
        let label = wire_name.clone();
        if field_name == EXTRA {
            fields.push(quote! {
                /// Members this release of the crate does not know, kept as the server sent them.
                #(#serde)* pub #field_name: #ty
            });
            debug.push(quote!(support::keys_of_map(&mut out, #label, &self.#field_name);));
            setters.push(extra_setter());
            continue;
        }
        let property = properties.and_then(|properties| properties.get(&wire_name));
        let doc = property.and_then(property_doc);
        let doc = doc.map(|text| quote!(#[doc = #text]));
        fields.push(quote!(#doc #(#serde)* pub #field_name: #ty));
        let secret = property
            .and_then(|property| property.get(SECRET_VALUES))
            .is_some_and(|flag| flag == &Value::Bool(true));
        debug.push(match (secret, generic_argument(ty, "Option").is_some()) {
            (true, _) => quote!(support::keys(&mut out, #label, self.#field_name.as_ref());),
            (false, true) => quote!(support::field(&mut out, #label, self.#field_name.as_ref());),
            (false, false) => quote!(support::field(&mut out, #label, Some(&self.#field_name));),
        });
        let text = |key: &str| property.and_then(|property| property.get(key)?.as_str());
        let (flag, described) = (text(WITH_FLAG), text("description"));
        setters.extend(setter(field_name, ty, &wire_name, flag, described));
    }
    let title = name.to_string();
    quote! {
        #[doc = #doc]
        #[derive(Clone, ::serde::Deserialize, ::serde::Serialize)]
        #derive_default
        #[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct #name { #(#fields,)* }

        impl #name { #(#setters)* }

        impl ::std::fmt::Debug for #name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut out = f.debug_struct(#title);
                #(#debug)*
                out.finish()
            }
        }
    }
}

/// What is to be said of a member beside its name.
fn property_doc(property: &Value) -> Option<String> {
    let text = |key: &str| property.get(key).and_then(Value::as_str);
    let described = text("description").map(|text| sentence(text.trim()));
    let release = match (text(SINCE), text(DROPPED_BEFORE)) {
        (Some(release), _) => Some(format!("Servers older than **{release}** do not have it.")),
        (None, Some(release)) => Some(format!(
            "Servers older than **{release}** drop it without an error, so a call with it is refused \
             before it is sent to one."
        )),
        (None, None) => None,
    };
    let deprecated = property.get("deprecated") == Some(&Value::Bool(true));
    let deprecated = deprecated.then(|| "Deprecated by Keycloak.".to_owned());
    let sentences: Vec<String> = [described, release, deprecated]
        .into_iter()
        .flatten()
        .collect();
    (!sentences.is_empty()).then(|| sentences.join("\n\n"))
}

/// The name in `#[serde(rename = "...")]`.
fn renamed(field: &syn::Field) -> Option<String> {
    let mut found = None;
    for attribute in &field.attrs {
        if !attribute.path().is_ident("serde") {
            continue;
        }
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                found = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if meta.input.peek(syn::Token![=]) {
                let _: syn::Expr = meta.value()?.parse()?;
            }
            Ok(())
        });
    }
    found
}

fn extra_setter() -> TokenStream {
    quote! {
        /// Sets a member this release of the crate does not know.
        #[must_use]
        pub fn extra_member(
            mut self,
            name: impl Into<String>,
            value: impl Into<::serde_json::Value>,
        ) -> Self {
            self.extra.insert(name.into(), value.into());
            self
        }
    }
}

/// What a setter takes for a value of type `ty`, and how it converts `value`.
fn input(ty: &syn::Type) -> (TokenStream, TokenStream) {
    if let Some(element) = generic_argument(ty, "Vec") {
        let (takes, converts) = input(element);
        return (
            quote!(impl IntoIterator<Item = #takes>),
            quote!(value.into_iter().map(|value| #converts).collect()),
        );
    }
    if let Some(element) = map_value(ty) {
        let (takes, converts) = input(&element);
        return (
            quote!(impl IntoIterator<Item = (impl Into<String>, #takes)>),
            quote!(value.into_iter().map(|(key, value)| (key.into(), #converts)).collect()),
        );
    }
    if let Some(inner) = generic_argument(ty, "Box") {
        return (quote!(impl Into<#inner>), quote!(Box::new(value.into())));
    }
    if is_copy(ty) {
        return (quote!(#ty), quote!(value));
    }
    (quote!(impl Into<#ty>), quote!(value.into()))
}

fn is_copy(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path)
        if ["bool", "i32", "i64", "f32", "f64", "u32", "u64"].iter().any(|name| path.path.is_ident(name)))
}

/// `V` of `BTreeMap<String, V>`; a free object's values are JSON.
fn map_value(ty: &syn::Type) -> Option<syn::Type> {
    let syn::Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last()?;
    if last.ident != "BTreeMap" && last.ident != "Map" {
        return None;
    }
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.iter().nth(1) {
        Some(syn::GenericArgument::Type(ty)) => Some(ty.clone()),
        _ => None,
    }
}

fn setter(
    name: &syn::Ident,
    ty: &syn::Type,
    wire_name: &str,
    flag: Option<&str>,
    described: Option<&str>,
) -> Vec<TokenStream> {
    let optional = generic_argument(ty, "Option");
    let inner = optional.unwrap_or(ty);
    let (takes, converts) = input(inner);
    let assign = if optional.is_some() {
        quote!(Some(#converts))
    } else {
        converts
    };
    let doc = match flag {
        Some(flag) => format!("Sets `{wire_name}`, and `{flag}`, which makes the server read it."),
        None => format!("Sets `{wire_name}`."),
    };
    let described = described.map_or_else(String::new, |text| format!("\n\n{}", sentence(text)));
    let doc = format!("{doc}{described}");
    let flag = flag.map(|flag| {
        let flag = ident(&snake(flag));
        quote!(self.#flag = Some(true);)
    });
    let mut all = vec![quote! {
        #[doc = #doc]
        #[must_use]
        #[inline]
        pub fn #name(mut self, value: #takes) -> Self {
            self.#name = #assign;
            #flag
            self
        }
    }];
    if let (Some(value), true) = (map_value(inner), optional.is_some()) {
        let entry = entry_name(name);
        let (takes, converts) = input(&value);
        let doc = format!("Sets one entry of `{wire_name}` and keeps the others.{described}");
        all.push(quote! {
            #[doc = #doc]
            #[must_use]
            #[inline]
            pub fn #entry(mut self, key: impl Into<String>, value: #takes) -> Self {
                self.#name.get_or_insert_default().insert(key.into(), #converts);
                self
            }
        });
    }
    all
}

/// `attributes` has `attribute`, `config` has `config_entry`.
fn entry_name(name: &syn::Ident) -> syn::Ident {
    let name = name.to_string();
    match name.strip_suffix('s') {
        Some(singular) if !singular.ends_with('s') => ident(singular),
        _ => format_ident!("{name}_entry"),
    }
}

fn enumeration(name: &str, schema: &Value) -> TokenStream {
    let name = ident(name);
    let doc = schema
        .get("description")
        .and_then(Value::as_str)
        .map_or_else(|| format!("Keycloak's `{name}`."), str::to_owned);
    let values = enum_values(schema);
    let variants = values.iter().map(|value| ident(&variant(value)));
    quote! {
        crate::admin::open_enum! {
            #[doc = #doc]
            #name { #(#variants = #values,)* }
        }
    }
}
