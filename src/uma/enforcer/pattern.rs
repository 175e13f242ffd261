//! Patterns of paths.

use percent_encoding::percent_decode_str;

/// One pattern: segments, and whether everything below fits too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Any,
}

impl Pattern {
    /// `None` when it is none.
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
                            Part::Any
                        }
                        _ if part.contains(['{', '}', '*']) => return None,
                        _ => Part::Text(segment(part)?),
                    },
                );
            }
        }
        Some(Self { parts, below })
    }

    pub(super) fn fits(&self, path: &[String]) -> bool {
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
                    Part::Text(text) => text == segment,
                    Part::Any => true,
                })
    }

    /// How much it says: a text says more than any segment, the earlier the more.
    pub(super) fn weight(&self) -> (Vec<u8>, bool) {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(_) => 2,
            Part::Any => 1,
        });
        (parts.collect(), !self.below)
    }

    /// Fits the same paths.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// The segments of a request's path; `None` when servers could read it in another way.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    // No raw path has it, and what comes after it some servers leave out and others do not.
    if path.contains('#') {
        return None;
    }
    let path = path.split('?').next().unwrap_or_default();
    let rest = path.strip_prefix('/')?;
    // One slash at the end is the same place to most routers.
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
