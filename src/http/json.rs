//! Reading a successful answer.

use std::any::TypeId;

use serde::de::DeserializeOwned;

use super::operation::Operation;
use crate::error::{self, Result};

/// Decodes `body`. `()` takes any body; an empty body reads as `null`, which suits `()`,
/// `Option<_>` and `serde_json::Value` and no other type.
pub(crate) fn decode<T: DeserializeOwned + 'static>(op: &Operation, body: &[u8]) -> Result<T> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    if empty || TypeId::of::<T>() == TypeId::of::<()>() {
        return serde_json::from_slice(b"null").map_err(|_| {
            error::unexpected_body(
                op,
                "the answer is empty, but a value was expected: ask for `()` or `Option<_>` where \
                 the server sends nothing",
            )
        });
    }
    // Some proxies put a byte order mark before JSON.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|failed| error::decode(op, Some(&failed.path().to_string()), failed.inner()))?;
    reader
        .end()
        .map_err(|failed| error::decode(op, None, &failed))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::error::ErrorKind;

    const OP: Operation = Operation::new("realm.users.list", "GET", "/x");

    #[derive(Debug, serde::Deserialize)]
    struct User {
        #[allow(dead_code)]
        attributes: BTreeMap<String, Vec<u64>>,
    }

    #[test]
    fn faults_name_the_path_and_never_the_content() {
        let body = br#"[{"attributes":{}},{"attributes":{"team":["hunter2, expected hunter2"]}}]"#;
        let error = decode::<Vec<User>>(&OP, body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("[1].attributes.team[0]"), "{shown}");
        assert!(
            shown.contains("invalid type: string, expected u64"),
            "{shown}"
        );
        assert!(shown.contains("line 1"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(!source.contains("hunter2"), "{source}");
    }

    #[test]
    fn broken_json_is_a_decode_error() {
        for body in [&b"<html>"[..], b"[{\"attributes\"", b"[] x", b"{}"] {
            let error = decode::<Vec<User>>(&OP, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(
                error
                    .to_string()
                    .starts_with("realm.users.list: decode: unexpected JSON")
            );
        }
        assert!(
            decode::<Vec<User>>(&OP, b"\xef\xbb\xbf[]")
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn empty_bodies() {
        decode::<()>(&OP, b"").unwrap();
        decode::<()>(&OP, b"{\"a\":1}").unwrap();
        decode::<()>(&OP, b"text").unwrap();
        assert!(decode::<Option<User>>(&OP, b" ").unwrap().is_none());
        assert!(decode::<serde_json::Value>(&OP, b"").unwrap().is_null());
        let error = decode::<User>(&OP, b"").unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("the answer is empty"));
    }
}
