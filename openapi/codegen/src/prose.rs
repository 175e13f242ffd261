//! The vendor's sentences as Rust's documentation writes them.

use serde_json::Value;

/// Verbs that summaries begin with, and their third person.
const VERBS: &[(&str, &str)] = &[
    ("Activate", "Activates"),
    ("Add", "Adds"),
    ("Ask", "Asks"),
    ("Clear", "Clears"),
    ("Convert", "Converts"),
    ("Copy", "Copies"),
    ("Create", "Creates"),
    ("Deactivate", "Deactivates"),
    ("Delete", "Deletes"),
    ("Disable", "Disables"),
    ("Enable", "Enables"),
    ("Evaluate", "Evaluates"),
    ("Export", "Exports"),
    ("Forget", "Forgets"),
    ("Generate", "Generates"),
    ("Get", "Returns"),
    ("Impersonate", "Impersonates"),
    ("Import", "Imports"),
    ("Invalidate", "Invalidates"),
    ("Leave", "Leaves"),
    ("Let", "Lets"),
    ("List", "Lists"),
    ("Lower", "Lowers"),
    ("Make", "Makes"),
    ("Migrate", "Migrates"),
    ("Move", "Moves"),
    ("Push", "Pushes"),
    ("Raise", "Raises"),
    ("Read", "Reads"),
    ("Register", "Registers"),
    ("Reload", "Reloads"),
    ("Remove", "Removes"),
    ("Renew", "Renews"),
    ("Replace", "Replaces"),
    ("Resend", "Resends"),
    ("Return", "Returns"),
    ("Revoke", "Revokes"),
    ("Search", "Searches"),
    ("Send", "Sends"),
    ("Set", "Sets"),
    ("Start", "Starts"),
    ("Switch", "Switches"),
    ("Synchronize", "Synchronizes"),
    ("Take", "Takes"),
    ("Test", "Tests"),
    ("Turn", "Turns"),
    ("Unregister", "Unregisters"),
    ("Update", "Updates"),
    ("Upload", "Uploads"),
];

/// Words that begin a sentence where summaries run on: `Get users Returns a stream of users`.
const SENTENCE_STARTS: &[&str] = &[
    "Also", "An", "If", "It", "Manually", "Returns", "Set", "Tests", "The", "This", "What",
];

/// A summary in the third person, with the full stops that it left out.
pub fn summary(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(one_line);
    let paragraphs: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    let text = third_person(&parted(&paragraphs.join(". ").replace("..", ".")));
    sentence(&text)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Get the user` as `Returns the user`, `Create or replace it` as `Creates or replaces it`.
fn third_person(text: &str) -> String {
    let words = text.splitn(4, ' ').collect::<Vec<_>>();
    match words.as_slice() {
        [first, "or", second, rest] => {
            let second_verb = verb(&capital(second));
            let second = second_verb.map_or((*second).to_owned(), str::to_lowercase);
            format!("{} or {second} {rest}", first_word(first))
        }
        [first, ..] => format!("{}{}", first_word(first), &text[first.len()..]),
        [] => String::new(),
    }
}

/// The word, in the third person where it is a verb.
fn first_word(word: &str) -> String {
    let word = capital(word);
    let plain = word.trim_end_matches(|c: char| !c.is_alphabetic());
    match verb(plain) {
        Some(third) => format!("{third}{}", &word[plain.len()..]),
        None => word,
    }
}

fn verb(word: &str) -> Option<&'static str> {
    let found = VERBS.iter().find(|(base, _)| *base == word);
    found.map(|(_, third)| *third)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|letter| letter.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Puts the full stop between two sentences that the vendor left out.
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

/// The rule: takes the markup of Java's documentation out of every summary and description, and says
/// how many had some.
pub fn without_javadoc(document: &mut Value) -> usize {
    match document {
        Value::Object(members) => members
            .iter_mut()
            .map(|(name, value)| match value {
                Value::String(text) if name == "description" || name == "summary" => {
                    let plain = plain(text);
                    let changed = *text != plain;
                    *text = plain;
                    usize::from(changed)
                }
                value => without_javadoc(value),
            })
            .sum(),
        Value::Array(items) => items.iter_mut().map(without_javadoc).sum(),
        _ => 0,
    }
}

/// `{@code null}` and `{@link #name()}` as code, `<p>` as a new paragraph.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once("{@") {
        let Some((inside, after)) = tag.split_once('}') else {
            break;
        };
        out.push_str(before);
        let words = inside.split_once(char::is_whitespace);
        let code = words.map_or("", |(_, code)| code.trim());
        out.push_str(&format!("`{}`", code.trim_start_matches('#')));
        rest = after;
    }
    out.push_str(rest);
    let paragraphs = out.split("<p>").map(str::trim);
    let paragraphs: Vec<&str> = paragraphs.filter(|text| !text.is_empty()).collect();
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{plain, sentence, summary, without_javadoc};

    #[test]
    fn summaries_that_run_on_are_sentences_in_the_third_person() {
        for (written, read) in [
            (
                "Get users Returns a stream. The rest",
                "Returns users. Returns a stream. The rest.",
            ),
            ("The users", "The users."),
            ("Get it (all) The end", "Returns it (all) The end."),
            ("create or add it", "Creates or adds it."),
            ("Enable, pause it", "Enables, pause it."),
            (
                "Generate a key.\n\nGenerates a\nkey",
                "Generates a key. Generates a key.",
            ),
            ("Settings of it", "Settings of it."),
        ] {
            assert_eq!(summary(written), read);
        }
    }

    #[test]
    fn markup_is_shown_and_code_stays_code() {
        assert_eq!(
            sentence("use *foo* or [x] <b> "),
            "use \\*foo\\* or \\[x\\] \\<b>."
        );
        assert_eq!(sentence("`a*[b]` and `c`!"), "`a*[b]` and `c`!");
    }

    #[test]
    fn the_markup_of_java_is_read() {
        assert_eq!(
            plain("May be {@code null}. <p> Not in {@link #granted()}"),
            "May be `null`.\n\nNot in `granted()`"
        );
        assert_eq!(plain("open {@code"), "open {@code");
        let mut document = json!({ "a": [{ "description": "{@code x}" }, { "summary": "y" }] });
        assert_eq!(without_javadoc(&mut document), 1);
        assert_eq!(document["a"][0]["description"], "`x`");
    }
}
