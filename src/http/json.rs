//! Decoding successful responses.

use std::any::TypeId;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::json_path;
use crate::error::{self, Result};
use crate::operation::Operation;

/// Returns an error if the `Content-Type` of a response is not JSON; `what` names the response in
/// the error. Some servers write plain text or no type: decoding shows what those responses are.
pub(crate) fn check_type(op: &Operation, what: &str, headers: &HeaderMap) -> Result<()> {
    let name = headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or("?"));
    let essence = name.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let known = ["", "text/plain", "application/octet-stream"];
    if essence.contains("json") || known.contains(&essence.as_str()) {
        return Ok(());
    }
    let essence = error::clean(&essence);
    Err(error::protocol(format!(
        "{what} is not JSON: its Content-Type is {essence:?}"
    ))
    .with_operation(op))
}

/// Decodes `body`. `()` accepts any body. An empty body is read as `null`, which only `()`,
/// `Option<_>` and `serde_json::Value` accept.
pub(crate) fn decode<T: DeserializeOwned + 'static>(op: &Operation, body: &[u8]) -> Result<T> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    if empty || TypeId::of::<T>() == TypeId::of::<()>() {
        return serde_json::from_slice(b"null").map_err(|_| {
            error::unexpected_body(
                op,
                "the response is empty, but a value was expected: ask for `()` or `Option<_>` where \
                 the server sends nothing",
            )
        });
    }
    // Some proxies put a byte order mark before JSON.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|failed| {
        let path = json_path::at(body, failed.line(), failed.column());
        error::decode(op, path.as_deref(), &failed)
    })
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
    fn types_that_json_comes_as() {
        let check = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, value.parse().unwrap());
            }
            check_type(&OP, "the key set", &headers)
        };
        for good in [
            "application/json",
            "application/jwk-set+json",
            "APPLICATION/JSON; charset=utf-8",
            "text/plain;charset=UTF-8",
            "application/octet-stream",
        ] {
            check(Some(good)).unwrap();
        }
        check(None).unwrap();
        let error = check(Some("text/html; charset=utf-8")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let text = error.to_string();
        assert!(
            text.contains("the key set is not JSON") && text.contains("\"text/html\""),
            "{text}"
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
        assert!(error.is_decode() && error.to_string().contains("the response is empty"));
    }
}
