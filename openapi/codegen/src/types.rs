//! Step 7, types: progenitor's types for the named schemas, and what is mended on the document for it.
//!
//! Progenitor sees no operation: the calls are written by [`facade`](crate::facade), from the
//! signatures that [`signature`](crate::signature) reads.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, TypeImpl, TypePatch};
use schemars08::schema::{InstanceType, SchemaObject};
use serde_json::{Map, Value, json};

use crate::document::{operation_mut, schemas, schemas_mut};
use crate::names::Named;
use crate::problem::{Problem, Problems};
use crate::rules::ONE_OR_MANY;

/// Runs progenitor over the named schemas of a document whose operations all have names.
pub fn generate(document: &Value) -> Result<Vec<syn::Item>, Problems> {
    let tokens = match progenitor(&without_operations(document)) {
        Ok(tokens) => tokens,
        Err(message) => return Err(culprits(document, &message)),
    };
    let file: syn::File = syn::parse2(tokens).map_err(|error| {
        Problems::one(Problem::new(
            "progenitor",
            "generated code",
            format!("does not parse: {error}"),
        ))
    })?;
    Ok(types_of(file))
}

/// Names the objects that are written in place: a type needs a name.
pub fn name_inline_objects(document: &mut Value, named: &[Named]) -> Result<(), Problems> {
    let mut found: Vec<(&Named, String, Value)> = Vec::new();
    for one in named {
        let Some(operation) = operation_mut(document, &one.method, &one.path) else {
            continue;
        };
        let call = one.call.strip_prefix("realm.").unwrap_or(&one.call);
        let name = crate::spelling::camel(call);
        let request = operation.get_mut("requestBody");
        found.extend(
            lift(request, format!("{name}Request")).map(|(name, object)| (one, name, object)),
        );
        let answer = operation
            .get_mut("responses")
            .and_then(|all| all.get_mut("2XX"));
        found.extend(
            lift(answer, format!("{name}Response")).map(|(name, object)| (one, name, object)),
        );
    }
    let mut problems = Vec::new();
    if let Some(schemas) = schemas_or_new(document) {
        for (one, name, object) in found {
            if schemas.insert(name.clone(), object).is_some() {
                let message = format!(
                    "has an object without a name, and the one for it, {name}, is a schema's; name it by an overlay action"
                );
                problems.push(Problem::new("types", one.key(), message));
            }
        }
    }
    Problems(problems).or(())
}

/// Takes the object out of a body that is one, and refers to it by its name.
fn lift(body: Option<&mut Value>, name: String) -> Option<(String, Value)> {
    let content = body?.get_mut("content")?.as_object_mut()?;
    let schema = content
        .values_mut()
        .filter_map(|content| content.get_mut("schema"))
        .find(|schema| schema["properties"].is_object())?;
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    Some((name, std::mem::replace(schema, reference)))
}

fn schemas_or_new(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document
        .as_object_mut()?
        .entry("components")
        .or_insert_with(|| json!({}))
        .as_object_mut()?
        .entry("schemas")
        .or_insert_with(|| json!({}));
    schemas_mut(document)
}

fn without_operations(document: &Value) -> Value {
    let mut alone = document.clone();
    alone["paths"] = json!({});
    alone
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

/// Which schemas progenitor refuses: each is tried with those it needs, because it does not say.
fn culprits(document: &Value, message: &str) -> Problems {
    let mut found = Vec::new();
    for (name, _) in schemas(document) {
        let mut alone = without_operations(document);
        let needed = needed_by(document, name);
        if let Some(schemas) = schemas_mut(&mut alone) {
            schemas.retain(|other, _| needed.contains(other));
        }
        if let Err(message) = progenitor(&alone) {
            let message = format!(
                "is a shape progenitor cannot take ({message}); correct it by an overlay action"
            );
            found.push(Problem::new(
                "progenitor",
                format!("schema {name}"),
                message,
            ));
        }
    }
    if found.is_empty() {
        let message = format!("are shapes progenitor cannot take ({message})");
        found.push(Problem::new("progenitor", "components.schemas", message));
    }
    Problems(found)
}

/// A schema and all that it refers to.
fn needed_by(document: &Value, name: &str) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        let schema = &document["components"]["schemas"][&name];
        if needed.insert(name) {
            references(schema, &mut waiting);
        }
    }
    needed
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            found.extend(
                name.and_then(|name| name.rsplit('/').next())
                    .map(str::to_owned),
            );
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn settings(document: &Value) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings.with_map_type("::std::collections::BTreeMap");
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
    crate::spelling::camel(&crate::spelling::snake(name))
}

/// The items of progenitor's `types` module.
fn types_of(file: syn::File) -> Vec<syn::Item> {
    file.items
        .into_iter()
        .find_map(|item| match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                module.content.map(|(_, items)| items)
            }
            _ => None,
        })
        .unwrap_or_default()
}
