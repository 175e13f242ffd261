//! Path patterns.

use percent_encoding::percent_decode_str;

/// A path pattern: its segments, and whether everything below matches too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<PatternPart>,
    below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternPart {
    Text(String),
    Any,
}

impl Pattern {
    /// Parses a pattern. Returns `None` if the text is not a pattern.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let (rest, below) = match rest.strip_suffix('*') {
            Some("") => ("", true),
            Some(before) => (before.strip_suffix('/')?, true),
            None => (rest, false),
        };
        let mut parts = Vec::new();
        if !rest.is_empty() {
            for part in rest.split('/') {
                parts.push(
                    match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                        Some(name) if !name.is_empty() && !name.contains(['{', '}', '*']) => {
                            PatternPart::Any
                        }
                        _ if part.contains(['{', '}', '*']) => return None,
                        _ => PatternPart::Text(segment(part)?),
                    },
                );
            }
        }
        Some(Self { parts, below })
    }

    pub(super) fn matches(&self, path: &[String]) -> bool {
        let long_enough = if self.below {
            path.len() >= self.parts.len()
        } else {
            path.len() == self.parts.len()
        };
        long_enough
            && self
                .parts
                .iter()
                .zip(path)
                .all(|(part, segment)| match part {
                    PatternPart::Text(text) => text == segment,
                    PatternPart::Any => true,
                })
    }

    /// Returns how specific the pattern is: literal segments are more specific than placeholders,
    /// and earlier segments count more.
    pub(super) fn specificity(&self) -> (Vec<u8>, bool) {
        let parts = self.parts.iter().map(|part| match part {
            PatternPart::Text(_) => 2,
            PatternPart::Any => 1,
        });
        (parts.collect(), !self.below)
    }

    /// Returns whether both patterns match the same paths.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// Returns the segments of a request's path, or `None` if servers could interpret it differently.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    // A raw path has no `#`, and servers treat the rest after it differently.
    if path.contains('#') {
        return None;
    }
    let path = path.split('?').next().unwrap_or_default();
    let rest = path.strip_prefix('/')?;
    // Most routers ignore a trailing slash.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return (path == "/").then(Vec::new);
    }
    rest.split('/').map(segment).collect()
}

fn segment(raw: &str) -> Option<String> {
    let text = percent_decode_str(raw).decode_utf8().ok()?.into_owned();
    let bad = text.is_empty()
        || text == "."
        || text == ".."
        || text.contains(['/', '\\', '%', ';'])
        || text.chars().any(char::is_control);
    (!bad).then_some(text)
}
