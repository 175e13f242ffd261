//! The words above each generated call.

use crate::model::{Operation, Query};
use crate::names::{Paging, PagingWord, Table};
use crate::prose::{sentence, summary};

/// Method, path and Keycloak's summary; a paged list says what comes unasked.
pub(super) fn operation(operation: &Operation) -> String {
    let named = &operation.named;
    let mut text = format!(
        "{}\n\n`{} {}`",
        summary(&operation.summary),
        named.method.to_ascii_uppercase(),
        named.path
    );
    if let Some(description) = &operation.description {
        text.push_str(&format!("\n\n{}", sentence(description)));
    }
    text.push_str(match &operation.paging {
        Some(Paging::Default(10)) => "\n\nUnasked the server sends **10** items; `.max(n)` asks for more, `.stream()` and `.all()` read every page.",
        Some(Paging::Default(_)) => "\n\nUnasked the server sends at most **100** items; `.max(n)` asks for more, `.stream()` and `.all()` read every page.",
        Some(Paging::Word(PagingWord::Ignored)) => "\n\nThe server ignores `first` and `max` here and sends the whole list.",
        Some(Paging::Word(PagingWord::WithSearch)) => "\n\nThe server ignores `first` and `max` here and sends the whole list, unless `search` is given.",
        Some(Paging::Word(PagingWord::Trees)) => "\n\nUnasked the server sends all items; `.stream()` reads them page by page. With `search` or `q` the server pages by match and sends the top-level groups of the matches, some of them with every page: `.stream()` reads such a search in one request, unless `populate_hierarchy(false)` asks for the matches alone.",
        Some(Paging::Word(PagingWord::All)) => "\n\nUnasked the server sends all items; `.stream()` reads them page by page.",
        None => "",
    });
    if let Some(release) = &operation.since {
        text.push_str(&format!(
            "\n\nOf the supported servers the oldest that has it is **{release}**."
        ));
    }
    text
}

/// A setter: Keycloak's description and the server's default.
pub(super) fn setter(query: &Query) -> String {
    let mut text = query.description.as_deref().map_or_else(
        || format!("Query parameter `{}`.", query.name),
        |text| format!("{}\n\nQuery parameter `{}`.", sentence(text), query.name),
    );
    if let Some(default) = &query.default {
        text.push_str(&format!(" The server's default is `{default}`."));
    }
    if let Some(release) = &query.since {
        text.push_str(&format!(" Servers older than **{release}** ignore it."));
    }
    text
}

/// The setter that writes one attribute into `q`.
pub(super) fn attribute(table: &Table, operation: &Operation) -> String {
    let mut text = "Adds an attribute that an item must have: its name, and its whole value in upper or lower \
         case. Name and value are quoted for `q`, so that spaces are a part of them. Several \
         attributes must all fit.\n\nA call fails where `q` cannot say what is asked for: an empty \
         name or value, a name with `:`, `\"` or `\\`, and a value with `\\` beside spaces or quotes."
        .to_owned();
    if let Some(note) = table.attributes.get(&operation.named.call) {
        text.push_str(&format!("\n\n{note}"));
    }
    text
}
