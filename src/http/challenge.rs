//! The `WWW-Authenticate` header (RFC 6750 section 3).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use crate::error::clean;

/// The error of a `Bearer` or `DPoP` challenge (RFC 9449 section 7.1).
#[derive(Debug, PartialEq)]
pub(crate) struct Challenge {
    pub(crate) code: String,
    pub(crate) description: Option<String>,
}

impl Challenge {
    /// Returns the first of these challenges that names an error; one header may contain several.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(Self::parse)
    }

    fn parse(value: &str) -> Option<Self> {
        let mut rest = value;
        let mut known = false;
        let (mut code, mut description) = (None, None);
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = parameter(after);
            let name = name.trim_matches([' ', ',']);
            // The first parameter of a challenge follows the scheme.
            let name = match name.rsplit_once(' ') {
                None => name,
                Some((before, name)) => {
                    if known && code.is_some() {
                        break;
                    }
                    let scheme = before.trim_end().rsplit([' ', ',']).next();
                    known = scheme.is_some_and(|scheme| {
                        ["bearer", "dpop"]
                            .iter()
                            .any(|name| scheme.eq_ignore_ascii_case(name))
                    });
                    (code, description) = (None, None);
                    name
                }
            };
            let filled = Some(clean(&value)).filter(|text| known && !text.is_empty());
            match name {
                "error" => code = filled,
                "error_description" => description = filled,
                _ => {}
            }
            rest = after;
        }
        Some(Self {
            code: code?,
            description,
        })
    }
}

/// Returns a parameter's value, quoted or not, and the text after it.
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
    fn the_reason_is_found_among_several_challenges() {
        let nonce = Some(("use_dpop_nonce".into(), None));
        for header in [
            r#"DPoP error="use_dpop_nonce", algs="ES256""#,
            r#"dpop algs="ES256 PS256", error="use_dpop_nonce""#,
            r#"Bearer realm="demo", DPoP algs="ES256", error="use_dpop_nonce""#,
            r#"Basic realm="x", error="no", DPoP error="use_dpop_nonce""#,
            r#"DPoP error="use_dpop_nonce", Bearer error="invalid_token""#,
            r#"Bearer, DPoP error="use_dpop_nonce""#,
        ] {
            assert_eq!(read(&[header]), nonce, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_challenge_is_read_or_ignored(value in "[ -~]{0,80}", other in "(Bearer|DPoP|,|=|\"|\\\\|error| ){0,30}") {
            for text in [value, other] {
                let mut headers = HeaderMap::new();
                if let Ok(value) = http::HeaderValue::try_from(text) {
                    headers.append(WWW_AUTHENTICATE, value);
                }
                Challenge::read(&headers);
            }
        }
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
