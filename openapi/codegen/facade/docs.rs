//! The words above each generated call.

use crate::codegen::model::{Operation, Query};
use crate::codegen::names::{Paging, PagingWord};

/// Method, path and Keycloak's summary; a paged list says what comes unasked.
pub fn operation(operation: &Operation) -> String {
    let named = &operation.named;
    let mut text = format!(
        "{}\n\n`{} {}`",
        sentence(&parted(&operation.summary)),
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
pub fn setter(query: &Query) -> String {
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
pub fn attribute(operation: &Operation) -> String {
    let mut text = "Adds an attribute that an item must have: its name, and its whole value in upper or lower \
         case. Name and value are quoted for `q`, so that spaces are a part of them. Several \
         attributes must all fit.\n\nA call fails where `q` cannot say what is asked for: an empty \
         name or value, a name with `:`, `\"` or `\\`, and a value with `\\` beside spaces or quotes."
        .to_owned();
    if operation.named.call == "realm.clients.list" {
        text.push_str(
            "\n\nThe server searches only the attributes of clients that its option \
             `--spi-client--jpa--searchable-attributes` names. It refuses others; 24 ignores them \
             and sends every client.",
        );
    }
    text
}

/// Ends with a full stop and escapes what rustdoc would read as markup.
pub fn sentence(text: &str) -> String {
    let text: String = text
        .trim()
        .split('`')
        .enumerate()
        // Between backticks nothing is markup.
        .map(|(index, part)| {
            if index % 2 == 0 {
                escaped(part)
            } else {
                format!("`{part}`")
            }
        })
        .collect();
    if text.ends_with(['.', '!', '?', ':']) {
        text
    } else {
        format!("{text}.")
    }
}

fn escaped(text: &str) -> String {
    text.replace('[', "\\[")
        .replace(']', "\\]")
        .replace('<', "\\<")
        .replace('*', "\\*")
}

/// Where Keycloak's summaries run on: `Get users Returns a stream of users`.
const SENTENCE_STARTS: &[&str] = &["Returns", "Also", "An", "It", "The", "This"];

/// Puts the full stop between two sentences that Keycloak left out.
fn parted(summary: &str) -> String {
    let mut text = String::new();
    for word in summary.split_whitespace() {
        if text.ends_with(|last: char| last.is_alphanumeric()) && SENTENCE_STARTS.contains(&word) {
            text.push('.');
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{parted, sentence};

    #[test]
    fn summaries_that_run_on_are_two_sentences() {
        assert_eq!(
            parted("Get users Returns a stream. The rest"),
            "Get users. Returns a stream. The rest"
        );
        assert_eq!(parted("The users"), "The users");
        assert_eq!(parted("Get it (all) The end"), "Get it (all) The end");
    }

    #[test]
    fn markup_is_shown_and_code_stays_code() {
        assert_eq!(
            sentence("use *foo* or [x] <b> "),
            "use \\*foo\\* or \\[x\\] \\<b>."
        );
        assert_eq!(sentence("`a*[b]` and `c`!"), "`a*[b]` and `c`!");
    }
}
