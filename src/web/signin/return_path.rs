//! Where a browser goes after a login: a path of this site and nothing else.

use url::Url;

/// The longest path that is kept, in bytes.
const LONGEST: usize = 2048;

/// A path with its query that cannot lead to another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReturnPath(String);

impl ReturnPath {
    /// Takes a path that begins with one `/`. Browsers read `\` as `/` and drop control characters,
    /// so that both could make `//host` of a path.
    pub(super) fn new(path: &str) -> Option<Self> {
        if path.len() > LONGEST || !path.starts_with('/') || path.starts_with("//") {
            return None;
        }
        if path.contains('\\') || !path.chars().all(|c| c.is_ascii_graphic()) {
            return None;
        }
        // As a browser resolves it: dots are removed first, which may leave two slashes.
        let base = Url::parse("https://site.invalid/").ok()?;
        let url = base.join(path).ok()?;
        let same = url.origin() == base.origin() && !url.path().starts_with("//");
        same.then(|| Self(path.to_owned()))
    }

    pub(super) fn root() -> Self {
        Self("/".to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without its query.
    pub(super) fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }
}
