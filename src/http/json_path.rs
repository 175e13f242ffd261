//! The place in a JSON text that an error points at.

use serde_json::Value;
use serde_path_to_error::Segment;

/// Returns the path to the value at the line and column of a serde_json error, such as
/// `[1].attributes.team`; `None` for the outermost value.
///
/// The text before that place is read once more, without its type: a reader that notes each step costs
/// every successful response, and is compiled for every type.
pub(super) fn at(json: &[u8], line: usize, column: usize) -> Option<String> {
    let start: usize = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let place = start.saturating_add(column);
    // The place is the first byte of an object or a list, and the end of any other value. The text ends
    // where that value has not.
    let length = match json.get(place) {
        Some(b'{' | b'[') => place,
        _ => place.saturating_sub(1),
    };
    let mut read = json.get(..length).unwrap_or(json).to_vec();
    // An item is counted once it has begun.
    if read.trim_ascii_end().ends_with(b"[") || read.trim_ascii_end().ends_with(b",") {
        read.push(b'{');
    }
    let mut reader = serde_json::Deserializer::from_slice(&read);
    let ended = serde_path_to_error::deserialize::<_, Value>(&mut reader).err()?;
    let path = ended.path();
    let text = path.to_string();
    // A member whose name has not been read is not a step.
    let text = match path.iter().next_back()? {
        Segment::Unknown => text.trim_end_matches('?').trim_end_matches('.'),
        _ => &text,
    };
    (!text.is_empty()).then(|| text.to_owned())
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
                Some(r#"[0].of.a, "b"[0].id"#),
            ),
            ("[\n  {\"id\": 1},\n  {\"id\": true}\n]", Some("[1].id")),
            // A member that is missing is missing in its object.
            (
                r#"[{"id":1,"of":{"a":[{"id":1},{"of":{}}]}},{}]"#,
                Some("[0].of.a[1]"),
            ),
            (r#"[{"id":1},{}]"#, Some("[1]")),
            (r#"[{"id":1}, 7]"#, Some("[1]")),
            ("[7]", Some("[0]")),
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
    }
}
