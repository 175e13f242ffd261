//! Where JSON is wrong, without its content.

use std::fmt;

use serde_json::error::Category;

use super::clean;

/// A fault in JSON: path, place and kind, never the content.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    path: Option<String>,
    what: String,
    line: usize,
    column: usize,
}

impl Fault {
    pub(super) fn new(path: Option<&str>, source: &serde_json::Error) -> Self {
        Self {
            path: path.filter(|p| !p.is_empty() && *p != ".").map(clean),
            what: what(source),
            line: source.line(),
            column: source.column(),
        }
    }

    /// One line for the error that this is the source of.
    pub(super) fn summary(&self) -> String {
        match &self.path {
            Some(path) => format!("unexpected JSON at {path}: {}", self.place()),
            None => format!("unexpected JSON: {}", self.place()),
        }
    }

    fn place(&self) -> String {
        if self.line == 0 {
            self.what.clone()
        } else {
            format!("{} (line {}, column {})", self.what, self.line, self.column)
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

impl std::error::Error for Fault {}

/// serde's message without the value that it quotes.
fn what(source: &serde_json::Error) -> String {
    let text = source.to_string();
    let text = match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text),
        None => &text,
    };
    match source.classify() {
        // These messages are constants of serde_json.
        Category::Syntax | Category::Eof | Category::Io => clean(text),
        Category::Data if text.starts_with("missing field") => clean(text),
        Category::Data => without_value(text),
    }
}

/// `invalid type: string "hunter2", expected u64` -> `invalid type: string, expected u64`.
fn without_value(text: &str) -> String {
    let known = ["invalid type: ", "invalid value: ", "invalid length "];
    let Some(prefix) = known.into_iter().find(|k| text.starts_with(k)) else {
        return "the value does not fit".to_owned();
    };
    let rest = text.get(prefix.len()..).unwrap_or_default();
    let found: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    match rest.rsplit_once(", expected ") {
        Some((_, expected)) => clean(&format!("{prefix}{found}, expected {expected}")),
        None => format!("{prefix}{found}"),
    }
}
