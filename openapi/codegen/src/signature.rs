//! What an operation sends and gives, as Rust types read from its schemas.

use serde_json::Value;

use crate::document::schemas;
use crate::rules::ONE_OR_MANY;

/// The Rust type of a schema, as [`types`](crate::types) names the types of named schemas.
pub fn rust_type(document: &Value, schema: &Value) -> Result<syn::Type, String> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return named_type(document, reference);
    }
    let format = schema.get("format").and_then(Value::as_str);
    let ty = match (schema.get("type").and_then(Value::as_str), format) {
        (Some("array"), _) => {
            let item = rust_type(document, schema.get("items").unwrap_or(&Value::Null))?;
            syn::parse_quote!(::std::vec::Vec<#item>)
        }
        (Some("object"), _) => match schema.get("additionalProperties") {
            None | Some(Value::Bool(true)) => {
                syn::parse_quote!(::serde_json::Map<::std::string::String, ::serde_json::Value>)
            }
            Some(Value::Object(any)) if any.is_empty() => {
                syn::parse_quote!(::serde_json::Map<::std::string::String, ::serde_json::Value>)
            }
            Some(value) => {
                let value = rust_type(document, value)?;
                syn::parse_quote!(::std::collections::BTreeMap<::std::string::String, #value>)
            }
        },
        (Some("string"), Some("password")) => syn::parse_quote!(crate::Secret),
        (Some("string"), Some(ONE_OR_MANY)) => syn::parse_quote!(crate::admin::OneOrMany),
        (Some("string"), _) => syn::parse_quote!(::std::string::String),
        (Some("boolean"), _) => syn::parse_quote!(bool),
        (Some("integer"), Some("int32")) => syn::parse_quote!(i32),
        (Some("integer"), _) => syn::parse_quote!(i64),
        (Some("number"), Some("float")) => syn::parse_quote!(f32),
        (Some("number"), _) => syn::parse_quote!(f64),
        _ if schema.as_object().is_some_and(serde_json::Map::is_empty) => {
            syn::parse_quote!(::serde_json::Value)
        }
        _ => return Err(format!("has a schema that no type is made of ({schema})")),
    };
    Ok(ty)
}

fn named_type(document: &Value, reference: &str) -> Result<syn::Type, String> {
    let schema = reference
        .strip_prefix("#/components/schemas/")
        .and_then(|name| {
            schemas(document)
                .into_iter()
                .find(|(known, _)| *known == name)
        });
    let Some((name, schema)) = schema else {
        return Err(format!(
            "refers to {reference}, which is not in the document"
        ));
    };
    let ident: syn::Ident = syn::parse_str(name)
        .map_err(|_| format!("refers to the schema {name}, whose name is none in Rust"))?;
    Ok(if schema.get("enum").is_some() {
        syn::parse_quote!(crate::admin::representations::#ident)
    } else {
        syn::parse_quote!(types::#ident)
    })
}

/// `T` of `path::to::T`.
pub fn type_name(ty: &syn::Type) -> Option<&syn::Ident> {
    match ty {
        syn::Type::Path(path) => Some(&path.path.segments.last()?.ident),
        _ => None,
    }
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
