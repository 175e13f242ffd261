//! Ids as path segments: which are refused, how they are encoded and decoded.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::error::{self, Result, protocol};
use crate::operation::Operation;

/// All but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns an error if a path segment cannot carry `value` safely.
///
/// URL parsers resolve `.` and `..`, drop empty segments when servers normalise paths, and strip
/// tab, carriage return and line feed before they look (so `".\t."` is `..`): a call for user
/// `..` would reach the realm itself. `%2e%2e` needs no refusal: [`encode`] writes its percent
/// signs as `%25`, and no parser decodes twice.
pub(crate) fn check(op: &Operation, parameter: &'static str, value: &str) -> Result<()> {
    let fault = match parameter {
        WHOLE_PATH => fault(value).or_else(|| gap(value)),
        _ => fault(value),
    };
    match fault {
        None => Ok(()),
        Some(what) => Err(error::invalid_argument(
            op,
            format!(
                "{parameter} {what}, which cannot be sent as part of a path: pass the id or name \
                 of an existing object; no request was sent"
            ),
        )),
    }
}

/// The parameter that is a path itself.
const WHOLE_PATH: &str = "path";

/// Says where a path has an empty name.
fn gap(path: &str) -> Option<&'static str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    match inner {
        "" => Some("has no name in it"),
        _ if inner.split('/').any(str::is_empty) => Some("has two slashes with no name between"),
        _ => None,
    }
}

fn fault(value: &str) -> Option<&'static str> {
    match value {
        "" => Some("is empty"),
        "." => Some("is \".\""),
        ".." => Some("is \"..\""),
        _ if value.chars().any(char::is_control) => Some("has a control character"),
        _ => None,
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986 section 2.3), `/`, `;` and `\` included.
pub(crate) fn encode(value: &str) -> String {
    utf8_percent_encode(value, SEGMENT).to_string()
}

/// Percent-encodes a parameter that is a path itself, `/staff/it`.
///
/// Its slashes stay slashes, because Keycloak 24 does not decode them in a path. A path with a part
/// that [`check`] refuses becomes one segment, which newer releases decode.
#[cfg_attr(not(feature = "admin"), allow(dead_code))]
pub(crate) fn encode_path(value: &str) -> String {
    let inner = value.strip_prefix('/').unwrap_or(value);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.split('/').any(|part| fault(part).is_some()) {
        return encode(value);
    }
    let parts: Vec<_> = inner.split('/').map(encode).collect();
    parts.join("/")
}

/// Fills the operation's path template with the values, checked and encoded.
#[cfg_attr(not(feature = "admin"), allow(dead_code))]
pub(crate) fn fill(op: &Operation, values: &[(&'static str, String)]) -> Result<String> {
    let mut path = String::with_capacity(op.path.len() + 32 * values.len());
    let mut rest = op.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(before);
        rest = after;
        let Some((name, value)) = values.iter().find(|(known, _)| *known == name) else {
            return Err(error::invalid_argument(
                op,
                "a part of the path has no value",
            ));
        };
        check(op, name, value)?;
        if *name == WHOLE_PATH {
            path.push_str(&encode_path(value));
        } else {
            path.extend(utf8_percent_encode(value, SEGMENT));
        }
    }
    path.push_str(rest);
    Ok(path)
}

/// Returns the id of a created object: the last path segment of `Location`, percent-decoded.
///
/// It is read from the raw text, because a URL parser resolves dot segments: a role named `..`
/// would become the id of its parent.
#[cfg_attr(not(feature = "admin"), allow(dead_code))]
pub(crate) fn decode_location_id(op: &Operation, location: &HeaderValue) -> Result<String> {
    let bytes = location.as_bytes();
    let path = bytes
        .split(|b| matches!(b, b'?' | b'#'))
        .next()
        .unwrap_or_default();
    let raw = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let fail = |what: &str| {
        protocol(format!("created, but the Location header {what}"))
            .with_operation(op)
            .with_hint("look the new object up by its name")
    };
    if !escapes_are_complete(raw) {
        return Err(fail("has a broken percent-escape"));
    }
    let id = percent_decode(raw)
        .decode_utf8()
        .map_err(|_| fail("is not UTF-8"))?
        .into_owned();
    match fault(&id) {
        None => Ok(id),
        Some(what) => Err(fail(&format!(
            "ends in a name that {what}: no path can address it"
        ))),
    }
}

/// Returns `true` if `written` is what the server makes of `sent` in a `Location`: two question
/// marks for each character beyond U+FFFF.
#[cfg_attr(not(feature = "admin"), allow(dead_code))]
pub(crate) fn is_garbled(sent: &str, written: &str) -> bool {
    let mut expected = String::with_capacity(sent.len());
    for character in sent.chars() {
        if u32::from(character) > 0xFFFF {
            expected.push_str("??");
        } else {
            expected.push(character);
        }
    }
    expected != sent && expected == written
}

#[cfg_attr(not(feature = "admin"), allow(dead_code))]
fn escapes_are_complete(raw: &[u8]) -> bool {
    raw.split(|b| *b == b'%')
        .skip(1)
        .all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const OP: Operation = Operation::new(
        "realm.user.delete",
        "DELETE",
        "/admin/realms/{realm}/users/{user-id}",
    );

    #[test]
    fn paths_keep_their_slashes_and_nothing_climbs() {
        for (path, written) in [
            ("/staff/it", "staff/it"),
            ("staff/it/", "staff/it"),
            ("staff", "staff"),
            ("/a~/b/c d?e", "a~/b/c%20d%3Fe"),
            ("/a/%2e%2e/b", "a/%252e%252e/b"),
            ("/a/../b", "%2Fa%2F..%2Fb"),
            ("a/.", "a%2F."),
            ("a//b", "a%2F%2Fb"),
            ("//", "%2F%2F"),
            ("/", "%2F"),
            ("a/.\t./b", "a%2F.%09.%2Fb"),
        ] {
            assert_eq!(encode_path(path), written, "{path}");
        }
    }

    #[test]
    fn a_path_has_a_name_between_its_slashes() {
        for path in ["/", "//", "/a//b", "a//", "//a"] {
            let error = check(&OP, "path", path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{path}");
            assert!(
                check(&OP, "role-name", path).is_ok(),
                "{path}: a name may be so"
            );
        }
        for path in ["/a", "a/", "/a/b c/", "a"] {
            assert!(check(&OP, "path", path).is_ok(), "{path}");
        }
    }

    #[test]
    fn hostile_segments_are_refused() {
        let mut hostile = vec![
            String::new(),
            ".".into(),
            "..".into(),
            ".\t.".into(),
            "a\rb".into(),
            "a\nb".into(),
            "\u{0}".into(),
        ];
        hostile.extend(('\u{7f}'..='\u{9f}').map(|c| format!("a{c}")));
        for value in hostile {
            let error = check(&OP, "user-id", &value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            assert!(
                text.starts_with("realm.user.delete: configuration: user-id "),
                "{text}"
            );
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn what_is_sent_survives_url_parsers() {
        for value in [
            "...", ". .", "a/b", "a;b", "a\\b", "%2e%2e", "%2E.", "..;", "ä b", "a?b#c",
        ] {
            check(&OP, "user-id", value).unwrap();
            let text = format!("https://h/admin/realms/r/users/{}", encode(value));
            let url = url::Url::parse(&text).unwrap();
            assert_eq!(url.as_str(), text, "the parser must not change it");
            let last = url.path_segments().unwrap().next_back().unwrap();
            assert_eq!(
                percent_decode(last.as_bytes()).decode_utf8().unwrap(),
                value
            );
            assert_eq!(url.path_segments().unwrap().count(), 5);
        }
        assert_eq!(encode("%2e%2e"), "%252e%252e");
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("a;\\/é"), "a%3B%5C%2F%C3%A9");
    }

    #[test]
    fn a_garbled_name_is_told_from_another_name() {
        assert!(is_garbled("\u{1d54f}-role", "??-role"));
        assert!(is_garbled("a\u{1f600}?b\u{1f600}", "a???b??"));
        for (sent, written) in [
            ("a?b", "a?b"),
            ("a??", "a??"),
            ("\u{1d54f}", "?"),
            ("\u{1d54f}", "\u{1d54f}"),
            ("\u{1d54f}", "other"),
            ("\u{e9}", "??"),
        ] {
            assert!(!is_garbled(sent, written), "{sent} {written}");
        }
    }

    fn location(text: &str) -> Result<String> {
        decode_location_id(&OP, &HeaderValue::from_bytes(text.as_bytes()).unwrap())
    }

    #[test]
    fn location_ids_are_read_from_the_raw_text() {
        assert_eq!(location("http://h/users/4f-1").unwrap(), "4f-1");
        assert_eq!(
            location("http://h/roles/aaa%2Fbbb%20c?x=/y#/z").unwrap(),
            "aaa/bbb c"
        );
        assert_eq!(location("/roles/%C3%A4").unwrap(), "ä");
        assert_eq!(location("http://h/roles/%252e").unwrap(), "%2e");
        for bad in [
            "http://h/roles/..",
            "http://h/roles/%2e%2E",
            "http://h/roles/",
            "",
            "http://h/roles/a%0Ab",
            "http://h/roles/%FF",
            "http://h/roles/%zz",
            "h/%4",
        ] {
            let error = location(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}");
            assert!(error.to_string().contains("created, but"), "{error}");
        }
    }
}
