//! The operation table: what a review sees instead of 25,000 generated lines.

use quote::ToTokens;

use crate::model::{Body, Operation, Success};

/// One line an operation: call, arguments, answer, setters, method and path.
pub fn print(operations: &[Operation]) -> String {
    let mut lines: Vec<String> = operations.iter().map(line).collect();
    lines.sort();
    lines.join("\n") + "\n"
}

fn line(operation: &Operation) -> String {
    let arguments = operation
        .arguments
        .iter()
        .map(|parameter| format!("{}: {}", parameter.ident, parameter.id))
        .chain(
            operation
                .query
                .iter()
                .filter(|query| query.required)
                .map(|query| query.setter.to_string()),
        )
        .chain(operation.body.as_ref().map(|body| match body {
            Body::Value(ty) | Body::Form(ty) | Body::Plain(ty) => plain(ty),
            Body::List(ty) => format!("[{}]", plain(ty)),
            Body::Text(ty) => text(ty),
            Body::Upload(ty) => ty.to_string(),
        }))
        .collect::<Vec<_>>()
        .join(", ");
    let answer = match &operation.success {
        Success::Nothing => "()".to_owned(),
        Success::Created(id) => id.clone(),
        Success::Value(ty) | Success::List(ty) => plain(ty),
        Success::Answer(ty) => text(ty),
        Success::Optional(ty) => format!("Option<{}>", plain(ty)),
        Success::Text(ty) => text(ty),
        Success::OptionalText => "Option<text>".to_owned(),
        Success::Content => "Content".to_owned(),
    };
    let mut setters: Vec<String> = operation
        .query
        .iter()
        .filter(|query| !query.required)
        .map(|query| query.setter.to_string())
        .collect();
    setters.sort();
    let setters = if setters.is_empty() {
        String::new()
    } else {
        format!(" .{}", setters.join(" ."))
    };
    format!(
        "{}({arguments}) -> {answer}{setters}  <- {}",
        operation.named.call,
        operation.named.key()
    )
}

fn text(ty: &syn::Type) -> String {
    match plain(ty).as_str() {
        "String" => "text".to_owned(),
        other => other.trim_start_matches("crate::admin::").to_owned(),
    }
}

/// A type without its module paths.
fn plain(ty: &syn::Type) -> String {
    ty.to_token_stream()
        .to_string()
        .replace(' ', "")
        .replace("::std::vec::", "")
        .replace("::std::string::", "")
        .replace("::std::collections::", "")
        .replace("::serde_json::", "")
        .replace("types::", "")
        .replace(',', ", ")
}
