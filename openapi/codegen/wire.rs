//! Step 7, wire: progenitor's positional client, and what is mended on its syntax tree.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use openapiv3::OpenAPI;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use progenitor::{
    GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl, TypePatch,
};
use quote::quote;
use schemars08::schema::{InstanceType, SchemaObject};
use serde_json::{Value, json};
use syn::visit_mut::VisitMut;

use super::document::{operation_mut, schemas};
use super::names::Named;
use super::problem::{Problem, Problems};
use super::rules::{ERROR_SCHEMA, ONE_OR_MANY};

/// The generated client, parsed.
pub struct Wire {
    /// Everything but the representation types.
    pub client: syn::File,
    /// The items of progenitor's `types` module.
    pub types: Vec<syn::Item>,
}

/// Runs progenitor over a document whose operations all have names.
pub fn generate(document: &mut Value, named: &[Named]) -> Result<Wire, Problems> {
    for one in named {
        if let Some(operation) = operation_mut(document, &one.method, &one.path) {
            operation.insert("operationId".into(), Value::String(one.operation_id()));
            // Progenitor copies these into doc comments of a layer nobody reads.
            if let Some(text) = operation.remove("description") {
                operation.insert("x-description".into(), text);
            }
            operation.remove("tags");
            title_inline_body(operation, one);
        }
    }
    let tokens = match progenitor(document) {
        Ok(tokens) => tokens,
        Err(message) => return Err(culprits(document, named, &message)),
    };
    let mut client: syn::File = syn::parse2(tokens).map_err(|error| {
        Problems::one(Problem::new(
            "progenitor",
            "generated code",
            format!("does not parse: {error}"),
        ))
    })?;
    let types = take_types(&mut client);
    mend(&mut client);
    Ok(Wire { client, types })
}

/// A body written in place has no name in the document; without one progenitor makes one up.
fn title_inline_body(operation: &mut serde_json::Map<String, Value>, one: &Named) {
    let schemas = operation
        .get_mut("requestBody")
        .and_then(|body| body.get_mut("content"))
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|content| content.values_mut())
        .filter_map(|content| content.get_mut("schema").and_then(Value::as_object_mut));
    for schema in schemas {
        if schema.contains_key("properties") && !schema.contains_key("title") {
            let call = one.call.strip_prefix("realm.").unwrap_or(&one.call);
            let title = format!("{}Request", super::spelling::camel(call));
            schema.insert("title".into(), Value::String(title));
        }
    }
}

thread_local! {
    /// Whether this thread's panics are caught and told in words of our own.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs progenitor; a panic inside it becomes a message like any other refusal.
fn progenitor(document: &Value) -> Result<proc_macro2::TokenStream, String> {
    static HOOK: Once = Once::new();
    // Once and by thread: tests generate side by side.
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                usual(panic);
            }
        }));
    });
    let spec: OpenAPI =
        serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings(document))
            .generate_tokens(&spec)
            .map_err(|error| error.to_string())
    }));
    QUIET.set(false);
    outcome.unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!(
            "stopped at an assertion: {}",
            message.unwrap_or_default()
        ))
    })
}

/// Which operations progenitor refuses: each is tried alone, because it does not say.
fn culprits(document: &Value, named: &[Named], message: &str) -> Problems {
    let mut found = Vec::new();
    for one in named {
        let Some(item) = document["paths"].get(&one.path) else {
            continue;
        };
        let mut alone = document.clone();
        let mut operation = json!({ one.method.clone(): item[&one.method] });
        if let Some(shared) = item.get("parameters") {
            operation["parameters"] = shared.clone();
        }
        alone["paths"] = json!({ one.path.clone(): operation });
        if let Err(message) = progenitor(&alone) {
            let message = format!(
                "is a shape progenitor cannot take ({message}); correct it by an overlay action"
            );
            found.push(Problem::new("progenitor", one.key(), message));
        }
    }
    if found.is_empty() {
        let message = format!("are shapes progenitor cannot take ({message})");
        found.push(Problem::new("progenitor", "components.schemas", message));
    }
    Problems(found)
}

fn settings(document: &Value) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::admin::call::Attempt))
        .with_map_type("::std::collections::BTreeMap")
        .with_replacement(
            ERROR_SCHEMA,
            "crate::admin::call::ErrorAnswer",
            std::iter::empty(),
        );
    for (format, path) in [
        ("password", "crate::Secret"),
        (ONE_OR_MANY, "crate::admin::OneOrMany"),
    ] {
        let schema = SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            format: Some(format.into()),
            ..SchemaObject::default()
        };
        settings.with_conversion(schema, path, std::iter::empty());
    }
    for (name, schema) in schemas(document) {
        if schema.get("enum").is_some() {
            let path = format!("crate::admin::representations::{name}");
            settings.with_replacement(
                name,
                path,
                [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
            );
        }
        // Progenitor respells runs of capitals; the types keep Keycloak's names.
        let respelt = respelt(name);
        if respelt != *name {
            settings.with_patch(&respelt, TypePatch::default().with_rename(name));
        }
    }
    settings
}

/// How typify spells a schema's name: words as `heck` sees them, in Pascal case.
pub fn respelt(name: &str) -> String {
    super::spelling::camel(&super::spelling::snake(name))
}

fn take_types(file: &mut syn::File) -> Vec<syn::Item> {
    let mut types = Vec::new();
    file.items.retain_mut(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => {
            if let Some((_, items)) = module.content.take() {
                types = items;
            }
            false
        }
        _ => true,
    });
    types
}

/// Mends on the tree what no setting of progenitor reaches.
fn mend(file: &mut syn::File) {
    struct Mend;
    impl VisitMut for Mend {
        // Progenitor's own `encode_path` leaves `.`, `\` and `;` as they are.
        fn visit_use_group_mut(&mut self, group: &mut syn::UseGroup) {
            group.items = std::mem::take(&mut group.items)
                .into_iter()
                .filter(
                    |item| !matches!(item, syn::UseTree::Name(name) if name.ident == "encode_path"),
                )
                .collect();
        }
        // `{path}` is a path of several segments.
        fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
            call.tokens = keep_slashes(std::mem::take(&mut call.tokens));
        }
        // The only constructor used is the one that takes an HTTP client.
        fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
            item.items.retain(
                |item| !matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == "new"),
            );
            syn::visit_mut::visit_item_impl_mut(self, item);
        }
        // Only the program that makes a call compiles it.
        fn visit_impl_item_fn_mut(&mut self, function: &mut syn::ImplItemFn) {
            if function.sig.asyncness.is_some() {
                function.attrs.push(syn::parse_quote!(#[inline]));
            }
            syn::visit_mut::visit_impl_item_fn_mut(self, function);
        }
        // A list in a body is borrowed as a slice: callers have arrays too.
        fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
            for argument in &mut signature.inputs {
                if let syn::FnArg::Typed(argument) = argument
                    && matches!(&*argument.pat, syn::Pat::Ident(pattern) if pattern.ident == "body")
                    && let syn::Type::Reference(reference) = &mut *argument.ty
                    && let Some(element) = generic_argument(&reference.elem, "Vec")
                {
                    *reference.elem = syn::parse_quote!([#element]);
                }
            }
        }
    }
    Mend.visit_file_mut(file);
    file.items.insert(
        0,
        syn::parse_quote!(
            use super::representations as types;
        ),
    );
    file.items.insert(
        0,
        syn::parse_quote!(
            use crate::http::segment::{encode as encode_path, encode_path as encode_whole_path};
        ),
    );
}

/// Replaces `encode_path(&path.to_string())` by the encoding of what is a path itself.
fn keep_slashes(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            kept.push(token);
            continue;
        };
        if let Some(TokenTree::Ident(function)) = kept.last_mut()
            && function == "encode_path"
            && group.stream().to_string().starts_with("& path .")
        {
            *function = Ident::new("encode_whole_path", function.span());
        }
        let inner = Group::new(group.delimiter(), keep_slashes(group.stream()));
        kept.push(TokenTree::Group(inner));
    }
    kept.into_iter().collect()
}

/// `T` of `::std::vec::Vec<T>` and the like.
pub fn generic_argument<'a>(ty: &'a syn::Type, outer: &str) -> Option<&'a syn::Type> {
    let syn::Type::Path(path) = ty else {
        return None;
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == outer)?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// What the facade must know of a generated method.
pub struct Method {
    /// Arguments after `self`, by name.
    pub arguments: Vec<(String, syn::Type)>,
    /// `T` of `ResponseValue<T>`.
    pub success: syn::Type,
}

/// The signatures of the generated client, by operationId.
pub fn methods(file: &syn::File) -> BTreeMap<String, Method> {
    let mut found = BTreeMap::new();
    for item in &file.items {
        let syn::Item::Impl(item) = item else {
            continue;
        };
        for item in &item.items {
            let syn::ImplItem::Fn(function) = item else {
                continue;
            };
            let syn::ReturnType::Type(_, output) = &function.sig.output else {
                continue;
            };
            let Some(success) = generic_argument(output, "Result")
                .and_then(|ty| generic_argument(ty, "ResponseValue"))
            else {
                continue;
            };
            let arguments = function
                .sig
                .inputs
                .iter()
                .filter_map(|argument| match argument {
                    syn::FnArg::Typed(argument) => match &*argument.pat {
                        syn::Pat::Ident(pattern) => {
                            Some((pattern.ident.to_string(), (*argument.ty).clone()))
                        }
                        _ => None,
                    },
                    syn::FnArg::Receiver(_) => None,
                })
                .collect();
            found.insert(
                function.sig.ident.to_string(),
                Method {
                    arguments,
                    success: success.clone(),
                },
            );
        }
    }
    found
}
