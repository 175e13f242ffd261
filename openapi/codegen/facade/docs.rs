//! The words above each generated call.

use crate::codegen::model::{Operation, Query};
use crate::codegen::names::Paging;

/// Method, path and Keycloak's summary; a paged list says what comes unasked.
pub fn operation(operation: &Operation) -> String {
    let named = &operation.named;
    let mut text = format!(
        "{}\n\n`{} {}`",
        sentence(&operation.summary),
        named.method.to_ascii_uppercase(),
        named.path
    );
    if let Some(description) = &operation.description {
        text.push_str(&format!("\n\n{}", sentence(description)));
    }
    text.push_str(match &operation.paging {
        Some(Paging::Default(10)) => "\n\nUnasked the server sends **10** items; `.max(n)` asks for more, `.stream()` and `.all()` read every page.",
        Some(Paging::Default(_)) => "\n\nUnasked the server sends at most **100** items; `.max(n)` asks for more, `.stream()` and `.all()` read every page.",
        Some(Paging::Word(word)) if word == "ignored" => "\n\nThe server ignores `first` and `max` here and sends the whole list.",
        Some(Paging::Word(_)) => "\n\nUnasked the server sends all items; `.stream()` reads them page by page.",
        None => "",
    });
    text
}

/// A setter: Keycloak's description and the server's default.
pub fn setter(query: &Query) -> String {
    let mut text = query.description.as_deref().map_or_else(
        || format!("Query parameter `{}`.", query.name),
        |text| format!("{}\n\nQuery parameter `{}`.", sentence(text), query.name),
    );
    if let Some(default) = &query.default {
        text.push_str(&format!(" The server's default is `{default}`."));
    }
    text
}

/// Ends with a full stop and escapes what rustdoc would read as markup.
pub fn sentence(text: &str) -> String {
    let text = text
        .trim()
        .replace('[', "\\[")
        .replace(']', "\\]")
        .replace('<', "\\<");
    if text.ends_with(['.', '!', '?', ':']) {
        text
    } else {
        format!("{text}.")
    }
}
