//! What a `WWW-Authenticate` header says (RFC 6750 section 3).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::clean;

/// The error of a `Bearer` challenge.
#[derive(Debug, PartialEq)]
pub(super) struct Challenge {
    pub(super) code: String,
    pub(super) description: Option<String>,
}

impl Challenge {
    /// The first `Bearer` challenge that names an error.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(Self::parse)
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, mut rest) = value.trim_start().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut code, mut description) = (None, None);
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = parameter(after);
            match name.trim_matches([' ', ',']) {
                "error" => code = Some(clean(&value)),
                "error_description" => description = Some(clean(&value)),
                _ => {}
            }
            rest = after;
        }
        let filled = |text: &String| !text.is_empty();
        Some(Self {
            code: code.filter(filled)?,
            description: description.filter(filled),
        })
    }
}

/// The value of a parameter, quoted or not, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<(String, Option<String>)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, http::HeaderValue::from_static(value));
        }
        Challenge::read(&headers).map(|challenge| (challenge.code, challenge.description))
    }

    #[test]
    fn the_reason_of_a_bearer_challenge() {
        let said = read(&[
            r#"Basic realm="error=""#,
            r#"bearer realm="a, \"b\"", error="invalid_token", error_description="No, \"really\"""#,
        ]);
        assert_eq!(
            said,
            Some(("invalid_token".into(), Some("No, \"really\"".into())))
        );
        assert_eq!(
            read(&["Bearer error=invalid_request, scope=a"]),
            Some(("invalid_request".into(), None))
        );
    }

    #[test]
    fn anything_else_says_nothing() {
        for value in [
            "",
            "Bearer",
            r#"Bearer realm="demo""#,
            r#"Bearer error="""#,
            r#"Digest error="stale""#,
            r#"Bearer realm="broken"#,
        ] {
            assert_eq!(read(&[value]), None, "{value}");
        }
    }
}
