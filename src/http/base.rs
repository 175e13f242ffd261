//! The base URL. It is parsed strictly, because every path is appended to it.

use url::Url;

use crate::error::{Result, config};

/// A base URL such as `https://sso.example` or `http://host:8080/auth`: no trailing slash, no query.
#[derive(Debug, Clone)]
pub(crate) struct BaseUrl {
    text: String,
    url: Url,
}

impl BaseUrl {
    /// Parses a base URL. `what` names the setting in errors.
    pub(crate) fn parse(what: &str, text: &str) -> Result<Self> {
        let fail = |problem: &str| {
            config(format!(
                "the {what} {problem}: write it like https://sso.example or \
                 http://keycloak:8080/auth"
            ))
        };
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(fail("has white space or control characters"));
        }
        let Some((_, rest)) = text.split_once("://") else {
            return Err(fail("has no scheme"));
        };
        let (authority, path) = match rest.find(['/', '\\', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(fail(
                "has user information, which belongs into the credentials",
            ));
        }
        if authority.is_empty() {
            return Err(fail("has no host"));
        }
        if path.contains('?') {
            return Err(fail("has a query"));
        }
        if path.contains('#') {
            return Err(fail("has a fragment"));
        }
        if path.contains('\\') {
            return Err(fail("has a backslash"));
        }
        check_path(path).map_err(fail)?;
        let url = Url::parse(text).map_err(|_| fail("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(fail("has a scheme other than https and http"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(fail("has no host"));
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { text, url })
    }

    /// Returns the base URL without a trailing slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the path of `url` below the base URL's path, or nothing if it is elsewhere.
    pub(crate) fn below<'a>(&self, url: &'a Url) -> &'a str {
        url.path()
            .strip_prefix(self.url.path().trim_end_matches('/'))
            .unwrap_or_default()
    }

    /// Returns `true` if `url` has the same scheme, host and port and is below the base URL's path.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        // As their origins would tell, without building these.
        self.url.scheme() == url.scheme()
            && self.url.host() == url.host()
            && self.url.port_or_known_default() == url.port_or_known_default()
            && url
                .path()
                .strip_prefix(self.url.path().trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Appends `path`, which begins with a slash and consists of checked, encoded segments.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let own = self.url.path().trim_end_matches('/');
        if own.is_empty() {
            url.set_path(path);
        } else {
            url.set_path(&format!("{own}{path}"));
        }
        url
    }
}

fn check_path(path: &str) -> Result<(), &'static str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(());
    }
    for segment in path.split('/') {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        match plain.as_str() {
            "" => return Err("has an empty path segment"),
            "." | ".." => return Err("has a dot segment"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn good_ones_lose_their_trailing_slash_only() {
        for (text, want) in [
            ("https://sso.example", "https://sso.example"),
            ("https://SSO.example:443/", "https://sso.example"),
            ("http://h:8080/auth", "http://h:8080/auth"),
            ("http://h:8080/auth/", "http://h:8080/auth"),
            ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b"),
        ] {
            let base = BaseUrl::parse("base URL", text).unwrap();
            assert_eq!(base.as_str(), want);
            assert_eq!(
                base.join("/realms/a%2Fb").as_str(),
                format!("{want}/realms/a%2Fb")
            );
        }
    }

    #[test]
    fn bad_ones_say_what_is_wrong_and_repeat_no_password() {
        for (text, problem) in [
            ("sso.example", "no scheme"),
            ("localhost:8080", "no scheme"),
            ("", "no scheme"),
            ("ftp://h", "scheme other"),
            ("https://ada:hunter2@h", "user information"),
            ("https://h?x=hunter2", "query"),
            ("https://h/#hunter2", "fragment"),
            ("https://h/a/../b", "dot segment"),
            ("https://h/%2e%2E/b", "dot segment"),
            ("https://h/.", "dot segment"),
            ("https://h//auth", "empty path segment"),
            ("https://h/auth//", "empty path segment"),
            ("https://h\\auth", "backslash"),
            ("https://", "no host"),
            ("https:///auth", "no host"),
            ("https://h:99999", "not a URL"),
            (" https://h", "white space"),
            ("https://h/.\t./", "white space or control"),
        ] {
            let error = BaseUrl::parse("base URL", text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let shown = error.to_string();
            assert!(shown.contains(problem), "{text}: {shown}");
            assert!(shown.contains("https://sso.example") && !shown.contains("hunter2"));
        }
    }

    #[test]
    fn covers_its_own_origin_and_path_only() {
        let base = BaseUrl::parse("base URL", "http://h:8080/auth").unwrap();
        for (url, want) in [
            ("http://h:8080/auth/realms/x", true),
            ("http://h:8080/auth", true),
            ("http://h:8080/authority", false),
            ("http://h:8080/", false),
            ("https://h:8080/auth/", false),
            ("http://evil:8080/auth/", false),
        ] {
            assert_eq!(base.covers(&Url::parse(url).unwrap()), want, "{url}");
        }
    }
}
