//! The place in a JSON text that an error points at.

use std::fmt::Write;

/// What encloses the current value.
enum Within {
    Object { key: String },
    Array { index: usize },
}

/// Returns the path to the value at the line and column of a serde_json error, such as
/// `[1].attributes.team`; `None` for the outermost value.
///
/// A reader that notes each step it takes costs every successful response, and is compiled for every
/// type.
pub(super) fn at(json: &[u8], line: usize, column: usize) -> Option<String> {
    let start: usize = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let read = json.get(..start.saturating_add(column)).unwrap_or(json);
    let mut path = String::new();
    for within in enclosing(read) {
        match within {
            Within::Object { key } if key.is_empty() => {}
            Within::Object { key } if path.is_empty() => path = key,
            Within::Object { key } => {
                let _ = write!(path, ".{key}");
            }
            Within::Array { index } => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    (!path.is_empty()).then_some(path)
}

/// Reads as far as the text goes; what is after the end of a value still belongs to it.
fn enclosing(read: &[u8]) -> Vec<Within> {
    let mut all = Vec::new();
    let mut at = 0;
    // Whether a string is the key of a member.
    let mut key_follows = false;
    while let Some(byte) = read.get(at) {
        at += 1;
        match byte {
            b'{' => {
                all.push(Within::Object { key: String::new() });
                key_follows = true;
            }
            b'[' => all.push(Within::Array { index: 0 }),
            b'}' | b']' => {
                all.pop();
                key_follows = false;
            }
            b',' => match all.last_mut() {
                Some(Within::Array { index }) => *index += 1,
                Some(Within::Object { .. }) => key_follows = true,
                None => {}
            },
            b'"' => {
                let text = &read[at..];
                let length = string_length(text);
                if let (true, Some(Within::Object { key })) = (key_follows, all.last_mut()) {
                    *key = String::from_utf8_lossy(&text[..length]).into_owned();
                }
                key_follows = false;
                at += length + 1;
            }
            _ => {}
        }
    }
    all
}

/// How many bytes there are before the quotation mark that ends a string.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Item {
        #[serde(rename = "id")]
        _id: u64,
        #[serde(default, rename = "of")]
        _of: BTreeMap<String, Vec<Self>>,
    }

    fn path(json: &str) -> Option<String> {
        let error = serde_json::from_str::<Vec<Item>>(json).unwrap_err();
        at(json.as_bytes(), error.line(), error.column())
    }

    #[test]
    fn errors_are_found_where_they_are() {
        for (json, want) in [
            (r#"[{"id":1},{"id":"x"}]"#, Some("[1].id")),
            (r#"[{"id":{}}]"#, Some("[0].id")),
            (
                r#"[{"id":1,"of":{"a, \"b\"":[{"id":-1}]}}]"#,
                Some(r#"[0].of.a, \"b\"[0].id"#),
            ),
            ("[\n  {\"id\": 1},\n  {\"id\": true}\n]", Some("[1].id")),
            // A member that is missing is missing in its object.
            (
                r#"[{"id":1,"of":{"a":[{"id":1},{"of":{}}]}},{}]"#,
                Some("[0].of.a[1]"),
            ),
            (r#"[{"id":1},{}]"#, Some("[1]")),
            (r#"{"id":1}"#, None),
            ("7", None),
            ("", None),
            ("[] x", None),
        ] {
            assert_eq!(path(json).as_deref(), want, "{json}");
        }
    }

    #[test]
    fn any_text_and_any_place_are_read_without_a_panic() {
        let json = r#"[{"a\\":"\"","b":[]},]}{"c"#;
        for line in [0, 1, 2, usize::MAX] {
            for column in [0, 1, 5, json.len(), json.len() + 1, usize::MAX] {
                at(json.as_bytes(), line, column);
            }
        }
        for end in 0..json.len() {
            enclosing(&json.as_bytes()[..end]);
        }
    }
}
